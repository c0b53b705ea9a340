import csv
import io
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from drawn_photos import PHOTO, jpeg
from kept import ANA, SORTER
from opened import Open, open_station, station, verdict_on
from vistobueno.core.defects import DefectRefused
from vistobueno.core.errors import PhotoRefused
from vistobueno.core.inspection import DEFAULT_LINE
from vistobueno.model.bundle import Bundle
from vistobueno.services import (
    Busy,
    Conflict,
    Filter,
    NotFound,
    Station,
    Unavailable,
    running_station,
    set_running_station,
)

__all__ = ["open_station", "station"]


def files(station: Station) -> list[Path]:
    return [path for path in (station.settings.data_dir / "evidence").rglob("*") if path.is_file()]


def test_an_inspection_is_kept_with_its_photograph_and_found_again_tomorrow(open_station: Open) -> None:
    station = open_station()
    kept = station.inspections.inspect(PHOTO, ANA, source="page", filename="apple.jpg")
    photograph, heat = (
        station.inspections.photograph(kept.inspection.number),
        station.inspections.heat_map(kept.inspection.number),
    )
    again = open_station()
    assert not kept.replayed
    assert again.inspections.one(1) == kept.inspection
    assert again.inspections.page().items == (kept.inspection,)
    assert again.inspections.photograph(1) == photograph
    assert again.inspections.heat_map(1) == heat != photograph
    assert (kept.inspection.photo.width, kept.inspection.photo.height, kept.inspection.photo.bytes) == (
        640,
        480,
        len(PHOTO),
    )
    assert kept.inspection.model.digest == station.models.active.bundle.digest


@pytest.mark.parametrize("size", [(4000, 3000), (640, 480), (3000, 400), (400, 3000)])
def test_the_photograph_that_is_kept_is_one_small_jpeg(station: Station, size: tuple[int, int]) -> None:
    number = station.inspections.inspect(jpeg(size=size), ANA, source="page").inspection.number
    with Image.open(io.BytesIO(station.inspections.photograph(number))) as kept:
        assert kept.format == "JPEG"
        assert max(kept.size) <= 1024
        assert kept.width / kept.height == pytest.approx(size[0] / size[1], rel=0.03)
    with Image.open(io.BytesIO(station.inspections.thumbnail(number, 100))) as small:
        assert max(small.size) <= 100
    assert len(files(station)) == 1


def test_where_it_was_taken_never_reaches_the_store(station: Station) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Make] = "CameraMaker"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (12.0, 2.0, 3.0)
    number = station.inspections.inspect(
        jpeg(exif=exif.tobytes(), comment=b"secret"), ANA, source="page"
    ).inspection.number
    data = station.inspections.photograph(number)
    assert b"CameraMaker" not in data and b"Exif" not in data and b"secret" not in data
    with Image.open(io.BytesIO(data)) as kept:
        assert kept.height > kept.width  # upright


def test_a_photograph_that_cannot_be_judged_leaves_nothing(station: Station) -> None:
    for data in (b"", b"not a photograph", PHOTO[:2000]):
        with pytest.raises(PhotoRefused):
            station.inspections.inspect(data, ANA, source="page")
    assert station.inspections.page().items == () and files(station) == []


def test_judging_alone_keeps_nothing(station: Station) -> None:
    assert station.judging.run(verdict_on, station.models.active, PHOTO).answer in ("fit", "unfit", "review")
    assert station.inspections.page().items == () and files(station) == []


def test_the_same_call_again_is_the_same_inspection(station: Station) -> None:
    first = station.inspections.inspect(PHOTO, SORTER, source="api", idempotency_key="k")
    again = station.inspections.inspect(PHOTO, SORTER, source="api", idempotency_key="k")
    assert (again.inspection, again.replayed) == (first.inspection, True)
    with pytest.raises(Conflict, match="key_used"):
        station.inspections.inspect(jpeg(seed=2), SORTER, source="api", idempotency_key="k")
    assert not station.inspections.inspect(PHOTO, ANA, source="api", idempotency_key="k").replayed
    assert len(files(station)) == 2


