"""Trying a model: any of the station's beside the active one, and nothing of it kept."""

import gc
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from drawn_photos import PHOTO
from vistobueno.core.errors import PhotoRefused
from vistobueno.core.inspection import SYSTEM
from vistobueno.model.bundle import Bundle
from vistobueno.model.runtime import Model, shipped_bundle
from vistobueno.services import Busy, NotFound, Station, trials
from vistobueno.settings import Settings

SIZE = Image.open(io.BytesIO(PHOTO)).size


@pytest.fixture
def station(small_bundle: Bundle, tmp_path: Path) -> Iterator[Station]:
    opened = Station.open(Settings(data_dir=tmp_path / "data", model_path=str(small_bundle.path)))
    yield opened
    opened.close()


def loaded_models() -> int:
    gc.collect()
    return sum(isinstance(each, Model) for each in gc.get_objects())


def kept(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.rglob("*") if each.suffix in (".jpg", ".jpeg"))


def test_two_models_say_what_they_would_say_and_nothing_is_kept(station: Station) -> None:
    other = station.models.add(shipped_bundle(), SYSTEM)
    before = station.inspections.page().items
    trial = station.trials.judge(PHOTO, other.digest)
    assert [each.bundle.digest for each in trial.said] == [station.models.active.bundle.digest, other.digest]
    assert Image.open(io.BytesIO(trial.picture)).size == SIZE
    for each in trial.said:
        assert each.heat_map is not None and Image.open(io.BytesIO(each.heat_map)).size == SIZE
        assert sum(each.verdict.probabilities.values()) == pytest.approx(1)
    assert station.inspections.page().items == before == ()
    assert kept(station.settings.data_dir) == []
    said = station.inspections.inspect(
        PHOTO, SYSTEM, source="page"
    ).inspection  # the active one says the same of it afterwards
    assert said.verdict.probability_unfit == pytest.approx(trial.said[0].verdict.probability_unfit)


def test_the_active_model_is_tried_alone_and_is_loaded_once(station: Station) -> None:
    before = loaded_models()
    (alone,) = station.trials.judge(PHOTO, station.models.active.bundle.digest).said
    assert alone.bundle.digest == station.models.active.bundle.digest
    assert loaded_models() == before


def test_at_most_one_model_is_in_memory_beside_the_active_one(station: Station) -> None:
    digests = [station.models.add(shipped_bundle(), SYSTEM).digest]
    before = loaded_models()
    for digest in (*digests, station.models.active.bundle.digest, *digests):
        station.trials.judge(PHOTO, digest)
        assert loaded_models() <= before + 1
    station.trials._forget()
    assert loaded_models() == before


def test_what_cannot_be_tried_is_told_as_everywhere(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFound, match="no_model"):
        station.trials.judge(PHOTO, "0" * 64)
    with pytest.raises(PhotoRefused):
        station.trials.judge(b"no photograph", station.models.active.bundle.digest)
    places = [station.judging.admit(wait) for wait in range(station.judging.places)]
    with pytest.raises(Busy):
        station.trials.judge(PHOTO, station.models.active.bundle.digest)
    for each in places:
        each.leave()
    monkeypatch.setattr(trials, "_PATIENCE", 0.01)
    with station.trials._turn, pytest.raises(Busy):
        station.trials.judge(PHOTO, station.models.active.bundle.digest)
    assert len(station.trials.judge(PHOTO, station.models.active.bundle.digest).said) == 1
