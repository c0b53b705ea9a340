import contextlib
import errno
import os
import shutil
import tempfile
import threading
from pathlib import Path

import pytest

from altered_bundle import ALL_FIT, ALL_REVIEW, edited, rewritten
from drawn_photos import PHOTO
from kept import ANA
from opened import Open, open_station, station
from vistobueno.core.errors import BundleRefused
from vistobueno.core.inspection import SYSTEM
from vistobueno.model.bundle import Bundle
from vistobueno.services import NotFound, Station
from vistobueno.services.shelf import Shelf
from vistobueno.settings import Settings

__all__ = ["open_station", "station"]


def test_the_configured_model_is_known_and_active(station: Station, small_bundle: Bundle) -> None:
    (only,) = station.models.all()
    assert (only.digest, only.active, only.name) == (small_bundle.digest, True, small_bundle.name)
    assert Path(only.location) == station.settings.data_dir / "models" / small_bundle.digest


def test_another_model_is_added_activated_and_rolled_back(
    open_station: Open, small_bundle: Bundle, tmp_path: Path
) -> None:
    station = open_station()
    other = rewritten(small_bundle, tmp_path / "other", version="2", policy=ALL_FIT)
    added = station.models.add(other.path, ANA)
    assert (added.active, station.models.active.bundle.digest) == (False, small_bundle.digest)
    assert station.inspections.inspect(PHOTO, ANA, source="page").inspection.verdict.answer == "review"
    assert station.models.activate(added.digest, ANA).active
    assert station.inspections.inspect(PHOTO, ANA, source="page").inspection.model.version == "2"
    again = open_station()  # what a person chose stays chosen
    assert again.models.active.bundle.digest == other.digest
    assert again.models.roll_back(ANA).digest == small_bundle.digest == again.models.active.bundle.digest
    assert open_station().models.active.bundle.digest == small_bundle.digest


def test_the_way_back_is_known_before_it_is_gone(open_station: Open, small_bundle: Bundle, tmp_path: Path) -> None:
    station = open_station()
    other = station.models.add(rewritten(small_bundle, tmp_path / "other", version="2").path, ANA)
    assert station.models.earlier() is None  # there is another, and it was never used
    station.models.activate(other.digest, ANA)
    earlier = station.models.earlier()
    assert earlier is not None and earlier.digest == small_bundle.digest == station.models.roll_back(ANA).digest


def test_nothing_to_roll_back_to_is_said(station: Station) -> None:
    with pytest.raises(NotFound, match="no_earlier_model"):
        station.models.roll_back(ANA)
    with pytest.raises(NotFound, match="no_model"):
        station.models.activate("0" * 64, ANA)


