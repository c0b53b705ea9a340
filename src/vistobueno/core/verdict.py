"""Scores → verdict: calibration, scope, thresholds, the three answers. Pure numpy; one photograph at a time.

How the numbers that it uses are set is `vistobueno.core.calibration`'s matter.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .classes import ClassInfo
from .photo import Photo
from .policy import Policy, Scope

Answer = Literal["fit", "unfit", "review"]
Condition = Literal["fit", "unfit"]
Reason = Literal["uncertain", "out_of_scope", "poor_photo"]
Floats = NDArray[np.floating]
OUT_OF_SCOPE: Reason = "out_of_scope"
FORCED_AT = 0.5  # probability of unfit from which an answer without review would be unfit


@dataclass(frozen=True)
class Verdict:
    """The answer to one photograph.

    Attributes:
        answer: ``fit``, ``unfit``, or ``review``: a person must look.
        reasons: why a person must look; empty unless the answer is ``review``.
        forced: the answer if a review were not possible; for evaluation, never for a consignment.
        product: the most probable product, also where none is recognised; see `recognised_product`.
        class_key: the most probable class of that product in the ``forced`` condition, where it has one.
        probability_unfit: calibrated, given that the photograph shows one of the products.
        probabilities: calibrated, by class key; they sum to 1.
        ood_score: how far out of distribution it looks, and ``ood_threshold`` what that may be; None when the model has no
            scope, or gives no number.
        activation: (h, w) evidence for ``class_key`` on the photograph, from the same pass; None when there is none.
    """

    answer: Answer
    reasons: tuple[Reason, ...]
    forced: Condition
    product: str
    class_key: str
    probability_unfit: float
    probabilities: Mapping[str, float]
    ood_score: float | None = None
    ood_threshold: float | None = None
    activation: NDArray[np.float32] | None = field(default=None, repr=False, compare=False, metadata={"kept": False})

    @property
    def recognised_product(self) -> str | None:
        """What it counts as."""
        return recognised(self.product, self.reasons)


def recognised(product: str, reasons: Collection[str]) -> str | None:
    """The product that a photograph counts as wherever products are counted; None where it is out of scope.

    A hand is no banana, although banana is what it resembles most.
    """
    return None if OUT_OF_SCOPE in reasons else product


def judge(
    logits: Floats,
    embedding: Floats | None,
    photo: Photo | None,
    classes: tuple[ClassInfo, ...],
    policy: Policy,
    distance: float | None = None,
) -> Verdict:
    """Judge one photograph from the model's scores.

    Args:
        logits: (K,), in the order of ``classes``.
        embedding: (D,), or None when the model gives none; scope is then not judged.
        photo: its measurements are judged; None skips that.
        distance: the `scope_distance` where it is known already; else it is computed from ``embedding``.
    """
    if distance is None and policy.scope is not None and embedding is not None:
        distance = scope_distance(embedding, policy.scope)
    known = bool(np.isfinite(logits).all())  # a model that gives no number knows nothing: never an answer
    evidence = np.asarray(logits, np.float64) if known else np.zeros(len(classes))
    probabilities = softmax(evidence / temperature_at(distance, policy))
    unfit = probability_unfit(probabilities, classes)
    best = most_probable_product(probabilities, classes)
    forced: Condition = "unfit" if unfit >= FORCED_AT else "fit"
    of_product = [index for index, each in enumerate(classes) if each.product == best and each.condition == forced]
    chosen = of_product or [index for index, each in enumerate(classes) if each.product == best]
    score = ood_score(logits, distance, classes, policy.scope)
    reasons: list[Reason] = []
    if photo is not None and is_poor(photo, policy):
        reasons.append("poor_photo")
    beyond = policy.scope is not None and score is not None and not score <= policy.scope.threshold
    told = score if score is not None and np.isfinite(score) else None  # no number is no score, and no JSON
    if beyond or classes[int(np.argmax(probabilities))].product is None:
        reasons.append(OUT_OF_SCOPE)
    if not known or policy.fit_below < unfit < policy.unfit_above:
        reasons.append("uncertain")
    answer: Answer = "review" if reasons else "fit" if unfit <= policy.fit_below else "unfit"
    return Verdict(
        answer=answer,
        reasons=tuple(reasons),
        forced=forced,
        product=best,
        class_key=classes[max(chosen, key=lambda index: probabilities[index])].key,
        probability_unfit=unfit,
        probabilities={each.key: float(value) for each, value in zip(classes, probabilities, strict=True)},
        ood_score=told,
        ood_threshold=policy.scope.threshold if policy.scope is not None and told is not None else None,
    )


def softmax(logits: Floats) -> NDArray[np.float64]:
    """Softmax over the last axis, in double precision."""
    shifted = np.asarray(logits, np.float64)
    shifted = np.exp(shifted - shifted.max(axis=-1, keepdims=True))
    result: NDArray[np.float64] = shifted / shifted.sum(axis=-1, keepdims=True)
    return result


def temperature_at(distance: float | None, policy: Policy) -> float:
    """The temperature for a photograph at this distance; it grows at most hundredfold."""
    if distance is None or not policy.doubt:
        return policy.temperature
    growth = policy.doubt * max(0.0, distance - policy.familiar)
    return policy.temperature * float(np.exp(min(growth, np.log(100.0))))


def probability_unfit(probabilities: Floats, classes: tuple[ClassInfo, ...]) -> float:
    """Probability of unfit among the classes that have a product."""
    unfit = sum(float(p) for p, each in zip(probabilities, classes, strict=True) if each.condition == "unfit")
    fit = sum(float(p) for p, each in zip(probabilities, classes, strict=True) if each.condition == "fit")
    return unfit / (unfit + fit) if unfit + fit > 0 else 0.5


def most_probable_product(probabilities: Floats, classes: tuple[ClassInfo, ...]) -> str:
    """The product whose classes together are the most probable."""
    totals: dict[str, float] = {}
    for value, each in zip(probabilities, classes, strict=True):
        if each.product is not None:
            totals[each.product] = totals.get(each.product, 0.0) + float(value)
    return max(totals, key=lambda product: totals[product])


def other_log_odds(logits: Floats, classes: tuple[ClassInfo, ...]) -> float:
    """Log-odds of the class without a product against all others, limited to ±12; 0 when the model has none."""
    products = [float(z) for z, each in zip(logits, classes, strict=True) if each.product is not None]
    others = [float(z) for z, each in zip(logits, classes, strict=True) if each.product is None]
    if not others or not products:
        return 0.0
    return float(np.clip(np.logaddexp.reduce(others) - np.logaddexp.reduce(products), -12.0, 12.0))


def scope_distance(embedding: Floats, scope: Scope) -> float:
    """Relative Mahalanobis distance of an embedding (D,) to the training classes (Ren et al. 2021); see `Scope`."""
    z = (np.asarray(embedding, np.float64) - scope.mean) @ scope.components
    near = ((z - scope.centres) ** 2).sum(axis=1).min()
    background = (((z - scope.background_mean) / scope.background_scale) ** 2).sum()
    return float(near - background)


def ood_score(
    logits: Floats, distance: float | None, classes: tuple[ClassInfo, ...], scope: Scope | None
) -> float | None:
    """How much a photograph looks like none of the products; None when the model cannot tell."""
    if scope is None or distance is None:
        return None
    bias, far, odds = (float(weight) for weight in scope.weights)
    return bias + far * distance + odds * other_log_odds(logits, classes)


def is_poor(photo: Photo, policy: Policy) -> bool:
    """Whether a photograph is too blurred, too dark, too bright or too clipped to be judged."""
    return (
        photo.sharpness < policy.min_sharpness
        or not policy.min_brightness <= photo.brightness <= policy.max_brightness
        or photo.clipped > policy.max_clipped
    )
