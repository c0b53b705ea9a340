"""What ISO 2859-1 asks of a lot: its plan, by the size of the lot and by how the lots before it went."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from .sampling import Level, Plan, document_for, plan_for
from .switching import Series


@dataclass(frozen=True)
class Inspected:
    """A lot of a series as it was first inspected: its number, its size in fruit, and what was found."""

    lot: int
    size: int
    looked_at: int
    unfit: int


@dataclass(frozen=True)
class Sampling:
    """A lot's plan in its series.

    Attributes:
        size: of the lot, in fruit.
        plan: None where inspection by sampling has stopped.
        series: where it stands before this lot.
        before: lots that counted in it, with the plan that each had; left_out: of these fewer fruit were looked at than
            their plan asks for.
        document: what a series of so many lots belongs to.
    """

    size: int
    plan: Plan | None
    series: Series
    before: tuple[tuple[Inspected, Plan], ...]
    left_out: int
    document: Literal["ISO 2859-1", "ISO 2859-2"]


def sampling_of(size: int, aql: float, level: Level, earlier: Iterable[Inspected], *, steady: bool = False) -> Sampling:
    """The plan of a lot of so many fruit after these, the oldest first, all inspected at one AQL and level.

    A lot of which more fruit were looked at than its plan asks for counts with all that were found, which is stricter.

    Args:
        steady: production is steady, and reduced inspection is wanted where the series allows it.

    Raises:
        PlanRefused: ``lot_too_small``, ``aql_unknown``.
    """
    series, before, left_out = Series(), list[tuple[Inspected, Plan]](), 0
    for each in earlier:
        if series.state == "stopped":
            break
        plan = plan_for(each.size, aql, level, series.severity)
        if each.looked_at < plan.fruit:
            left_out += 1
            continue
        before.append((each, plan))
        series = series.after(plan, each.unfit, steady=steady)
    own = None if series.state == "stopped" else plan_for(size, aql, level, series.severity)
    return Sampling(size, own, series, tuple(before), left_out, document_for(len(before) + 1))
