from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from test_segmentation import SIDE, busy_ground, fruit_on
from vistobueno.core.input import InputSpec
from vistobueno.core.photo import Photo
from vistobueno.model.runtime import prepare
from vistobueno.training import augment
from vistobueno.training.segmentation import Cutout, cut_out
from vistobueno.training.views import view_of

Picture = NDArray[np.uint8]
Act = Callable[[Picture, np.random.Generator], Picture]

GREEN = np.broadcast_to(np.array((20, 120, 40), np.uint8), (SIDE, SIDE, 3)).copy()
ACTS: dict[str, Act] = {
    "look": lambda picture, rng: augment.look(picture, 96, rng),
    "compose": lambda picture, rng: augment.compose([fruit()], picture, 96, rng),
    "another_camera": augment.another_camera,
}
RESIZING = ("look", "compose")


def fruit() -> Cutout:
    cutout = cut_out(fruit_on(255))
    assert cutout is not None
    return cutout


@pytest.mark.parametrize("name", ACTS)
def test_every_act_gives_a_colour_picture_of_its_size(name: str) -> None:
    side = 96 if name in RESIZING else SIDE
    for seed in range(12):
        picture = ACTS[name](busy_ground(), np.random.default_rng(seed))
        assert picture.shape == (side, side, 3)
        assert picture.dtype == np.uint8


@pytest.mark.parametrize("name", ACTS)
def test_the_same_seed_gives_the_same_picture(name: str) -> None:
    one, two = (ACTS[name](fruit_on(200), np.random.default_rng(5)) for _ in range(2))
    assert (one == two).all()


@pytest.mark.parametrize("name", ACTS)
def test_other_seeds_give_other_pictures(name: str) -> None:
    pictures = {ACTS[name](fruit_on(200), np.random.default_rng(seed)).tobytes() for seed in range(8)}
    assert len(pictures) > 4


@pytest.mark.parametrize("name", ACTS)
def test_no_act_changes_the_photograph_it_is_given(name: str) -> None:
    picture = fruit_on(200)
    before = picture.copy()
    for seed in range(4):
        ACTS[name](picture, np.random.default_rng(seed))
    assert (picture == before).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(32, 200), st.integers(32, 200), st.integers(0, 1000))
def test_a_photograph_of_any_shape_can_be_viewed(height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    picture = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    assert augment.look(picture, 64, rng).shape == (64, 64, 3)


def test_turning_leaves_no_black_corners() -> None:
    white = np.full((SIDE, SIDE, 3), 255, np.uint8)
    for seed in range(20):
        assert augment._turn(white, np.random.default_rng(seed)).min() == 255


def test_another_camera_is_a_mild_one() -> None:
    picture = fruit_on(200).astype(int)
    changes = [
        np.abs(augment.another_camera(fruit_on(200), np.random.default_rng(n)) - picture).mean() for n in range(40)
    ]
    assert 2 < float(np.mean(changes)) < 25
    assert max(changes) < 70


def test_a_composition_moves_the_fruit_to_another_ground() -> None:
    pictures = [augment.compose([fruit()], GREEN, 96, np.random.default_rng(seed)).astype(int) for seed in range(24)]
    orange = [((each[..., 0] - each[..., 2] > 40) & (each[..., 0] > each[..., 1])).mean() for each in pictures]
    green = [(each[..., 1] > each[..., 0]).mean() for each in pictures]
    white = [(each.min(axis=2) > 225).mean() for each in pictures]
    assert min(orange) > 0.05 and max(orange) > 0.6, "the fruit is there, small in some pictures and large in others"
    assert float(np.mean(green)) > 0.3, "so is the other ground"
    assert max(white) < 0.05, "and the white ground is not"


def test_a_composition_of_several_fruit_differs_from_one_of_none() -> None:
    picture = augment.compose([fruit()] * 3, GREEN, 96, np.random.default_rng(0))
    assert picture.shape == (96, 96, 3)
    assert (augment.compose([], GREEN, 96, np.random.default_rng(0)) != picture).any()


def test_fruit_larger_than_the_picture_or_at_its_border_is_cut_there() -> None:
    for seed in range(40):
        assert augment.compose([fruit()] * 4, GREEN, 33, np.random.default_rng(seed)).shape == (33, 33, 3)


def test_the_first_view_is_the_photograph_as_serving_stretches_it() -> None:
    picture = busy_ground()[:100]
    photo = Photo(Image.fromarray(picture), SIDE, 100, "png", "", 0.0, 0.0, 0.0)
    served = prepare(photo, InputSpec(64, 64))
    assert (view_of(picture, None, 0, 64, (7, 0)) == served.reshape(64, 64, 3)).all()


JOBS = [(row, number) for row in range(3) for number in range(1, 7)]


def one_view(job: tuple[int, int], seed: int = 7) -> bytes:
    row, number = job
    picture = (fruit_on(255), fruit_on(240), busy_ground())[row]
    return view_of(picture, cut_out(picture), number, 48, (seed, row)).tobytes()


def test_a_view_does_not_depend_on_what_was_made_before_it() -> None:
    forwards = {job: one_view(job) for job in JOBS}
    assert forwards == {job: one_view(job) for job in reversed(JOBS)}


def test_views_are_the_same_in_threads_and_in_other_processes() -> None:
    jobs = JOBS[::3]
    alone = [one_view(job) for job in jobs]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one_view, jobs)) == alone
    with ProcessPoolExecutor(2, get_context("spawn")) as processes:
        assert list(processes.map(one_view, jobs)) == alone


def test_another_seed_another_photograph_or_another_number_gives_another_view() -> None:
    assert one_view((0, 1)) != one_view((0, 1), seed=8)
    assert one_view((0, 1)) != one_view((0, 2))
    seen = {view_of(fruit_on(255), None, 1, 48, (7, row)).tobytes() for row in range(4)}
    assert len(seen) == 4


def test_every_second_view_shows_the_fruit_elsewhere_when_it_could_be_cut_out() -> None:
    picture, cutout = fruit_on(255), fruit()
    white = [
        np.mean([(view_of(picture, cutout, number, 96, (seed,)).min(axis=2) > 225).mean() for seed in range(6)])
        for number in range(7)
    ]
    assert [n for n, share in enumerate(white) if share < 0.3] == [1, 3, 5]


def test_fruit_that_could_not_be_cut_out_stays_where_it_is() -> None:
    green = GREEN.copy()
    for number in range(1, 7):
        view = view_of(green, None, number, 48, (1,)).astype(int)
        assert (view[..., 1] > view[..., 0]).mean() > 0.95
