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
    assert [line for line in said.err.splitlines() if line][:3] == [
        "leyendo las fotografías",
        "lo que la red ve en ellas",
        "modelo sin la parte 1",
    ]
    assert str(out) in said.out
    assert read_bundle(out).training["photographs"] == 21
    assert vistobueno("model", "verify", out).code == 0
