"""What an estimate needs of a lot's fruit: which answers are the line's own, which are people's, and what judged them."""

from collections.abc import Sequence
from dataclasses import dataclass

from .estimate import PackageAnswers
from .lot import FruitLookedAt


@dataclass(frozen=True)
class Answered:
    """A lot's fruit by who answered.

    Attributes:
        packages: with the fruit that are known to be fit or unfit; awaited: the others.
        judged_by: (line, digest of its calibration or None) of what relies on the line's own answers.
        sides: some of those fruit have several photographs, while a line's rates are of photographs one by one.
    """

    packages: tuple[PackageAnswers, ...]
    awaited: int
    judged_by: frozenset[tuple[str, str | None]]
    sides: bool


def answered(fruit: Sequence[FruitLookedAt]) -> Answered:
    """A lot's fruit by who answered.

    Of those that the line passed only answers of the blind audit count as checked: people look again at what they doubt,
    which says nothing of the rest. Of those that it called unfit any answer does, and a defect that was named: left out,
    the line's mistakes would be taken off twice, and the lot would look better than it is.
    """
    counts: dict[int, dict[str, int]] = {}
    judged, sides = set[tuple[str, str | None]](), False
    for each in fruit:
        if each.said == "review":
            continue
        of = counts.setdefault(each.package, dict.fromkeys(vars(PackageAnswers(0, 0, 0, 0)), 0))
        of["looked_at"] += 1
        of["unfit"] += each.said == "unfit"
        fruit_shown = [side for side in each.sides if side.said in ("fit", "unfit")]
        shown = [side for side in fruit_shown if side.said == each.said]
        own = [side for side in shown if not side.reviews]
        if len(fruit_shown) == 1 and shown[0].verdict.answer != "review":
            (side,) = shown
            passed = side.verdict.answer == "fit"
            checked = any(one.blind for one in side.reviews) if passed else bool(side.reviews or side.named)
            if passed and side.reviews and not checked:
                continue  # a person looked at it for a reason of their own
            of["passed" if passed else "rejected"] += 1
            of["passed_checked" if passed else "rejected_checked"] += checked
        elif own and (each.said == "fit" or len(own) == len(shown)):
            sides = True
        else:
            continue
        judged |= {(side.line, side.model.calibration) for side in (own or shown)}
    packages = tuple(PackageAnswers(**of) for of in counts.values())
    return Answered(packages, sum(each.said == "review" for each in fruit), frozenset(judged), sides)
