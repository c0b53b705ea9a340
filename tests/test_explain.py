from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vistobueno.core.heat_map import heat_map, overlay
from vistobueno.core.photo import open_photo
from vistobueno.model.inspector import inspect
from vistobueno.model.runtime import Model

evidence = arrays(np.float32, (5, 4), elements=st.floats(-1e6, 1e6, width=32))
normal = st.floats(-1e6, 1e6, width=32).filter(lambda value: value == 0 or abs(value) > 1e-20)
scalable = arrays(np.float32, (5, 4), elements=normal)  # nearer to zero a product of float32 loses digits
grey = np.full((60, 80, 3), 100, np.uint8)


@settings(max_examples=25, deadline=None)
@given(evidence)
def test_a_heat_map_runs_from_none_to_the_strongest(activation: np.ndarray) -> None:
    heat = heat_map(activation)
    assert heat.shape == activation.shape
    assert heat.dtype == np.float32
    assert heat.min() >= 0
    assert heat.max() == (1.0 if activation.max() > 0 else 0.0)


@settings(max_examples=25, deadline=None)
@given(scalable, st.floats(0.125, 8, width=32))
def test_a_heat_map_says_where_and_not_how_much(activation: np.ndarray, times: float) -> None:
    np.testing.assert_allclose(heat_map(activation * np.float32(times)), heat_map(activation), rtol=1e-5)


def test_evidence_against_a_class_counts_as_none() -> None:
    assert heat_map(np.array([[-5.0, 0.0], [1.0, 2.0]], np.float32)).tolist() == [[0.0, 0.0], [0.5, 1.0]]


@pytest.mark.parametrize("activation", [np.zeros((3, 3)), np.full((3, 3), -2.0)])
def test_without_evidence_there_is_no_colour_and_the_photograph_is_seen(activation: np.ndarray) -> None:
    striped = np.where((np.arange(80) % 8 < 4)[None, :, None], np.uint8((250, 40, 40)), np.uint8((20, 20, 120)))
    shown = np.asarray(overlay(np.broadcast_to(striped, (60, 80, 3)), activation.astype(np.float32)), int)
    assert np.ptp(shown, axis=2).max() == 0  # colour means evidence and nothing else
    assert len(np.unique(shown)) == 2


@pytest.mark.parametrize("corner", [(0, 0), (0, 3), (2, 0), (2, 3)])
def test_evidence_shows_on_the_photograph_where_it_is(corner: tuple[int, int]) -> None:
    activation = np.zeros((3, 4), np.float32)
    activation[corner] = 7.0
    plain = np.asarray(overlay(grey, np.zeros((3, 4), np.float32)), int)
    changed = np.abs(np.asarray(overlay(grey, activation), int) - plain).sum(axis=2)
    top, left = corner[0] * 20, corner[1] * 20
    inside = changed[top : top + 20, left : left + 20]
    assert inside.mean() > 50
    assert changed.sum() - inside.sum() < inside.sum()
    assert changed[59 - top, 79 - left] == 0


def test_the_photograph_stays_visible_under_the_strongest_evidence() -> None:
    black, white = (np.full((40, 40, 3), value, np.uint8) for value in (0, 255))
    full = np.ones((2, 2), np.float32)
    difference = np.asarray(overlay(white, full), int) - np.asarray(overlay(black, full), int)
    assert (difference >= 0.15 * 255).all()


def test_an_overlay_has_the_size_of_its_photograph_and_leaves_it_untouched() -> None:
    pixels = grey.copy()
    image = overlay(pixels, np.eye(3, dtype=np.float32))
    assert image.size == (80, 60)
    assert image.mode == "RGB"
    assert (pixels == grey).all()


def test_a_verdict_carries_the_map_of_the_class_it_names(small_model: Model, drawn: Path) -> None:
    photo = open_photo(next(drawn.rglob("*.jpg")).read_bytes())
    verdict, scores = inspect(photo, small_model), small_model.score(photo)
    index = [each.key for each in small_model.bundle.classes].index(verdict.class_key)
    assert scores.activation is not None
    assert verdict.activation is not None
    np.testing.assert_array_equal(verdict.activation, scores.activation[..., index])
    assert overlay(photo.pixels, verdict.activation).size == (photo.pixels.shape[1], photo.pixels.shape[0])
