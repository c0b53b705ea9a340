"""The command line as its user meets it, and models that answer as a test wants."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from altered_bundle import ALL_FIT, ALL_REVIEW, ALL_UNFIT, decided, rewritten
from vistobueno.cli import main as cli
from vistobueno.core.photo import open_photo
from vistobueno.core.policy import Policy
from vistobueno.model.bundle import Bundle
from vistobueno.model.inspector import inspect, limits_for
from vistobueno.model.runtime import load_model

VARIABLES = ("MODEL_PATH", "MODEL_URL", "MODEL_SHA256", "RUNTIME", "LC_ALL", "LC_MESSAGES", "LANG", "COLUMNS")


@dataclass(frozen=True)
class Said:
    """How a run ended, and what it printed."""

    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def vistobueno(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line as its user does, in this process; no run may show a trace."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "240")

    def run(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["vistobueno", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err, out + err
        return Said(int(stopped.value.code or 0), out, err)

    return run


@pytest.fixture(scope="module")
def deciding(small_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle whose policy alone says what it answers."""
    return decided(small_bundle, tmp_path_factory.mktemp("decided") / "small")


@pytest.fixture(scope="module")
def models(deciding: Bundle, drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Bundle folders by what they answer; ``mixed`` calls the least unfit picture fit, the most unfit one unfit."""
    home = tmp_path_factory.mktemp("models")
    model = load_model(deciding.path)
    photos = [open_photo(path.read_bytes(), limits_for(model)) for path in sorted(drawn.rglob("*.jpg"))]
    p = sorted(inspect(photo, model).probability_unfit for photo in photos)
    mixed = Policy(fit_below=float(np.nextafter(p[0], 1)), unfit_above=float(np.nextafter(p[-1], 0)))
    policies = {"fit": ALL_FIT, "unfit": ALL_UNFIT, "review": ALL_REVIEW, "mixed": mixed}
    return {name: rewritten(deciding, home / name, policy=policy).path for name, policy in policies.items()}


@pytest.fixture(scope="module")
def photo(drawn: Path) -> Path:
    """One drawn photograph."""
    return next(iter(sorted(drawn.rglob("*.jpg"))))


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A file that is named as a photograph, and is none."""
    (tmp_path / "broken.jpg").write_bytes(b"no photograph")
    return tmp_path / "broken.jpg"


def lines_of(said: Said) -> list[dict[str, object]]:
    """What was printed with --json."""
    return [json.loads(line) for line in said.out.splitlines()]
