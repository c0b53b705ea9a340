"""The true share of unfit fruit in a lot, from what a line that makes mistakes counted in some of its packages.

Of all unfit fruit a share e (escapes) is passed as fit, of all fit fruit a share o (overkill) is called unfit; a fruit that
goes to review is answered by a person, which is taken as the truth. With a true share s, the share counted as unfit is
q = s (1 − e) + (1 − s) o, so that s = (q − o) / (1 − e − o) (Rogan and Gladen 1978).

The interval is Bayes', computed on grids without chance, so that anybody gets the same digits. The share s has Jeffreys'
prior; e and o have it too, and are known by the line's blind audit; the share of each package is from a Beta distribution
with mean s and a correlation that is estimated with it, anything from 0 to 0.3 before the count. A parametric bootstrap was
not taken: where no unfit fruit was counted, or fewer than the line calls unfit by mistake, it gives an interval of no width
at 0, and five packages say too little of their correlation for a point estimate of it. How often the interval holds the
truth: benchmarks/estimate.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..intervals import wilson
from ..shares import Share
from .chances import Floats
from .errors import LotRefused

_CORRELATIONS = np.array([0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3])
"""Of two fruit of one package being unfit, each as likely as the next before anything was counted."""
_POINTS = (
    200  # of a share: middles of parts that are even in the arcsine of its root, and of equal weight in Jeffreys' prior
)
_RATES = 12  # of each of the two error rates
_SIDES = (0.025, 0.5, 0.975)


class EstimateRefused(LotRefused):
    """Counts of a package that cannot be."""


@dataclass(frozen=True)
class Rate:
    """An error rate of a line, as its blind audit saw it: so many of so many, which need not be whole (weights)."""

    hits: float
    of: float

    @classmethod
    def from_share(cls, share: Share) -> "Rate":
        """Of an audit's share: as many fruit as its 95 % interval is wide (the effective number)."""
        if not share.n:
            return cls(0.0, 0.0)
        low, high = 0.0, 1e9
        for _ in range(200):
            middle = (low + high) / 2
            bounds = wilson(share.share * middle, middle)
            low, high = (middle, high) if bounds[1] - bounds[0] > share.high - share.low else (low, middle)
        return cls(share.share * high, high)


@dataclass(frozen=True)
class PackageAnswers:
    """What a package came to.

    Attributes:
        looked_at: fruit; unfit: of these, by a person's answer where there is one and else by the line's.
        passed, rejected: of these, those that the line answered itself, as fit and as unfit.
        passed_checked, rejected_checked: of these, those that a person answered too, drawn without regard to the fruit.

    Raises:
        EstimateRefused: ``answers_impossible``.
    """

    looked_at: int
    unfit: int
    passed: int
    rejected: int
    passed_checked: int = 0
    rejected_checked: int = 0

    def __post_init__(self) -> None:
        if not (
            0 <= self.unfit <= self.looked_at
            and 0 <= self.passed_checked <= self.passed
            and 0 <= self.rejected_checked <= self.rejected
            and self.passed + self.rejected <= self.looked_at
        ):
            raise EstimateRefused(
                "answers_impossible",
                es=f"Las respuestas de un bulto no cuadran: {self.looked_at} frutas inspeccionadas, {self.unfit} no aptas, "
                f"{self.passed} aptas y {self.rejected} no aptas según la línea, de ellas {self.passed_checked} y "
                f"{self.rejected_checked} revisadas. Corríjalas.",
                en=f"The answers of a package do not add up: {self.looked_at} fruit inspected, {self.unfit} unfit, "
                f"{self.passed} fit and {self.rejected} unfit by the line, of which {self.passed_checked} and "
                f"{self.rejected_checked} checked. Correct them.",
            )


NoEstimateWhy = Literal["not_measured", "awaited", "nothing", "useless", "mixed", "sides"]


@dataclass(frozen=True)
class NoEstimate:
    """Why there are only counts.

    Attributes:
        why: ``not_measured``, the line's blind audit has seen no unfit or no fit fruit; ``awaited``, a person's answers are;
            ``nothing``, no fruit was looked at; ``useless``, the line is no better than chance; ``mixed``, several lines or
            calibrations judged the lot; ``sides``, fruit have several photographs, and rates are of photographs one by one.
    """

    why: NoEstimateWhy
    counted: Share


@dataclass(frozen=True)
class Estimate:
    """The share of unfit fruit in the lot.

    Attributes:
        share, low, high: the median and the 95 % interval, of all fruit of the lot.
        counted: unfit among the fruit looked at, uncorrected; its interval is that of ``effective`` fruit.
        correlation: of two fruit of one package being unfit.
        design_effect: how many fruit looked at say as much as one drawn anywhere in the lot.
        effective: the fruit looked at, divided by it.
    """

    share: float
    low: float
    high: float
    counted: Share
    correlation: float
    design_effect: float
    effective: float


