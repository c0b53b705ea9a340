"""From predictions on photographs a model never saw to its policy: temperature, thresholds, scope."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..calibration import conformal_thresholds, fit_scope, fit_temperature
from ..model.bundle import ClassInfo, Policy
from ..verdict import other_log_odds, probability_unfit, softmax
from .data import LabelledPhoto
from .held_out import Predictions

_UNKNOWN = 5.0  # how many times a rate may grow on a camera the model never saw


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
        left_out: (M) predictions by models that never saw the photograph's source, for ``left_out_rows``.
        alpha, beta: escape and overkill rates. The thresholds keep them on known cameras; `unknown_camera` moves them
            outwards so that on the sources left out each rate grows to no more than ``_UNKNOWN`` times that.
    """
    keys = [each.key for each in classes]
    labels = np.array([keys.index(photo.label) for photo in photos])
    temperature = fit_temperature(
        np.concatenate([seen.logits, left_out.logits]), np.concatenate([labels, labels[left_out_rows]])
    )
    policy = Policy(temperature=temperature, alpha=alpha, beta=beta)
    p_seen = softmax(seen.logits / temperature)
    p_out = softmax(left_out.logits / temperature)
    inside = np.array([classes[label].product is not None for label in labels])
    unfit = np.array([classes[label].condition == "unfit" for label in labels])
    sources = [photo.source for photo in photos]

    def thresholds(p: NDArray[np.float64], rows: NDArray[np.int64], a: float, b: float) -> tuple[float, float]:
        own = inside[rows]
        values = np.array([probability_unfit(each, classes) for each in p[own]])
        return conformal_thresholds(values, unfit[rows][own], a, b, [sources[row] for row in rows[own]])

    low, high = thresholds(p_seen, np.arange(len(photos)), alpha, beta)
    if len(left_out_rows):
        far_low, far_high = thresholds(p_out, left_out_rows, _UNKNOWN * alpha, _UNKNOWN * beta)
        low = min(low, far_low) if far_low >= 0 else low
        high = max(high, far_high) if far_high <= 1 else high
    odds = np.array([other_log_odds(each, classes) for each in p_seen])
    has_strangers = bool((~inside).any())
    scope = fit_scope(
        seen.embeddings[inside],
        labels[inside],
        seen.embeddings[inside],
        odds[inside],
        seen.embeddings[~inside] if has_strangers else None,
        odds[~inside] if has_strangers else None,
    )
    return replace(policy, fit_below=low, unfit_above=high, scope=scope)
