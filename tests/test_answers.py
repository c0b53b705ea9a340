import csv
import gc
import json
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
from PIL import Image
from sqlalchemy import Engine
from typer.testing import CliRunner

from drawn_photos import PHOTO, jpeg
from kept import ANA, draft
from vistobueno.cli.main import app
from vistobueno.core.defects import ALL
from vistobueno.core.inspection import Filter, Inspection, Page, Review
from vistobueno.services import answers
from vistobueno.services.answers import AnswersRefused, export_answers
from vistobueno.services.opening import open_records
from vistobueno.settings import Settings
from vistobueno.store.database import Unavailable
from vistobueno.store.ledger import Ledger
from vistobueno.store.photos.folder import FolderEvidence
from vistobueno.training.data import read_data

Keep = Callable[..., Inspection]
WIDE = jpeg(size=(320, 200))


@pytest.fixture
def evidence(tmp_path: Path) -> FolderEvidence:
    return FolderEvidence(tmp_path / "evidence")


@pytest.fixture
def keep(engine: Engine, evidence: FolderEvidence) -> Keep:
    """Keeps an inspection with its photograph, and what people answered on it, one after the other."""

    def keep_one(*said: str, photo: bytes = PHOTO, **changes: object) -> Inspection:
        wanted = draft(**changes)
        evidence.put(wanted.evidence, photo)
        kept = Ledger(engine).add(wanted, None, None)
        for answer in said:
            Ledger(engine).review(kept.number, ANA, answer, "", defects=ALL[:2] if answer == "unfit" else ())
        return kept

    return keep_one


@pytest.fixture
def answered(keep: Keep) -> dict[str, Inspection]:
    """One of each kind."""
    return {
        "escape": keep("unfit", product="banana", photo=WIDE, photo_sha256="a" * 64),
        "again": keep("fit", product="banana", photo=WIDE, photo_sha256="a" * 64, line="Muelle 2, «norte»"),
        "corrected": keep("fit", "unfit", answer="review", forced="fit", product="orange", photo_sha256="b" * 64),
        "hand": keep("other", answer="review", reasons=("out_of_scope",), photo_sha256="c" * 64),
        "retake": keep("fit", "retake"),
        "nobody": keep(),
    }


def test_what_is_exported_is_read_as_a_data_set_with_the_same_labels(
    engine: Engine, evidence: FolderEvidence, answered: dict[str, Inspection], tmp_path: Path
) -> None:
    out = tmp_path / "new" / "data"
    done = export_answers(engine, evidence, out)
    assert done.labels == {"banana_unfit": 1, "banana_fit": 1, "orange_unfit": 1, "other": 1}
    read = {int(photo.path.stem): photo for photo in read_data(out).photos}
    labels = {"escape": "banana_unfit", "again": "banana_fit", "corrected": "orange_unfit", "hand": "other"}
    assert {number: photo.label for number, photo in read.items()} == {
        answered[name].number: label for name, label in labels.items()
    }
    one, again = (read[answered[name].number] for name in ("escape", "again"))
    assert one.group == again.group and len({photo.group for photo in read.values()}) == 3
    assert (one.source, again.source) == ("principal", "Muelle 2, «norte»")
    assert one.variant == " ".join(ALL[:2]) and again.variant == ""
    assert one.path.read_bytes() == WIDE
    assert not stat.S_IMODE(out.stat().st_mode) & 0o077
    with (out / "photos.csv").open(encoding="utf-8", newline="") as file:
        assert next(csv.reader(file)) == ["file", "label", "group", "source", "variant"]


def test_the_coco_file_has_every_image_once_and_one_box_around_all_of_it(
    engine: Engine, evidence: FolderEvidence, answered: dict[str, Inspection], tmp_path: Path
) -> None:
    export_answers(engine, evidence, tmp_path / "out", "coco")
    said = json.loads((tmp_path / "out" / "coco.json").read_text(encoding="utf-8"))
    assert set(said) == {"info", "licenses", "images", "annotations", "categories"}
    images = {each["id"]: each for each in said["images"]}
    names = {each["id"]: each["name"] for each in said["categories"]}
    assert len(names) == len(set(names.values())) == len(images) == len(said["annotations"]) == 4
    assert {each["supercategory"] for each in said["categories"]} == {"banana", "orange", "other"}
    for each in said["annotations"]:
        image = images[each["image_id"]]
        with Image.open(tmp_path / "out" / image["file_name"]) as opened:
            assert opened.size == (image["width"], image["height"])
        assert each["bbox"] == [0, 0, image["width"], image["height"]] and each["iscrowd"] == 0
        assert each["area"] == image["width"] * image["height"]
    by_number = {each["image_id"]: names[each["category_id"]] for each in said["annotations"]}
    assert by_number[answered["escape"].number] == "banana_unfit"


def test_label_studio_gets_tasks_with_what_the_model_and_the_person_said(
    engine: Engine, evidence: FolderEvidence, answered: dict[str, Inspection], tmp_path: Path
) -> None:
    out = tmp_path / "mis respuestas"
    export_answers(engine, evidence, out, "label-studio")
    tasks = {each["data"]["inspection"]: each for each in json.loads((out / "tasks.json").read_text(encoding="utf-8"))}
    interface = ElementTree.parse(out / "labeling.xml").getroot()  # noqa: S314 written above
    choices, image = interface.find("Choices"), interface.find("Image")
    assert choices is not None and image is not None and choices.get("toName") == image.get("name")
    known = {each.get("value") for each in choices}
    for each in tasks.values():
        address = urlsplit(each["data"]["image"])
        assert address.path == "/data/local-files/"
        assert (out.parent / parse_qs(address.query)["d"][0]).is_file()
        for said in (*each["annotations"], *each["predictions"]):
            (result,) = said["result"]
            assert (result["from_name"], result["to_name"]) == (choices.get("name"), image.get("name"))
            assert result["type"] == "choices" and set(result["value"]["choices"]) <= known
        assert all(0 <= said.get("score", 0) <= 1 and said["model_version"] for said in each["predictions"])

    def told(name: str) -> tuple[str, str]:
        task = tasks[answered[name].number]
        return tuple(task[by][0]["result"][0]["value"]["choices"][0] for by in ("predictions", "annotations"))

    assert told("escape") == ("banana_fit", "banana_unfit")
    assert told("corrected") == ("orange_fit", "orange_unfit")
    assert told("hand") == ("other", "other")
    assert tasks[answered["escape"].number]["predictions"][0]["score"] == pytest.approx(0.99)


