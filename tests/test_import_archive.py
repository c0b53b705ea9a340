"""A scored archive in the station: once, however often it is imported, and honest about photographs that are not there."""

import json
from pathlib import Path

import pytest
from sqlalchemy import func, select

from altered_bundle import ALL_REVIEW, rewritten
from command_line import Run, vistobueno
from drawn_photos import jpeg
from kept import ANA
from opened import Open, open_station, station
from test_score import rows_of, scored, verdict_of
from vistobueno.core.inspection import Filter
from vistobueno.core.line import LineRefused
from vistobueno.model.bundle import Bundle
from vistobueno.model.runtime import Model, load_model
from vistobueno.services import NotFound, Station
from vistobueno.services.archives.importing import Imported, ImportRefused, import_scored
from vistobueno.services.archives.photographs import Photographs
from vistobueno.services.opening import open_records
from vistobueno.settings import Settings
from vistobueno.store.database import reading
from vistobueno.store.schema import audit_draws, evidence_removals, review_queue

__all__ = ["open_station", "station", "vistobueno"]
pytest.importorskip("pyarrow", reason="pyarrow is not here")
LINE = "archivo 2025"


@pytest.fixture
def archive(small_model: Model, drawn: Path, tmp_path: Path) -> Path:
    """Results of the drawn photographs, one of which is there twice and one of which is none."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    for number, file in enumerate(sorted(drawn.rglob("*.jpg"))):
        (folder / f"{number:02}.jpg").write_bytes(file.read_bytes())
    (folder / "again.jpg").write_bytes((folder / "00.jpg").read_bytes())
    (folder / "broken.jpg").write_bytes(b"no photograph")
    scored([folder], tmp_path / "out", small_model)
    return tmp_path / "out"


def imported(station: Station, archive: Path, photographs: Photographs | None = None, line: str = LINE) -> Imported:
    _, evidence = open_records(station.settings)
    return import_scored(station.engine, evidence, archive, line, photographs, jobs=2)


def waiting(station: Station) -> int:
    with reading(station.engine) as connection:
        return int(connection.execute(select(func.count()).select_from(review_queue)).scalar_one())


def test_an_import_adds_each_photograph_once_and_a_second_one_nothing(
    station: Station, archive: Path, small_model: Model, drawn: Path
) -> None:
    station.lines.add(LINE, [], ANA)
    count = len(list(drawn.rglob("*.jpg")))
    assert imported(station, archive) == Imported(count, 1, 1, 0)
    assert imported(station, archive) == Imported(0, count + 1, 1, 0)
    found = station.inspections.page(Filter(line=LINE), limit=200).items
    rows = {row["photo_sha256"]: row for row in rows_of(archive) if not row["error"]}
    assert len(found) == count == len(rows)
    for each in found:
        row = rows[each.photo.sha256]
        assert each.verdict == verdict_of(row) and each.model == small_model.name
        assert (each.source, each.filename is not None, each.audit_people) == ("bulk", True, 0)
        assert not each.has_photograph
    with pytest.raises(NotFound, match="no_photograph"):
        station.inspections.photograph(found[0].number)
    with reading(station.engine) as connection:
        assert connection.execute(select(audit_draws.c.photographs)).first() is None, (
            "the line's own draw has not begun"
        )
    assert waiting(station) == 0, "nobody is asked about a photograph that is not here"
    assert sum(each.count for each in station.inspections.day_counts(found[-1].at.date(), found[0].at.date())) == count


def test_photographs_come_too_where_that_is_asked_and_are_what_was_judged(
    open_station: Open, small_bundle: Bundle, archive: Path, tmp_path: Path
) -> None:
    bundle = rewritten(small_bundle, tmp_path / "asking", policy=ALL_REVIEW)
    station = open_station(model_path=str(bundle.path))
    station.lines.add(LINE, [], ANA)
    folder = tmp_path / "photographs"
    scored([folder], tmp_path / "asked", load_model(bundle.path))
    (folder / "01.jpg").write_bytes(jpeg("orange_unfit", 90))  # another photograph lies there now
    (folder / "02.jpg").unlink()
    done = imported(station, tmp_path / "asked", Photographs(Settings()))
    assert done.photographs == done.added - 2 == waiting(station)
    found = station.inspections.page(Filter(line=LINE), limit=200).items
    kept = {each.filename: each.has_photograph for each in found}
    assert [name for name, is_kept in sorted(kept.items()) if not is_kept] == ["01.jpg", "02.jpg"]
    assert station.inspections.photograph(next(each.number for each in found if each.has_photograph))
    with reading(station.engine) as connection:
        assert set(connection.execute(select(evidence_removals.c.cause)).scalars()) == {"not_imported"}


def test_a_model_or_a_line_that_the_station_does_not_have_is_said_and_nothing_is_written(
    open_station: Open, small_bundle: Bundle, archive: Path, tmp_path: Path
) -> None:
    other = rewritten(small_bundle, tmp_path / "other", version="9")
    station = open_station(model_path=str(other.path))
    with pytest.raises(LineRefused, match="line_unknown"):
        imported(station, archive)
    with pytest.raises(ImportRefused, match="model_not_here"):
        imported(station, archive, line="principal")
    assert not station.inspections.page().items
    station.models.add(small_bundle.path, ANA)
    assert imported(station, archive, line="principal").added


def test_the_commands_import_and_compare(
    vistobueno: Run, open_station: Open, archive: Path, small_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = open_station().settings
    monkeypatch.setenv("DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    for added in (True, False):
        said = vistobueno("import", archive, "--line", "principal", "--json")
        assert said.code == 0 and (json.loads(said.out)["added"] > 0) == added
    for language in ("es", "en"):
        assert vistobueno("import", archive, "--line", "principal", "-l", language).code == 0
    same = vistobueno("drift", archive, "--against", archive, "--json")
    told = json.loads(same.out)
    assert told["archive"] == told["reference"] and told["raised"] == [] and told["archive"]["refused"] == 1
    assert vistobueno("drift", archive, "--model", small_bundle.path).code == 3, "the small bundle keeps no reference"
