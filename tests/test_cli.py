import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from altered_bundle import rewritten
from command_line import VARIABLES, Run, broken, deciding, lines_of, models, photo, vistobueno
from vistobueno.cli import inspect as verbs
from vistobueno.cli import main as cli
from vistobueno.core.version import __version__
from vistobueno.i18n import say
from vistobueno.model.bundle import Bundle, zip_bundle

__all__ = ["broken", "deciding", "models", "photo", "vistobueno"]


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
@pytest.mark.parametrize("verb", [("inspect", "x.jpg"), ("model", "info"), ("model", "verify"), ("draw",)])
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
    [("es", ("Modelo small 0", "Clases, en orden: apple_fit, apple_unfit")),
     ("en", ("Model small 0", "Classes, in order: apple_fit, apple_unfit"))],
)  # fmt: skip
def test_model_info_says_what_a_bundle_is(
    language: str, words: tuple[str, ...], vistobueno: Run, small_bundle: Bundle
) -> None:
    said = vistobueno("model", "info", small_bundle.path, "-l", language)
    assert said.code == 0
    shares = ("0,3000", "0,7000") if language == "es" else ("0.3000", "0.7000")
    for word in (*words, say(language, "labels_proved"), small_bundle.digest, "64 × 64", *shares):
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
    assert "different image preprocessing" in said.err


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


def test_the_first_look_draws_and_judges_and_says_that_they_are_drawings(
    vistobueno: Run, models: dict[str, Path], tmp_path: Path, drawn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "vistobueno.cli.drawn.write_samples", lambda folder, **_: shutil.copytree(drawn, folder / "drawings")
    )
    said = vistobueno("draw", "-m", models["unfit"], "--folder", tmp_path / "kept", "-l", "en")
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
    command = [sys.executable, "-c", "from vistobueno.cli.main import main; main()", *map(str, arguments)]
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
