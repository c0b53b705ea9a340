from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from later import later
from small_model import CLASSES

keras = later("keras")
layers = later("keras.layers")
Features = later("vistobueno.training.features", "Features")
fit_last_layer = later("vistobueno.training.last_layer", "fit_last_layer")
Recipe = later("vistobueno.training.finetuning", "Recipe")
embed = later("vistobueno.training.finetuning", "embed")
fit_tail = later("vistobueno.training.finetuning", "fit_tail")

K, PER_CLASS, VIEWS = len(CLASSES), 12, 3
ROWS = np.arange(K * PER_CLASS)
ALIKE = np.ones(len(ROWS))
CONDITIONS = np.array([[each.condition == "fit", each.condition == "unfit"] for each in CLASSES], np.float32)


@cache
def quick() -> Recipe:
    """A recipe of few steps."""
    return replace(Recipe(), probe_epochs=40, probe_rate=3e-2, epochs=40, rate=3e-3, average=0.8, least_steps=1)


@pytest.fixture(scope="module")
def tail() -> keras.Model:
    keras.utils.set_random_seed(1)
    entry = layers.Input((3, 3, 8))
    return keras.Model(entry, layers.Conv2D(16, 1, activation="relu")(entry))


@pytest.fixture(scope="module")
def features(tail: keras.Model) -> Features:
    """Classes that lie apart in the maps, each view with noise of its own."""
    rng = np.random.default_rng(2)
    labels = np.repeat(np.arange(K), PER_CLASS)
    centres = rng.normal(0, 1.5, (K, 1, 1, 8))
    maps = (centres[labels][:, None] + rng.normal(0, 0.4, (len(labels), VIEWS, 3, 3, 8))).astype(np.float16)
    pooled = np.stack([tail(views.astype(np.float32)).numpy().mean(axis=(1, 2)) for views in maps])
    return Features(maps, pooled.astype(np.float16), labels)


def fitted(
    tail: keras.Model,
    features: Features,
    recipe: Recipe | None = None,
    rows: Sequence[int] | None = None,
    seed: int = 5,
    conditions: NDArray[np.float32] | None = None,
) -> keras.Model:
    chosen = ROWS if rows is None else np.asarray(rows)
    known = CONDITIONS[features.labels] if conditions is None else conditions
    return fit_tail(tail, features, chosen, ALIKE, known, CLASSES, recipe or quick(), seed, lambda done, total: None)


def logits_of(tail: keras.Model, features: Features, strength: float = 1e-2) -> NDArray[np.float32]:
    """What a last layer on the tail says of the photographs that it was fitted to."""
    embeddings = embed(tail, features)
    return fit_last_layer(embeddings, features.labels, ALIKE, K, strength).logits(embeddings)


def test_it_learns_to_tell_the_classes_apart(tail: keras.Model, features: Features) -> None:
    learnt = fitted(tail, features)
    assert embed(learnt, features).shape == (len(ROWS), 16)
    assert (logits_of(learnt, features).argmax(axis=1) == features.labels).mean() > 0.95


def test_the_probe_alone_leaves_the_upper_layers_as_they_came(tail: keras.Model, features: Features) -> None:
    probed = fitted(tail, features, replace(quick(), rate=1e-12))
    for before, after in zip(tail.get_weights(), probed.get_weights(), strict=True):
        assert np.allclose(before, after, atol=1e-6)


def test_some_of_what_the_tail_came_with_is_kept_where_the_recipe_says_so(
    tail: keras.Model, features: Features
) -> None:
    brief = replace(quick(), probe_epochs=3, epochs=3)
    whole, half = (fitted(tail, features, replace(brief, tuned=share)).get_weights() for share in (1.0, 0.5))
    for came, tuned, mixed in zip(tail.get_weights(), whole, half, strict=True):
        assert np.allclose(mixed, (came + tuned) / 2, atol=1e-6)


def test_the_tail_given_is_not_touched(tail: keras.Model, features: Features) -> None:
    before = [weights.copy() for weights in tail.get_weights()]
    fitted(tail, features, replace(quick(), probe_epochs=2, epochs=2))
    assert all((one == two).all() for one, two in zip(before, tail.get_weights(), strict=True))


def test_depthwise_filters_stay_as_they_came_and_what_is_about_them_learns() -> None:
    keras.utils.set_random_seed(4)
    entry = layers.Input((3, 3, 8))
    through = layers.Conv2D(16, 1, name="before", activation="relu")(entry)
    through = layers.DepthwiseConv2D(3, padding="same", name="filters")(through)
    tail = keras.Model(entry, layers.Conv2D(16, 1, name="after", activation="relu")(through))
    rng = np.random.default_rng(4)
    labels = np.repeat(np.arange(K), PER_CLASS)
    maps = rng.normal(0, 1, (len(labels), VIEWS, 3, 3, 8)).astype(np.float16)
    features = Features(maps, np.zeros((len(labels), VIEWS, 16), np.float16), labels)
    learnt = fitted(tail, features, replace(quick(), epochs=4))
    same = {
        name: bool((tail.get_layer(name).kernel.numpy() == learnt.get_layer(name).kernel.numpy()).all())
        for name in ("before", "filters", "after")
    }
    assert same == {"before": False, "filters": True, "after": False}
    assert tail.get_layer("filters").trainable, "the tail given is not touched"


def test_the_same_seed_gives_the_same_model_and_another_seed_another(tail: keras.Model, features: Features) -> None:
    brief = replace(quick(), probe_epochs=3, epochs=3)
    one, same, other = (embed(fitted(tail, features, brief, seed=seed), features) for seed in (5, 5, 6))
    assert (one == same).all()
    assert (one != other).any()


def test_only_the_rows_given_are_learnt_from(tail: keras.Model, features: Features) -> None:
    rows = ROWS[ROWS % 2 == 0]
    changed = features.labels.copy()
    changed[ROWS % 2 == 1] = 0
    brief = replace(quick(), probe_epochs=3, epochs=3)
    one = embed(fitted(tail, features, brief, rows), features)
    two = embed(fitted(tail, Features(features.maps, features.pooled, changed), brief, rows), features)
    assert (one == two).all()


def test_progress_counts_both_stages(tail: keras.Model, features: Features) -> None:
    told: list[tuple[int, int]] = []
    brief = replace(quick(), probe_epochs=4, epochs=6)
    known = CONDITIONS[features.labels]
    fit_tail(tail, features, ROWS, ALIKE, known, CLASSES, brief, 5, lambda done, total: told.append((done, total)))
    total = 4 * len(ROWS) // 64 + 6 * len(ROWS) // 64
    assert told == [(done, total) for done in range(1, total + 1)]


def test_the_condition_of_what_is_no_product_is_learnt_where_somebody_says_it(
    tail: keras.Model, features: Features
) -> None:
    other = ROWS[[CLASSES[label].condition is None for label in features.labels]]
    rotten, silent = CONDITIONS[features.labels], CONDITIONS[features.labels]
    rotten[other] = (0, 1)
    brief = replace(quick(), probe_epochs=3, epochs=3)
    told, untold = (embed(fitted(tail, features, brief, conditions=each), features) for each in (rotten, silent))
    assert (told != untold).any()
