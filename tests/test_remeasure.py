from pathlib import Path

import numpy as np
import pytest

from test_out_of_fold import sure_of, with_held_out
from vistobueno.core.errors import DataRefused
from vistobueno.model.bundle import Bundle, read_bundle, zip_bundle
from vistobueno.model.runtime import Model, load_model
from vistobueno.training.data import LabelledPhoto, data_digest, read_photos
from vistobueno.training.evaluate import evaluate, figures
from vistobueno.training.out_of_fold import OutOfFold, hashes_of
from vistobueno.training.remeasure import remeasure


@pytest.fixture
def photos(drawn: Path) -> list[LabelledPhoto]:
    return read_photos(drawn)


@pytest.fixture
def trained(photos: list[LabelledPhoto], small_bundle: Bundle, tmp_path: Path) -> Bundle:
    """A bundle that keeps what models said of its first six photographs (three fit and three unfit apples)."""
    said = sure_of(["apple_fit", "apple_unfit", "apple_fit", "apple_fit", "apple_unfit", "apple_unfit"])
    kept = OutOfFold(hashes_of(photos[:6]), said, np.array([3, 5]), sure_of(["apple_fit", "apple_unfit"]))
    facts = {"backbone": "lite-9", "photographs": 6, "sources": ["drawn"], "data": data_digest(photos[:6])}
    origin = {"command": "vistobueno train drawn", "unknown": []}
    return with_held_out(tmp_path / "trained", kept, small_bundle, training=facts, origin=origin)


def test_what_is_written_is_what_evaluate_measures_and_the_cards_say(
    photos: list[LabelledPhoto], trained: Bundle, tmp_path: Path
) -> None:
    again = remeasure(trained, photos, tmp_path / "again")
    model: Model = load_model(again.path)
    for part, unknown in (("known_cameras", False), ("unknown_cameras", True)):
        measured = figures(evaluate(photos[:6], model, unknown_cameras=unknown))
        for name, promised in again.metrics[part].items():
            assert measured[name] == promised
    assert (again.metrics["known_cameras"]["all"]["escape_rate"]["n"]) == 3  # of all unfit apples, one escaped
    assert "33.3 % (" in (again.path / "card.en.md").read_text(encoding="utf-8")


def test_the_model_its_thresholds_and_its_predictions_stay_as_they_are(
    photos: list[LabelledPhoto], trained: Bundle, tmp_path: Path
) -> None:
    again = remeasure(trained, photos, tmp_path / "again")
    for name in ("name", "version", "created", "input", "classes", "labels_proved", "training", "origin"):
        assert getattr(again, name) == getattr(trained, name)
    assert {name: each for name, each in again.files.items() if not name.startswith("card.")} == trained.files
    twice = remeasure(again, list(reversed(photos)), again.path)  # into its own folder, the photographs in any order
    assert twice.digest == again.digest
    zipped = read_bundle(zip_bundle(trained, tmp_path / "trained.zip"))
    assert remeasure(zipped, photos, tmp_path / "of_zip").digest == again.digest


def test_it_is_refused_where_it_cannot_be_counted(
    photos: list[LabelledPhoto], trained: Bundle, small_bundle: Bundle, tmp_path: Path
) -> None:
    for bundle, some in ((trained, photos[1:]), (trained, []), (small_bundle, photos)):
        with pytest.raises(DataRefused) as refused:
            remeasure(bundle, some, tmp_path / "again")
        assert refused.value.code == "held_out_missing"
        assert not (tmp_path / "again").exists()
