"""Figures of merit with confidence intervals: numbers from arrays, no photographs and no models."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.intervals import wilson
from ..core.verdict import FORCED_AT

FIGURES = ("condition_accuracy", "class_accuracy", "escape_rate", "overkill_rate", "review_share", "calibration_error")
"""What tables show of `describe`, in their order."""

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Judged:
    """What a model and its policy said of N labelled photographs, as arrays of length N.

    Attributes:
        labels: true class keys; predicted: most probable class among those with a product.
        p_unfit: calibrated; ood_score: out-of-distribution score (NaN where there is none).
        answers: ``fit``, ``unfit`` or ``review``.
        in_scope: whether the true class is one of the model's products.
    """

    labels: NDArray[np.str_]
    sources: NDArray[np.str_]
    groups: NDArray[np.str_]
    predicted: NDArray[np.str_]
    p_unfit: NDArray[np.float64]
    ood_score: NDArray[np.float64]
    answers: NDArray[np.str_]
    in_scope: Bools

    def where(self, mask: Bools) -> "Judged":
        """The photographs in ``mask``."""
        return Judged(**{name: value[mask] for name, value in vars(self).items()})

    @property
    def unfit(self) -> Bools:
        """Whether each photograph's label says unfit."""
        return np.char.endswith(self.labels, "_unfit")


def proportion(hits: int, of: int) -> dict[str, Any]:
    """A share with its 95 % Wilson interval: ``{"share", "low", "high", "n"}``; None where nothing was counted."""
    if of == 0:
        return {"share": None, "low": None, "high": None, "n": 0}
    low, high = wilson(hits, of)
    return {"share": round(hits / of, 5), "low": round(low, 5), "high": round(high, 5), "n": of}


def describe(judged: Judged) -> dict[str, Any]:
    """The figures of one set: forced accuracy, and with the policy escapes, overkills and reviews.

    The escape rate is escapes over **all** unfit photographs, the overkill rate overkill over all fit ones, those sent to
    review included: what `conformal_thresholds` promises, and what a lot's share of unfit fruit is corrected for.
    """
    own = judged.where(judged.in_scope)
    unfit, reviewed = own.unfit, own.answers == "review"
    forced_unfit = own.p_unfit >= FORCED_AT
    return {
        "condition_accuracy": proportion(int((forced_unfit == unfit).sum()), len(unfit)),
        "class_accuracy": proportion(int((own.predicted == own.labels).sum()), len(unfit)),
        "escape_rate": proportion(int((unfit & (own.answers == "fit")).sum()), int(unfit.sum())),
        "overkill_rate": proportion(int((~unfit & (own.answers == "unfit")).sum()), int((~unfit).sum())),
        "review_share": proportion(int(reviewed.sum()), len(reviewed)),
        "roc_auc": with_interval(lambda part: roc_auc(part.p_unfit, part.unfit), own),
        "calibration_error": with_interval(lambda part: calibration_error(part.p_unfit, part.unfit), own),
        "ood_reviewed": proportion(
            int((judged.answers[~judged.in_scope] == "review").sum()), int((~judged.in_scope).sum())
        ),
    }


def all_figures(judged: Judged) -> dict[str, Any]:
    """`describe` of everything, of each source and of each class, and how well what is out of distribution is told apart."""
    areas = {
        source: with_interval(
            lambda part: roc_auc(part.ood_score, ~part.in_scope),
            judged.where(judged.in_scope | (judged.sources == source)),
        )
        for source in np.unique(judged.sources[~judged.in_scope]).tolist()
    }
    return {
        "all": describe(judged),
        "sources": {name: describe(judged.where(judged.sources == name)) for name in _names(judged.sources)},
        "classes": {name: describe(judged.where(judged.labels == name)) for name in _names(judged.labels)},
        "ood_auc": areas,
    }


def confusion(judged: Judged, keys: Sequence[str]) -> NDArray[np.int64]:
    """Counts (K, K): true class down, the most probable class across; only photographs in scope."""
    own = judged.where(judged.in_scope)
    return np.array([[int(((own.labels == t) & (own.predicted == p)).sum()) for p in keys] for t in keys], np.int64)


def roc_auc(scores: Floats, positive: Bools) -> float:
    """Area under the ROC curve by ranks, ties counted half; NaN without both kinds."""
    count = int(positive.sum())
    others = len(positive) - count
    if not count or not others or np.isnan(scores).any():
        return float("nan")
    _, place, times = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(times) - (times - 1) / 2)[place]
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * others))


def roc_curve(scores: Floats, positive: Bools) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """False and true positive rates, each from 0 to 1, as the threshold falls."""
    order = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    true, false = np.cumsum(positive[order])[last], np.cumsum(~positive[order])[last]
    return np.append(0, false / max(1, false[-1])), np.append(0, true / max(1, true[-1]))


def reliability(p_unfit: Floats, unfit: Bools, bins: int = 15) -> list[tuple[float, float, int]]:
    """Bins of equal mass: (mean probability, share that is unfit, count)."""
    order = np.argsort(p_unfit, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return [(float(p_unfit[part].mean()), float(unfit[part].mean()), len(part)) for part in parts]


def calibration_error(p_unfit: Floats, unfit: Bools) -> float:
    """Expected calibration error of the probability of unfit over 15 bins of equal mass (Naeini et al. 2015)."""
    if not len(p_unfit):
        return float("nan")
    return sum(abs(mean - share) * count for mean, share, count in reliability(p_unfit, unfit)) / len(p_unfit)


def risk_coverage(p_unfit: Floats, unfit: Bools) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coverage and error rate when the least certain photographs are reviewed first (El-Yaniv and Wiener 2010)."""
    order = np.argsort(-np.abs(p_unfit - FORCED_AT), kind="stable")
    wrong = np.cumsum((p_unfit[order] >= FORCED_AT) != unfit[order])
    answered = np.arange(1, len(order) + 1)
    return answered / max(1, len(order)), wrong / answered


def with_interval(figure: Callable[[Judged], float], judged: Judged, draws: int = 200) -> dict[str, Any]:
    """A figure with its 95 % percentile interval over bootstrap draws of whole groups (seeded)."""
    value = figure(judged)
    if np.isnan(value):
        return {"value": None, "low": None, "high": None, "n": len(judged.labels)}
    names, place = np.unique(judged.groups, return_inverse=True)
    members = np.split(np.argsort(place, kind="stable"), np.cumsum(np.bincount(place))[:-1])
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(draws):
        chosen = np.concatenate([members[index] for index in rng.integers(0, len(names), len(names))])
        drawn.append(figure(Judged(**{name: array[chosen] for name, array in vars(judged).items()})))
    low, high = np.nanquantile(drawn, (0.025, 0.975))
    return {"value": round(value, 5), "low": round(float(low), 5), "high": round(float(high), 5), "n": len(place)}


def cell(figure: Mapping[str, Any], percent: bool = True) -> str:
    """A figure and its interval as text; a dot where nothing was counted."""
    value = figure.get("share", figure.get("value"))
    if value is None:
        return "·"
    scale, unit, digits = (100, " %", 1) if percent else (1, "", 3)
    low, high = figure["low"] * scale, figure["high"] * scale
    return f"{value * scale:.{digits}f}{unit} ({low:.{digits}f} – {high:.{digits}f})"


def _names(values: NDArray[np.str_]) -> list[str]:
    return [str(name) for name in np.unique(values)]
