"""How often the interval of a lot's true share holds it: python benchmarks/estimate.py [--smoke].

Lots are drawn with packages that resemble themselves, judged by a line with known error rates that a blind audit of some
fruit has measured, and estimated from the packages that were opened. Of 95 % intervals, 93 to 97 % should hold the truth.
"""

import argparse
from dataclasses import dataclass
from itertools import product

import numpy as np

from vistobueno.core.lots.estimate import Estimate, PackageAnswers, Rate, estimate_share

SHARES = (0.005, 0.02, 0.05, 0.10, 0.30)
CORRELATIONS = (0.0, 0.05, 0.10, 0.20)
AUDITS = (60, 200, 1_000)
ESCAPES, OVERKILL = 0.05, 0.03  # of the line
OF_LINE = 0.15  # unfit, of the fruit that the audit sees
MANY = 400  # packages of a lot whose number nobody tells the estimate


@dataclass(frozen=True)
class Cell:
    """One kind of lot and audit, and what its intervals came to."""

    share: float
    correlation: float
    audit: int
    covered: float
    above: float
    below: float
    width: float
    none: float


def simulated(
    share: float, correlation: float, audit: int, opened: int, fruit: int, runs: int, in_lot: int | None = None
) -> Cell:
    """The intervals of ``runs`` lots.

    Args:
        opened: packages; fruit: looked at in each; in_lot: packages, None: many.
    """
    rng = np.random.default_rng([round(share * 1000), round(correlation * 1000), audit, opened, fruit])
    missed, widths, none = [], [], 0
    for _ in range(runs):
        unfit_seen = int(rng.binomial(audit, OF_LINE))
        escapes = Rate(float(rng.binomial(unfit_seen, ESCAPES)), unfit_seen)
        overkill = Rate(float(rng.binomial(audit - unfit_seen, OVERKILL)), audit - unfit_seen)
        own = np.full(in_lot or MANY, share)
        if correlation:
            strength = 1 / correlation - 1
            own = rng.beta(share * strength, (1 - share) * strength, len(own))
        unfit = rng.binomial(fruit, own[:opened])
        counted = unfit - rng.binomial(unfit, ESCAPES) + rng.binomial(fruit - unfit, OVERKILL)
        packages = [PackageAnswers(fruit, int(each), fruit - int(each), int(each)) for each in counted]
        found = estimate_share(packages, escapes, overkill, packages_in_lot=in_lot)
        if not isinstance(found, Estimate):
            none += 1
            continue
        truth = own.mean()
        missed.append(-1 if truth < found.low else 1 if truth > found.high else 0)
        widths.append(found.high - found.low)
    missing = np.array(missed)
    return Cell(
        share,
        correlation,
        audit,
        float((missing == 0).mean()),
        float((missing > 0).mean()),
        float((missing < 0).mean()),
        float(np.mean(widths)),
        none / runs,
    )


def main() -> None:
    """Print a row for each cell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="a few cells and lots; nothing is judged")
    parser.add_argument("--runs", type=int, default=600, help="lots of each cell")
    parser.add_argument("--packages", type=int, default=10, help="opened")
    parser.add_argument("--fruit", type=int, default=30, help="looked at in each package")
    parser.add_argument("--in-lot", type=int, help="packages of the lot, told to the estimate; many by default")
    parser.add_argument("--audits", type=int, nargs="+", default=AUDITS, help="fruit of the line's blind audit")
    given = parser.parse_args()
    cells = product(SHARES, CORRELATIONS, given.audits)
    runs = given.runs
    if given.smoke:
        cells, runs = product((0.05,), (0.0, 0.10), (200,)), 20
    print(
        f"{given.packages} packages of {given.in_lot or 'many'} opened, {given.fruit} fruit of each; {runs} lots a row"
    )
    print(
        f"{'share':>7} {'correlation':>12} {'audit':>6} {'holds':>7} {'above':>7} {'below':>7} {'width':>7} {'none':>6}"
    )
    found = []
    for share, correlation, audit in cells:
        cell = simulated(share, correlation, audit, given.packages, given.fruit, runs, given.in_lot)
        found.append(cell.covered)
        print(
            f"{share:7.1%} {correlation:12.2f} {audit:6d} {cell.covered:7.1%} {cell.above:7.1%} {cell.below:7.1%} "
            f"{cell.width:7.1%} {cell.none:6.1%}",
            flush=True,
        )
    within = np.mean([0.93 <= each <= 0.97 for each in found])
    print(
        f"mean {np.mean(found):.1%}, least {min(found):.1%}, most {max(found):.1%}; between 93 and 97 %: {within:.0%} of rows"
    )


if __name__ == "__main__":
    main()
