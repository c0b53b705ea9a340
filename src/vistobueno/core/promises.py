"""What a line's photographs can promise, and the thresholds that keep it: by group, as few people as that takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, erf

import numpy as np
from numpy.typing import NDArray

from .calibration import answer_thresholds

PATIENCE = 0.06  # share of a line's fruit that people may have to look at: thresholds that ask for more are given up
_WORST = (0.10, 0.15)  # escape and overkill rate beyond which nothing is promised for the sake of patience
_AIMED = 0.05  # share of it that they look at where the promise alone would ask for less


@dataclass(frozen=True)
class Promise:
    """A rate that a line's photographs can promise, approximately, for photographs like them.

    Attributes:
        rate: at most, of **all** fruit of that condition; 1 where nothing is promised.
        n: groups it rests on.
        more: further ones that a promise of ``wished`` would need at the least.
    """

    rate: float
    n: int
    wished: float
    more: int


def promised(n: int, wished: float) -> Promise:
    """What n groups of one condition can promise, each as likely to have been asked as another: no less than 1 / (n + 1)."""
    floor = 1 / (n + 1) if n else float("inf")
    return Promise(min(1.0, max(wished, floor)), n, wished, _more(wished, floor))


def line_thresholds(
    p: NDArray[np.float64],
    unfit: NDArray[np.bool_],
    groups: NDArray[np.generic],
    weights: NDArray[np.float64],
    wished: tuple[float, float],
) -> tuple[float, float, Promise, Promise]:
    """Thresholds for the smallest rates that a line's data can promise and its people can bear; see `commission`.

    Args:
        p: (N,) cross-fitted probability of unfit, of the products; unfit: (N,) the truth.
        groups, weights: (N,) as in `Examples`.
        wished: escape and overkill rate.

    Returns:
        ``fit_below``, ``unfit_above``, and what is promised of escapes and of overkill.
    """
    counts = counts_of(groups, weights)
    floors = [_floor(groups[side], weights[side]) for side in (unfit, ~unfit)]
    steps = [0, 0]

    def asked(step: Sequence[int]) -> tuple[float, float]:
        rates = [max(w, (1 + s) * f) for w, s, f in zip(wished, step, floors, strict=True)]
        return min(rates[0], 1.0), min(rates[1], 1.0)

    def band(step: Sequence[int]) -> tuple[float, float]:
        return answer_thresholds(p, unfit, *asked(step), groups=groups.tolist(), weights=weights)

    def reviewed(limits: tuple[float, float]) -> float:
        return float((counts * ((p > limits[0]) & (p < limits[1]))).sum() / counts.sum())

    limits = band(steps)
    while reviewed(limits) > PATIENCE:
        further = [[steps[0] + 1, steps[1]], [steps[0], steps[1] + 1]]
        bearable = [each for each in further if _bearable_rates(asked(each), asked(steps))]
        if not bearable:
            break
        steps = min(bearable, key=lambda each: (reviewed(band(each)), each[0]))  # rather overkill than escapes
        limits = band(steps)
    low, high = _widened(p, counts, limits)
    promises = [
        Promise(rate if np.isfinite(floor) else 1.0, len(np.unique(groups[side])), wish, _more(wish, floor))
        for rate, floor, wish, side in zip(asked(steps), floors, wished, (unfit, ~unfit), strict=True)
    ]
    return low, high, promises[0], promises[1]


def _bearable_rates(rates: tuple[float, float], before: tuple[float, float]) -> bool:
    """Whether rates are larger than before, and no larger than anybody should promise."""
    grown = [(rate, most) for rate, was, most in zip(rates, before, _WORST, strict=True) if rate > was]
    return bool(grown) and all(rate <= most for rate, most in grown)


def _floor(groups: NDArray[np.generic], weights: NDArray[np.float64]) -> float:
    """The smallest rate that these groups can promise; infinite without any."""
    if not len(groups):
        return float("inf")
    _, place = np.unique(groups, return_inverse=True)
    heaviest = np.zeros(place.max() + 1)
    np.maximum.at(heaviest, place, weights)
    return float(heaviest.max() / heaviest.mean() / (len(heaviest) + 1)) * (1 + 1e-9)


def _more(wished: float, floor: float) -> int:
    """How many further groups a promise of ``wished`` needs at the least."""
    have = 0 if not np.isfinite(floor) else round(1 / floor) - 1
    return max(0, ceil(1 / wished - 1e-9) - 1 - have)


def _widened(p: NDArray[np.float64], counts: NDArray[np.float64], limits: tuple[float, float]) -> tuple[float, float]:
    """The band of review, widened on both sides while it takes less than what people may be asked anyway.

    Forty scores stand for a whole line: each is spread by a normal curve (a kernel estimate), so that the share of the
    line's fruit in the band is told more smoothly than by counting. It reaches twice as far towards fit: an escape costs
    more than a fit fruit that a person looks at.
    """
    margins = np.array([_margin(each) for each in p])
    width = max(0.3, 0.5 * float(np.std(margins)) * len(p) ** -0.2)

    def below(limit: float) -> float:
        return float((counts * _normal((_margin(limit) - margins) / width)).sum() / counts.sum())

    low, high = limits
    for reach in np.linspace(0, 12, 241)[1:]:
        wider = (min(limits[0], _logistic(-reach)), max(limits[1], _logistic(reach / 2)))
        if below(wider[1]) - below(wider[0]) > _AIMED:
            break
        low, high = wider
    return low, high


def _margin(p: float) -> float:
    return float(np.log(max(p, 1e-300)) - np.log(max(1 - p, 1e-300)))


def _logistic(margin: float) -> float:
    return float(1 / (1 + np.exp(-margin)))


def _normal(z: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([0.5 * (1 + erf(each / 2**0.5)) for each in z])


def counts_of(groups: NDArray[np.generic], weights: NDArray[np.floating]) -> NDArray[np.float64]:
    """What each photograph of a line counts in rates, 1 on average: by its weight, a group as one."""
    _, place, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    counts = weights / sizes[place]
    return np.asarray(counts / counts.mean(), np.float64)