def estimate_share(
    packages: Sequence[PackageAnswers],
    escapes: Rate,
    overkill: Rate,
    *,
    awaited: int = 0,
    packages_in_lot: int | None = None,
) -> Estimate | NoEstimate:
    """The true share of unfit fruit in a lot, with one interval for packages, fruit and both error rates.

    The line is taken to make its mistakes with this lot as it did with the fruit of its audit, and people to make none.

    Args:
        packages: those that were opened, drawn at random.
        escapes, overkill: of the line, from its blind audit under the calibration that judged the lot; they count for nothing
            where people answered on every fruit.
        awaited: fruit of the lot whose answer by a person is still to come.
        packages_in_lot: as far as it is known; a lot whose packages were all opened has no sampling of packages left.
    """
    opened = [each for each in packages if each.looked_at]
    sizes, unfit = np.array([each.looked_at for each in opened]), np.array([each.unfit for each in opened])
    fruit, hits = int(sizes.sum()), int(unfit.sum())
    counted = Share(0.0, 0.0, 1.0, 0)
    if not fruit:
        return NoEstimate("awaited" if awaited else "nothing", counted)
    by_people = not any(each.passed or each.rejected for each in opened)  # then there are no mistakes of a line
    measured = by_people or bool(escapes.of and overkill.of)
    useful = by_people or (measured and escapes.hits / escapes.of + overkill.hits / overkill.of < 1)
    e, o = (_rates(escapes), _rates(overkill)) if useful and not by_people else (np.zeros(1), np.zeros(1))
    e = e * _unchecked([(each.passed, each.passed_checked) for each in opened])
    o = o * _unchecked([(each.rejected, each.rejected_checked) for each in opened])
    whole = _likelihoods(sizes, unfit, e, o, _CORRELATIONS)
    known = whole.sum(axis=1) / whole.sum()
    left = 1 - min(1.0, len(opened) / packages_in_lot) if packages_in_lot else 1.0
    of_lot = whole if left == 1 else _likelihoods(sizes, unfit, e, o, _CORRELATIONS * left)
    low, median, high = _quantiles(known @ (of_lot / of_lot.sum(axis=1, keepdims=True)))
    correlation = float(known @ _CORRELATIONS)
    design_effect = 1 + float((sizes**2).sum() / fruit - 1) * correlation * left * _shrunk(median, e.mean(), o.mean())
    effective = fruit / design_effect
    counted = Share(hits / fruit, *wilson(hits / design_effect, effective), len(opened))
    if awaited:
        return NoEstimate("awaited", counted)
    if not measured:
        return NoEstimate("not_measured", counted)
    if not useful:
        return NoEstimate("useless", counted)
    return Estimate(median, low, high, counted, correlation, design_effect, effective)


def _shares(points: int) -> Floats:
    """Shares at the middles of ``points`` parts of Beta(1/2, 1/2), Jeffreys' prior, of equal probability."""
    return np.asarray(np.sin(np.pi / 2 * (np.arange(points) + 0.5) / points) ** 2, np.float64)


def _likelihoods(
    sizes: NDArray[np.int64], unfit: NDArray[np.int64], e: Floats, o: Floats, correlations: Floats
) -> Floats:
    """Likelihood of the counts by correlation and true share, (R, `_POINTS`), the error rates summed over.

    A package's own share p is from Beta with mean s and the correlation; its fruit are called unfit with probability
    p (1 − e) + (1 − p) o.
    """
    p = _shares(_POINTS)
    counts, times = np.unique(np.stack([sizes, unfit]), axis=1, return_counts=True)
    within = np.stack([_within(each, p) for each in correlations])
    found = np.zeros((len(correlations), _POINTS))
    logs = []
    for escaped in e:
        for killed in o[escaped + o < 1]:
            q = p * (1 - escaped) + (1 - p) * killed
            of_package = counts[1][:, None] * np.log(q) + (counts[0] - counts[1])[:, None] * np.log1p(-q)
            top = of_package.max(axis=1)
            logs.append(np.log(within @ np.exp(of_package.T - top) + 1e-300) @ times + times @ top)
    highest = max(each.max() for each in logs)
    for each in logs:
        found += np.exp(each - highest)
    return found


def _within(correlation: float, p: Floats) -> Floats:
    """How the shares p of packages are spread about each mean in p: (`_POINTS`, `_POINTS`), each row of sum 1.

    Beta's density by the middles of parts; the outermost two, where it may be infinite, by its integral.
    """
    if correlation == 0:
        return np.eye(len(p))
    a, b = ((1 / correlation - 1) * mean[:, None] for mean in (p, 1 - p))
    logs = (a - 0.5) * np.log(p) + (b - 0.5) * np.log1p(-p)
    logs[:, :1] += 2 * a * np.log(2) - np.log(4 * a)
    logs[:, -1:] += 2 * b * np.log(2) - np.log(4 * b)
    found = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(found / found.sum(axis=1, keepdims=True), np.float64)


def _shrunk(share: float, e: float, o: float) -> float:
    """How much of the correlation of being unfit is left in being called so, by a line that makes mistakes."""
    q = share * (1 - e) + (1 - share) * o
    return float((1 - e - o) ** 2 * share * (1 - share) / (q * (1 - q)))


def _rates(rate: Rate) -> Floats:
    """Error rates at the middles of parts of equal probability, given what the audit saw, (`_RATES`,)."""
    grid = _shares(4_000)
    logs = rate.hits * np.log(grid) + (rate.of - rate.hits) * np.log1p(-grid)
    cumulated = np.cumsum(np.exp(logs - logs.max()))
    return np.interp((np.arange(_RATES) + 0.5) / _RATES, cumulated / cumulated[-1], grid)


def _unchecked(pairs: Sequence[tuple[int, int]]) -> float:
    """The share of the line's own answers that stand: where a person looked too, the line's mistake does not count."""
    answered = sum(each[0] for each in pairs)
    return 1 - sum(each[1] for each in pairs) / answered if answered else 1.0


def _quantiles(weights: Floats) -> tuple[float, float, float]:
    """Lower end, median and upper end of a share, of the weights of its points."""
    edges = np.sin(np.pi / 2 * np.arange(len(weights) + 1) / len(weights)) ** 2
    cumulated = np.concatenate([[0.0], np.cumsum(weights)])
    low, median, high = np.interp(_SIDES, cumulated / cumulated[-1], edges)
    return float(low), float(median), float(high)
