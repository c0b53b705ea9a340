"""Measure a model on labelled photographs. Needs no TensorFlow: it asks the model as serving does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.classes import ClassInfo
from ..core.errors import DataRefused, PhotoRefused
from ..core.photo import open_photo
from ..core.policy import Policy
from ..core.verdict import Verdict
from ..i18n import say
from ..model.bundle import Bundle
from ..model.inspector import inspect
from ..model.runtime import Model
from .data import LabelledPhoto, limits_as_served, refuse_unknown, unreadable
from .figures import Judged, all_figures, confusion
from .out_of_fold import OutOfFold


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a model said of each photograph that could be read, and which could not, with the reason.

    ``held_out`` counts the photographs that were trained on, whose verdict is by a model trained without them;
    ``left_out`` those that the network of a calibrated model was trained on or its calibration was fitted to, which do
    not count; ``passed_over`` names the files beside them.
    """

    bundle: Bundle
    photos: Sequence[LabelledPhoto]
    verdicts: Sequence[Verdict]
    judged: Judged
    refused: dict[str, PhotoRefused] = field(default_factory=dict)
    held_out: int = 0
    left_out: int = 0
    passed_over: Sequence[str] = ()


def evaluate(
    photos: Sequence[LabelledPhoto],
    model: Model,
    *,
    unknown_cameras: bool = False,
    skip_unreadable: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Judge every photograph.

    A photograph that the model was trained on (known by its hash) is not judged again, that would measure memory: its
    verdict is the one of a model that was trained without it, which the bundle keeps. Of a calibrated model there is no
    such verdict, since what the bundle keeps is the original's: what it was trained on or fitted to is left out, and all
    others are judged by one and the same model.

    Args:
        unknown_cameras: for photographs trained on, take the verdicts of models that never saw their whole source; and
            leave out the others.
        skip_unreadable: go on without the photographs that cannot be read; they are counted.

    Raises:
        DataRefused: ``data_classes_unknown``; ``unknown_cameras_calibrated``; ``photos_unreadable``, naming all of them;
            or ``nothing_in_scope``, when not one photograph of the model's products is left.
    """
    refuse_unknown(photos, model.bundle.classes)
    kept, calibration = OutOfFold.read(model.bundle), model.calibration
    if calibration is not None and unknown_cameras:
        raise _fitted(model.bundle)
    held_out = kept.verdicts(model.bundle, unknown_cameras) if kept and calibration is None else {}
    seen = {*(kept.hashes if kept else ()), *calibration.fitted_to} if calibration is not None else set()
    limits = limits_as_served(model)
    read, verdicts, refused, known, left_out = [], [], {}, 0, 0
    for done, photo in enumerate(photos, 1):
        try:
            opened = open_photo(photo.path.read_bytes(), limits)
        except PhotoRefused as error:
            refused[str(photo.path)] = error
        else:
            verdict = held_out.get(opened.sha256)
            known += verdict is not None
            left_out += opened.sha256 in seen
            wanted = (verdict is not None or not unknown_cameras) and opened.sha256 not in seen
            if wanted and (skip_unreadable or not refused):  # else only opened, so that all refused are named at once
                read.append(photo)
                verdicts.append(verdict or inspect(opened, model))
        if progress is not None:
            progress(done, len(photos))
    if refused and not skip_unreadable:
        raise unreadable(refused)
    judged = judged_from(read, verdicts, model.bundle.classes)
    if not judged.in_scope.any():
        raise _nothing(model.bundle, left_out)
    return Evaluation(model.bundle, read, verdicts, judged, refused, known, left_out)


def _fitted(bundle: Bundle) -> DataRefused:
    return DataRefused(
        "unknown_cameras_calibrated",
        es=f"{bundle.name} {bundle.version} está ajustado a una línea, y no guarda qué diría sin conocer cada cámara. "
        "Mídalo sin --unknown-cameras, o mida con esa opción el modelo original.",
        en=f"{bundle.name} {bundle.version} is fitted to a line, and does not keep what it would say without having seen each "
        "camera. Measure it without --unknown-cameras, or measure the original model with that option.",
    )


def _nothing(bundle: Bundle, left_out: int) -> DataRefused:
    known = ", ".join(each.key for each in bundle.classes if each.product)
    return DataRefused(
        "nothing_in_scope",
        es=f"No queda ninguna fotografía de lo que el modelo conoce ({known}): no hay nada que medir. Añada algunas."
        + (f" {say('es', 'left_out', count=left_out)}" if left_out else ""),
        en=f"No photographs of what the model knows ({known}) are left: there is nothing to measure. Add some."
        + (f" {say('en', 'left_out', count=left_out)}" if left_out else ""),
    )


def judged_from(photos: Sequence[LabelledPhoto], verdicts: Sequence[Verdict], classes: tuple[ClassInfo, ...]) -> Judged:
    """Labels and verdicts as arrays."""
    known = [each.key for each in classes if each.product is not None]
    labels = np.array([photo.label for photo in photos], np.str_)  # the kind is named: there may be none
    return Judged(
        labels=labels,
        sources=np.array([photo.source for photo in photos], np.str_),
        groups=np.array([photo.group for photo in photos], np.str_),
        predicted=np.array([max(known, key=lambda key: verdict.probabilities[key]) for verdict in verdicts], np.str_),
        p_unfit=np.array([verdict.probability_unfit for verdict in verdicts], np.float64),
        ood_score=np.array(
            [np.nan if verdict.ood_score is None else verdict.ood_score for verdict in verdicts], np.float64
        ),
        answers=np.array([verdict.answer for verdict in verdicts], np.str_),
        in_scope=np.isin(labels, known),
    )


def held_out_figures(
    photos: Sequence[LabelledPhoto], kept: OutOfFold, classes: tuple[ClassInfo, ...], policy: Policy
) -> dict[str, Any]:
    """The metrics of a bundle, from what models that did not see the photographs say of them under a policy.

    Args:
        photos: those of ``kept.hashes``, in that order.
    """
    metrics = {"known_cameras": all_figures(judged_from(photos, kept.known.verdicts(classes, policy), classes))}
    if len(kept.rows):
        own = [photos[row] for row in kept.rows]
        metrics["unknown_cameras"] = all_figures(judged_from(own, kept.unknown.verdicts(classes, policy), classes))
    return metrics


def figures(evaluation: Evaluation) -> dict[str, Any]:
    """Every figure of an evaluation, ready for JSON."""
    known = [each.key for each in evaluation.bundle.classes if each.product is not None]
    return {
        "model": {
            "name": evaluation.bundle.name,
            "version": evaluation.bundle.version,
            "digest": evaluation.bundle.digest,
        },
        "photographs": len(evaluation.photos),
        "held_out": evaluation.held_out,
        "left_out": evaluation.left_out,
        "refused": {path: error.code for path, error in evaluation.refused.items()},
        "passed_over": len(evaluation.passed_over),
        **all_figures(evaluation.judged),
        "confusion": {"classes": known, "counts": confusion(evaluation.judged, known).tolist()},
    }
