"""Rates of the blind audit from photographs that were counted together, and how the model compares with people."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ..audit import kappa
from ..inspection import ReviewAnswer
from ..intervals import wilson
from ..shares import Share, share_of_counts
from ..verdict import Answer


@dataclass(frozen=True)
class AuditCount:
    """Photographs alike: drawn with one chance, answered alike by the model and by one or two people who did not see it."""

    answer: Answer
    chance: float
    said: tuple[ReviewAnswer, ...]
    count: int


@dataclass(frozen=True)
class Trend:
    """One period of a line; a share whose ``n`` is 0 is not known.

    Attributes:
        review: what the model left to people, of all that was inspected.
        escapes, overkill, kappa: by the blind audit, see `audited`; a photograph that was sent twice counts twice.
        model, people: the share unfit of the audited photographs that both decided, each weighed by one over its chance.
    """

    period: str
    review: Share
    escapes: Share
    overkill: Share
    kappa: Share
    model: Share
    people: Share


def trend(period: str, inspected: int, to_review: int, counts: Sequence[AuditCount]) -> Trend:
    """The rates of one period."""
    twice = Counter[tuple[str, str]]()
    fruit: list[tuple[Answer, ReviewAnswer, float, int]] = []
    for each in counts:
        if len(each.said) > 1:
            twice[each.said[0], each.said[1]] += each.count
        if each.said and each.said[0] in ("fit", "unfit"):
            fruit.append((each.answer, each.said[0], 1 / each.chance, each.count))
    both = [each for each in fruit if each[0] != "review"]
    return Trend(
        period,
        Share(to_review / inspected if inspected else 0.0, *wilson(to_review, inspected), inspected),
        share_of_counts([(answer == "fit", weight, n) for answer, said, weight, n in fruit if said == "unfit"]),
        share_of_counts([(answer == "unfit", weight, n) for answer, said, weight, n in fruit if said == "fit"]),
        kappa(twice),
        share_of_counts([(answer == "unfit", weight, n) for answer, _, weight, n in both]),
        share_of_counts([(said == "unfit", weight, n) for _, said, weight, n in both]),
    )
