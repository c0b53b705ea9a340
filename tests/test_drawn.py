from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cases import for_each
from vistobueno.cli.drawn import CLASSES, draw_photo, write_samples
from vistobueno.core.photo import open_photo

SIZE = (160, 120)


def pixels(key: str, seed: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    return np.asarray(draw_photo(key, seed, size), float)


def middle(key: str, seed: int) -> np.ndarray:
    """Mean colour of the fruit, where it lies in every drawing."""
    return pixels(key, seed)[48:75, 65:95].reshape(-1, 3).mean(axis=0)


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(CLASSES), st.integers(0, 10**6), st.integers(1, 200), st.integers(1, 200))
@pytest.mark.filterwarnings("error")
def test_a_drawing_is_an_rgb_picture_of_the_size_asked_for(key: str, seed: int, width: int, height: int) -> None:
    image = draw_photo(key, seed, (width, height))
    assert image.mode == "RGB"
    assert image.size == (width, height)


@for_each("key", CLASSES)
def test_the_same_seed_gives_the_same_drawing(key: str) -> None:
    assert (pixels(key, 5) == pixels(key, 5)).all()


@for_each("key", CLASSES)
def test_another_seed_gives_another_drawing(key: str) -> None:
    assert np.abs(pixels(key, 5) - pixels(key, 6)).mean() > 5


def test_no_two_classes_share_a_drawing() -> None:
    drawings = [pixels(key, 5) for key in CLASSES]
    apart = [np.abs(one - other).mean() for n, one in enumerate(drawings) for other in drawings[:n]]
    assert min(apart) > 5


def test_a_class_that_is_not_drawn_is_an_error() -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        draw_photo("mango_fit", 1)


@pytest.mark.parametrize("product", ["apple", "banana", "orange"])
def test_what_is_rotten_is_duller_than_what_is_sound(product: str) -> None:
    sound, rotten = (
        np.mean([np.ptp(middle(f"{product}_{condition}", seed)) for seed in range(8)]) for condition in ("fit", "unfit")
    )
    assert rotten < 0.8 * sound


@for_each("seed", range(5))
def test_a_sound_orange_is_orange(seed: int) -> None:
    red, green, blue = middle("orange_fit", seed)
    assert red > green + 40
    assert green > blue + 40


@pytest.mark.parametrize("key", CLASSES)
def test_a_drawing_is_a_photo_neither_dark_nor_burnt_nor_blurred(key: str, tmp_path: Path) -> None:
    file = tmp_path / "drawn.png"
    draw_photo(key, 2).save(file)
    photo = open_photo(file.read_bytes())
    assert (photo.width, photo.height) == (640, 480)
    assert 0.2 < photo.brightness < 0.8
    assert photo.clipped < 0.1
    assert photo.sharpness > 5


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path]]:
    folder = tmp_path_factory.mktemp("samples")
    return folder, write_samples(folder, per_class=2, seed=4)


def test_samples_lie_in_class_folders_as_jpeg(samples: tuple[Path, list[Path]]) -> None:
    folder, paths = samples
    assert sorted(paths) == sorted(folder.rglob("*.jpg"))
    assert [path.parent.name for path in paths] == [key for key in CLASSES for _ in range(2)]
    assert {open_photo(path.read_bytes()).format for path in paths} == {"jpeg"}


def test_samples_are_all_different(samples: tuple[Path, list[Path]]) -> None:
    _, paths = samples
    assert len({path.read_bytes() for path in paths}) == 2 * len(CLASSES)


def test_samples_are_the_drawings_of_their_seeds(samples: tuple[Path, list[Path]]) -> None:
    _, paths = samples
    with Image.open(paths[1]) as image:
        kept = np.asarray(image, float)
    assert np.abs(kept - pixels(CLASSES[0], 5, (640, 480))).mean() < 5
