import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from small_model import CLASSES
from test_out_of_fold import sure_of, with_held_out
from vistobueno.core.errors import DataRefused
from vistobueno.core.photo import Limits, open_photo
from vistobueno.model.inspector import inspect
from vistobueno.model.runtime import Model, load_model
from vistobueno.training.data import LabelledPhoto, read_photos
from vistobueno.training.evaluate import evaluate, figures
from vistobueno.training.out_of_fold import OutOfFold, hashes_of


@pytest.fixture
def photos(drawn: Path) -> list[LabelledPhoto]:
    return read_photos(drawn)


@pytest.fixture
def broken(tmp_path: Path, photos: list[LabelledPhoto]) -> list[LabelledPhoto]:
    """A text and a truncated photograph."""
    contents = {"text.jpg": b"no photograph", "short.jpg": photos[0].path.read_bytes()[:900]}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return [LabelledPhoto(tmp_path / name, "apple_fit", name, "phone") for name in contents]


@pytest.fixture
def trained(photos: list[LabelledPhoto], small_model: Model, tmp_path: Path) -> Model:
    """The small model as if it had been trained on the first four photographs (apples, all of one source)."""
    known = sure_of(["apple_fit", "apple_fit", "apple_unfit", "orange_unfit"])
    kept = OutOfFold(hashes_of(photos[:4]), known, np.array([1, 3]), sure_of(["banana_unfit", "apple_fit"]))
    return load_model(with_held_out(tmp_path / "trained", kept, small_model.bundle).path)


def test_every_photograph_gets_the_verdict_that_serving_gives(photos: list[LabelledPhoto], small_model: Model) -> None:
    evaluation = evaluate(photos[:3], small_model)
    for photo, verdict in zip(photos[:3], evaluation.verdicts, strict=True):
        assert verdict == inspect(open_photo(photo.path.read_bytes(), Limits(cover=128)), small_model)
    assert evaluation.held_out == 0


def test_training_photographs_get_their_held_out_verdicts(photos: list[LabelledPhoto], trained: Model) -> None:
    evaluation = evaluate(photos[:6], trained)
    assert evaluation.held_out == 4
    assert [verdict.class_key for verdict in evaluation.verdicts[:4]] == [
        "apple_fit",
        "apple_fit",
        "apple_unfit",
        "orange_unfit",
    ]


def test_photographs_that_were_not_trained_on_are_judged_by_the_model(
    photos: list[LabelledPhoto], trained: Model, small_model: Model
) -> None:
    assert evaluate(photos[4:8], trained).verdicts == evaluate(photos[4:8], small_model).verdicts


def test_a_training_photograph_is_known_by_its_bytes_under_any_name(
    photos: list[LabelledPhoto], trained: Model, tmp_path: Path
) -> None:
    copy = tmp_path / "renamed.jpg"
    copy.write_bytes(photos[2].path.read_bytes())
    evaluation = evaluate([LabelledPhoto(copy, "apple_fit", "g", "phone")], trained)
    assert evaluation.held_out == 1
    assert evaluation.verdicts[0].class_key == "apple_unfit"


def test_for_unknown_cameras_only_verdicts_by_models_without_the_source_count(
    photos: list[LabelledPhoto], trained: Model
) -> None:
    evaluation = evaluate(photos, trained, unknown_cameras=True)
    assert [photo.path for photo in evaluation.photos] == [photos[1].path, photos[3].path]
    assert [verdict.class_key for verdict in evaluation.verdicts] == ["banana_unfit", "apple_fit"]


def test_skipped_photographs_are_listed_with_their_reasons_and_stop_nothing(
    photos: list[LabelledPhoto], broken: list[LabelledPhoto], small_model: Model
) -> None:
    evaluation = evaluate([broken[0], *photos[:2], broken[1]], small_model, skip_unreadable=True)
    assert [photo.path for photo in evaluation.photos] == [photo.path for photo in photos[:2]]
    assert {Path(path).name: error.code for path, error in evaluation.refused.items()} == {
        "text.jpg": "not_a_photo",
        "short.jpg": "damaged_photo",
    }
    assert figures(evaluation)["refused"] == {path: error.code for path, error in evaluation.refused.items()}


def test_unless_they_are_to_be_skipped_all_photographs_that_cannot_be_read_are_named_at_once(
    photos: list[LabelledPhoto], broken: list[LabelledPhoto], small_model: Model
) -> None:
    with pytest.raises(DataRefused) as refused:
        evaluate([broken[0], *photos[:2], broken[1]], small_model)
    assert refused.value.code == "photos_unreadable"
    for language in ("es", "en"):
        assert all(str(photo.path) in refused.value.message(language) for photo in broken)
        assert "--skip-unreadable" in refused.value.message(language)


def test_where_nothing_is_left_to_measure_there_are_no_figures(
    photos: list[LabelledPhoto], broken: list[LabelledPhoto], small_model: Model, trained: Model
) -> None:
    stranger = replace(photos[0], label="other")
    for given, model, options in (
        (broken, small_model, {"skip_unreadable": True}),
        ([stranger], small_model, {}),
        (photos[5:6], trained, {"unknown_cameras": True}),
    ):
        with pytest.raises(DataRefused, match="nothing_in_scope"):
            evaluate(given, model, **options)


def test_progress_counts_every_photograph_refused_ones_too(
    photos: list[LabelledPhoto], broken: list[LabelledPhoto], small_model: Model
) -> None:
    seen: list[tuple[int, int]] = []
    seen_by = lambda done, total: seen.append((done, total))  # noqa: E731
    evaluate([*broken, photos[0]], small_model, skip_unreadable=True, progress=seen_by)
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_a_class_that_the_model_does_not_know_is_refused_by_name_and_no_stranger(
    photos: list[LabelledPhoto], small_model: Model
) -> None:
    strange = [replace(photos[0], label=label) for label in ("mango_fit", "kiwi_unfit", "other")]
    with pytest.raises(DataRefused) as refused:
        evaluate([photos[0], *strange], small_model)
    assert refused.value.code == "data_classes_unknown"
    assert "kiwi_unfit, mango_fit" in refused.value.en and "other" in refused.value.en
    assert evaluate([strange[2], photos[0]], small_model).judged.in_scope.tolist() == [False, True]


def test_a_stranger_is_never_predicted_as_the_class_other(photos: list[LabelledPhoto], small_model: Model) -> None:
    predicted = set(evaluate([photos[0], *photos[-3:]], small_model).judged.predicted.tolist())
    assert predicted <= {each.key for each in CLASSES if each.product}


def test_figures_are_ready_for_json_and_name_the_model(photos: list[LabelledPhoto], trained: Model) -> None:
    given = figures(evaluate(photos, trained))
    assert json.loads(json.dumps(given, allow_nan=False)) == given
    assert given["model"]["digest"] == trained.bundle.digest
    assert given["held_out"] == 4
    assert given["photographs"] == len(photos)
    assert np.sum(given["confusion"]["counts"]) == 18
    assert given["confusion"]["classes"] == [each.key for each in CLASSES if each.product]
