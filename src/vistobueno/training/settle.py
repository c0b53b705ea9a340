"""From predictions on photographs a model never saw to its policy: temperature, thresholds, scope, photo quality."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..core.calibration import (
    answer_thresholds,
    conformal_thresholds,
    fit_doubt,
    fit_temperature,
    temperatures_at,
    weigh_scope,
)
from ..core.classes import ClassInfo
from ..core.photo import Limits, open_photo
from ..core.policy import Policy
from ..core.verdict import other_log_odds, probability_unfit, softmax
from .data import LabelledPhoto
from .out_of_fold import Predictions

_PATIENCE = 0.12  # most of the products, on known cameras, that may be reviewed for the sake of unknown ones
_FAMILIAR = 0.99  # share of the products, on known cameras, whose temperature does not grow with their distance
MEASURED = Limits(max_bytes=100_000_000, min_side=32)
_POORER = 0.5  # a photograph is poor when it is this much poorer than every one the model was trained on


def settle_policy(
    seen: Predictions,
    left_out: Predictions,
    left_out_rows: NDArray[np.int64],
    photos: Sequence[LabelledPhoto],
    classes: tuple[ClassInfo, ...],
    alpha: float,
    beta: float,
) -> Policy:
    """Set the policy on held-out predictions.

    Args:
        seen: (N) predictions, each by a model that had no photograph of the same group; the cameras were known to it.
        left_out: (M) predictions by models that never saw the photograph's source, for ``left_out_rows``; see
            `crossfit.fair`.
        alpha, beta: escape and overkill rates. The thresholds keep them on average over the known cameras, approximately,
            since the models that predict here were trained on less than the one that ships. They are moved outwards so
            that the sources left out keep them on average too, as far as people on known cameras have the patience for,
            which goes to escapes first, and to overkill what is left; where they are too few to hold a rate, none of them may
            break it. They are not kept within each source: with a hundred groups that is to obey the one photograph
            whose label is most in doubt, and people would look at four times as many. No answer contradicts the more
            probable condition. A group counts once, however many its photographs.
    """
    keys = [each.key for each in classes]
    labels = np.array([keys.index(photo.label) for photo in photos])
    inside = np.array([classes[label].product is not None for label in labels])
    unfit = np.array([classes[label].condition == "unfit" for label in labels])
    groups = np.array([photo.group for photo in photos])
    signs = np.array([[d, other_log_odds(z, classes)] for z, d in zip(seen.logits, seen.distances, strict=True)])
    policy = Policy(
        temperature=fit_temperature(seen.logits, labels),
        familiar=float(np.quantile(seen.distances[inside], _FAMILIAR)),
        alpha=alpha,
        beta=beta,
        scope=weigh_scope(signs[inside], signs[~inside]),
    )
    policy = replace(policy, doubt=_doubt(seen, left_out, left_out_rows, labels, inside, policy))

    def unfit_of(part: Predictions, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        p = softmax(part.logits / temperatures_at(part.distances, policy)[:, None])
        return np.array([probability_unfit(each, classes) for each in p[inside[rows]]])

    everyone = np.flatnonzero(inside)
    p = unfit_of(seen, np.arange(len(photos)))
    low, high = answer_thresholds(p, unfit[everyone], alpha, beta, groups=groups[everyone].tolist())
    own = left_out_rows[inside[left_out_rows]]
    if len(own):
        far = unfit_of(left_out, left_out_rows)
        many, few = (len(np.unique(groups[own[unfit[own] == each]])) for each in (True, False))
        far_low, far_high = conformal_thresholds(
            far,
            unfit[own],
            max(alpha, 1 / (many + 1)),
            max(beta, 1 / (few + 1)),
            groups=groups[own].tolist(),
        )
        low = -_patient(-p, -high, -low, -far_low, _PATIENCE) if far_low >= 0 else low
        high = _patient(p, low, high, far_high, _PATIENCE) if far_high <= 1 else high
    return replace(policy, fit_below=low, unfit_above=high)


def _patient(p: NDArray[np.float64], low: float, high: float, wanted: float, patience: float) -> float:
    """``high`` raised towards ``wanted`` while no more than ``patience`` of the photographs fall between it and ``low``."""
    room = int(patience * len(p)) - int(((p > low) & (p < high)).sum())
    above = np.sort(p[p >= high])
    if room <= 0 or wanted <= high:
        return high
    return float(min(wanted, above[room])) if room < len(above) else wanted


def with_quality(policy: Policy, photos: Sequence[LabelledPhoto]) -> Policy:
    """Set what a photograph must reach: no worse than half as good as the worst that the model was trained on."""
    opened = (open_photo(photo.path.read_bytes(), MEASURED) for photo in photos)
    measured = np.array([(photo.sharpness, photo.brightness, photo.clipped) for photo in opened])
    (sharpness, darkest, _), (_, brightest, clipped) = measured.min(axis=0), measured.max(axis=0)
    return replace(
        policy,
        min_sharpness=float(_POORER * sharpness),
        min_brightness=float(_POORER * darkest),
        max_brightness=float(1 - _POORER * (1 - brightest)),
        max_clipped=float(1 - _POORER * (1 - clipped)),
    )


def _doubt(
    seen: Predictions,
    left_out: Predictions,
    rows: NDArray[np.int64],
    labels: NDArray[np.int64],
    inside: NDArray[np.bool_],
    policy: Policy,
) -> float:
    """`fit_doubt` on the products of the sources left out; without any, no doubt is known."""
    own = inside[rows]
    if not own.any():
        return 0.0
    return fit_doubt(left_out.logits[own], labels[rows][own], left_out.distances[own], policy)
