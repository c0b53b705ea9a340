from pathlib import Path

import numpy as np
import pytest

from small_model import CLASSES
from vistobueno.cli.drawn import draw_photo
from vistobueno.core.photo import open_photo
from vistobueno.core.policy import Policy
from vistobueno.core.verdict import is_poor
from vistobueno.training.data import LabelledPhoto
from vistobueno.training.out_of_fold import Predictions
from vistobueno.training.settle import MEASURED, settle_policy, with_quality

KEYS = [each.key for each in CLASSES]
NONE_LEFT_OUT = Predictions(np.zeros((0, len(KEYS)), np.float32), np.zeros(0, np.float32))
NO_ROWS = np.zeros(0, np.int64)


def photographs(per_class: int) -> list[LabelledPhoto]:
    return [
        LabelledPhoto(Path(f"{key}-{n}.jpg"), key, f"{key}-{n}", ("belt", "phone")[n % 2])
        for key in KEYS
        for n in range(per_class)
    ]


def said_of(photos: list[LabelledPhoto], sure: float, distance: float, seed: int = 0) -> Predictions:
    """What a model might say that is right by ``sure`` logits more often than not; strangers are farther away."""
    rng = np.random.default_rng(seed)
    truth = np.array([KEYS.index(photo.label) for photo in photos])
    logits = rng.normal(0, 1.0, (len(photos), len(KEYS)))
    logits[np.arange(len(photos)), truth] += sure
    far = np.where([photo.label == "other" for photo in photos], 30.0, 0.0)
    return Predictions(logits.astype(np.float32), (rng.normal(distance, 3, len(photos)) + far).astype(np.float32))


def settled(
    seen: Predictions, left_out: Predictions = NONE_LEFT_OUT, rows: object = NO_ROWS, alpha: float = 0.05
) -> Policy:
    return settle_policy(seen, left_out, np.asarray(rows, np.int64), photographs(60), CLASSES, alpha, alpha)


PHOTOS = photographs(60)
UNFIT = np.array([photo.label.endswith("_unfit") for photo in PHOTOS])
FIT = np.array([photo.label.endswith("_fit") for photo in PHOTOS])


def test_the_rates_are_kept_on_the_photographs_that_set_the_thresholds() -> None:
    seen = said_of(PHOTOS, sure=3, distance=0)
    policy = settled(seen)
    answers = np.array([verdict.answer for verdict in seen.verdicts(CLASSES, policy)])
    assert (answers[UNFIT] == "fit").mean() <= 0.05
    assert (answers[FIT] == "unfit").mean() <= 0.05
    assert 0 < (answers == "review").mean() < 0.6


def test_an_unsure_model_sends_more_to_a_person_than_a_sure_one() -> None:
    shares = []
    for sure in (1, 2, 3):
        seen = said_of(PHOTOS, sure, distance=0)
        inside = [
            v for v, photo in zip(seen.verdicts(CLASSES, settled(seen)), PHOTOS, strict=True) if photo.label != "other"
        ]
        shares.append(np.mean(["uncertain" in verdict.reasons for verdict in inside]))
    assert shares[0] > shares[1] > shares[2]


def test_strangers_are_out_of_scope_and_almost_no_product_is() -> None:
    seen = said_of(PHOTOS, sure=6, distance=0)
    verdicts = seen.verdicts(CLASSES, settled(seen))
    beyond = np.array(["out_of_scope" in verdict.reasons for verdict in verdicts])
    assert beyond[~(UNFIT | FIT)].mean() > 0.95
    assert beyond[UNFIT | FIT].mean() < 0.03


def test_without_a_source_left_out_no_doubt_is_known() -> None:
    assert settled(said_of(PHOTOS, sure=4, distance=0)).doubt == 0


