from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from test_cutout import SIDE, busy_ground, fruit_on
from vistobueno.training import augment
from vistobueno.training.cutout import Cutout, cut_out
from vistobueno.training.data import LabelledPhoto
from vistobueno.training.views import Album, exact

Picture = NDArray[np.uint8]
Act = Callable[[Picture, np.random.Generator], Picture]

GREEN = np.broadcast_to(np.array((20, 120, 40), np.uint8), (SIDE, SIDE, 3)).copy()
ACTS: dict[str, Act] = {
    "view": lambda picture, rng: augment.view(picture, 96, rng),
    "compose": lambda picture, rng: augment.compose([fruit()], picture, 96, rng),
    "background": lambda picture, rng: augment.background([picture], 96, rng),
    "with_defects": augment.with_defects,
    "with_distractors": augment.with_distractors,
    "degrade": augment.degrade,
}
RESIZING = ("view", "compose", "background")


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
    assert augment.view(augment.with_distractors(picture, rng), 64, rng).shape == (64, 64, 3)


def test_turning_leaves_no_black_corners() -> None:
    white = np.full((SIDE, SIDE, 3), 255, np.uint8)
    for seed in range(20):
        assert augment._turn(white, np.random.default_rng(seed)).min() == 255


def test_a_composition_moves_the_fruit_to_another_ground() -> None:
    on_white = fruit_on(255)
    for seed in range(8):
        picture = augment.compose([fruit()], GREEN, 96, np.random.default_rng(seed)).astype(int)
        orange = (picture[..., 0] - picture[..., 2] > 60) & (picture[..., 0] > picture[..., 1])
        green = picture[..., 1] > picture[..., 0]
        assert orange.mean() > 0.15, "the fruit is there"
        assert green.mean() > 0.1, "so is the other ground"
        assert (picture.min(axis=2) > 225).mean() < 0.05, "and the white ground is not"
    assert (on_white.min(axis=2) > 225).mean() > 0.5


def test_a_composition_of_several_fruit_shows_more_of_the_ground_between_them() -> None:
    picture = augment.compose([fruit()] * 3, GREEN, 96, np.random.default_rng(0))
    assert picture.shape == (96, 96, 3)
    assert (augment.compose([], GREEN, 96, np.random.default_rng(0)) != picture).any()


def test_defects_are_painted_only_where_the_fruit_is() -> None:
    picture = fruit_on(200)
    area = np.zeros((SIDE, SIDE), np.float32)
    area[60:100, 60:100] = 1
    changed = np.zeros((SIDE, SIDE), bool)
    for seed in range(10):
        changed |= (augment.with_defects(picture, np.random.default_rng(seed), area) != picture).any(axis=2)
    assert changed[60:100, 60:100].mean() > 0.5
    assert not changed[area == 0].any()


def test_a_ground_without_photographs_is_still_a_ground() -> None:
    assert augment.background([], 64, np.random.default_rng(2)).shape == (64, 64, 3)


def test_the_exact_view_is_the_photograph_stretched_as_serving_stretches_it() -> None:
    from vistobueno.model.bundle import InputSpec
    from vistobueno.model.runtime import prepare
    from vistobueno.photo import Photo

    picture = busy_ground()[:100]
    photo = Photo(picture, SIDE, 100, "png", "", 0.0, 0.0, 0.0)
    served = prepare(photo, InputSpec(64, 64))
    assert (exact(picture, 64) == served.reshape(64, 64, 3)).all()


def photographs() -> tuple[list[LabelledPhoto], list[Picture]]:
    named = [("apple_fit", fruit_on(255)), ("apple_fit", fruit_on(busy_ground())), ("apple_unfit", fruit_on(240))]
    named += [("apple_unfit", fruit_on(busy_ground(2))), ("other", busy_ground(3)), ("other", fruit_on(255))]
    photos = [LabelledPhoto(Path(f"{n}.jpg"), label, str(n), "set") for n, (label, _) in enumerate(named)]
    return photos, [picture for _, picture in named]


JOBS = [(index, number) for index in range(6) for number in range(1, 6)]


def one_view(job: tuple[int, int]) -> tuple[bytes, str]:
    picture, label = Album.open(*photographs()).view(*job, 48, 7)
    return picture.tobytes(), label


def test_a_view_does_not_depend_on_what_was_made_before_it() -> None:
    album = Album.open(*photographs())
    forwards = {job: album.view(*job, 48, 7) for job in JOBS}
    backwards = {job: album.view(*job, 48, 7) for job in reversed(JOBS)}
    for job in JOBS:
        assert (forwards[job][0] == backwards[job][0]).all()
        assert forwards[job][1] == backwards[job][1]


def test_views_are_the_same_in_threads_and_in_other_processes() -> None:
    jobs = JOBS[::4]
    alone = [one_view(job) for job in jobs]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one_view, jobs)) == alone
    with ProcessPoolExecutor(2, get_context("spawn")) as processes:
        assert list(processes.map(one_view, jobs)) == alone


def test_another_seed_gives_other_views() -> None:
    album = Album.open(*photographs())
    assert any((album.view(*job, 48, 7)[0] != album.view(*job, 48, 8)[0]).any() for job in JOBS)


def test_a_view_keeps_its_label_unless_defects_were_painted_on_sound_fruit() -> None:
    photos, pictures = photographs()
    album = Album.open(photos, pictures)
    changed = set()
    for index, photo in enumerate(photos):
        for number in range(24):
            _, label = album.view(index, number, 32, 1)
            if label != photo.label:
                changed.add((photo.label, label, index))
    assert changed == {("apple_fit", "apple_unfit", 1)}


def test_defects_are_never_painted_for_a_class_that_the_data_do_not_have() -> None:
    photos, pictures = photographs()
    album = Album.open(photos[:2], pictures[:2])
    assert {album.view(1, number, 32, 1)[1] for number in range(24)} == {"apple_fit"}


def test_only_photographs_that_could_not_be_cut_out_serve_as_grounds() -> None:
    album = Album.open(*photographs())
    assert album.grounds == [1, 3, 4]
    assert [cutout is None for cutout in album.cutouts] == [False, True, False, True, True, False]
