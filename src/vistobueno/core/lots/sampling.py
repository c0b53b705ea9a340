"""Single sampling by attributes: ISO 2859-1 (normal, tightened) and, for reduced inspection, MIL-STD-105E.

The tables are computed. With i the index of the code letter and j that of the AQL, what stands in a cell depends on
d = i + j alone (in reduced inspection the first two letters, of two fruit each, are an exception); cells without a plan are
arrows to the next one above or below in their column. All 3 × 416 cells equal a published list of MIL-STD-105E.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from .chances import Floats, binomial, hypergeometric
from .errors import LotRefused

Severity = Literal["normal", "tightened", "reduced"]
Level = Literal["S-1", "S-2", "S-3", "S-4", "I", "II", "III"]

LETTERS = "ABCDEFGHJKLMNPQR"
AQLS = (
    0.010, 0.015, 0.025, 0.040, 0.065, 0.10, 0.15, 0.25, 0.40, 0.65, 1.0, 1.5, 2.5, 4.0, 6.5, 10.0,
    15.0, 25.0, 40.0, 65.0, 100.0, 150.0, 250.0, 400.0, 650.0, 1000.0,
)  # fmt: skip
"""Acceptance quality limits, in percent. Above 10 they count defects per hundred fruit, not unfit fruit."""
FEWEST_LOTS = 10

_SIZES = (2, 3, 5, 8, 13, 20, 32, 50, 80, 125, 200, 315, 500, 800, 1_250, 2_000, 3_150)
_REDUCED_SIZES = (2, 2, 2, 3, 5, 8, 13, 20, 32, 50, 80, 125, 200, 315, 500, 800)
_LOT_SIZES = (8, 15, 25, 50, 90, 150, 280, 500, 1_200, 3_200, 10_000, 35_000, 150_000, 500_000)
_CODES: Mapping[Level, str] = {
    "S-1": "AAAABBBBCCCCDDD",
    "S-2": "AAABBBCCCDDDEEE",
    "S-3": "AABBCCDDEEFFGGH",
    "S-4": "AABCCDEEFGGHJJK",
    "I": "AABCCDEFGHJKLMN",
    "II": "ABCDEFGHJKLMNPQ",
    "III": "BCDEFGHJKLMNPQR",
}
_NORMAL = {14: 0, 17: 1, 18: 2, 19: 3, 20: 5, 21: 7, 22: 10, 23: 14, 24: 21, 25: 30, 26: 44}
_TIGHTENED = {15: 0, 18: 1, 19: 2, 20: 3, 21: 5, 22: 8, 23: 12, 24: 18, 25: 27, 26: 41}
_REDUCED = {14: (0, 1), 17: (0, 2), 18: (1, 3), 19: (1, 4), 20: (2, 5), 21: (3, 6), 22: (5, 8), 23: (7, 10), 24: (10, 13),
            25: (14, 17), 26: (21, 24)}  # fmt: skip
_REDUCED_A = {d: (accept, accept + 1) for d, accept in _NORMAL.items()}
_REDUCED_B = {14: (0, 1), 17: (0, 2), 18: (1, 3), 19: (2, 4), 20: (3, 5), 21: (5, 6), 22: (7, 8), 23: (10, 11), 24: (14, 15),
              25: (21, 22), 26: (30, 31)}  # fmt: skip
_LAST_OF_ALL = 4  # letter E: beyond it no plan has d of 25 or more
_UP = 15  # the d of the arrows that point up though plans lie below; tightened inspection has none


class PlanRefused(LotRefused):
    """There is no sampling plan for what was asked."""


@dataclass(frozen=True)
class Plan:
    """A single sampling plan.

    Attributes:
        letter: of the row that the plan stands in, behind any arrow; S is the last, of tightened inspection alone.
        fruit: how many to look at; ``all_fruit`` where that is the whole lot.
        accept, refuse: the lot is accepted with up to so many unfit fruit, refused from so many on. In reduced inspection
            there is a gap: a lot in it is accepted, and the next is inspected normally.
        accept_tighter: the acceptance number of normal inspection with the AQL one step tighter.
        confirmed: False for the one cell on which sources differ.
    """

    letter: str
    aql: float
    severity: Severity
    fruit: int
    accept: int
    refuse: int
    accept_tighter: int
    all_fruit: bool = False
    confirmed: bool = True

    @property
    def source(self) -> str:
        """The document whose table it is from."""
        return "MIL-STD-105E" if self.severity == "reduced" else "ISO 2859-1"

    def decide(self, unfit: int, to_come: int = 0) -> Literal["accepted", "refused"] | None:
        """What becomes of the lot; None while fruit that are still to be looked at can change it.

        Args:
            unfit: fruit found so far; to_come: fruit of the sample still to be looked at.
        """
        if unfit >= self.refuse:
            return "refused"
        return "accepted" if unfit + to_come < self.refuse else None

    def chance_to_accept(self, share: float, lot: int | None = None) -> float:
        """The operating characteristic: with a true share of unfit fruit, in a lot of so many fruit or a long series.

        A series is reckoned by the binomial, a lot by the hypergeometric distribution, its unfit fruit rounded.
        """
        found: Floats = (
            binomial(self.fruit, share) if lot is None else hypergeometric(lot, round(share * lot), self.fruit)
        )
        return min(1.0, float(found[: self.refuse].sum()))


def document_for(lots: int) -> Literal["ISO 2859-1", "ISO 2859-2"]:
    """The document that a series of so many lots belongs to: an isolated lot and fewer than ten to ISO 2859-2.

    The plans of this room are for a series, whose switching protects the consumer.
    """
    return "ISO 2859-1" if lots >= FEWEST_LOTS else "ISO 2859-2"


def code_letter(lot: int, level: Level = "II") -> str:
    """The sample size code letter of a lot of so many fruit (ISO 2859-1:1999, table 1).

    Raises:
        PlanRefused: ``lot_too_small``.
    """
    if lot < 2:
        raise PlanRefused(
            "lot_too_small",
            es=f"Un lote de {lot} frutas no se muestrea: inspecciónelas todas.",
            en=f"A lot of {lot} fruit is not sampled: inspect them all.",
        )
    return _CODES[level][sum(lot > most for most in _LOT_SIZES)]


def plan_for(lot: int, aql: float, level: Level = "II", severity: Severity = "normal") -> Plan:
    """The plan for a lot of so many fruit: letter, size and numbers, arrows followed (ISO 2859-1:1999, tables 2-A, 2-B).

    Reduced inspection is that of MIL-STD-105E, table II-C, which keeps a gap between the two numbers. For code letter A at
    an AQL of 10, tightened, the rule would give 2 fruit and 0; the published list, which is followed, has an arrow to 8
    fruit and 1.

    Raises:
        PlanRefused: ``lot_too_small``, ``aql_unknown``.
    """
    return plan_of_letter(code_letter(lot, level), aql, severity, lot)


def plan_of_letter(letter: str, aql: float, severity: Severity = "normal", lot: int | None = None) -> Plan:
    """The same for a code letter.

    Raises:
        PlanRefused: ``aql_unknown``.
    """
    if aql not in AQLS:
        steps = ", ".join(f"{each:g}" for each in AQLS)
        raise PlanRefused(
            "aql_unknown",
            es=f"No hay planes para un límite de calidad (AQL) de {aql:g}. Elija uno de estos: {steps}.",
            en=f"There are no plans for an acceptance quality limit (AQL) of {aql:g}. Choose one of these: {steps}.",
        )
    row, column = LETTERS.index(letter), AQLS.index(aql)
    place = _followed(row, column, severity)
    numbers = _numbers(place, column, severity)
    assert numbers is not None  # noqa: S101 - arrows lead to plans
    fruit = (_REDUCED_SIZES if severity == "reduced" else _SIZES)[place]
    return Plan(
        letter=(LETTERS + "S")[place],
        aql=aql,
        severity=severity,
        fruit=fruit if lot is None else min(fruit, lot),
        accept=numbers[0],
        refuse=numbers[1],
        accept_tighter=_NORMAL.get(place + column - 1, 0),
        all_fruit=lot is not None and fruit >= lot,
        confirmed=not _doubtful(row, column, severity),
    )


def _numbers(row: int, column: int, severity: Severity) -> tuple[int, int] | None:
    """Acceptance and rejection number of a cell; None for an arrow."""
    d = row + column
    if (d > 24 and row > _LAST_OF_ALL) or _doubtful(row, column, severity):
        return None
    if severity == "reduced":
        return {0: _REDUCED_A, 1: _REDUCED_B}.get(row, _REDUCED).get(d)
    accept = (_TIGHTENED if severity == "tightened" else _NORMAL).get(d)
    return None if accept is None else (accept, accept + 1)


def _doubtful(row: int, column: int, severity: Severity) -> bool:
    return severity == "tightened" and row == 0 and AQLS[column] == 10


def _followed(row: int, column: int, severity: Severity) -> int:
    """The row of the plan that a cell is or points to."""
    rows = range(len(_SIZES) if severity == "tightened" else len(_REDUCED_SIZES))
    plans = [each for each in rows if _numbers(each, column, severity)]
    below, above = [each for each in plans if each >= row], [each for each in plans if each <= row]
    if row in plans or not above:
        return below[0]
    up = severity != "tightened" and row + column == _UP
    return above[-1] if up or not below else below[0]