def test_errors_far_from_what_is_known_teach_doubt_and_move_the_thresholds_outwards() -> None:
    seen = said_of(PHOTOS, sure=3, distance=0)
    rows = np.flatnonzero(UNFIT | FIT)
    own = [PHOTOS[row] for row in rows]
    wrong = said_of(own, sure=1, distance=25, seed=3)  # half lost on cameras it never saw, and so sure of it
    wrong = Predictions(wrong.logits * 4, wrong.distances)
    alone, warned = settled(seen), settled(seen, wrong, rows)
    assert warned.doubt > 0
    assert warned.fit_below <= alone.fit_below
    assert warned.unfit_above >= alone.unfit_above
    assert (warned.temperature, warned.familiar) == (alone.temperature, alone.familiar), "known cameras set these"


def test_of_a_few_photographs_on_a_camera_it_never_saw_none_may_break_a_rate_while_patience_lasts() -> None:
    seen = said_of(PHOTOS, sure=6, distance=0)
    rows = np.flatnonzero(FIT)[:7]
    doubtful = np.full((7, len(KEYS)), -9.0, np.float32)
    doubtful[:, [KEYS.index("apple_fit"), KEYS.index("apple_unfit")]] = 0.0, 1.0  # all seven: rather unfit
    far = Predictions(doubtful, np.zeros(7, np.float32))
    policy = settled(seen, far, rows)
    answers = [verdict.answer for verdict in far.verdicts(CLASSES, policy)]
    assert answers == ["review"] * 7
    assert policy.unfit_above > settled(seen).unfit_above


def test_too_few_photographs_guarantee_nothing() -> None:
    policy = settled(said_of(PHOTOS, sure=4, distance=0), alpha=0.001)
    assert (policy.fit_below, policy.unfit_above) == (-1.0, 2.0)


@pytest.fixture(scope="module")
def on_disk(tmp_path_factory: pytest.TempPathFactory) -> list[LabelledPhoto]:
    folder = tmp_path_factory.mktemp("photos")
    photos = []
    for seed in range(6):
        path = folder / f"{seed}.jpg"
        draw_photo("apple_fit", seed, (300, 240)).save(path, quality=90)
        photos.append(LabelledPhoto(path, "apple_fit", str(seed), "drawn"))
    return photos


def test_no_photograph_that_a_model_was_trained_on_is_poor(on_disk: list[LabelledPhoto]) -> None:
    policy = with_quality(Policy(), on_disk)
    assert not any(is_poor(open_photo(photo.path.read_bytes(), MEASURED), policy) for photo in on_disk)


def test_one_far_worse_than_all_of_them_is_poor(on_disk: list[LabelledPhoto], tmp_path: Path) -> None:
    from PIL import Image, ImageEnhance, ImageFilter

    policy = with_quality(Policy(), on_disk)
    with Image.open(on_disk[0].path) as image:
        worse = {
            "blurred": image.filter(ImageFilter.GaussianBlur(12)),
            "dark": ImageEnhance.Brightness(image).enhance(0.05),
            "white": Image.new("RGB", image.size, (255, 255, 255)),
        }
    for name, picture in worse.items():
        picture.save(tmp_path / f"{name}.png")
        assert is_poor(open_photo((tmp_path / f"{name}.png").read_bytes(), MEASURED), policy), name


def test_nobody_reviews_much_on_known_cameras_for_the_sake_of_unknown_ones() -> None:
    seen = said_of(PHOTOS, sure=4, distance=0)
    rows = np.flatnonzero(UNFIT | FIT)
    lost = said_of([PHOTOS[row] for row in rows], sure=0, distance=0, seed=3)
    policy, alone = settled(seen, lost, rows, alpha=0.01), settled(seen, alpha=0.01)
    uncertain = ["uncertain" in verdict.reasons for verdict in seen.verdicts(CLASSES, policy)]
    assert 0.05 < np.mean(np.array(uncertain)[rows]) <= 0.12
    assert policy.fit_below < alone.fit_below
    assert policy.unfit_above > alone.unfit_above


def test_no_answer_contradicts_the_more_probable_condition() -> None:
    seen = said_of(PHOTOS, sure=3, distance=0)
    leaning = seen.logits + np.array([1.5 * (each.condition == "fit") for each in CLASSES], np.float32)
    policy = settled(Predictions(leaning.astype(np.float32), seen.distances), alpha=0.2)
    assert policy.fit_below < 0.5 <= policy.unfit_above
