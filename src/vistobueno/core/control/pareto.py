"""Defects by how often they are named, the most frequent first, with what they come to together (Pareto's chart)."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Bar:
    """A defect: how often it was named, its share of all that were named, and that of those as far as here."""

    defect: str
    count: int
    share: float
    cumulative: float


def pareto(counts: Mapping[str, int]) -> tuple[Bar, ...]:
    """The bars; of two that are named as often, the first by name comes first."""
    total, so_far = sum(counts.values()), 0
    bars = []
    for defect, count in sorted(counts.items(), key=lambda each: (-each[1], each[0])):
        if count:
            so_far += count
            bars.append(Bar(defect, count, count / total, so_far / total))
    return tuple(bars)
