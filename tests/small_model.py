"""A tiny network in a real bundle: made in seconds, never trained, every part of a bundle present."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from later import later
from vistobueno.core.calibration import weigh_scope
from vistobueno.core.classes import ClassInfo
from vistobueno.core.input import InputSpec
from vistobueno.core.policy import Near, Policy
from vistobueno.core.verdict import scope_distance
from vistobueno.model.bundle import GOLDEN, MODEL_H5, MODEL_TFLITE, Bundle, write_bundle
from vistobueno.model.runtime import golden_file, scaled

keras = later("keras")
as_list = later("vistobueno.training.convert", "as_list")
to_h5 = later("vistobueno.training.convert", "to_h5")
to_tflite = later("vistobueno.training.convert", "to_tflite")
with_outputs = later("vistobueno.training.convert", "with_outputs")

SIDE = 64
SPEC = InputSpec(SIDE, SIDE, scale=(1 / 128,) * 3, offset=(-127 / 128,) * 3)
CLASSES = (
    *(
        ClassInfo(
            f"{product}_{condition}",
            product,
            condition,
            {"es": f"{product} {condition}", "en": f"{condition} {product}"},
        )
        for product in ("apple", "banana", "orange")
        for condition in ("fit", "unfit")
    ),
    ClassInfo("other", None, None, {"es": "otra cosa", "en": "something else"}),
)


def small_network(seed: int = 3) -> keras.Model:
    """(N, 64, 64, 3) → logits (N, 7), embedding (N, 16), activation (N, 16, 16, 7)."""
    keras.utils.set_random_seed(seed)
    pixels = keras.layers.Input((SIDE, SIDE, 3), name="pixels")
    x = keras.layers.Conv2D(8, 3, 2, "same", activation="relu")(pixels)
    x = keras.layers.Conv2D(16, 3, 2, "same", activation="relu")(x)
    head = keras.layers.Dense(len(CLASSES), kernel_initializer="random_normal")
    head.build((None, 16))
    return with_outputs(pixels, x, head)


def make_small_bundle(folder: Path, **changed: Any) -> Bundle:
    """Write the bundle; ``changed`` replaces arguments of `write_bundle`."""
    network = small_network()
    keys = tuple(each.key for each in CLASSES)
    rng = np.random.default_rng(0)
    embeddings, labels = rng.normal(0, 1, (140, 16)), np.repeat(np.arange(7), 20)
    near = Near(
        mean=np.full(16, 3, np.float32),
        components=np.eye(16, 8, dtype=np.float32),
        centres=np.repeat(np.arange(-3, 4, dtype=np.float32)[:, None], 8, axis=1),
        background_mean=np.zeros(8, np.float32),
        background_scale=np.full(8, 2.2, np.float32),
    )
    distances = [scope_distance(each, near) for each in embeddings + labels[:, None]]
    scope = weigh_scope(np.column_stack([distances, np.zeros(140)]), near=near)
    facts: dict[str, Any] = {
        "name": "small",
        "version": "0",
        "created": "2026-01-01",
        "input": SPEC,
        "classes": CLASSES,
        "policy": Policy(temperature=1.3, fit_below=0.3, unfit_above=0.7, scope=scope),
        "labels_proved": True,
        "training": {},
        "metrics": {},
        "origin": {},
    }
    files = {
        MODEL_H5: to_h5(network),
        MODEL_TFLITE: to_tflite(network),
        GOLDEN: golden_file(SPEC, keys, lambda picture: as_list(network(scaled(picture, SPEC)))[0].numpy()[0]),
    }
    return write_bundle(folder, files, **{**facts, **changed})
