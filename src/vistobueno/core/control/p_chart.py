"""The p chart of the share unfit, for groups of unequal size, and its exponentially weighted moving average."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from statistics import median

from .asked import Limits
from .nelson import Rule, broken

FEWEST_EXPECTED = 5
"""Unfit fruit, and fit ones, that a group must be expected to have, below which three sigma say nothing of it."""
FEWEST_GROUPS = 20
"""Judged periods below which the limits are provisional (Montgomery, 7.2: 20 to 25 preliminary samples)."""
RESTLESS = 1.5
"""From this spread on, by mean and by median, periods differ from each other by more than chance."""
_MOVING, _MEDIAN = 1.128, 0.954  # of mean and median moving range, for pairs
_WEIGHT, _WIDTH = 0.2, 2.86


@dataclass(frozen=True)
class Group:
    """Fruit that are counted together; ``name`` is what they have in common."""

    name: str
    n: int
    unfit: int


@dataclass(frozen=True)
class Point:
    """A group on the chart.

    Attributes:
        share: unfit of all; low, high: its control limits.
        judged: False where the group is too small for its limits (see `FEWEST_EXPECTED`); then no rule speaks of it.
        rules: Nelson's that it breaks.
        ewma: the moving average up to here, with its own limits; None where the groups have no order in time.
    """

    name: str
    n: int
    unfit: int
    share: float
    low: float
    high: float
    judged: bool
    rules: tuple[Rule, ...] = ()
    ewma: "Average | None" = None


@dataclass(frozen=True)
class Average:
    """A point of the exponentially weighted moving average, and whether it lies beyond its limits."""

    value: float
    low: float
    high: float
    beyond: bool


@dataclass(frozen=True)
class PChart:
    """A p chart.

    Attributes:
        center: the share unfit of all groups together.
        spread: how much consecutive periods differ, 1 where it is by chance alone (Laney's sigma of z); None: not known.
        restless: whether most of them differ by more than binomial limits take for chance; a single bad period is not that.
    """

    center: float
    spread: float | None
    restless: bool
    points: tuple[Point, ...]

    @property
    def judged(self) -> int:
        """How many points the rules speak of."""
        return sum(each.judged for each in self.points)


def p_chart(groups: Sequence[Group], *, ordered: bool = True, limits: Limits = "binomial") -> PChart:
    """The chart of groups of fruit; those without any are left out.

    The centre is all unfit of all fruit, the limits of a group of n are three of its own sigmas about it, sqrt(p (1 - p) / n):
    Montgomery (2020), Introduction to statistical quality control, 8th ed., 7.2; ISO 7870-2:2023.

    Args:
        ordered: whether the groups follow each other in time.
        limits: ``binomial``, or ``laney``: sigma times `PChart.spread`, for groups so large that the binomial's limits are
            narrower than what every process does from week to week (p' chart; Laney 2002, Improved control charts for
            attributes, Quality Engineering 14(4), 531-537). It has no meaning where nothing follows in time.
    """
    groups = [each for each in groups if each.n]
    if not groups:
        return PChart(0.0, None, False, ())
    center = sum(each.unfit for each in groups) / sum(each.n for each in groups)
    sigmas = [sqrt(center * (1 - center) / each.n) for each in groups]
    judged = [each.n * min(center, 1 - center) >= FEWEST_EXPECTED for each in groups]
    z = [
        (each.unfit / each.n - center) / sigma
        for each, sigma, known in zip(groups, sigmas, judged, strict=True)
        if known
    ]
    steps = [abs(after - before) for before, after in pairwise(z)]
    spread = sum(steps) / len(steps) / _MOVING if ordered and steps else None
    restless = spread is not None and len(z) >= FEWEST_GROUPS and min(spread, median(steps) / _MEDIAN) >= RESTLESS
    if limits == "laney" and spread:
        sigmas, z = [each * spread for each in sigmas], [each / spread for each in z]
    rules = iter(broken(z, ordered=ordered))
    averages = _averages(groups, center, sigmas) if ordered else [None] * len(groups)
    points = tuple(
        Point(
            each.name,
            each.n,
            each.unfit,
            each.unfit / each.n,
            max(0.0, center - 3 * sigma),
            min(1.0, center + 3 * sigma),
            known,
            next(rules) if known else (),
            average,
        )
        for each, sigma, known, average in zip(groups, sigmas, judged, averages, strict=True)
    )
    return PChart(center, spread, restless, points)


def _averages(groups: Sequence[Group], center: float, sigmas: Sequence[float]) -> list[Average | None]:
    """The moving average with weight 0.2, whose limits of 2.86 sigma warn of an unchanged process once in 370 points.

    Roberts (1959), Control chart tests based on geometric moving averages, Technometrics 1(3), 239-250; weight and width:
    Lucas and Saccucci (1990), Exponentially weighted moving average control schemes, Technometrics 32(1), 1-12. Its variance
    is carried on exactly from each group's own, so that groups of unequal size and the first points have limits of theirs.
    """
    value, variance = center, 0.0
    found: list[Average | None] = []
    for each, sigma in zip(groups, sigmas, strict=True):
        value += _WEIGHT * (each.unfit / each.n - value)
        variance = (_WEIGHT * sigma) ** 2 + (1 - _WEIGHT) ** 2 * variance
        half = _WIDTH * sqrt(variance)
        beyond = abs(value - center) > half > 0
        found.append(Average(value, max(0.0, center - half), min(1.0, center + half), beyond))
    return found
