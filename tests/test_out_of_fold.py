from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from small_model import CLASSES
from vistobueno.core.errors import BundleRefused
from vistobueno.model.bundle import GOLDEN, HELD_OUT, MODEL_H5, MODEL_TFLITE, Bundle, read_bundle, write_bundle
from vistobueno.training.data import LabelledPhoto, read_photos
from vistobueno.training.out_of_fold import OutOfFold, Predictions, hashes_of

KEYS = [each.key for each in CLASSES]


def sure_of(keys: list[str], distance: float = -1e6) -> Predictions:
    """Predictions that name a class each without a doubt."""
    logits = np.array([[20.0 if key == name else 0.0 for key in KEYS] for name in keys], np.float32).reshape(-1, 7)
    return Predictions(logits, np.full(len(keys), distance, np.float32))


def with_held_out(folder: Path, kept: OutOfFold, base: Bundle, **known: Any) -> Bundle:
    """The small bundle again, with held-out predictions in it, and with these facts."""
    files = {name: (base.path / name).read_bytes() for name in (MODEL_H5, MODEL_TFLITE, GOLDEN)}
    facts = {name: getattr(base, name) for name in vars(base) if name not in ("path", "files", "digest")}
    return write_bundle(folder, {**files, HELD_OUT: kept.content()}, **{**facts, **known})


@pytest.fixture
def photos(drawn: Path) -> list[LabelledPhoto]:
    return read_photos(drawn)[:3]


@pytest.fixture
def kept(photos: list[LabelledPhoto]) -> OutOfFold:
    known = sure_of(["banana_unfit", "banana_fit", "orange_fit"])
    return OutOfFold(hashes_of(photos), known, np.array([0, 2]), sure_of(["apple_unfit", "apple_fit"]))


def test_held_out_predictions_come_back_from_the_bundle_as_they_went_in(
    kept: OutOfFold, small_bundle: Bundle, tmp_path: Path
) -> None:
    read = OutOfFold.read(with_held_out(tmp_path / "kept", kept, small_bundle))
    assert read is not None
    assert read.hashes == kept.hashes
    assert (read.rows == kept.rows).all()
    for one, two in ((read.known, kept.known), (read.unknown, kept.unknown)):
        assert (one.logits == two.logits).all()
        assert (one.distances == two.distances).all()


def test_a_bundle_without_held_out_predictions_has_none(small_bundle: Bundle) -> None:
    assert OutOfFold.read(small_bundle) is None


def test_each_photograph_has_the_verdict_of_the_model_trained_without_it(
    kept: OutOfFold, small_bundle: Bundle, photos: list[LabelledPhoto]
) -> None:
    verdicts = kept.verdicts(small_bundle)
    assert [verdicts[name].class_key for name in hashes_of(photos)] == ["banana_unfit", "banana_fit", "orange_fit"]
    assert [verdicts[name].answer for name in hashes_of(photos)] == ["unfit", "fit", "fit"]


def test_verdicts_on_unknown_cameras_are_only_of_the_photographs_that_have_one(
    kept: OutOfFold, small_bundle: Bundle
) -> None:
    verdicts = kept.verdicts(small_bundle, unknown=True)
    assert {name: verdict.class_key for name, verdict in verdicts.items()} == {
        kept.hashes[0]: "apple_unfit",
        kept.hashes[2]: "apple_fit",
    }


def test_a_photograph_far_from_the_training_classes_is_out_of_scope_in_its_held_out_verdict(
    small_bundle: Bundle,
) -> None:
    near, far = (sure_of(["apple_fit"], distance).verdicts(CLASSES, small_bundle.policy) for distance in (-1e6, 1e6))
    assert near[0].answer == "fit"
    assert far[0].answer == "review"
    assert "out_of_scope" in far[0].reasons


def test_joined_predictions_stand_one_after_another() -> None:
    joined = Predictions.joined([sure_of(["apple_fit"], 1.0), sure_of([]), sure_of(["other"], 2.0)])
    assert joined.logits.argmax(axis=1).tolist() == [0, 6]
    assert joined.distances.tolist() == [1.0, 2.0]


def test_the_same_predictions_give_the_same_bytes(kept: OutOfFold) -> None:
    assert kept.content() == kept.content()


def test_a_bundle_whose_held_out_predictions_were_changed_is_refused(
    kept: OutOfFold, small_bundle: Bundle, tmp_path: Path
) -> None:
    bundle = with_held_out(tmp_path / "kept", kept, small_bundle)
    better = OutOfFold(kept.hashes, sure_of(["apple_fit"] * 3), kept.rows, kept.unknown)
    (bundle.path / HELD_OUT).write_bytes(better.content())
    with pytest.raises(BundleRefused, match="bundle_damaged"):
        read_bundle(bundle.path)


def test_held_out_predictions_that_do_not_fit_each_other_or_the_model_are_refused(
    kept: OutOfFold, small_bundle: Bundle, tmp_path: Path
) -> None:
    short = Predictions(kept.known.logits[:, :-1], kept.known.distances)
    for number, wrong in enumerate(
        (
            replace(kept, hashes=kept.hashes[:-1]),
            replace(kept, known=short),
            replace(kept, rows=kept.rows + 99),
            replace(kept, unknown=Predictions(kept.unknown.logits[:0], kept.unknown.distances)),
        )
    ):
        bundle = with_held_out(tmp_path / str(number), wrong, small_bundle)
        with pytest.raises(BundleRefused, match="held_out_unreadable"):
            OutOfFold.read(bundle)


def test_hashes_are_of_the_bytes_whatever_the_name(photos: list[LabelledPhoto], tmp_path: Path) -> None:
    copy = tmp_path / "copy.jpg"
    copy.write_bytes(photos[0].path.read_bytes())
    assert hashes_of([LabelledPhoto(copy, "x", "y", "z")])[0] == hashes_of(photos)[0]
    assert len(set(hashes_of(photos))) == 3
