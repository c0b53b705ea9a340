"""Raw counts of a lot, by package: what people and the line found, before any standard says what it means."""

from dataclasses import dataclass

from ..defects import Severity
from .errors import LotRefused


class CountsRefused(LotRefused):
    """Counts that no lot can have, or a question that a standard cannot answer."""


@dataclass(frozen=True)
class Finding:
    """A defect that somebody named; ``severity`` is None where nobody said how bad it is."""

    defect: str
    severity: Severity | None = None


Fruit = tuple[Finding, ...]
"""What was found on one unfit fruit; empty: nobody has named a defect of it."""


@dataclass(frozen=True)
class PackageCounts:
    """What was found in one package. A fruit counts once, however many photographs it has.

    Attributes:
        number: of the package, in the lot.
        looked_at: fruit.
        unfit: those of them that are not fit, with what was found on each.
        awaited: those of them whose answer is still to come from a person.
        to_come: fruit of the plan that nobody has looked at yet.
        sized: fruit that were measured; out_of_size: of these.

    Raises:
        CountsRefused: ``counts_impossible``.
    """

    number: int
    looked_at: int
    unfit: tuple[Fruit, ...] = ()
    awaited: int = 0
    to_come: int = 0
    sized: int = 0
    out_of_size: int = 0

    def __post_init__(self) -> None:
        found = len(self.unfit) + self.awaited
        if (
            min(self.awaited, self.to_come, self.out_of_size) < 0
            or found > self.looked_at
            or self.out_of_size > self.sized
        ):
            raise CountsRefused(
                "counts_impossible",
                es=f"Los conteos del bulto {self.number} no cuadran: {found} frutas no aptas o por responder de {self.looked_at} "
                f"inspeccionadas, {self.out_of_size} fuera de calibre de {self.sized} medidas. Corríjalos.",
                en=f"The counts of package {self.number} do not add up: {found} fruit unfit or awaited of {self.looked_at} "
                f"inspected, {self.out_of_size} out of size of {self.sized} measured. Correct them.",
            )