def test_the_same_call_many_times_at_once_is_one_inspection(station: Station) -> None:
    barrier, found = threading.Barrier(6), []

    def one() -> None:
        barrier.wait()
        kept = station.inspections.inspect(PHOTO, SORTER, source="api", idempotency_key="k")
        found.append((kept.inspection.number, kept.replayed))

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [(1, False), *[(1, True)] * 5]
    assert len(files(station)) == 1


def test_where_every_place_is_taken_the_next_is_told_to_come_again(open_station: Open) -> None:
    station = open_station(judging_threads=1, judging_queue=1)
    with station.judging.admit() as first, station.judging.admit():
        with pytest.raises(Busy, match="busy") as refused:
            station.inspections.inspect(PHOTO, ANA, source="page")
        assert refused.value.retry_after >= 1
        assert station.inspections.inspect(PHOTO, ANA, source="page", admitted=first).inspection.number == 1
    assert station.inspections.inspect(PHOTO, ANA, source="page").inspection.number == 2
    with station.judging.admit():
        assert station.judging.run(verdict_on, station.models.active, PHOTO).product


def test_many_at_once_all_get_their_own_verdict(open_station: Open) -> None:
    station = open_station(judging_threads=2, judging_queue=30)
    photos = [jpeg(key, 3) for key in ("apple_fit", "banana_unfit", "other")]
    alone = [station.judging.run(verdict_on, station.models.active, photo).probability_unfit for photo in photos]
    found: list[tuple[float, float]] = []

    def some() -> None:
        for expected, photo in zip(alone, photos, strict=True):
            found.append(
                (station.inspections.inspect(photo, ANA, source="api").inspection.verdict.probability_unfit, expected)
            )

    threads = [threading.Thread(target=some) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 18 and all(ours == pytest.approx(expected, abs=1e-6) for ours, expected in found)
    assert [each.number for each in station.inspections.page().items] == list(range(18, 0, -1))


def test_a_station_that_closes_finishes_what_it_took_in(open_station: Open) -> None:
    station = open_station(judging_threads=1)
    started, kept = threading.Event(), []

    def one() -> None:
        with station.judging.admit() as place:
            started.set()
            kept.append(station.inspections.inspect(PHOTO, ANA, source="page", admitted=place))

    thread = threading.Thread(target=one)
    thread.start()
    started.wait()
    thread.join()
    again = open_station()
    assert again.inspections.one(1) == kept[0].inspection


def test_reviews_and_counts(station: Station, small_bundle: Bundle) -> None:
    number = station.inspections.inspect(PHOTO, ANA, source="page").inspection.number
    assert station.reviews.count() == len(station.reviews.waiting().items) == 1
    station.reviews.give(number, ANA, "unfit", "a bruise")
    assert station.reviews.count() == 0
    found = station.inspections.one(number)
    assert [each.answer for each in found.reviews] == ["unfit"]
    assert found.verdict.answer == "review"
    assert station.reviews.give(number, ANA, "unfit", defects=["bruise", "decay", "bruise"])[0].defects == (
        "decay",
        "bruise",
    )
    for answer in ("fit", "other", "retake"):
        with pytest.raises(DefectRefused):
            station.reviews.give(number, ANA, answer, defects=["decay"])
    day = found.at.date()
    assert sum(each.count for each in station.inspections.day_counts(day - timedelta(days=1), day)) == 1


def test_what_is_not_there_is_said(station: Station) -> None:
    for ask in (
        station.inspections.one,
        station.inspections.photograph,
        station.inspections.heat_map,
        station.inspections.thumbnail,
    ):
        with pytest.raises(NotFound, match="no_inspection"):
            ask(1)
    with pytest.raises(NotFound, match="no_inspection"):
        station.reviews.give(1, ANA, "fit")


def test_an_old_photograph_is_gone_and_said_to_be(station: Station) -> None:
    number = station.inspections.inspect(PHOTO, ANA, source="page").inspection.number
    station.reviews.give(number, ANA, "fit")
    assert station.upkeep.remove_older(-1, ANA) == 1
    assert not station.inspections.one(number).has_photograph
    for ask in (station.inspections.photograph, station.inspections.heat_map, station.inspections.thumbnail):
        with pytest.raises(NotFound, match="no_photograph"):
            ask(number)


def test_the_table_for_spreadsheets(station: Station) -> None:
    for seed, name in enumerate(("=cmd|' /C calc'!A0.jpg", 'with "quotes", and comma.jpg', "ñ.jpg")):
        station.inspections.inspect(jpeg(seed=seed), ANA, source="page", filename=name)
    station.reviews.give(1, replace(ANA, name="@Ana"), "unfit", "-2\nsecond line; =1+1", defects=["bruise", "mould"])
    station.reviews.give(2, ANA, "other")
    text = "".join(station.inspections.export_csv(Filter(), "es"))
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert text.startswith('\ufeff"número","fecha (UTC)","línea",')
    assert {row["línea"] for row in rows} == {DEFAULT_LINE}
    assert [row["número"] for row in rows] == ["3", "2", "1"]
    assert [row["archivo"] for row in rows] == ["ñ.jpg", 'with "quotes", and comma.jpg', " C calc'!A0.jpg".strip()]
    assert rows[2]["revisó"] == "'@Ana" and rows[2]["nota"] == "'-2\nsecond line; '=1+1"
    assert (rows[2]["revisión"], rows[2]["defectos"]) == ("NO APTO", "moho; golpe")
    assert (rows[1]["revisión"], rows[1]["defectos"]) == ("OTRA COSA", "")
    assert (rows[0]["respuesta"], rows[0]["origen"]) == ("REVISAR", "página")
    assert (rows[0]["quién"], rows[0]["persona o máquina"]) == ("Ana", "persona")
    english = "".join(station.inspections.export_csv(Filter(text="ñ.jpg"), "en"))
    assert len(list(csv.reader(io.StringIO(english)))) == 2


def test_a_table_of_several_pages_is_whole(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vistobueno.services.inspections._EXPORTED_AT_ONCE", 2)
    for _ in range(5):
        station.inspections.inspect(PHOTO, ANA, source="page")
    assert len(list(station.inspections.export_csv(Filter(), "en"))) == 6


def test_ready_says_what_is_not(station: Station) -> None:
    assert station.ready().ok
    folder = station.settings.data_dir / "evidence"
    folder.rename(folder.with_name("away"))
    assert station.ready().checks == {"model": True, "database": True, "evidence": False}
    assert not station.ready().ok


def test_the_station_of_a_process(station: Station) -> None:
    set_running_station(station)
    assert running_station() is station
    set_running_station(None)
    with pytest.raises(RuntimeError, match="no station"):
        running_station()


# Bad days


def test_a_full_disk_keeps_nothing_and_ends_with_space(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno
    import os

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(Unavailable, match="disk_full"):
            station.inspections.inspect(PHOTO, ANA, source="page")
    assert station.inspections.page().items == () and files(station) == []
    assert station.inspections.inspect(PHOTO, ANA, source="page").inspection.number == 1


def test_a_store_that_is_away_keeps_nothing_and_comes_back_without_a_restart(station: Station) -> None:
    folder = station.settings.data_dir / "evidence"
    folder.rename(folder.with_name("away"))
    with pytest.raises(Unavailable, match="evidence_away"):
        station.inspections.inspect(PHOTO, ANA, source="page")
    folder.with_name("away").rename(folder)
    assert station.inspections.inspect(PHOTO, ANA, source="page").inspection.number == 1


def test_the_map_of_a_model_that_gives_none_is_not_made_up(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    score = type(station.models.active).score
    monkeypatch.setattr(
        type(station.models.active), "score", lambda self, photo: replace(score(self, photo), activation=None)
    )
    number = station.inspections.inspect(PHOTO, ANA, source="page").inspection.number
    assert not station.inspections.one(number).has_heat_map
    with pytest.raises(NotFound, match="no_heat_map"):
        station.inspections.heat_map(number)
    assert np.asarray(Image.open(io.BytesIO(station.inspections.photograph(number)))).std() > 0
