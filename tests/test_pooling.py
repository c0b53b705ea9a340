from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from later import later

keras = later("keras")
layers = later("keras.layers")
over_places = later("vistobueno.training.pooling", "over_places")

PLACES = np.random.default_rng(4).normal(0, 4, (5, 3, 4, 2)).astype(np.float32)


def pooled(sharpness: float, places: NDArray[np.float32] = PLACES) -> NDArray[np.float32]:
    entry = layers.Input(places.shape[1:])
    return np.asarray(keras.Model(entry, over_places(entry, sharpness))(places))


def test_without_sharpness_it_is_the_mean() -> None:
    assert np.allclose(pooled(0), PLACES.mean(axis=(1, 2)), atol=1e-6)


@pytest.mark.parametrize("sharpness", [0.1, 1.0, 3.0])
def test_it_is_the_scaled_logarithm_of_the_mean_exponential(sharpness: float) -> None:
    expected = np.log(np.exp(sharpness * PLACES.astype(np.float64)).mean(axis=(1, 2))) / sharpness
    assert np.allclose(pooled(sharpness), expected, atol=1e-4)


def test_the_sharper_the_nearer_to_the_strongest_place() -> None:
    steps = [pooled(sharpness) for sharpness in (0.0, 0.3, 1.0, 5.0)]
    for milder, sharper in pairwise(steps):
        assert (milder <= sharper + 1e-4).all()
    assert (steps[-1] <= PLACES.max(axis=(1, 2)) + 1e-4).all()


def test_one_place_speaks_for_the_photograph() -> None:
    places = np.full((1, 7, 7, 1), -3, np.float32)
    before = pooled(1.0, places)[0, 0]
    places[0, 2, 5, 0] = 9
    assert pooled(1.0, places)[0, 0] > before + 8
    assert pooled(0.0, places)[0, 0] < before + 0.3


def test_no_evidence_is_too_strong_for_it() -> None:
    assert np.isfinite(pooled(1.0, np.full((1, 2, 2, 1), 500, np.float32))).all()