def test_a_model_that_is_damaged_while_it_serves_goes_on_and_a_damaged_one_is_never_made_active(
    open_station: Open, small_bundle: Bundle, tmp_path: Path
) -> None:
    station = open_station(judging_threads=2)
    other = station.models.add(rewritten(small_bundle, tmp_path / "other", policy=ALL_REVIEW, version="2").path, ANA)
    station.models.activate(other.digest, ANA)
    (Path(other.location) / "model.tflite").write_bytes(b"damaged")
    threads = [
        threading.Thread(target=station.inspections.inspect, args=(PHOTO, ANA), kwargs={"source": "page"})
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(station.inspections.page().items) == 4
    with pytest.raises(BundleRefused, match="bundle_damaged"):
        station.models.activate(other.digest, ANA)
    assert station.models.active.bundle.digest == other.digest
    again = open_station()
    assert again.models.active.bundle.digest == small_bundle.digest  # the configured one, with a word in the log
    assert next(each for each in again.models.all() if each.active).digest == small_bundle.digest
    open_station()
    shutil.copyfile(tmp_path / "other" / "model.tflite", Path(other.location) / "model.tflite")
    again = open_station()  # what a person chose is chosen still
    assert again.models.active.bundle.digest == other.digest
    assert next(each for each in again.models.all() if each.active).digest == other.digest
    assert open_station().models.roll_back(ANA).digest == small_bundle.digest
    assert open_station().models.active.bundle.digest == small_bundle.digest


def test_a_bundle_that_was_replaced_by_another_is_not_taken_for_it(
    station: Station, small_bundle: Bundle, tmp_path: Path
) -> None:
    other = station.models.add(rewritten(small_bundle, tmp_path / "other", version="2").path, ANA)
    shutil.rmtree(other.location)
    shutil.copytree(rewritten(small_bundle, tmp_path / "third", version="3").path, other.location)
    with pytest.raises(BundleRefused, match="bundle_replaced"):
        station.models.activate(other.digest, ANA)


def test_a_bundle_that_does_not_keep_its_promise_is_not_added(
    station: Station, small_bundle: Bundle, tmp_path: Path
) -> None:
    broken = edited(small_bundle, tmp_path / "broken", lambda raw: raw["classes"].reverse())
    with pytest.raises(BundleRefused):
        station.models.add(broken, ANA)
    assert len(station.models.all()) == 1
    assert [path.name for path in (station.settings.data_dir / "models").iterdir()] == [small_bundle.digest]


def test_a_model_that_cannot_be_copied_is_not_added_but_the_configured_one_serves_all_the_same(
    open_station: Open, small_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    other = rewritten(small_bundle, tmp_path / "other", version="2")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        station = open_station()
        (only,) = station.models.all()
        assert only.location == str(small_bundle.path)
        with pytest.raises(OSError, match="No space"):
            Shelf(station.engine, station.settings).add(other.path, SYSTEM)  # as the command line does
        assert len(station.models.all()) == 1
    assert open_station().models.add(other.path, ANA).version == "2"


def test_a_zipped_model_that_is_configured_leaves_nothing_in_the_folder_of_temporary_files(
    small_zip: bytes, small_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary, zipped = tmp_path / "temporary", tmp_path / "small.zip"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    for content in (small_zip, small_zip[:-4000] + bytes(4000)):
        zipped.write_bytes(content)
        settings = Settings(data_dir=tmp_path / "data", model_path=str(zipped))
        if content is small_zip:
            with contextlib.closing(Station.open(settings)) as station:
                assert station.models.active.bundle.digest == small_bundle.digest
                assert [each.active for each in station.models.all()] == [True]
                assert list(temporary.iterdir()) == [], "also while it serves: a process that is killed cleans nothing"
        else:
            with pytest.raises(BundleRefused):
                Station.open(settings)
    assert list(temporary.iterdir()) == []


def test_a_copy_of_a_model_is_durable_before_its_row_is(
    station: Station, small_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        fsync(descriptor)

    other = rewritten(small_bundle, tmp_path / "other", version="2")
    monkeypatch.setattr(os, "fsync", noted)
    station.models.add(other.path, ANA)
    assert synced[-1] == "models" and set(other.files) <= set(synced)


def test_where_the_settings_name_another_model_it_serves_from_the_next_start(
    open_station: Open, small_bundle: Bundle, tmp_path: Path
) -> None:
    open_station()
    other = rewritten(small_bundle, tmp_path / "other", version="2")
    station = open_station(model_path=str(other.path))
    assert station.models.active.bundle.version == "2"
    assert [each.active for each in station.models.all()] == [True, False]
    assert station.models.roll_back(ANA).version == small_bundle.version


def test_a_model_that_was_swapped_while_a_photograph_is_judged_is_the_one_that_is_recorded(
    open_station: Open, small_bundle: Bundle, tmp_path: Path
) -> None:
    station = open_station(judging_threads=2, judging_queue=40)
    other = station.models.add(rewritten(small_bundle, tmp_path / "o", version="2", policy=ALL_FIT).path, ANA)
    stop = threading.Event()

    def inspect_on() -> None:
        while not stop.is_set():
            station.inspections.inspect(PHOTO, ANA, source="api")

    threads = [threading.Thread(target=inspect_on) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        station.models.activate(other.digest, ANA)
        station.models.activate(small_bundle.digest, ANA)
    stop.set()
    for thread in threads:
        thread.join()
    every = station.inspections.page(limit=500).items
    found = {
        (each.model.version, each.verdict.ood_threshold is None) for each in every
    }  # one of the two knows no strangers
    assert found <= {("2", True), (small_bundle.version, False)}
