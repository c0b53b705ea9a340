"""What nobody said of unfit fruit, where that is why a lot is undecided: which fruit, and what of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from .judging import Judgement, weighs
from .lot import FruitLookedAt
from .standard import Standard


@dataclass(frozen=True)
class Lacking:
    """A fruit of which something is not known that would decide the lot.

    Attributes:
        inspection: the number of the photograph on which it is to be said.
        what: ``defect``, nobody named one; ``severity``, nobody said how bad ``defect`` is; ``unlisted``, the standard does
            not know ``defect``: only a person can decide.
    """

    package: int
    fruit: int
    inspection: int
    what: Literal["defect", "severity", "unlisted"]
    defect: str | None = None


def lacking(
    fruit: Iterable[FruitLookedAt], standards: Sequence[Standard], judgements: Sequence[Judgement]
) -> tuple[Lacking, ...]:
    """What is not known of the unfit fruit of a lot and weighs by a standard that cannot decide it; once for each defect."""
    found: dict[Lacking, None] = {}
    for each in fruit:
        if each.said != "unfit":
            continue
        number = next(side.number for side in each.sides if side.said == "unfit")
        for standard, judgement in zip(standards, judgements, strict=True):
            if not weighs(judgement, standard, each.findings):
                continue
            if not each.findings:
                found[Lacking(each.package, each.number, number, "defect")] = None
            rules = {rule.key: rule for rule in standard.defects}
            for finding in each.findings:
                rule = rules.get(finding.defect)
                if rule is None:
                    found[Lacking(each.package, each.number, number, "unlisted", finding.defect)] = None
                elif finding.severity is None and standard.tells_apart(rule):
                    found[Lacking(each.package, each.number, number, "severity", finding.defect)] = None
    return tuple(found)
