from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from later import later
from small_model import CLASSES
from vistobueno.core.verdict import probability_unfit, softmax

keras = later("keras")
layers = later("keras.layers")
Features = later("vistobueno.training.features", "Features")
Recipe = later("vistobueno.training.tail", "Recipe")
fit_tail = later("vistobueno.training.tail", "fit_tail")
predict = later("vistobueno.training.tail", "predict")

K, PER_CLASS, VIEWS = len(CLASSES), 12, 3
ROWS = np.arange(K * PER_CLASS)
CONDITIONS = np.array([[each.condition == "fit", each.condition == "unfit"] for each in CLASSES], np.float32)


@cache
def quick() -> Recipe:
    """A recipe of few steps."""
    return replace(Recipe(), probe_epochs=40, probe_rate=3e-2, epochs=40, rate=3e-3, average=0.8)


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
    maps = (centres[labels][None] + rng.normal(0, 0.4, (VIEWS, len(labels), 3, 3, 8))).astype(np.float16)
    pooled = np.stack([tail(view.astype(np.float32)).numpy().mean(axis=(1, 2)) for view in maps])
    return Features(maps, pooled, labels)


def fitted(
    tail: keras.Model,
    features: Features,
    recipe: Recipe | None = None,
    rows: Sequence[int] | None = None,
    seed: int = 5,
    conditions: NDArray[np.float32] | None = None,
) -> keras.Model:
    strata = [CLASSES[label].key for label in features.labels]
    chosen = ROWS if rows is None else np.asarray(rows)
    known = CONDITIONS[features.labels] if conditions is None else conditions
    return fit_tail(tail, features, chosen, strata, known, CLASSES, recipe or quick(), seed, lambda done, total: None)


def test_it_learns_to_tell_the_classes_apart(tail: keras.Model, features: Features) -> None:
    logits, embeddings = predict(fitted(tail, features), features, ROWS)
    assert (logits.argmax(axis=1) == features.labels).mean() > 0.95
    assert embeddings.shape == (len(ROWS), 16)


def test_the_probe_alone_leaves_the_upper_layers_as_they_came(tail: keras.Model, features: Features) -> None:
    probed = fitted(tail, features, replace(quick(), rate=1e-12))
    for before, after in zip(tail.get_weights(), probed.layers[1].get_weights(), strict=True):
        assert np.allclose(before, after, atol=1e-6)
    logits, _ = predict(probed, features, ROWS)
    assert (logits.argmax(axis=1) == features.labels).mean() > 0.9


def test_fine_tuning_begins_with_the_probe_s_classifier(tail: keras.Model, features: Features) -> None:
    short = replace(quick(), epochs=1, rate=1e-12)
    with_probe, without = (fitted(tail, features, replace(short, probe_rate=rate)) for rate in (3e-2, 1e-12))
    right = [
        (predict(model, features, ROWS)[0].argmax(axis=1) == features.labels).mean() for model in (with_probe, without)
    ]
    assert right[0] > right[1] + 0.3


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
    maps = rng.normal(0, 1, (VIEWS, len(labels), 3, 3, 8)).astype(np.float16)
    features = Features(maps, np.zeros((VIEWS, len(labels), 16), np.float32), labels)
    learnt = fitted(tail, features, replace(quick(), epochs=4)).layers[1]
    same = {
        name: bool((tail.get_layer(name).kernel.numpy() == learnt.get_layer(name).kernel.numpy()).all())
        for name in ("before", "filters", "after")
    }
    assert same == {"before": False, "filters": True, "after": False}
    assert tail.get_layer("filters").trainable, "the tail given is not touched"


def test_the_same_seed_gives_the_same_model_and_another_seed_another(tail: keras.Model, features: Features) -> None:
    brief = replace(quick(), probe_epochs=3, epochs=3)
    one, same, other = (predict(fitted(tail, features, brief, seed=seed), features, ROWS)[0] for seed in (5, 5, 6))
    assert (one == same).all()
    assert (one != other).any()


def test_only_the_rows_given_are_learnt_from(tail: keras.Model, features: Features) -> None:
    rows = ROWS[ROWS % 2 == 0]
    changed = features.labels.copy()
    changed[ROWS % 2 == 1] = 0
    brief = replace(quick(), probe_epochs=3, epochs=3)
    one = predict(fitted(tail, features, brief, rows), features, ROWS)[0]
    two = predict(fitted(tail, Features(features.maps, features.pooled, changed), brief, rows), features, ROWS)[0]
    assert (one == two).all()


def test_progress_counts_both_stages(tail: keras.Model, features: Features) -> None:
    told: list[tuple[int, int]] = []
    strata = [CLASSES[label].key for label in features.labels]
    brief = replace(quick(), probe_epochs=4, epochs=6)
    known = CONDITIONS[features.labels]
    fit_tail(tail, features, ROWS, strata, known, CLASSES, brief, 5, lambda done, total: told.append((done, total)))
    total = 4 * len(ROWS) // 64 + 6 * len(ROWS) // 64
    assert told == [(done, total) for done in range(1, total + 1)]


def test_the_condition_of_what_is_no_product_is_learnt_where_somebody_says_it(
    tail: keras.Model, features: Features
) -> None:
    other = ROWS[[CLASSES[label].condition is None for label in features.labels]]
    rotten, fresh = CONDITIONS[features.labels], CONDITIONS[features.labels]
    rotten[other], fresh[other] = (0, 1), (1, 0)

    def unfit(conditions: NDArray[np.float32]) -> float:
        logits, _ = predict(fitted(tail, features, conditions=conditions), features, other)
        assert (logits.argmax(axis=1) == features.labels[other]).mean() > 0.9, "it is still something else"
        return float(np.mean([probability_unfit(each, CLASSES) for each in softmax(logits)]))

    assert unfit(rotten) > 0.7
    assert unfit(fresh) < 0.3
