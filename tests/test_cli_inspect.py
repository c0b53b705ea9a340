import csv
import io
import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

from command_line import Run, broken, deciding, lines_of, models, photo, vistobueno
from vistobueno.cli import inspect as verbs
from vistobueno.core.photo import open_photo
from vistobueno.model.inspector import inspect, limits_for
from vistobueno.model.runtime import load_model

__all__ = ["broken", "deciding", "models", "photo", "vistobueno"]


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


def test_a_heat_map_of_a_photograph_whose_name_is_as_long_as_can_be_is_written(
    vistobueno: Run, models: dict[str, Path], photo: Path, tmp_path: Path
) -> None:
    long = Path(shutil.copy(photo, tmp_path / f"{'ñ' * 125}.jpg"))
    assert vistobueno("inspect", long, "-m", models["fit"], "--heat-maps", tmp_path / "maps").code == 0
    assert len(list((tmp_path / "maps").iterdir())) == 1


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


def test_a_folder_and_a_photograph_in_it_are_the_same_from_wherever_they_are_named(
    vistobueno: Run, models: dict[str, Path], drawn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(drawn)
    said = vistobueno("inspect", "other", ".", "./other/", "-m", models["fit"], "--json")
    files = [row["file"] for row in lines_of(said)]
    assert len(files) == len(set(files)) == 21
    assert files[:3] == [f"other/drawn-00{number}.jpg" for number in range(3)]
    assert files[3:] == sorted(files[3:])


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


def test_what_lies_beside_photographs_is_passed_over_and_counted(
    vistobueno: Run, models: dict[str, Path], photo: Path, tmp_path: Path
) -> None:
    names = ["DCIM/Camera/IMG_1.jpg", "DCIM/Camera/._IMG_1.jpg", "DCIM/.thumbnails/1.jpg", ".Trashes/501/old.jpg",
             ".ipynb_checkpoints/IMG_1-checkpoint.jpg", "notes.txt"]  # fmt: skip
    for name in names:
        (tmp_path / "stick" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "stick" / name).write_bytes(photo.read_bytes() if name.endswith(".jpg") else b"x")
    for given in ("stick", "st*", "stick/**", "stick/DCIM/**/*"):
        said = vistobueno("inspect", tmp_path / given, "-m", models["fit"], "--json", "-l", "en")
        assert [Path(str(row["file"])).name for row in lines_of(said)] == ["IMG_1.jpg"], given
        assert said.code == 0
    said = vistobueno("inspect", tmp_path / "stick", "-m", models["fit"], "--json", "-l", "en")
    assert said.err.strip().endswith(": 5")
    hidden = tmp_path / "stick" / "DCIM" / ".thumbnails"
    for given in (hidden, hidden / "1.jpg", hidden.parent / ".*" / "*.jpg"):
        assert len(lines_of(vistobueno("inspect", given, "-m", models["fit"], "--json"))) == 1, "it was asked for"


def test_photographs_of_any_ending_are_found(
    vistobueno: Run, models: dict[str, Path], photo: Path, tmp_path: Path
) -> None:
    for name in ("b.jfif", "b.jpe", "b.mpo", "b"):
        shutil.copy(photo, tmp_path / name)
    assert len(lines_of(vistobueno("inspect", tmp_path, "-m", models["fit"], "--json"))) == 4
