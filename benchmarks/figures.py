"""One figure of the table: what was measured, beside what, as a ratio, and whether the goal is reached."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

_HEADINGS = ("figure", "ours", "beside", "ratio", "goal", "reached")


@dataclass(frozen=True)
class Figure:
    """A row.

    Attributes:
        ours, beside: the two values in ``unit``.
        ratio: how the one stands to the other, in the sense that the goal speaks of.
        at_most, at_least: what the ratio must keep; ``most``: what ``ours`` must keep.
    """

    name: str
    against: str
    unit: str
    ours: float
    beside: float
    ratio: float
    most: float | None = None
    at_most: float | None = None
    at_least: float | None = None

    @property
    def goal(self) -> str:
        """The goal in words; empty where the figure is only for comparison."""
        parts = []
        if self.most is not None:
            parts.append(f"≤ {self.most:g} {self.unit}")
        if self.at_least is not None:
            parts.append(f"≥ {self.at_least:g} ×")
        if self.at_most is not None:
            parts.append(f"≤ {self.at_most:g} ×")
        return ", ".join(parts)

    @property
    def reached(self) -> bool | None:
        """Whether every part of the goal is; None where there is none."""
        if not self.goal:
            return None
        return (
            (self.most is None or self.ours <= self.most)
            and (self.at_least is None or self.ratio >= self.at_least)
            and (self.at_most is None or self.ratio <= self.at_most)
        )

    def as_json(self, judged: bool) -> dict[str, Any]:
        """The row as plain values."""
        return asdict(self) | {"goal": self.goal, "reached": self.reached if judged else None}


def paired(over: Sequence[float], under: Sequence[float]) -> float:
    """Median of the ratios of rounds: what else the machine did in a round, it did to both."""
    return median(one / other for one, other in zip(over, under, strict=True))


def table(figures: Sequence[Figure], judged: bool) -> str:
    """The rows as aligned text; goals are not said to be reached or missed unless ``judged``."""
    rows = [_HEADINGS]
    for each in figures:
        reached = {True: "yes", False: "no", None: "–"}[each.reached if judged else None]
        beside = f"{each.against}: {_number(each.beside)} {each.unit}"
        rows.append(
            (each.name, f"{_number(each.ours)} {each.unit}", beside, f"{each.ratio:.2f} ×", each.goal or "–", reached)
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("─" * width for width in widths), *lines[1:]])


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
