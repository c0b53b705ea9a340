import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from cases import for_each
from vistobueno.cli.main import app
from vistobueno.i18n.written import number, percent
from vistobueno.model.bundle import read_bundle
from vistobueno.model.runtime import shipped_bundle

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BOTH = README + (ROOT / "README.es.md").read_text(encoding="utf-8")
ACTIONS = "../../actions/"  # which the place that holds the repository answers
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
HEAVIEST = 40_000_000  # bytes of all models
PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"\0\0\0\x18ftyp", b"\0\0\0\x1cftyp")
PICTURE_NAMES = {".jpg", ".jpeg", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".heic", ".heif", ".avif"}
THIS_MACHINE = [f"/{first}/" for first in ("work", "tmp/lab")]  # put together here, so that this file may be committed


@cache
def committed() -> list[Path]:
    """Every file of the repository, those about to be committed included."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is not a git checkout")
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [file for name in done.stdout.split("\0") if name and (file := ROOT / name).is_file()]


def targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", MAKEFILE, re.MULTILINE))


def commands_in_code(text: str) -> list[list[str]]:
    """Every `vistobueno …` that a document shows in code, as words, remarks left out."""
    code = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL) + re.findall(r"`([^`\n]+)`", text))
    lines = re.findall(r"(?:^|/|\s)vistobueno +(.+)$", code, re.MULTILINE)
    return [line.partition("#")[0].split() for line in lines]


def command_at(words: list[str]) -> tuple[Any, list[str]]:
    """The command that the words lead to, and the words left over."""
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands") and words:
        assert words[0] in command.commands, f"vistobueno {words[0]}"
        command, words = command.commands[words[0]], words[1:]
    return command, words


@for_each("target", sorted(set(re.findall(r"\bmake ([a-z]+)\b", BOTH))))
def test_every_make_that_the_readme_names_exists(target: str) -> None:
    assert target in targets()


def test_the_readme_names_every_make_that_people_use() -> None:
    first_lines = MAKEFILE.partition("\n\n")[0] if MAKEFILE.startswith("#") else ""
    promised = set(re.findall(r"\bmake ([a-z]+)", first_lines))
    assert {"run", "test", "lint", "bench"} <= promised <= targets()


def test_no_target_can_be_hidden_by_a_file_of_its_name() -> None:
    phony = set(re.findall(r"^\.PHONY:(.*)$", MAKEFILE, re.MULTILINE)[0].split())
    assert phony == targets()


@for_each("words", commands_in_code(BOTH))
def test_every_command_that_the_readme_shows_exists_with_its_options(words: list[str]) -> None:
    command, rest = command_at(words)
    assert not hasattr(command, "commands"), "a group, not a command"
    options = {name for each in command.params for name in each.opts}
    assert {word.rstrip(",;") for word in rest if word.startswith("-")} <= options


def test_the_readme_shows_the_commands_of_the_design() -> None:
    shown = {
        " ".join(word for word in words[:2] if word.islower() and word.isalpha()) for words in commands_in_code(README)
    }
    assert {"inspect", "train", "evaluate", "model pack", "model verify", "model download", "model info"} <= shown


@for_each("link", sorted(set(re.findall(r"\]\(([^)#:]+)\)|src=\"([^\"]+)\"", BOTH))))
def test_every_link_and_picture_of_the_readmes_leads_somewhere(link: tuple[str, str]) -> None:
    place = "".join(link)
    assert place.startswith(ACTIONS) or (ROOT / place).exists()


def test_the_figures_of_the_readmes_are_those_of_the_shipped_model() -> None:
    measured = read_bundle(shipped_bundle()).metrics
    names = ("condition_accuracy", "escape_rate", "overkill_rate", "review_share")
    for cameras in ("known_cameras", "unknown_cameras"):
        shares = [measured[cameras]["all"][name]["share"] for name in names]
        for language, file in (("en", "README.md"), ("es", "README.es.md")):
            count = number(measured[cameras]["all"]["condition_accuracy"]["n"], language)
            assert f"{count} " in (ROOT / file).read_text(encoding="utf-8")
            row = " | ".join(f"{percent(each, 'es')}" for each in shares).replace("\u00a0", " ")
            row = row.replace(",", ".") if language == "en" else row
            assert f"| {row} |" in (ROOT / file).read_text(encoding="utf-8"), (cameras, language)


def test_no_picture_is_committed_but_those_that_a_script_takes_of_the_station() -> None:
    taken = ROOT / "docs" / "pictures"  # by docs/pictures.py, of drawn fruit
    found = [
        file
        for file in committed()
        if taken not in file.parents
        and (file.suffix.lower() in PICTURE_NAMES or file.read_bytes()[:12].startswith(PICTURES))
    ]
    assert found == []


def test_no_text_names_a_path_of_the_machine_it_was_written_on() -> None:
    named = [
        (file.relative_to(ROOT).as_posix(), place)
        for file in committed()
        for place in THIS_MACHINE
        if place.encode() in file.read_bytes() or place.rstrip("/").encode() + b'"' in file.read_bytes()
    ]
    assert named == []


@for_each("lock", sorted((ROOT / "requirements").glob("*.txt")))
def test_every_package_of_a_lock_is_held_to_a_version_and_a_hash(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    entries = [entry for entry in re.split(r"\n(?=\S)", text) if not entry.startswith("#")]
    assert entries
    assert [entry for entry in entries if not re.match(r"[\w.\[\]-]+==\S+.*--hash=sha256:", entry, re.DOTALL)] == []


def test_the_models_are_light_enough_to_clone() -> None:
    assert sum(file.stat().st_size for file in (ROOT / "models").rglob("*") if file.is_file()) <= HEAVIEST
