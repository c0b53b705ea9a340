import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from altered_bundle import ALL_FIT, ALL_REVIEW, ALL_UNFIT, decided, rewritten
from vistobueno import __version__, cli
from vistobueno.bulk.pool import limits_for
from vistobueno.commands import inspect as verbs
from vistobueno.inspector import inspect
from vistobueno.model.bundle import Bundle, Policy, zip_bundle
from vistobueno.model.runtime import load_model
from vistobueno.photo import open_photo

VARIABLES = ("MODEL_PATH", "MODEL_URL", "MODEL_SHA256", "RUNTIME", "LC_ALL", "LC_MESSAGES", "LANG", "COLUMNS")


@dataclass(frozen=True)
class Said:
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
        assert "Traceback" not in out + err
        return Said(int(stopped.value.code or 0), out, err)

    return run


@pytest.fixture(scope="module")
def deciding(small_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
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
    return next(iter(sorted(drawn.rglob("*.jpg"))))


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    (tmp_path / "broken.jpg").write_bytes(b"no photograph")
    return tmp_path / "broken.jpg"


def lines_of(said: Said) -> list[dict[str, object]]:
    return [json.loads(line) for line in said.out.splitlines()]


# Exit codes


@pytest.mark.parametrize(("model", "code"), [("fit", 0), ("unfit", 1), ("review", 2)])
def test_the_exit_code_is_the_answer(
    model: str, code: int, vistobueno: Run, models: dict[str, Path], photo: Path
) -> None:
    assert vistobueno("inspect", photo, "-m", models[model]).code == code


def test_unfit_is_graver_than_review_and_review_than_fit(vistobueno: Run, models: dict[str, Path], drawn: Path) -> None:
    rows = lines_of(vistobueno("inspect", drawn, "-m", models["mixed"], "--json"))
    by_answer = {row["answer"]: row["file"] for row in rows}
    assert set(by_answer) == {"fit", "review", "unfit"}
    model = ("-m", models["mixed"])
    assert vistobueno("inspect", by_answer["fit"], *model).code == 0
    assert vistobueno("inspect", by_answer["fit"], by_answer["review"], *model).code == 2
    assert vistobueno("inspect", by_answer["unfit"], by_answer["review"], *model).code == 1
    assert vistobueno("inspect", drawn, *model).code == 1


@pytest.mark.parametrize("model", ["fit", "unfit", "review"])
def test_an_error_is_graver_than_any_answer_and_stops_none(
    model: str, vistobueno: Run, models: dict[str, Path], photo: Path, broken: Path
) -> None:
    said = vistobueno("inspect", broken, photo, "-m", models[model], "--json")
    assert said.code == 3
    assert [row["answer"] for row in lines_of(said)] == ["refused", model]


# What is printed


@pytest.mark.parametrize(
    ("language", "words"),
    [("es", ("APTO", "NO APTO", "REVISAR", "RECHAZADA", "el modelo duda", "aptas")),
     ("en", ("FIT", "NOT FIT", "REVIEW", "REFUSED", "not a photo", "fit,"))],
)  # fmt: skip
def test_the_table_speaks_the_language_that_was_asked_for(
    language: str, words: tuple[str, ...], vistobueno: Run, models: dict[str, Path], drawn: Path, broken: Path
) -> None:
    said = vistobueno("inspect", drawn, broken, "-m", models["mixed"], "--language", language)
    for word in words:
        assert word in said.out
    assert len(re.findall(r"drawn-\d\d\d\.jpg", said.out)) == 21


@pytest.mark.parametrize(("variable", "value", "word"), [("LANG", "en_GB.UTF-8", "FIT"), ("LANG", "es_CO.UTF-8", "APTO"),
                                                         ("LC_ALL", "en_US", "FIT"), ("LANG", "C.UTF-8", "APTO")])  # fmt: skip
def test_without_a_wish_the_environments_language_is_spoken_and_else_spanish(
    variable: str, value: str, word: str, vistobueno: Run, models: dict[str, Path], photo: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv(variable, value)
    assert f"✔ {word}" in vistobueno("inspect", photo, "-m", models["fit"]).out


def test_a_table_too_narrow_for_a_name_never_cuts_it_short(
    vistobueno: Run, models: dict[str, Path], photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    said = vistobueno("inspect", photo, "-m", models["fit"])
    column = "".join(line.split("│")[1].strip() for line in said.out.splitlines() if line.startswith("│"))
    assert column == str(photo)


def test_json_has_one_object_a_line_with_all_of_a_verdict(
    vistobueno: Run, models: dict[str, Path], photo: Path, broken: Path
) -> None:
    judged, refused = lines_of(vistobueno("inspect", photo, broken, "-m", models["fit"], "--json", "-l", "en"))
    model = load_model(models["fit"])
    verdict = inspect(open_photo(photo.read_bytes(), limits_for(model)), model)
    assert judged["file"] == str(photo)
    assert (judged["answer"], judged["class"], judged["reasons"]) == ("fit", verdict.class_key, [])
    assert judged["probability_unfit"] == pytest.approx(verdict.probability_unfit, abs=1e-6)
    assert sum(judged["probabilities"].values()) == pytest.approx(1, abs=1e-5)  # type: ignore[attr-defined]
    assert len(str(judged["sha256"])) == 64
    assert (refused["answer"], refused["error"], refused["product"]) == ("refused", "not_a_photo", None)
    assert "Send a JPEG" in str(refused["message"])


def test_csv_has_a_header_and_one_row_for_each_photograph(
    vistobueno: Run, models: dict[str, Path], drawn: Path, broken: Path
) -> None:
    said = vistobueno("inspect", drawn, broken, "-m", models["review"], "--csv")
    rows = list(csv.DictReader(io.StringIO(said.out)))
    assert list(rows[0]) == list(verbs._COLUMNS)
    assert len(rows) == 22
    assert rows[0]["answer"] == "review"
    assert rows[0]["reasons"] == "uncertain"
    assert (rows[-1]["answer"], rows[-1]["error"]) == ("refused", "not_a_photo")


@pytest.mark.parametrize("jobs", ["1", "4"])
def test_the_number_of_jobs_changes_nothing_that_is_printed(
    jobs: str, vistobueno: Run, models: dict[str, Path], drawn: Path
) -> None:
    given = ("inspect", drawn, "-m", models["mixed"], "--json")
    assert vistobueno(*given, "--jobs", jobs).out == vistobueno(*given).out


def test_heat_maps_are_written_for_what_was_judged(
    vistobueno: Run, models: dict[str, Path], photo: Path, broken: Path, tmp_path: Path
) -> None:
    said = vistobueno(
        "inspect", broken, photo, photo.parent, "-m", models["fit"], "--heat-maps", tmp_path / "new" / "maps"
    )
    assert said.code == 3
    written = sorted((tmp_path / "new" / "maps").iterdir())
    assert [each.name for each in written] == [f"{n:05d}-drawn-{n - 2:03d}.jpg" for n in (2, 3, 4)]
    with Image.open(written[0]) as image:
        assert image.width / image.height == 640 / 480
        assert image.height >= 128


# What is judged


def test_folders_are_searched_through_and_every_photograph_judged_once(
    vistobueno: Run, models: dict[str, Path], drawn: Path, photo: Path
) -> None:
    (drawn / "notes.txt").write_text("not a photograph, not asked for")
    said = vistobueno("inspect", photo, drawn, drawn / "other", photo, "-m", models["fit"], "--json")
    files = [row["file"] for row in lines_of(said)]
    assert files[0] == str(photo)
    assert files == list(dict.fromkeys(files))
    assert len(files) == 21
    assert said.code == 0


@pytest.mark.parametrize(
    ("pattern", "count"), [("other/*.jpg", 3), ("*_unfit/*", 9), ("**/drawn-000.jpg", 7), ("**", 21), ("*_fit", 9)]
)
def test_patterns_find_photographs_and_folders_of_them(
    pattern: str, count: int, vistobueno: Run, models: dict[str, Path], drawn: Path, tmp_path: Path
) -> None:
    shutil.copytree(drawn, tmp_path / "lot", ignore=shutil.ignore_patterns("*.txt"))
    said = vistobueno("inspect", tmp_path / "lot" / pattern, "-m", models["fit"], "--json")
    assert said.code == 0
    assert len(lines_of(said)) == count


def test_a_name_with_brackets_is_a_name_before_it_is_a_pattern(
    vistobueno: Run, models: dict[str, Path], photo: Path, tmp_path: Path
) -> None:
    (tmp_path / "lot [1]").mkdir()
    copied = shutil.copy(photo, tmp_path / "lot [1]" / "*photo?.JPG")
    for given in (tmp_path / "lot [1]", copied):
        assert [row["file"] for row in lines_of(vistobueno("inspect", given, "-m", models["fit"], "--json"))] == [
            str(copied)
        ]


@pytest.mark.parametrize("name", ["missing.jpg", "a" * 300 + ".jpg", "no/such/folder/"])
def test_a_path_that_is_not_there_is_refused_by_name(name: str, vistobueno: Run, models: dict[str, Path]) -> None:
    said = vistobueno("inspect", name, "-m", models["fit"], "--json", "-l", "es")
    assert said.code == 3
    (row,) = lines_of(said)
    assert row["error"] == "unreadable_file"
    assert "Compruebe que existe" in str(row["message"])


@pytest.mark.parametrize(("language", "words"), [("es", "No hay fotografías"), ("en", "There are no photographs")])
@pytest.mark.parametrize("given", ["empty", "lott/*.jpg"])
def test_nothing_to_judge_is_an_error_that_names_the_place(
    given: str, language: str, words: str, vistobueno: Run, models: dict[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    said = vistobueno("inspect", tmp_path / given, "-m", models["fit"], "--language", language)
    assert (said.code, said.out) == (3, "")
    assert words in said.err
    assert str(tmp_path / given) in said.err


def test_a_place_without_photographs_among_others_is_said_and_no_success(
    vistobueno: Run, models: dict[str, Path], photo: Path, tmp_path: Path
) -> None:
    said = vistobueno("inspect", photo, tmp_path / "lott*", "-m", models["fit"], "--json")
    assert [row["answer"] for row in lines_of(said)] == ["fit"]
    assert f"No hay fotografías en {tmp_path / 'lott*'}" in said.err
    assert said.code == 3


# What a user gets wrong


@pytest.mark.parametrize(
    "arguments",
    [("inspect", "--no-such-option", "x"), ("inspect",), ("no-such-verb",), ("inspect", "x", "--jobs", "many"),
     ("inspect", "x", "--jobs", "-1"), ("model", "no-such-verb"), ("model", "download"), ("model", "pack", "x.h5")],
)  # fmt: skip
def test_a_wrong_option_or_argument_is_said_in_one_line(arguments: tuple[str, ...], vistobueno: Run) -> None:
    said = vistobueno(*arguments)
    assert said.code == 3
    assert said.err.startswith("Error: ")
    assert len(said.err.splitlines()) == 1


@pytest.mark.parametrize("arguments", [(), ("model",)])
def test_without_a_verb_the_help_is_shown_and_no_empty_error(arguments: tuple[str, ...], vistobueno: Run) -> None:
    said = vistobueno(*arguments)
    assert "inspect" in said.out + said.err or "verify" in said.out + said.err
    assert "Error" not in said.err
    assert said.code == 3


@pytest.mark.parametrize(("language", "words"), [("es", "Use litert o tensorflow"), ("en", "Use litert or tensorflow")])
@pytest.mark.parametrize("by", ["option", "variable"])
def test_a_runtime_that_does_not_exist_is_refused(
    by: str, language: str, words: str, vistobueno: Run, models: dict[str, Path], photo: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    if by == "variable":
        monkeypatch.setenv("RUNTIME", "onnx")
    option = ("--runtime", "onnx") if by == "option" else ()
    said = vistobueno("inspect", photo, "-m", models["fit"], *option, f"--language={language}")
    assert (said.code, said.out) == (3, "")
    assert words in said.err


@pytest.mark.parametrize(("language", "words"), [("es", "No hay un modelo"), ("en", "There is no model")])
@pytest.mark.parametrize("verb", [("inspect", "x.jpg"), ("model", "info"), ("model", "verify"), ("demo",)])
def test_a_model_that_is_not_there_is_said_in_the_language_asked_for(
    verb: tuple[str, ...], language: str, words: str, vistobueno: Run, tmp_path: Path
) -> None:
    option = () if verb[0] == "model" else ("--model",)
    said = vistobueno(*verb, *option, tmp_path / "no-model", "-l", language)
    assert said.code == 3
    assert words in said.err
    assert str(tmp_path / "no-model") in said.err


@pytest.mark.parametrize(("language", "words"), [("es", "No se puede usar"), ("en", "cannot be used")])
def test_a_place_that_cannot_be_written_is_named(
    language: str, words: str, vistobueno: Run, models: dict[str, Path], photo: Path, broken: Path
) -> None:
    said = vistobueno("inspect", photo, "-m", models["fit"], "--heat-maps", broken, "-l", language)
    assert said.code == 3
    assert words in said.err
    assert str(broken) in said.err


def test_a_fault_of_the_program_is_an_error_and_never_the_code_of_an_answer(
    models: dict[str, Path], photo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(verbs, "inspect_many", lambda *_, **__: 1 / 0)
    monkeypatch.setattr(sys, "argv", ["vistobueno", "inspect", str(photo), "-m", str(models["fit"])])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 3
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_ctrl_c_ends_quietly(
    vistobueno: Run, models: dict[str, Path], photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(verbs, "inspect_many", interrupted)
    assert vistobueno("inspect", photo, "-m", models["fit"]).code == 130


# Which model, which runtime


def test_the_model_is_the_one_named_then_that_of_model_path(
    vistobueno: Run, models: dict[str, Path], photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_PATH", str(models["unfit"]))
    assert vistobueno("inspect", photo).code == 1
    assert vistobueno("inspect", photo, "-m", models["fit"]).code == 0


def test_model_url_names_a_model_where_model_path_does_not(
    vistobueno: Run, models: dict[str, Path], photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_URL", models["unfit"].as_uri())
    assert vistobueno("inspect", photo).code == 1
    monkeypatch.setenv("MODEL_PATH", str(models["fit"]))
    assert vistobueno("inspect", photo).code == 0


def test_tensorflow_serves_for_comparison_and_says_the_same(
    vistobueno: Run, models: dict[str, Path], photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = ("inspect", photo, "-m", models["mixed"], "--json")
    (ours,) = lines_of(vistobueno(*given))
    monkeypatch.setenv("RUNTIME", "tensorflow")
    (theirs,) = lines_of(vistobueno(*given))
    assert theirs["answer"] == ours["answer"]
    assert theirs["probabilities"] == pytest.approx(ours["probabilities"], abs=1e-4)
    assert "tensorflow" in vistobueno("model", "verify", models["mixed"]).out


# The verbs on models


@pytest.mark.parametrize(
    ("language", "words"),
    [("es", ("Modelo small 0", "Clases, en orden: apple_fit, apple_unfit", "probado con fotografías")),
     ("en", ("Model small 0", "Classes, in order: apple_fit, apple_unfit", "proved"))],
)  # fmt: skip
def test_model_info_says_what_a_bundle_is(
    language: str, words: tuple[str, ...], vistobueno: Run, small_bundle: Bundle
) -> None:
    said = vistobueno("model", "info", small_bundle.path, "-l", language)
    assert said.code == 0
    for word in (*words, small_bundle.digest, "64 × 64", "0.3000", "0.7000"):
        assert word in said.out


def test_model_info_says_what_nobody_knows_and_warns_of_unproved_labels(
    vistobueno: Run, small_bundle: Bundle, tmp_path: Path
) -> None:
    rewritten(small_bundle, tmp_path / "b", labels_proved=None, origin={"unknown": ["who made it"]})
    said = vistobueno("model", "info", tmp_path / "b", "-l", "en")
    assert "who made it" in said.out
    assert "--check" in said.out


def test_model_verify_proves_a_good_bundle_and_refuses_a_changed_one(
    vistobueno: Run, small_bundle: Bundle, tmp_path: Path
) -> None:
    said = vistobueno("model", "verify", small_bundle.path, "-l", "en")
    assert said.code == 0
    assert "litert" in said.out
    rewritten(small_bundle, tmp_path / "b", input=replace(small_bundle.input, colour="bgr"))
    said = vistobueno("model", "verify", tmp_path / "b", "-l", "en")
    assert said.code == 3
    assert "another preparation of the picture" in said.err


def test_model_download_fetches_from_a_folder_or_file_and_says_what_came(
    vistobueno: Run, small_bundle: Bundle, tmp_path: Path
) -> None:
    said = vistobueno("model", "download", small_bundle.path, "--to", tmp_path / "got.zip", "-l", "en")
    assert said.code == 0
    assert small_bundle.digest in said.out
    assert vistobueno("model", "verify", tmp_path / "got.zip").code == 0


@pytest.mark.parametrize("by", ["option", "variable"])
def test_model_download_refuses_a_model_with_another_hash(
    by: str, vistobueno: Run, small_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zip_bundle(small_bundle, tmp_path / "small.zip")
    if by == "variable":
        monkeypatch.setenv("MODEL_SHA256", "0" * 64)
    option = ("--sha256", "0" * 64) if by == "option" else ()
    said = vistobueno("model", "download", (tmp_path / "small.zip").as_uri(), "--to", tmp_path / "got.zip", *option)
    assert said.code == 3
    assert "0" * 64 in said.err
    assert not (tmp_path / "got.zip").exists()


def test_model_pack_of_a_file_that_is_not_there_says_so(vistobueno: Run, tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("apple_fit\napple_unfit\n")
    said = vistobueno("model", "pack", tmp_path / "no.h5", "--labels", tmp_path / "labels.txt", "-l", "en")
    assert said.code == 3
    assert "no.h5" in said.err


# First look


def test_the_demo_draws_and_judges_and_says_that_they_are_drawings(
    vistobueno: Run, models: dict[str, Path], tmp_path: Path, drawn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "vistobueno.drawn.write_samples", lambda folder, **_: shutil.copytree(drawn, folder / "drawings")
    )
    said = vistobueno("demo", "-m", models["unfit"], "--folder", tmp_path / "kept", "-l", "en")
    assert said.code == 0
    assert "21 not fit" in said.out
    assert "not photographs" in said.out
    assert len(list((tmp_path / "kept").rglob("*.jpg"))) == 21


def test_the_version_is_told(vistobueno: Run) -> None:
    said = vistobueno("--version")
    assert (said.code, said.out) == (0, f"{__version__}\n")


# A process of its own


def spawn(*arguments: object, **environment: str) -> subprocess.Popen[bytes]:
    given = {key: value for key, value in os.environ.items() if key not in VARIABLES}
    given |= {"PYTHONPATH": os.pathsep.join(sys.path), **environment}
    command = [sys.executable, "-c", "from vistobueno.cli import main; main()", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=given)


def test_a_terminal_that_has_no_such_signs_still_gets_its_answers(models: dict[str, Path], photo: Path) -> None:
    process = spawn("inspect", photo, "-m", models["fit"], PYTHONIOENCODING="latin-1", COLUMNS="240")
    out, err = process.communicate()
    assert process.returncode == 0, err.decode()
    assert "? APTO" in out.decode("latin-1")


@pytest.mark.parametrize("form", ["--csv", "--json", ""])
def test_a_reader_that_goes_away_is_no_error_and_no_answer(form: str, models: dict[str, Path], photo: Path) -> None:
    process = spawn("inspect", photo, "-m", models["fit"], *filter(None, [form]))
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    err = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait() == 141
    assert "Traceback" not in err
    assert "BrokenPipe" not in err
