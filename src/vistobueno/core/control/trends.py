"""Rates of the blind audit from photographs that were counted together, and how the model compares with people."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..audit import audited, kappa
from ..inspection import ReviewAnswer
from ..intervals import wilson
from ..shares import Share, share_of
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
    answered = [each for each in counts if each.said]
    times = [each.count for each in answered]
    answers = np.repeat(np.array([each.answer for each in answered], str), times)
    chances = np.repeat(np.array([each.chance for each in answered], float), times)
    first = np.repeat(np.array([each.said[0] for each in answered], str), times)
    fruit = (first == "fit") | (first == "unfit")
    each_alone = np.arange(len(answers))
    rates = audited(answers[fruit], first[fruit] == "unfit", chances[fruit], each_alone[fruit])
    both = fruit & (answers != "review")
    model, people = (
        share_of((said == "unfit")[both], each_alone[both], 1 / chances[both]) for said in (answers, first)
    )
    pairs = [each for each in answered if len(each.said) > 1]
    twice = [
        np.repeat(np.array([each.said[who] for each in pairs], str), [each.count for each in pairs]) for who in (0, 1)
    ]
    review = Share(to_review / inspected if inspected else 0.0, *wilson(to_review, inspected), inspected)
    return Trend(period, review, rates.escapes, rates.overkill, kappa(*twice), model, people)
