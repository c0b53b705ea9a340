"""Train the upper layers on what the trunk saw, with a classifier that only teaches them; `last_layer` is fitted after."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray

from ..core.classes import ClassInfo
from .features import Features
from .pooling import over_places

Floats = NDArray[np.float32]
_TARGET_BATCH = 64


@dataclass(frozen=True)
class Recipe:
    """How a tail is trained. Steps are batches of 64; rate and epochs were chosen by leaving sources out, the rest is custom."""

    probe_epochs: int = 4  # of as many pictures as there are photographs, for the classifier alone
    probe_rate: float = 3e-3
    epochs: int = 12  # the same, for the upper layers too
    least_steps: int = 200  # of either, however few the photographs
    stand_in: float = (
        0.5  # of the epochs, where a model stands in for the one that ships to be judged on what it did not see
    )
    rate: float = 1e-3
    weight_decay: float = 0.02
    smoothing: float = 0.05
    mixing: float = 0.2  # beta distribution of mixup (Zhang et al. 2018), on features, in half of the batches
    dropout: float = 0.2
    sharpness: float = 1.0  # of the pooling over places, see `over_places`
    balance: float = 0.5  # of sources and classes, see `data.weights_of`
    condition_weight: float = 0.5  # of the loss on fit against unfit alone, beside that on the classes
    average: float = 0.99  # exponential moving average of the weights, which is what is kept
    tuned: float = 1.0  # share of the trained weights in the tail, beside those from ImageNet (Wortsman et al. 2022)
    strength: float = 1e-3  # of the last layer, see `last_layer.fit_last_layer`


def fit_tail(
    tail: keras.Model,
    features: Features,
    rows: NDArray[np.int64],
    weights: NDArray[np.float64],
    conditions: Floats,
    classes: tuple[ClassInfo, ...],
    recipe: Recipe,
    seed: int,
    progress: Callable[[int, int], None],
) -> keras.Model:
    """A copy of ``tail`` trained on the photographs ``rows``: first a new classifier on it, then both.

    The classifier comes first, so that the layers below are not bent towards a random one; what they know of pictures
    from elsewhere survives that better (linear probing, then fine-tuning: Kumar et al. 2022).

    Args:
        weights: (N,) how often each photograph of the whole set is drawn, see `data.weights_of`.
        conditions: (N, 2) what condition each shows, see `data.conditions_of`: rot of what is none of the products
            teaches what rot looks like, too.

    Returns:
        The tail, feature map (n, h, w, C) → (n, h', w', D).
    """
    keras.utils.set_random_seed(seed)
    copy = _with_kept_filters(tail)
    small = keras.initializers.RandomNormal(stddev=0.01, seed=seed)
    head = layers.Dense(len(classes), kernel_initializer=small)
    drop = layers.Dropout(recipe.dropout, seed=seed)
    pooled, entry = layers.Input(features.pooled.shape[2:]), layers.Input(tail.input_shape[1:])
    seen = copy(entry, training=False)
    probe = keras.Model(pooled, head(drop(pooled)))
    dropped = layers.SpatialDropout2D(recipe.dropout, seed=seed)(seen)  # the same features at every place
    model = keras.Model(entry, over_places(head(dropped), recipe.sharpness))
    draw = _Draw(features.labels, conditions, rows, weights, len(classes), recipe, seed)
    steps = [
        max(recipe.least_steps, epochs * len(rows) // _TARGET_BATCH) for epochs in (recipe.probe_epochs, recipe.epochs)
    ]
    stages: tuple[tuple[keras.Model, NDArray[Any], float], ...] = (
        (probe, features.pooled, recipe.probe_rate),
        (model, features.maps, recipe.rate),
    )
    done = 0
    for (stage, views, rate), count in zip(stages, steps, strict=True):
        optimizer = _optimizer(rate, count, recipe)
        optimizer.build(stage.trainable_variables)
        step = _step(stage, optimizer, classes, recipe.condition_weight)
        for _ in range(count):
            step(*draw.batch(views))
            done += 1
            progress(done, sum(steps))
        optimizer.finalize_variable_values(stage.trainable_variables)
    pairs = zip(copy.get_weights(), tail.get_weights(), strict=True)
    copy.set_weights([recipe.tuned * learnt + (1 - recipe.tuned) * came for learnt, came in pairs])
    return copy


def _with_kept_filters(tail: keras.Model) -> keras.Model:
    """Copy ``tail`` so that all but its depthwise filters learn: these stay as a million pictures made them."""
    copy = keras.models.clone_model(tail)
    copy.set_weights(tail.get_weights())
    for layer in copy.layers:
        layer.trainable = not isinstance(layer, layers.DepthwiseConv2D)
    return copy


class _Draw:
    """Batches of views: photographs by their weights, labels smoothed, half of the batches mixed."""

    def __init__(self, labels: NDArray[np.int64], conditions: Floats, rows: NDArray[np.int64], weights: NDArray[np.float64],
                 classes: int, recipe: Recipe, seed: int) -> None:  # fmt: skip
        self._labels, self._rows, self._mixing = labels, rows, recipe.mixing
        self._rng = np.random.default_rng(seed)
        self._weights = weights[rows] / weights[rows].sum()
        self._smooth = np.eye(classes, dtype=np.float32) * (1 - recipe.smoothing) + recipe.smoothing / classes
        known = conditions.sum(axis=1, keepdims=True)
        self._conditions = conditions * (1 - recipe.smoothing) + known * recipe.smoothing / 2

    def batch(self, seen: NDArray[np.floating]) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Pictures as ``seen`` (N, V, …) has them, what they show, (64, K), and in what condition, (64, 2)."""
        chosen = self._rng.choice(self._rows, _TARGET_BATCH, p=self._weights)
        views = self._rng.integers(0, seen.shape[1], _TARGET_BATCH)
        drawn = (seen[chosen, views].astype(np.float32), self._smooth[self._labels[chosen]], self._conditions[chosen])
        if self._mixing and self._rng.random() < 0.5:
            share, other = np.float32(self._rng.beta(self._mixing, self._mixing)), self._rng.permutation(_TARGET_BATCH)
            drawn = tuple(share * each + (1 - share) * each[other] for each in drawn)
        x, y, condition = (tf.constant(each) for each in drawn)
        return x, y, condition


