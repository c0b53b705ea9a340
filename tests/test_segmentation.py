import numpy as np
import pytest
from numpy.typing import NDArray

from vistobueno.cli.drawn import draw_photo
from vistobueno.training.segmentation import cut_out

SIDE = 160
Picture = NDArray[np.uint8]


def fruit_mask(side: int = SIDE, radius: float = 0.3) -> NDArray[np.bool_]:
    y, x = np.mgrid[:side, :side] / side - 0.5
    return np.asarray(np.hypot(x, y * 1.15) < radius)


def fruit_on(ground: Picture | int, radius: float = 0.3) -> Picture:
    """An orange disc with pores on a ground."""
    rng = np.random.default_rng(0)
    picture = np.broadcast_to(np.asarray(ground, np.uint8), (SIDE, SIDE, 3)).copy()
    skin = np.array((230, 130, 20)) + rng.normal(0, 8, (SIDE, SIDE, 1))
    mask = fruit_mask(radius=radius)
    picture[mask] = skin.clip(0, 255)[mask]
    return picture


def busy_ground(seed: int = 1) -> Picture:
    return np.random.default_rng(seed).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)


def box(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return rows[0], rows[-1] + 1, columns[0], columns[-1] + 1


@pytest.mark.parametrize("ground", [255, 236, 128, 60], ids=["white", "off-white", "grey", "dark grey"])
def test_a_fruit_on_a_plain_ground_is_cut_out_whole(ground: int) -> None:
    cutout = cut_out(fruit_on(ground))
    assert cutout is not None
    top, bottom, left, right = box(fruit_mask())
    drawn = fruit_mask()[top:bottom, left:right]
    assert cutout.alpha.shape == cutout.pixels.shape[:2]
    assert abs(cutout.alpha.shape[0] - drawn.shape[0]) <= 4
    assert abs(cutout.alpha.shape[1] - drawn.shape[1]) <= 4
    assert cutout.alpha.sum() == pytest.approx(drawn.sum(), rel=0.08)


def test_nothing_of_the_ground_stays_in_the_cutout() -> None:
    cutout = cut_out(fruit_on(255))
    assert cutout is not None
    kept = cutout.pixels[cutout.alpha > 0.6]
    assert (kept[:, 2] < 100).all()  # white would have blue in it; this fruit has none


@pytest.mark.parametrize("key", ["apple_fit", "apple_unfit", "orange_fit", "orange_unfit"])
def test_a_drawn_fruit_on_white_is_covered_by_its_cutout(key: str) -> None:
    drawn = np.asarray(draw_photo(key, 4, (200, 200)))
    y, x = np.mgrid[:200, :200] / 200 - 0.5
    inside = np.hypot(x, y - 0.01) < 0.25
    picture = np.where(np.hypot(x, y - 0.01)[..., None] < 0.3, drawn, 255).astype(np.uint8)
    cutout = cut_out(picture)
    assert cutout is not None
    assert cutout.alpha.sum() > inside.sum()


def test_alpha_is_soft_between_0_and_1_and_whole_inside() -> None:
    cutout = cut_out(fruit_on(255))
    assert cutout is not None
    height, width = cutout.alpha.shape
    assert cutout.alpha.dtype == np.float32
    assert cutout.pixels.dtype == np.uint8
    assert 0 <= cutout.alpha.min() < 0.01
    assert cutout.alpha.max() <= 1
    assert ((cutout.alpha > 0.05) & (cutout.alpha < 0.95)).any()
    assert cutout.alpha[height // 2, width // 2] == pytest.approx(1)


def test_a_hole_of_the_grounds_colour_inside_the_fruit_belongs_to_the_fruit() -> None:
    picture = fruit_on(255)
    picture[74:84, 74:84] = 255  # glare
    cutout = cut_out(picture)
    assert cutout is not None
    assert cutout.alpha[cutout.alpha.shape[0] // 2, cutout.alpha.shape[1] // 2] == pytest.approx(1)


def test_black_corners_of_a_mechanical_rotation_are_removed() -> None:
    picture = fruit_on(255)
    y, x = np.mgrid[:SIDE, :SIDE]
    corners = (x + y < 45) | (x + y > 2 * SIDE - 45) | (x - y > SIDE - 45) | (y - x > SIDE - 45)
    picture[corners] = 0
    cutout, plain = cut_out(picture), cut_out(fruit_on(255))
    assert cutout is not None
    assert plain is not None
    assert cutout.alpha.shape == plain.alpha.shape
    assert (cutout.pixels[cutout.alpha > 0.5].max(axis=1) > 60).all()


@pytest.mark.parametrize("radius", [0.02, 0.75], ids=["a speck", "a fruit that fills the picture"])
def test_what_is_too_small_or_too_large_to_be_a_fruit_gives_none(radius: float) -> None:
    assert cut_out(fruit_on(255, radius)) is None


def test_a_busy_ground_gives_none() -> None:
    assert cut_out(fruit_on(busy_ground())) is None


@pytest.mark.parametrize("value", [0, 255])
def test_an_empty_picture_gives_none(value: int) -> None:
    assert cut_out(np.full((SIDE, SIDE, 3), value, np.uint8)) is None


def test_the_photograph_itself_is_never_changed() -> None:
    picture = fruit_on(255)
    before = picture.copy()
    cutout = cut_out(picture)
    assert cutout is not None
    cutout.pixels[:] = 0
    assert (picture == before).all()


def test_the_shadow_on_a_plain_ground_is_no_part_of_the_fruit() -> None:
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE - 0.5
    fall = 1 - 0.45 * np.exp(-((x / 0.28) ** 2) - ((y - 0.27) / 0.1) ** 2)
    picture = (255 * fall[..., np.newaxis] * np.ones(3)).astype(np.uint8)
    shaded = np.where(fruit_mask()[..., np.newaxis], fruit_on(255), picture)
    cutout, plain = cut_out(shaded), cut_out(fruit_on(255))
    assert cutout is not None
    assert plain is not None
    assert cutout.alpha.sum() == pytest.approx(plain.alpha.sum(), rel=0.04)


def test_grey_mould_at_the_edge_is_part_of_the_fruit() -> None:
    picture = fruit_on(255)
    rng = np.random.default_rng(5)
    mouldy = fruit_mask() & (np.mgrid[:SIDE, :SIDE][0] < SIDE * 0.4)
    picture[mouldy] = (170 + rng.normal(0, 22, (SIDE, SIDE, 1))).clip(0, 255)[mouldy]
    cutout, plain = cut_out(picture), cut_out(fruit_on(255))
    assert cutout is not None
    assert plain is not None
    assert cutout.alpha.sum() == pytest.approx(plain.alpha.sum(), rel=0.05)
