"""The blind audit of a line: which photographs are asked without showing the verdict, and what the answers are worth."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from .inspection import ReviewAnswer
from .shares import Share, share_of
from .verdict import Answer

_Z = 1.959964  # two-sided 95 %


@dataclass(frozen=True)
class Audit:
    """A line's draw, which anybody can repeat from these three and an inspection's number.

    Attributes:
        share: of the line's photographs, once the ``first`` of them have all been asked.
        second: share of those asked that a second person is asked too.
    """

    seed: str
    share: float = 0.05
    first: int = 60
    second: float = 0.2

    def chance(self, place: int) -> float:
        """With which the line's photograph at this place (1, 2, 3 …) is asked: what its answer weighs is one over it."""
        return 1.0 if place <= self.first else self.share

    def asks(self, place: int) -> bool:
        """Whether it is asked."""
        return _drawn(f"{self.seed}:{place}") < self.chance(place)

    def people(self, place: int) -> int:
        """How many people are asked: 0, 1 or 2."""
        if not self.asks(place):
            return 0
        return 2 if _drawn(f"{self.seed}:{place}:second") < self.second else 1


def _drawn(text: str) -> float:
    """A number in [0, 1) that is the same for the same text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) / 2**64


@dataclass(frozen=True)
class Audited:
    """What a line does by its blind audit: escapes of all unfit fruit, overkill of all fit fruit, share to review."""

    escapes: Share
    overkill: Share
    review: Share


def audited(
    answers: NDArray[np.str_], unfit: NDArray[np.bool_], chances: NDArray[np.floating], groups: NDArray[np.generic]
) -> Audited:
    """The line's rates, each photograph weighed by one over its chance (Hájek's estimate of Horvitz and Thompson's total).

    Args:
        answers: (N,) the model's: ``fit``, ``unfit``, ``review``; unfit: (N,) what people answered, of the products.
        chances: (N,) with which each was asked; groups: (N,) photographs of one fruit share one.
    """

    def share(hits: NDArray[np.bool_], part: NDArray[np.bool_]) -> Share:
        return share_of(hits[part], groups[part], 1 / chances[part])

    everything = np.ones(len(answers), bool)
    return Audited(
        share(answers == "fit", unfit), share(answers == "unfit", ~unfit), share(answers == "review", everything)
    )


def kappa(counts: Mapping[tuple[str, str], int]) -> Share:
    """Cohen's kappa of two people's answers to the same photographs, with its large-sample interval (Cohen 1960).

    1: they always agree; 0: as often as chance would; ``n`` is 0 where chance alone would always agree.

    Args:
        counts: photographs by what the first and the second answered.
    """
    n = sum(counts.values())
    agreed = sum(count for (one, other), count in counts.items() if one == other) / n if n else 1.0
    ones, others = Counter[str](), Counter[str]()
    for (one, other), count in counts.items():
        ones[one] += count
        others[other] += count
    expected = sum(ones[name] * others[name] for name in ones) / n**2 if n else 1.0
    if expected >= 1:
        return Share(0.0, -1.0, 1.0, 0)
    value = (agreed - expected) / (1 - expected)
    half = _Z * sqrt(agreed * (1 - agreed) / n) / (1 - expected)
    return Share(value, max(-1.0, value - half), min(1.0, value + half), n)


@dataclass(frozen=True)
class Drawn:
    """A photograph that was drawn.

    Attributes:
        answer: the model's; group: photographs of one fruit share one.
        said: what people answered who did not see the verdict, each once, the first before the second.
    """

    answer: Answer
    chance: float
    group: str
    said: tuple[ReviewAnswer, ...] = ()


@dataclass(frozen=True)
class LineAudit:
    """What the blind audit says of a line.

    Attributes:
        drawn: photographs; ``answered``: by a person at least; ``waiting``: by nobody yet.
        fit, unfit: how many the first person answered so; the others show none of the products, or too little.
        review: share that the model left to a person, of all that were drawn.
        kappa: Cohen's, of the photographs that two people answered.
    """

    line: str
    drawn: int
    answered: int
    waiting: int
    fit: int
    unfit: int
    escapes: Share
    overkill: Share
    review: Share
    kappa: Share


def line_audit(line: str, drawn: Sequence[Drawn]) -> LineAudit:
    """A line's rates by what was drawn on it, from what the first person answered to each."""
    answers, chances = np.array([each.answer for each in drawn], str), np.array([each.chance for each in drawn])
    groups = np.array([each.group for each in drawn], str)
    first = np.array([each.said[0] if each.said else "" for each in drawn], str)
    of_products = (first == "fit") | (first == "unfit")
    rates = audited(answers[of_products], first[of_products] == "unfit", chances[of_products], groups[of_products])
    pairs = Counter[tuple[str, str]]((each.said[0], each.said[1]) for each in drawn if len(each.said) > 1)
    answered = int((first != "").sum())
    return LineAudit(
        line,
        len(drawn),
        answered,
        len(drawn) - answered,
        int((first == "fit").sum()),
        int((first == "unfit").sum()),
        rates.escapes,
        rates.overkill,
        share_of(answers == "review", groups, 1 / chances),
        kappa(pairs),
    )