def _optimizer(rate: float, steps: int, recipe: Recipe) -> keras.optimizers.Optimizer:
    course = keras.optimizers.schedules.CosineDecay(
        rate / 20, steps, alpha=0.01, warmup_target=rate, warmup_steps=max(1, steps // 10)
    )
    return keras.optimizers.AdamW(course, weight_decay=recipe.weight_decay, use_ema=True, ema_momentum=recipe.average)


def embed(tail: keras.Model, features: Features) -> Floats:
    """The embeddings (N, D) of the photographs as serving sees them (view 0)."""
    run = tf.function(lambda maps: tf.reduce_mean(tail(maps, training=False), axis=(1, 2)))
    maps = features.maps[:, 0]
    parts = [run(tf.constant(maps[at : at + 256].astype(np.float32))).numpy() for at in range(0, len(maps), 256)]
    return np.concatenate(parts)


def _step(
    model: keras.Model, optimizer: keras.optimizers.Optimizer, classes: tuple[ClassInfo, ...], condition_weight: float
) -> Callable[[tf.Tensor, tf.Tensor, tf.Tensor], None]:
    is_unfit = tf.constant([float(each.condition == "unfit") for each in classes])
    is_fit = tf.constant([float(each.condition == "fit") for each in classes])

    def step(x: tf.Tensor, y: tf.Tensor, condition: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            logits = model(x, training=True)
            loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(y, logits))
            log_p = tf.nn.log_softmax(logits)
            log_unfit = tf.reduce_logsumexp(log_p + tf.math.log(is_unfit + 1e-30), axis=1)
            log_fit = tf.reduce_logsumexp(log_p + tf.math.log(is_fit + 1e-30), axis=1)
            log_either = tf.reduce_logsumexp(tf.stack([log_unfit, log_fit]), axis=0)
            lost = condition[:, 0] * (log_either - log_fit) + condition[:, 1] * (log_either - log_unfit)
            loss += condition_weight * tf.reduce_mean(lost)
        variables = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))

    compiled: Callable[[tf.Tensor, tf.Tensor, tf.Tensor], None] = tf.function(step)
    return compiled
