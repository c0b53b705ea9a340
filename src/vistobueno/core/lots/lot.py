"""A lot: what is presented, which of its packages are opened, and what was found in them, fruit by fruit."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from ..defects import SEVERITIES, Severity
from ..inspection import Actor, Inspection
from .counts import Finding, Fruit, PackageCounts
from .draw import MOST_PACKAGES, Draw
from .errors import LotRefused
from .gs1 import check_digit_agrees

LotDecision = Literal["accepted", "lower_class", "refused"]
LONGEST_FACT = 200  # characters of a text
MOST_FRUIT = 1_000  # of one package that are looked at
MOST_HELD = 100_000  # fruit in a package
_DIGITS = {"gtin": (8, 12, 13, 14), "sscc": (18,)}


@dataclass(frozen=True)
class LotFacts:
    """What is presented: alike in packer, origin, product, class, size, variety and packaging.

    Attributes:
        code: the packer's own.
        grade: the class that it is presented as, by the key of its first standard.
        packages: in the lot; net_kg: of all of them.
        package_fruit: how many fruit a package holds, about; a sampling plan asks for the size of the lot in fruit.
        gtin, gs1_lot, sscc: GS1's numbers of the trade item, of the lot (AI 10) and of the logistic unit.
    """

    code: str
    packer: str
    origin: str
    product: str
    grade: str
    packages: int
    variety: str = ""
    size: str = ""
    net_kg: float | None = None
    gtin: str | None = None
    gs1_lot: str | None = None
    sscc: str | None = None
    package_fruit: int | None = None

    @property
    def size_in_fruit(self) -> int | None:
        """How many fruit the lot holds, about, where somebody said how many a package does."""
        return None if self.package_fruit is None else self.packages * self.package_fruit


@dataclass(frozen=True)
class SamplePlan:
    """Which packages are opened, by a draw that anybody can repeat, and how many fruit of each are looked at."""

    seed: str
    opened: int
    fruit: int


@dataclass(frozen=True)
class Lot:
    """A lot of this station, by its number.

    Attributes:
        standards: digests of the versions that judge it; by the first it is decided.
        demo: drawn by the program, to show how it works.
        closed_at: when it was decided first; None while it is open.
        decision: the last one, and ``accepted_as`` the class that it was accepted in.
    """

    number: int
    facts: LotFacts = field(metadata={"prefix": ""})
    plan: SamplePlan = field(metadata={"prefix": "plan_"})
    standards: tuple[str, ...]
    opened_at: datetime
    actor: Actor = field(metadata={"prefix": "actor_"})
    demo: bool = False
    closed_at: datetime | None = field(default=None, metadata={"kept": False})
    decision: LotDecision | None = field(default=None, metadata={"kept": False})
    accepted_as: str | None = field(default=None, metadata={"kept": False})

    @property
    def draw(self) -> Draw:
        """Which of its packages are opened."""
        return Draw(self.plan.seed, self.facts.packages, self.plan.opened)


@dataclass(frozen=True)
class LotVerdict:
    """A decision about a lot. The first closes it; another is linked to the one before, with its reason.

    Attributes:
        previous: the decision that it takes the place of.
        grade: the class that the lot is accepted in.
        evidence: counts, and what each standard said of them, as JSON takes it.
    """

    id: int
    lot: int
    at: datetime
    actor: Actor
    decision: LotDecision
    grade: str | None
    reason: str
    evidence: Mapping[str, Any]
    previous: int | None = None


def lot_facts(facts: LotFacts) -> LotFacts:
    """Facts as they are kept: without spaces around, GS1 numbers as digits.

    Raises:
        LotRefused: ``lot_field``.
    """
    values: dict[str, Any] = {}
    for name, value in vars(facts).items():
        if isinstance(value, str):
            text = value.strip()
            if len(text) > LONGEST_FACT or not (text.isprintable() or not text):
                raise _field(name, f"como mucho {LONGEST_FACT} caracteres", f"at most {LONGEST_FACT} characters")
            values[name] = text or ("" if name in ("variety", "size") else None)
        else:
            values[name] = value
    for name in ("code", "packer", "origin", "product", "grade"):
        if not values[name]:
            raise _field(name, "falta", "it is missing")
    if not 0 < facts.packages <= MOST_PACKAGES:
        raise _field("packages", f"entre 1 y {MOST_PACKAGES}", f"from 1 to {MOST_PACKAGES}")
    if facts.net_kg is not None and not 0 < facts.net_kg < 1e9:
        raise _field("net_kg", "un peso mayor que cero", "a weight above zero")
    if facts.package_fruit is not None and not 0 < facts.package_fruit <= MOST_HELD:
        raise _field("package_fruit", f"entre 1 y {MOST_HELD}", f"from 1 to {MOST_HELD}")
    for name, lengths in _DIGITS.items():
        if values[name] is not None:
            values[name] = _gs1(name, values[name], lengths)
    if values["gs1_lot"] is not None and len(values["gs1_lot"]) > 20:
        raise _field("gs1_lot", "como mucho 20 caracteres", "at most 20 characters")
    return LotFacts(**values)


def sample_plan(plan: SamplePlan, facts: LotFacts) -> SamplePlan:
    """The plan, if the lot can bear it.

    Raises:
        DrawRefused: ``draw_invalid``. LotRefused: ``lot_field``.
    """
    Draw(plan.seed, facts.packages, plan.opened)
    if not 0 < plan.fruit <= MOST_FRUIT:
        raise _field(
            "plan.fruit", f"entre 1 y {MOST_FRUIT} frutas por bulto", f"from 1 to {MOST_FRUIT} fruit per package"
        )
    return plan


@dataclass(frozen=True)
class FruitLookedAt:
    """A fruit of a package that is opened, and its photographs; they count as one.

    Attributes:
        said: ``unfit`` where a photograph of it is, ``review`` where one waits for an answer, else ``fit``.
        findings: the defects that were named, each once, as bad as somebody said it is.
    """

    package: int
    number: int
    said: Literal["fit", "unfit", "review"]
    sides: tuple[Inspection, ...]
    findings: Fruit = ()


def fruit_of(lot: Lot, found: Iterable[Inspection]) -> tuple[FruitLookedAt, ...]:
    """The fruit that were looked at, by package and number.

    One of which no photograph shows our products, or enough of it, is not there.

    Args:
        found: the lot's inspections.
    """
    drawn = set(lot.draw.numbers)
    by_fruit: dict[tuple[int, int], list[Inspection]] = {}
    for each in found:
        if each.package in drawn and each.fruit is not None:
            by_fruit.setdefault((each.package, each.fruit), []).append(each)
    fruit = []
    for (package, number), sides in sorted(by_fruit.items()):
        said = {each.said for each in sides}
        for answer in ("unfit", "review", "fit"):
            if answer in said:
                fruit.append(FruitLookedAt(package, number, answer, tuple(sides), _findings(sides)))
                break
    return tuple(fruit)


def counted(lot: Lot, fruit: Iterable[FruitLookedAt]) -> tuple[PackageCounts, ...]:
    """What was found in the packages that are opened, in their order; each has all of the plan's fruit, or some to come."""
    of: dict[int, list[FruitLookedAt]] = {number: [] for number in lot.draw.numbers}
    for each in fruit:
        of[each.package].append(each)
    return tuple(
        PackageCounts(
            number,
            len(some),
            tuple(each.findings for each in some if each.said == "unfit"),
            sum(each.said == "review" for each in some),
            max(0, lot.plan.fruit - len(some)),
        )
        for number, some in of.items()
    )


def _findings(sides: Sequence[Inspection]) -> Fruit:
    worst: dict[str, Severity | None] = {}
    for side in sides:
        for defect, severity in side.defects.items():
            before = worst.get(defect)
            worst[defect] = max(filter(None, (before, severity)), key=SEVERITIES.index, default=None)
    return tuple(Finding(*each) for each in worst.items())


def _gs1(name: str, text: str, lengths: tuple[int, ...]) -> str:
    """A GS1 number whose last digit is its check digit."""
    digits = "".join(each for each in text if each not in " -")
    if not (digits.isascii() and digits.isdecimal() and len(digits) in lengths):
        several = ", ".join(map(str, lengths))
        raise _field(name, f"un número de {several} cifras", f"a number of {several} digits")
    if not check_digit_agrees(digits):
        raise _field(
            name, "la última cifra no concuerda con las demás", "its last digit does not agree with the others"
        )
    return digits


def _field(name: str, es: str, en: str) -> LotRefused:
    return LotRefused(
        "lot_field",
        es=f"En el lote, el dato «{name}»: {es}. Corríjalo.",
        en=f"In the lot, the field “{name}”: {en}. Correct it.",
    )
