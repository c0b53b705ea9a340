"""Nelson's rules, those of them that hold for a chart of shares."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, get_args

Rule = Literal["beyond_limits", "one_side", "trend", "alternating"]
"""Nelson's tests 1 to 4: one point beyond three sigma; nine in a row on one side of the centre; six in a row rising or
falling; fourteen in a row going up and down by turns. Tests 5 to 8 count points in zones of one and two sigma and take the
points to be normally distributed, which shares near nothing are not; they are for variables, and are not applied."""
RULES: tuple[Rule, ...] = get_args(Rule)
_SIGMAS, _SIDE, _TREND, _TURNS = 3.0, 9, 6, 14


def broken(z: Sequence[float], *, ordered: bool = True) -> tuple[tuple[Rule, ...], ...]:
    """For each point the rules that it breaks: of a pattern, the point that completes it and those that carry it on.

    Nelson (1984), The Shewhart control chart: tests for special causes, Journal of Quality Technology 16(4), 237-239.
    Points of unequal size are compared by their standardised values: Nelson (1989), Standardization of Shewhart control
    charts, Journal of Quality Technology 21(4), 287-289.

    Args:
        z: (k,) standardised points, one after another; ordered: whether they follow each other in time: else only the
            first rule means something.
    """
    steps = [after - before for before, after in pairwise(z)]
    turns = [one * two < 0 for one, two in pairwise(steps)]

    def rules(place: int) -> tuple[Rule, ...]:
        side, trend = z[max(0, place - _SIDE + 1) : place + 1], steps[max(0, place - _TREND + 1) : place]
        turned = turns[max(0, place - _TURNS + 1) : max(0, place - 1)]
        patterns = (
            len(side) == _SIDE and (min(side) > 0 or max(side) < 0),
            len(trend) == _TREND - 1 and (min(trend) > 0 or max(trend) < 0),
            len(turned) == _TURNS - 2 and all(turned),
        )
        found = (abs(z[place]) > _SIGMAS, *(ordered and each for each in patterns))
        return tuple(rule for rule, breaks in zip(RULES, found, strict=True) if breaks)

    return tuple(rules(place) for place in range(len(z)))
