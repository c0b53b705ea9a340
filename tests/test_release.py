"""The script that decides whether a tag is released, on copies of what it reads."""

import importlib.util
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from vistobueno import __version__

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / ".ci" / "release.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("release", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in ("pyproject.toml", "src/vistobueno/core/version.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "CHANGELOG.md").write_text(
        f"# Changes\n\n## Unreleased\n\n## {__version__} - 2026-12-01\n\n### Added\n\n- It.\n\n## 0.0.1 - 2026-01-01\n"
    )
    return tmp_path


def test_a_tag_of_the_version_with_a_dated_section_is_released_with_its_notes(script: ModuleType, copy: Path) -> None:
    assert script.release(f"v{__version__}", copy) == ("### Added\n\n- It.", [])


def test_whatever_does_not_agree_is_said(script: ModuleType, copy: Path) -> None:
    for tag in ("v9.9.9", __version__, "v0.0.1"):
        assert len(script.release(tag, copy)[1]) >= 2, tag
    (copy / "src" / "vistobueno" / "core" / "version.py").write_text('__version__ = "3.0.0"\n')
    assert len(script.release(f"v{__version__}", copy)[1]) == 1
    assert len(script.rehearse(copy)[1]) == 1


def test_a_section_without_a_day_is_no_release(script: ModuleType, copy: Path) -> None:
    (copy / "CHANGELOG.md").write_text(f"## {__version__}, not released\n\n- It.\n")
    notes, wrong = script.release(f"v{__version__}", copy)
    assert notes == "" and len(wrong) == 1


def test_today_s_rehearsal_passes() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "--rehearse"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()


def test_the_picture_of_the_rooms_is_what_the_linter_holds() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(each["layers"] for each in contracts if each["type"] == "layers")
    picture = " --> ".join(layers).replace("|", "&")
    assert f"```mermaid\nflowchart TB\n    {picture}\n```" in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
