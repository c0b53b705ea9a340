"""Whether a line is still as it was when it was commissioned: a CUSUM on errors, population stability on scores.

Each alarm's limit is found by simulation for the rate of false alarms that somebody will put up with.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

_RUNS, _BINS = 4_000, 10
FEWEST_SCORES = 100
"""Photographs on each side of a comparison without which nothing is said of their scores."""


@dataclass(frozen=True)
class Alarm:
    """One watch over a line: ``level`` where it stands, ``limit`` from which it warns, ``n`` what it rests on."""

    level: float
    limit: float
    n: int

    @property
    def raised(self) -> bool:
        """Whether the line is no longer what it was."""
        return self.level >= self.limit


@dataclass(frozen=True)
class Drift:
    """A line since its calibration was made active; a watch is None while it has too little to go by.

    Attributes:
        errors: of the blind audit's answers; ``scores``: of the probability of unfit; ``scope``: of what is out of scope.
    """

    errors: Alarm | None
    scores: Alarm | None
    scope: Alarm | None

    @property
    def raised(self) -> tuple[str, ...]:
        """The names of the watches that warn."""
        named = {"errors": self.errors, "scores": self.scores, "scope": self.scope}
        return tuple(name for name, alarm in named.items() if alarm is not None and alarm.raised)


def error_alarm(errors: NDArray[np.bool_], expected: float, false_alarms: float = 0.05) -> Alarm | None:
    """A CUSUM that warns of twice the errors that were promised, or of five in a hundred more if that is more.

    Args:
        errors: (N,) whether each audited answer was wrong, in their order; expected: the rate that was promised.
        false_alarms: probability with which a line that keeps its promise is warned of within these N.
    """
    if not len(errors):
        return None
    expected = min(max(expected, 0.001), 0.4)
    worse = min(max(2 * expected, expected + 0.05), 0.5)
    limit = cusum_limit(expected, worse, len(errors), false_alarms)
    return Alarm(float(cusum(errors, expected, worse).max()), limit, len(errors))


def score_alarm(before: NDArray[np.floating], now: NDArray[np.floating], false_alarms: float = 0.025) -> Alarm | None:
    """Population stability of scores; ``false_alarms``: probability with which an unchanged line is warned of at one look."""
    if min(len(before), len(now)) < FEWEST_SCORES:
        return None
    return Alarm(
        population_stability(before, now), stability_limit(len(before), len(now), false_alarms), len(before) + len(now)
    )


def cusum(errors: NDArray[np.bool_], expected: float, worse: float) -> NDArray[np.float64]:
    """The CUSUM of a line's audited answers, one after another: (N,), from 0 upwards (Page 1954; Reynolds and Stoumbos 1999).

    Args:
        errors: (N,) whether each answer was wrong; expected: the rate that was promised; worse: the rate to be warned of.
    """
    wrong, right = np.log(worse / expected), np.log((1 - worse) / (1 - expected))
    path = np.zeros(len(errors))
    level = 0.0
    for at, error in enumerate(errors):
        level = max(0.0, level + (wrong if error else right))
        path[at] = level
    return path


@cache
def cusum_limit(expected: float, worse: float, count: int, false_alarms: float = 0.05, seed: int = 0) -> float:
    """The level that a line which errs as expected reaches within ``count`` answers with probability ``false_alarms``."""
    rng = np.random.default_rng(seed)
    wrong, right = np.log(worse / expected), np.log((1 - worse) / (1 - expected))
    level, highest = np.zeros(_RUNS), np.zeros(_RUNS)
    for _ in range(count):
        level = np.maximum(0.0, level + np.where(rng.random(_RUNS) < expected, wrong, right))
        highest = np.maximum(highest, level)
    return float(np.nextafter(np.quantile(highest, 1 - false_alarms, method="higher"), np.inf))


def population_stability(before: NDArray[np.floating], now: NDArray[np.floating]) -> float:
    """Population stability index of scores now against those before, in tenths of the latter; 0 where both are alike."""
    edges = np.quantile(before, np.linspace(0, 1, _BINS + 1)[1:-1])
    return float(_stability(_counts(before, edges), _counts(now, edges)))


@cache
def stability_limit(before: int, now: int, false_alarms: float = 0.05, seed: int = 0) -> float:
    """The index that ``now`` scores of an unchanged line exceed with probability ``false_alarms``, against ``before``."""
    rng = np.random.default_rng(seed)
    drawn = rng.random((_RUNS, before)), rng.random((_RUNS, now))
    edges = np.quantile(drawn[0], np.linspace(0, 1, _BINS + 1)[1:-1], axis=1).T
    indices = [_stability(_counts(old, own), _counts(new, own)) for old, new, own in zip(*drawn, edges, strict=True)]
    return float(np.quantile(indices, 1 - false_alarms))


def _counts(scores: NDArray[np.floating], edges: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.bincount(np.searchsorted(edges, scores, side="right"), minlength=_BINS).astype(np.float64)


def _stability(before: NDArray[np.float64], now: NDArray[np.float64]) -> float:
    """From counts of each bin; half a score is added to each, so that an empty one is not infinitely far."""
    p, q = ((each + 0.5) / (each.sum() + 0.5 * _BINS) for each in (before, now))
    return float(((q - p) * np.log(q / p)).sum())