def test_a_line_and_days_narrow_it_and_what_is_no_longer_kept_is_counted(
    engine: Engine, evidence: FolderEvidence, answered: dict[str, Inspection], tmp_path: Path
) -> None:
    day = timedelta(days=1)
    for asked, count in (
        ({"line": "Muelle 2, «norte»"}, 1),
        ({"line": "principal"}, 3),
        ({"since": datetime.now(UTC) - day, "until": datetime.now(UTC) + day}, 4),
        ({"until": answered["corrected"].at}, 2),
    ):
        assert sum(export_answers(engine, evidence, tmp_path / "out", **asked).labels.values()) == count, asked
    evidence.delete(answered["escape"].evidence)
    done = export_answers(engine, evidence, tmp_path / "out")
    assert (sum(done.labels.values()), done.without_photograph) == (3, 1)
    assert len(read_data(tmp_path / "out").photos) == len(list((tmp_path / "out" / "photographs").iterdir())) == 3


def test_where_there_is_nothing_nothing_is_written(engine: Engine, evidence: FolderEvidence, tmp_path: Path) -> None:
    with pytest.raises(AnswersRefused, match="no_answers"):
        export_answers(engine, evidence, tmp_path / "out")
    assert [each.name for each in tmp_path.iterdir() if each.name != "evidence"] == []


def test_only_an_earlier_export_is_written_over(
    engine: Engine, evidence: FolderEvidence, answered: dict[str, Inspection], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    export_answers(engine, evidence, out)  # an empty folder is nobody's
    export_answers(engine, evidence, out, "coco")
    assert sorted(each.name for each in out.iterdir()) == ["answers.json", "coco.json", "photographs"]
    (out / "notes.txt").write_text("mine")
    table = tmp_path / "photos"
    table.mkdir()
    (table / "photos.csv").write_text("file,label")
    for taken in (out, table, out / "notes.txt"):
        with pytest.raises(AnswersRefused, match="export_taken"):
            export_answers(engine, evidence, taken)
    assert (out / "notes.txt").read_text() == "mine" and (out / "coco.json").is_file()


def test_a_store_that_goes_away_leaves_what_was_there(
    engine: Engine, evidence: FolderEvidence, answered: dict[str, Inspection], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    export_answers(engine, evidence, tmp_path / "out", line="principal")
    before = (tmp_path / "out" / "photos.csv").read_bytes()

    def away(key: str) -> bytes:
        raise Unavailable("evidence_away", es="", en="")

    monkeypatch.setattr(evidence, "get", away)
    with pytest.raises(Unavailable):
        export_answers(engine, evidence, tmp_path / "out")
    assert (tmp_path / "out" / "photos.csv").read_bytes() == before
    assert sorted(each.name for each in tmp_path.iterdir()) == ["evidence", "out"]


def test_memory_does_not_grow_with_the_answers(
    engine: Engine, evidence: FolderEvidence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = draft(product="banana")
    evidence.put(one.evidence, jpeg(size=(64, 64)))
    review, alive = Review(1, 1, one.at, ANA, "unfit", ""), list[int]()

    def first(count: int) -> Callable[..., Page[Inspection]]:
        def page(engine: object, asked: Filter, after: str | None, limit: int) -> Page[Inspection]:
            alive.append(sum(type(each) is answers.Answered for each in gc.get_objects()))
            place = int(after or 0)
            items = tuple(replace(one, number=place + each, reviews=(review,)) for each in range(1, 101))
            return Page(items, str(place + 100) if place + 100 < count else None)

        return page

    monkeypatch.setattr(answers, "inspections_page", first(1500))
    export_answers(engine, evidence, tmp_path / "out", "coco")
    assert len(alive) == 15 and max(alive) <= 200  # a page, and the one before


def test_the_command_tells_what_it_wrote_and_for_what(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    engine, evidence = open_records(settings)
    wanted = draft(product="banana")
    evidence.put(wanted.evidence, PHOTO)
    Ledger(engine).review(Ledger(engine).add(wanted, None, None).number, ANA, "fit", "")
    engine.dispose()

    def vistobueno(*words: object) -> str:
        told = CliRunner().invoke(
            app,
            ["answers", str(tmp_path / "out"), *map(str, words)],
            env={"DATA_DIR": str(settings.data_dir), "DATABASE_URL": ""},
        )
        if told.exception is not None:
            raise told.exception
        return told.output

    said = vistobueno("-l", "es")
    assert "1 fotografía" in said and "banana_fit  1" in said and f"vistobueno train {tmp_path / 'out'}" in said
    assert "commission" not in vistobueno("--format", "coco", "-l", "en")
    with pytest.raises(AnswersRefused, match="no_answers"):
        vistobueno("--until", "2020-01-01")
    with pytest.raises(AnswersRefused, match="no_answers"):
        vistobueno("--line", "muelle")
    assert (tmp_path / "out" / "coco.json").is_file()
