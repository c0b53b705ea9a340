"""Train the upper layers and the classifier on what the trunk saw, and predict with them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray

from ..model.bundle import ClassInfo
from .features import Features

Floats = NDArray[np.float32]
_TARGET_BATCH = 64


@dataclass(frozen=True)
class Recipe:
    """How a tail is trained. Steps are batches of 64; everything else was chosen by leaving sources out."""

    epochs: int = 11  # of as many pictures as there are photographs
    rate: float = 3e-4
    weight_decay: float = 0.02
    smoothing: float = 0.05
    mixing: float = 0.2  # beta distribution of mixup (Zhang et al. 2018), on features, in half of the batches
    dropout: float = 0.2
    balance: float = 0.5  # 0: every photograph alike; 1: every source × class alike
    condition_weight: float = 0.5  # of the loss on fit against unfit alone, beside that on the classes
    average: float = 0.99  # exponential moving average of the weights, which is what is kept


def fit_tail(
    tail: keras.Model,
    features: Features,
    rows: NDArray[np.int64],
    strata: Sequence[str],
    classes: tuple[ClassInfo, ...],
    recipe: Recipe,
    seed: int,
    progress: Callable[[int, int], None],
) -> keras.Model:
    """Train a copy of ``tail`` and a new classifier on the photographs ``rows``.

    Args:
        strata: (N,) the source and class of each photograph of the whole set, for balancing.

    Returns:
        Feature map (n, h, w, C) → [logits (n, K), embedding (n, D)]; its last layer is the classifier.
    """
    keras.utils.set_random_seed(seed)
    copy = keras.models.clone_model(tail)
    copy.set_weights(tail.get_weights())
    entry = layers.Input(tail.input_shape[1:])
    embedding = layers.GlobalAveragePooling2D()(copy(entry, training=False))
    small = keras.initializers.RandomNormal(stddev=0.01, seed=seed)
    logits = layers.Dense(len(classes), kernel_initializer=small, name="head")(
        layers.Dropout(recipe.dropout)(embedding)
    )
    model = keras.Model(entry, [logits, embedding])
    steps = max(1, recipe.epochs * len(rows) // _TARGET_BATCH)
    rate = keras.optimizers.schedules.CosineDecay(
        recipe.rate / 20, steps, alpha=0.01, warmup_target=recipe.rate, warmup_steps=max(1, steps // 10)
    )
    optimizer = keras.optimizers.AdamW(
        rate, weight_decay=recipe.weight_decay, use_ema=True, ema_momentum=recipe.average
    )
    optimizer.build(model.trainable_variables)
    step = _step(model, optimizer, classes, recipe.condition_weight)
    rng = np.random.default_rng(seed)
    weights = _balanced([strata[row] for row in rows], recipe.balance)
    smooth = np.eye(len(classes), dtype=np.float32) * (1 - recipe.smoothing) + recipe.smoothing / len(classes)
    for number in range(steps):
        chosen = rng.choice(rows, _TARGET_BATCH, p=weights)
        views = rng.integers(0, len(features.maps), _TARGET_BATCH)
        x, y = features.maps[views, chosen].astype(np.float32), smooth[features.labels[views, chosen]]
        if recipe.mixing and rng.random() < 0.5:
            share, other = np.float32(rng.beta(recipe.mixing, recipe.mixing)), rng.permutation(_TARGET_BATCH)
            x, y = share * x + (1 - share) * x[other], share * y + (1 - share) * y[other]
        step(tf.constant(x), tf.constant(y))
        progress(number + 1, steps)
    optimizer.finalize_variable_values(model.trainable_variables)
    return model


def predict(model: keras.Model, features: Features, rows: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Logits (n, K) and embeddings (n, D) of the photographs ``rows`` as serving sees them (view 0)."""
    run = tf.function(lambda x: model(x, training=False), reduce_retracing=True)
    logits, embeddings = [], []
    for start in range(0, len(rows), 256):
        outputs = run(tf.constant(features.maps[0, rows[start : start + 256]].astype(np.float32)))
        logits.append(outputs[0].numpy())
        embeddings.append(outputs[1].numpy())
    return np.concatenate(logits), np.concatenate(embeddings)


def _step(
    model: keras.Model, optimizer: keras.optimizers.Optimizer, classes: tuple[ClassInfo, ...], condition_weight: float
) -> Callable[[tf.Tensor, tf.Tensor], None]:
    is_unfit = tf.constant([float(each.condition == "unfit") for each in classes])
    is_fit = tf.constant([float(each.condition == "fit") for each in classes])

    def step(x: tf.Tensor, y: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            logits = model(x, training=True)[0]
            loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(y, logits))
            log_p = tf.nn.log_softmax(logits)
            log_unfit = tf.reduce_logsumexp(log_p + tf.math.log(is_unfit + 1e-30), axis=1)
            log_fit = tf.reduce_logsumexp(log_p + tf.math.log(is_fit + 1e-30), axis=1)
            log_either = tf.reduce_logsumexp(tf.stack([log_unfit, log_fit]), axis=0)
            unfit, fit = tf.linalg.matvec(y, is_unfit), tf.linalg.matvec(y, is_fit)
            condition = unfit * (log_either - log_unfit) + fit * (log_either - log_fit)
            loss += condition_weight * tf.reduce_mean(condition)
        variables = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))

    compiled: Callable[[tf.Tensor, tf.Tensor], None] = tf.function(step)
    return compiled


def _balanced(strata: Sequence[str], balance: float) -> NDArray[np.float64]:
    _, place, counts = np.unique(strata, return_inverse=True, return_counts=True)
    weights = counts[place].astype(np.float64) ** -balance
    return np.asarray(weights / weights.sum())
