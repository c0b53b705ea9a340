"""A stranger's Keras model → a bundle that serves it as it was trained, and says what nobody could know of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from .. import __version__
from ..calibration import conformal_thresholds, fit_temperature
from ..errors import ModelRefused, PhotoRefused
from ..model.bundle import (
    GOLDEN,
    MODEL_H5,
    MODEL_TFLITE,
    Bundle,
    ClassInfo,
    InputSpec,
    Policy,
    write_bundle,
)
from ..model.runtime import golden_file, golden_pictures, prepare, scaled
from ..photo import Limits, Photo, open_photo
from ..verdict import probability_unfit, softmax
from .convert import as_list, prove_equal, to_h5, to_tflite, with_outputs
from .data import read_data, refuse_unknown, unreadable
from .labels import Meanings, Order, prove_order, read_labels
from .legacy import layers_of, load_stranger

SCALINGS: dict[str, tuple[float, float]] = {
    "0..1": (1 / 255, 0.0),
    "-1..1": (1 / 127.5, -1.0),
    "0..255": (1.0, 0.0),
}
_MOST = 60  # photographs of each class that prove an order
_RESCALES = {"Rescaling", "Normalization", "TrueDivide", "Divide", "Subtract", "Multiply"}


@dataclass(frozen=True, eq=False)
class _Check:
    """Labelled photographs: the classes by labels.txt, and what the model says of each under one scaling."""

    truth: NDArray[np.int64]
    logits: NDArray[np.float32]

    def order(self, classes: int) -> Order:
        return prove_order(self.logits.argmax(axis=1), self.truth, classes)

    def agreement(self, classes: int) -> float:
        best = np.asarray(self.order(classes).best)
        return float((best[self.logits.argmax(axis=1)] == self.truth).mean())


def pack_model(
    h5: Path,
    labels: Path,
    *,
    out: Path,
    input_size: int | None = None,
    scaling: str | None = None,
    check: Path | None = None,
    product: str | None = None,
    fit: Sequence[str] = (),
    unfit: Sequence[str] = (),
    skip_unreadable: bool = False,
) -> Bundle:
    """Make a bundle of a Keras model in a file.

    Args:
        labels: one class a line, in the order of the model's outputs, see `labels.read_labels`.
        input_size: side of the square input in pixels, for a model that leaves it open.
        scaling: ``0..1``, ``-1..1`` or ``0..255``; None: none where the model scales inside, else what ``check``
            proves, else 0..1 with a warning among what is unknown.
        check: labelled photographs (see `read_data`) that prove order and scaling, and calibrate; names as in
            ``labels`` are understood too.
        product, fit, unfit: what lines of ``labels`` do not say themselves, see `labels.Meanings`.
        skip_unreadable: go on without the photographs of ``check`` that cannot be read; the bundle says how many.

    Raises:
        ModelRefused: what `load_stranger` and `read_labels` raise, ``labels_count``, ``labels_order``,
            ``input_unknown``, ``outputs_unknown``, ``scaling_unknown``, ``check_incomplete`` or ``runtimes_disagree``.
    """
    classes = read_labels(labels, Meanings(product, fit, unfit))
    if scaling is not None and scaling not in SCALINGS:
        known = ", ".join(SCALINGS)
        raise ModelRefused("scaling_unknown", es=f"La escala {scaling} no existe; use una de {known}.",
                           en=f"There is no scaling {scaling}; use one of {known}.")  # fmt: skip
    network = load_stranger(h5)
    side = _side(network, input_size)
    if len(network.outputs) != 1 or len(network.outputs[0].shape) != 2:
        shapes = ", ".join(str(tuple(output.shape)) for output in network.outputs)
        raise ModelRefused(
            "outputs_unknown",
            es=f"El modelo da {shapes}; debe dar un solo valor por clase. Guarde solo la parte que clasifica.",
            en=f"The model gives {shapes}; it must give one value for each class. Save only the part that classifies.",
        )
    serving, gives_map = _serving(network, side)
    outputs = serving.outputs[0].shape[-1]
    if outputs != len(classes):
        raise ModelRefused(
            "labels_count",
            es=f"{labels.name} tiene {len(classes)} clases y el modelo da {outputs}. Deben ser las mismas.",
            en=f"{labels.name} has {len(classes)} classes and the model gives {outputs}. They must be the same.",
        )
    unknown: list[str] = [] if gives_map else ["no activation map: the model does not pool before one dense layer"]
    candidates = [scaling] if scaling else ["0..255"] if _scales_inside(network) else list(SCALINGS)
    specs = {name: _spec(side, name) for name in candidates}
    chosen = candidates[0]
    evidence = None
    checked: dict[str, int] = {}
    if check is not None:
        opened, truth, checked = _photographs(check, classes, side, skip_unreadable)
        found = {name: _asked(serving, opened, truth, spec) for name, spec in specs.items()}
        chosen = max(found, key=lambda name: found[name].agreement(len(classes)))
        evidence = found[chosen]
    elif len(candidates) > 1:
        unknown.append("scaling: the model does not scale its input; 0..1 was assumed (--scaling, or --check, decides)")
    proved = _proved(evidence, classes, labels, unknown)
    spec = specs[chosen]
    policy = _policy(evidence, classes, unknown)
    unknown += ["scope: nothing is known of strangers", "training data, its groups and its figures"]
    tflite = to_tflite(serving)
    prove_equal(serving, tflite, spec)
    keys = tuple(each.key for each in classes)
    files = {
        MODEL_H5: to_h5(serving),
        MODEL_TFLITE: tflite,
        GOLDEN: golden_file(spec, keys, lambda picture: as_list(serving(scaled(picture, spec)))[0].numpy()[0]),
    }
    return write_bundle(
        out,
        files,
        name=h5.stem,
        version="packed",
        created=datetime.now(UTC).date().isoformat(),
        input=spec,
        classes=classes,
        policy=policy,
        labels_proved=proved,
        training={},
        metrics={},
        origin={"file": h5.name, "scaling": chosen, "program": __version__, "check": checked, "unknown": unknown},
    )


def _spec(side: int, scaling: str) -> InputSpec:
    scale, offset = SCALINGS[scaling]
    return InputSpec(side, side, scale=(scale,) * 3, offset=(offset,) * 3)


def _side(network: keras.Model, input_size: int | None) -> int:
    shape = network.input_shape
    side = shape[1] if isinstance(shape, tuple) and len(shape) == 4 and shape[3] == 3 else None
    if isinstance(shape, tuple) and len(shape) == 4 and shape[3] == 3 and shape[1] != shape[2]:
        side = None
    if side is None and input_size is not None and isinstance(shape, tuple) and len(shape) == 4:
        return input_size
    if side is None or (input_size is not None and input_size != side):
        raise ModelRefused(
            "input_unknown",
            es=f"El modelo recibe {shape}; hace falta una imagen cuadrada en color, y --input con su lado si lo deja libre.",
            en=f"The model takes {shape}; it must be a square colour picture, with --input giving an open side.",
        )
    return int(side)


def _scales_inside(network: keras.Model) -> bool:
    """Whether pixels are scaled before the first weights; a product further up is attention, not scaling."""
    for layer in layers_of(network):
        if type(layer).__name__ in _RESCALES:
            return True
        if layer.weights and not isinstance(layer, keras.Model):
            return False
    return False


def _serving(network: keras.Model, side: int) -> tuple[keras.Model, bool]:
    """The model with logits and, where it pools before one dense layer, embedding and activation map."""
    pixels = layers.Input((side, side, 3), name="pixels")
    chain = list(network.layers)
    while chain and (isinstance(chain[-1], layers.Softmax) or _is_softmax(chain[-1])):
        chain.pop()
    head = chain[-1] if chain else None
    if not isinstance(head, layers.Dense) or not _linear_or_softmax(head):
        scores = network(pixels, training=False)
        if _gives_probabilities(network, side):  # their logarithm is as good a logit as any
            scores = keras.ops.log(keras.ops.maximum(scores, 1e-9))
        return keras.Model(pixels, [layers.Activation("log_softmax")(scores)]), False
    below = keras.Model(network.inputs, head.input)
    before = [layer for layer in chain[:-1] if not isinstance(layer, layers.Dropout)]
    pooling = before[-1] if before else None
    linear = layers.Dense(head.units)
    linear.build((None, head.kernel.shape[0]))
    weights = head.get_weights()
    linear.set_weights(weights if len(weights) == 2 else [*weights, np.zeros(head.units, np.float32)])
    if isinstance(pooling, layers.GlobalAveragePooling2D) and not pooling.keepdims:
        features = keras.Model(network.inputs, pooling.input)(pixels, training=False)
        return with_outputs(pixels, features, linear), True
    logits = layers.Dense(head.units, name="logits")
    embedding = below(pixels, training=False)
    outputs = [logits(embedding), embedding] if len(embedding.shape) == 2 else [logits(embedding)]
    model = keras.Model(pixels, outputs)
    logits.set_weights(linear.get_weights())
    return model, False


def _is_softmax(layer: Any) -> bool:
    return isinstance(layer, layers.Activation) and layer.activation is keras.activations.softmax


def _linear_or_softmax(head: layers.Dense) -> bool:
    return head.activation in (keras.activations.linear, keras.activations.softmax)


def _gives_probabilities(network: keras.Model, side: int) -> bool:
    last = [layer for layer in layers_of(network) if not isinstance(layer, keras.Model)][-1]
    if getattr(last, "activation", None) is keras.activations.sigmoid:
        return True
    given = np.asarray(network(golden_pictures(_spec(side, "0..1")).astype(np.float32) / 255, training=False))
    return bool((given >= 0).all() and np.allclose(given.sum(axis=1), 1, atol=1e-3))


def _photographs(
    check: Path, classes: Sequence[ClassInfo], side: int, skip_unreadable: bool
) -> tuple[list[Photo], NDArray[np.int64], dict[str, int]]:
    """Some of each class, the class of each, and how many were taken, could not be read, and were passed over."""
    keys = [each.key for each in classes]
    opened, truth = [], []
    counts = dict.fromkeys(keys, 0)
    refused: dict[str, PhotoRefused] = {}
    found = read_data(check, classes)
    refuse_unknown(found.photos, classes)
    for photo in found.photos:
        if counts.get(photo.label, _MOST) >= _MOST:  # of strangers, too, where the model has no class for them
            continue
        try:
            opened.append(open_photo(photo.path.read_bytes(), Limits(cover=2 * side, min_side=32)))
        except PhotoRefused as error:
            refused[str(photo.path)] = error
            continue
        counts[photo.label] += 1
        truth.append(keys.index(photo.label))
    if refused and not skip_unreadable:
        raise unreadable(refused)
    missing = [key for key, count in counts.items() if not count]
    if missing:
        names = ", ".join(missing)
        raise ModelRefused("check_incomplete", es=f"En {check} faltan fotografías de: {names}. Hacen falta de cada clase.",
                           en=f"{check} has no photographs of: {names}. Some of each class are needed.")  # fmt: skip
    taken = {"photographs": len(opened), "unreadable": len(refused), "passed_over": len(found.passed_over)}
    return opened, np.array(truth), taken


def _asked(serving: keras.Model, photos: Sequence[Photo], truth: NDArray[np.int64], spec: InputSpec) -> _Check:
    batches = [photos[start : start + 32] for start in range(0, len(photos), 32)]
    logits = [
        as_list(serving(np.concatenate([scaled(prepare(photo, spec), spec) for photo in batch]), training=False))[0]
        for batch in batches
    ]
    return _Check(truth, np.concatenate([np.asarray(part) for part in logits]))


def _proved(evidence: _Check | None, classes: Sequence[ClassInfo], labels: Path, unknown: list[str]) -> bool | None:
    if evidence is None:
        unknown.append("the order of the classes: no photographs proved it (--check)")
        return None
    order = evidence.order(len(classes))
    if order.finding == "contradicted":
        given = ", ".join(each.key for each in classes)
        best = ", ".join(classes[index].key for index in order.best)
        raise ModelRefused(
            "labels_order",
            es=f"{labels.name} dice: {given}. Las fotografías prueban otro orden: {best}. Corrija {labels.name}.",
            en=f"{labels.name} says: {given}. The photographs prove another order: {best}. Correct {labels.name}.",
        )
    if order.finding == "unproved":
        unknown.append("the order of the classes: the photographs given do not settle it; give more (--check)")
        return None
    return True


def _policy(evidence: _Check | None, classes: tuple[ClassInfo, ...], unknown: list[str]) -> Policy:
    """Thresholds from the photographs given; without them, or with too few, everything goes to a person."""
    if evidence is None:
        unknown.append("thresholds: without labelled photographs every answer is review (--check)")
        return Policy()
    temperature = fit_temperature(evidence.logits, evidence.truth)
    probabilities = softmax(evidence.logits / temperature)
    own = np.array([classes[index].product is not None for index in evidence.truth])
    unfit = np.array([classes[index].condition == "unfit" for index in evidence.truth])
    values = np.array([probability_unfit(each, classes) for each in probabilities])
    policy = Policy(temperature=temperature)
    low, high = conformal_thresholds(values[own], unfit[own], policy.alpha, policy.beta)
    unknown.append(
        "whether the photographs that set the thresholds were trained on; if so, the thresholds are too bold"
    )
    return Policy(temperature=temperature, fit_below=low, unfit_above=high)
