import json
import re
import shutil
from pathlib import Path

import pytest

from command_line import Run, vistobueno
from vistobueno.model.bundle import Bundle, read_bundle

__all__ = ["vistobueno"]


@pytest.mark.parametrize(("language", "accuracy"), [("es", "apto/no apto"), ("en", "fit/unfit")])
def test_evaluate_prints_a_table_by_source_and_writes_a_report(
    vistobueno: Run, small_bundle: Bundle, drawn: Path, tmp_path: Path, language: str, accuracy: str
) -> None:
    report = tmp_path / "report.html"
    said = vistobueno("evaluate", drawn, "--model", small_bundle.path, "--report", report, "-l", language)
    assert said.code == 0
    assert accuracy in said.out
    assert re.search(rf"{drawn.name}\S* *│ *18 ", said.out), "a row for the source, with its photographs in scope"
    assert str(report) in said.err
    assert f'lang="{language}"' in report.read_text(encoding="utf-8")


def test_evaluate_gives_a_program_json_and_nothing_else(
    vistobueno: Run, small_bundle: Bundle, drawn: Path, tmp_path: Path
) -> None:
    said = vistobueno("evaluate", drawn, "--model", small_bundle.path, "--report", tmp_path / "r.html", "--json")
    figures = json.loads(said.out)
    assert figures["all"]["review_share"]["n"] == 18
    assert set(figures["sources"]) == {drawn.name}


@pytest.mark.parametrize("verb", ["evaluate", "train"])
def test_photographs_that_are_not_there_are_said_in_one_line(
    verb: str, vistobueno: Run, small_bundle: Bundle, tmp_path: Path
) -> None:
    extra = ("--model", small_bundle.path) if verb == "evaluate" else ("--out", tmp_path / "out")
    said = vistobueno(verb, tmp_path / "nothing", *extra, "-l", "es")
    assert said.code == 3
    assert said.err.startswith("Error: No existe: ")
    assert said.out == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.timeout(600)
def test_train_says_each_step_and_the_bundle_it_made(vistobueno: Run, drawn: Path, tmp_path: Path) -> None:
    shutil.copytree(drawn, tmp_path / "fruit")
    out = tmp_path / "made"
    said = vistobueno("train", tmp_path / "fruit", "--out", out, "--epochs", 1, "--views", 1, "-l", "es")
    assert said.code == 0
    told = [line for line in said.err.splitlines() if line]
    assert (
        told.index("lo que la red ve en ellas")
        < told.index("modelo sin la parte 1")
        < told.index("el modelo que se entrega")
    )
    assert str(out) in said.out
    assert read_bundle(out).training["photographs"] == 21
    assert vistobueno("model", "verify", out).code == 0


@pytest.fixture
def data(drawn: Path, tmp_path: Path) -> Path:
    """The drawn pictures in folders that people name as they like, with what lies beside them and two cut short."""
    names = {"apple_fit": "Fresh Apples", "banana_unfit": "rottenbanana", "orange_fit": "naranjas_frescas"}
    for folder in sorted(each for each in drawn.iterdir() if each.is_dir()):
        shutil.copytree(folder, tmp_path / "data" / names.get(folder.name, folder.name.upper()))
    for name in ("Fresh Apples/b.jpg", "rottenbanana/b.jpg"):
        (tmp_path / "data" / name).write_bytes(b"\xff\xd8\xff cut short")
    for name in (".ipynb_checkpoints/a.jpg", "rottenbanana/Thumbs.db", "loose.jpg"):
        (tmp_path / "data" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "data" / name).write_bytes(b"x")
    return tmp_path / "data"


def test_evaluate_names_all_broken_photographs_at_once_and_writes_nothing(
    vistobueno: Run, small_bundle: Bundle, data: Path, tmp_path: Path
) -> None:
    said = vistobueno("evaluate", data, "-m", small_bundle.path, "--report", tmp_path / "r.html", "--json", "-l", "en")
    assert (said.code, said.out) == (3, "")
    assert said.err.count("b.jpg") == 2 and "--skip-unreadable" in said.err
    assert not (tmp_path / "r.html").exists()


def test_evaluate_skips_broken_photographs_where_that_is_asked_and_counts_them_everywhere(
    vistobueno: Run, small_bundle: Bundle, data: Path, tmp_path: Path
) -> None:
    report = tmp_path / "r.html"
    asked = ("evaluate", data, "-m", small_bundle.path, "--report", report, "--skip-unreadable", "-l", "en")
    said = vistobueno(*asked, "--json")
    figures = json.loads(said.out)
    assert (said.code, figures["photographs"], figures["passed_over"]) == (0, 21, 3)
    assert figures["all"]["review_share"]["n"] == 18
    assert {Path(name).name for name in figures["refused"]} == {"b.jpg"} and len(figures["refused"]) == 2
    for told in (said.err, vistobueno(*asked).err, report.read_text(encoding="utf-8")):
        assert "could not be read: 2" in told and ": 3" in told


def test_labels_that_mean_nothing_are_refused_alike_by_every_command(
    vistobueno: Run, small_bundle: Bundle, drawn: Path, tmp_path: Path
) -> None:
    shutil.copytree(drawn, tmp_path / "data")
    (tmp_path / "data" / "banana_unfit").rename(tmp_path / "data" / "rotenbanana")
    (tmp_path / "t.csv").write_text(f"file,label\n{drawn}/other/drawn-000.jpg,rotenbanana\n")
    for data in (tmp_path / "data", tmp_path / "t.csv"):
        for verb in (("evaluate", data, "-m", small_bundle.path), ("train", data, "--out", tmp_path / "out")):
            said = vistobueno(*verb, "-l", "en")
            assert (said.code, "rotenbanana" in said.err) == (3, True)
    assert not (tmp_path / "out").exists()


def test_an_evaluation_of_nothing_is_an_error(
    vistobueno: Run, small_bundle: Bundle, drawn: Path, tmp_path: Path
) -> None:
    shutil.copytree(drawn / "other", tmp_path / "data" / "other")
    said = vistobueno(
        "evaluate", tmp_path / "data", "-m", small_bundle.path, "--report", tmp_path / "r.html", "-l", "en"
    )
    assert (said.code, said.out) == (3, "")
    assert not (tmp_path / "r.html").exists()
