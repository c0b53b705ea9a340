"""What control charts are asked for: of which inspections, and by what they are grouped."""

from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

from ..inspection import ActorKind

Period = Literal["day", "week", "month"]
By = Literal["day", "week", "month", "line", "product", "packer", "inspector"]
"""The packer is that of the lot; what was inspected without a lot has none."""
Limits = Literal["binomial", "laney"]
PERIODS: tuple[Period, ...] = get_args(Period)


@dataclass(frozen=True)
class Asked:
    """Which inspections, and how they are grouped. Days are UTC's, both included; None asks for all.

    Attributes:
        inspector: who inspected: a person or a machine, by kind and number.
        limits: of the p chart: see `p_chart`.
    """

    since: date
    until: date
    by: By = "week"
    line: str | None = None
    product: str | None = None
    packer: str | None = None
    inspector: tuple[ActorKind, int] | None = None
    limits: Limits = "binomial"

    @property
    def ordered(self) -> bool:
        """Whether the groups follow each other in time."""
        return self.by in PERIODS

    @property
    def period(self) -> Period:
        """Of what is told over time, whatever the groups are."""
        return self.by if self.by in PERIODS else "week"
