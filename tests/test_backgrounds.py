import numpy as np
import pytest

from cases import for_each
from vistobueno.training import backgrounds

KINDS = range(len(backgrounds._KINDS))


@for_each("kind", KINDS)
def test_every_kind_of_ground_has_the_size_asked_and_numbers_only(kind: int) -> None:
    for seed in range(6):
        picture = backgrounds._KINDS[kind](40, np.random.default_rng(seed))
        assert picture.shape == (40, 40, 3)
        assert np.isfinite(picture).all()


@for_each("kind", KINDS)
def test_every_kind_of_ground_has_a_texture(kind: int) -> None:
    assert all(
        backgrounds._KINDS[kind](64, np.random.default_rng(seed)).std(axis=(0, 1)).max() > 0.5 for seed in range(6)
    )


def test_the_same_seed_gives_the_same_ground_and_others_give_others() -> None:
    one, two = (backgrounds.ground(48, np.random.default_rng(3)) for _ in range(2))
    assert (one == two).all()
    assert len({backgrounds.ground(48, np.random.default_rng(seed)).tobytes() for seed in range(12)}) == 12


def test_grounds_are_dark_and_bright_grey_and_coloured() -> None:
    colours = np.stack([backgrounds.ground(32, np.random.default_rng(seed)).mean(axis=(0, 1)) for seed in range(120)])
    assert colours.mean(axis=1).min() < 50 and colours.mean(axis=1).max() > 190
    spread = colours.max(axis=1) - colours.min(axis=1)
    assert spread.min() < 10 and spread.max() > 100


def test_the_shares_of_the_kinds_are_a_whole() -> None:
    assert len(backgrounds._SHARES) == len(backgrounds._KINDS)
    assert sum(backgrounds._SHARES) == pytest.approx(1)


def test_light_falls_from_one_side_and_is_one_on_average() -> None:
    for seed in range(10):
        fall = backgrounds.light(20, 30, 0.35, np.random.default_rng(seed))
        assert fall.shape == (20, 30, 1)
        assert fall.mean() == pytest.approx(1, abs=1e-5)
        assert 0.5 < fall.min() <= fall.max() < 1.5


def test_noise_has_mean_0_and_deviation_1() -> None:
    for grain in (0.5, 1, 7, 40):
        values = backgrounds.noise(60, grain, np.random.default_rng(1))
        assert values.shape == (60, 60)
        assert values.mean() == pytest.approx(0, abs=1e-4)
        assert values.std() == pytest.approx(1, abs=1e-3)


def test_a_hand_covers_a_part_of_the_picture_in_one_colour_of_skin() -> None:
    touched = []
    for seed in range(10):
        canvas = np.full((80, 80, 3), (0, 0, 255), np.float32)
        backgrounds.hold(canvas, 3, np.random.default_rng(seed))
        skin = canvas[..., 0] > canvas[..., 2]
        touched.append(skin.mean())
        assert (canvas[skin][:, 0] >= canvas[skin][:, 1]).all(), "skin is redder than it is green"
    assert 0 < float(np.mean(touched)) < 0.6


def test_no_finger_leaves_the_canvas_as_it_is() -> None:
    canvas = np.full((20, 20, 3), 9, np.float32)
    backgrounds.hold(canvas, 0, np.random.default_rng(0))
    assert (canvas == 9).all()
