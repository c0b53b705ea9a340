"""A foreign Keras model → a bundle that serves it as it was trained, and says what nobody could know of it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...core.calibration import answer_thresholds, fit_temperature
from ...core.classes import ClassInfo
from ...core.errors import ModelRefused, PhotoRefused
from ...core.input import InputSpec
from ...core.photo import Limits, Photo, open_photo
from ...core.policy import Policy
from ...core.verdict import probability_unfit, softmax
from ...core.version import __version__
from ...model.bundle import GOLDEN, MODEL_H5, MODEL_TFLITE, Bundle, write_bundle
from ...model.runtime import golden_file, prepare, scaled
from ..converted import Converted, within_agreement
from ..data import read_data, refuse_unknown, unreadable
from ..labels import Meanings, Order, prove_order, read_labels
from .confined import converted
from .scaling import SCALINGS, input_spec

_MOST = 60  # photographs of each class that prove an order
_TELL_SCALING = 12  # of these, how many tell the scaling


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
        scaling: one of `SCALINGS`; None: none where the model scales inside, else what ``check`` proves, else 0..1 with
            a warning among what is unknown.
        check: labelled photographs (see `read_data`) that prove order and scaling, and calibrate; names as in
            ``labels`` are understood too.
        product, fit, unfit: what lines of ``labels`` do not say themselves, see `labels.Meanings`.
        skip_unreadable: go on without the photographs of ``check`` that cannot be read; the bundle says how many.

    Raises:
        ModelRefused: what `converted` and `read_labels` raise, ``labels_count``, ``labels_order``, ``scaling_unknown``,
            ``check_incomplete`` or ``runtimes_disagree``.
        ImportError: TensorFlow or tf-keras is not installed.
    """
    classes = read_labels(labels, Meanings(product, fit, unfit))
    if scaling is not None and scaling not in SCALINGS:
        known = ", ".join(SCALINGS)
        raise ModelRefused("scaling_unknown", es=f"La escala {scaling} no existe; use una de {known}.",
                           en=f"There is no scaling {scaling}; use one of {known}.")  # fmt: skip
    model = converted(h5, input_size, scaling)
    if model.classes != len(classes):
        raise _wrong_count(labels, len(classes), model)
    height, width, channels = model.shape
    specs = {name: input_spec(width, height, channels, name) for name in model.golden}
    chosen = next(iter(specs))
    unknown = _unknown_of(model, classes)
    evidence = None
    checked: dict[str, int] = {}
    if check is not None:
        photos, truth, checked = _photographs(check, classes, max(width, height), skip_unreadable)
        chosen = _told_scaling(model.tflite, photos, truth, specs, len(classes))
        evidence = _asked(model.tflite, photos, truth, specs[chosen])
    elif len(specs) > 1:
        unknown.append("scaling: the model does not scale its input; 0..1 was assumed (--scaling, or --check, decides)")
    within_agreement(model.differences[chosen])
    proved = _proved(evidence, classes, labels, unknown)
    policy = _policy(evidence, classes, unknown)
    unknown += ["scope: nothing is known of what is out of distribution", "training data, its groups and its figures"]
    golden = iter(model.golden[chosen])
    keys = tuple(each.key for each in classes)
    files = {
        MODEL_H5: model.h5,
        MODEL_TFLITE: model.tflite,
        GOLDEN: golden_file(specs[chosen], keys, lambda _: next(golden)),
    }
    return write_bundle(
        out,
        files,
        name=h5.absolute().stem,
        version="packed",
        created=datetime.now(UTC).date().isoformat(),
        input=specs[chosen],
        classes=classes,
        policy=policy,
        labels_proved=proved,
        training={},
        metrics={},
        origin={
            "file": h5.name,
            "keras": model.keras,
            "scaling": chosen,
            "program": __version__,
            "check": checked,
            "unknown": unknown,
        },
    )


def _wrong_count(labels: Path, count: int, model: Converted) -> ModelRefused:
    one = model.says in ("logit", "sigmoid")
    return ModelRefused(
        "labels_count",
        es=f"{labels.name} tiene {count} clases y el modelo da {model.classes}"
        + (" (una salida que distingue dos)" if one else "") + ". Deben ser las mismas.",
        en=f"{labels.name} has {count} classes and the model gives {model.classes}"
        + (" (one output that tells two apart)" if one else "") + ". They must be the same.",
    )  # fmt: skip


def _unknown_of(model: Converted, classes: Sequence[ClassInfo]) -> list[str]:
    """What the model's shape leaves to be believed."""
    why = "the model does not pool before one dense layer" if model.keras else "a SavedModel carries only its graph"
    unknown = [] if model.gives_map else [f"no activation map: {why}"]
    if model.says in ("logit", "sigmoid"):
        kind = "sigmoid" if model.says == "sigmoid" else "one output without sigmoid, taken for a logit"
        second = (
            f"its probability is taken for the second label, {classes[1].key}, as image_dataset_from_directory orders"
        )
        unknown.append(f"{kind}: {second}")
    if model.says == "sigmoids":
        unknown.append("independent sigmoids: each is divided by their sum to give probabilities")
    return unknown


def _told_scaling(
    tflite: bytes, photos: Sequence[Photo], truth: NDArray[np.int64], specs: dict[str, InputSpec], classes: int
) -> str:
    if len(specs) == 1:
        return next(iter(specs))
    rows = np.concatenate([np.flatnonzero(truth == each)[:_TELL_SCALING] for each in range(classes)])
    some = [photos[row] for row in rows]
    found = {name: _asked(tflite, some, truth[rows], spec) for name, spec in specs.items()}
    return max(found, key=lambda name: found[name].agreement(classes))


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
        if counts.get(photo.label, _MOST) >= _MOST:  # of other things, too, where the model has no class for them
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
                           en=f"{check} has no photographs of: {names}. Each class needs some.")  # fmt: skip
    taken = {"photographs": len(opened), "unreadable": len(refused), "passed_over": len(found.passed_over)}
    return opened, np.array(truth), taken


def _asked(tflite: bytes, photos: Sequence[Photo], truth: NDArray[np.int64], spec: InputSpec) -> _Check:
    from ai_edge_litert.interpreter import Interpreter

    run = Interpreter(model_content=tflite, num_threads=os.cpu_count()).get_signature_runner()
    logits = [run(pixels=scaled(prepare(photo, spec), spec))["logits"][0] for photo in photos]
    return _Check(truth, np.stack(logits))


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
            en=f"{labels.name} says: {given}. The photographs show a different order: {best}. Correct {labels.name}.",
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
    low, high = answer_thresholds(values[own], unfit[own], policy.alpha, policy.beta)
    unknown.append(
        "whether the photographs that set the thresholds were trained on; if so, the thresholds are too bold"
    )
    return Policy(temperature=temperature, fit_below=low, unfit_above=high)
