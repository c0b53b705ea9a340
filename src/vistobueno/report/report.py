"""What an inspection report shows, as plain values. Not how it looks (see `document`), nor where it comes from."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ..core.errors import VistoBuenoError
from ..core.inspection import ModelName
from ..core.lots.lot import LotDecision, LotFacts


class ReportRefused(VistoBuenoError):
    """A report cannot be set, or a file is no report that could be checked."""


@dataclass(frozen=True)
class Plan:
    """Which packages were drawn before work began, how many fruit in all, and the seed that draws them again."""

    packages: tuple[str, ...]
    fruit: int
    seed: str


@dataclass(frozen=True)
class Package:
    """What was counted in one package; ``defects`` may name several of one fruit."""

    label: str
    fruit: int
    unfit: int
    defects: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Limit:
    """One limit of a standard and what was found.

    Attributes:
        what: it counts, in the report's language.
        count, of: fruit that count against it, of how many.
        kept: None: what was known did not tell.
        share: the most that is allowed, as a share of the fruit; None where the limit is a count.
        accept: the most fruit that are allowed (Ac of ISO 2859-1); None where the limit is a share.
    """

    what: str
    count: int
    of: int
    kept: bool | None
    share: float | None = None
    accept: int | None = None


@dataclass(frozen=True)
class Judgement:
    """What a standard says of the lot.

    Attributes:
        standard: its name and class, as people read them.
        edition: edition and version that judged.
        confirmed: somebody compared its limits with the standard's text.
        kept: the class that it was presented as; None: what was known did not tell.
        lower: the class below whose limits it is within; empty: none, or that it was presented as.
    """

    standard: str
    edition: str
    confirmed: bool
    kept: bool | None
    limits: tuple[Limit, ...]
    lower: str = ""


@dataclass(frozen=True)
class Estimate:
    """The share of unfit fruit in the whole lot, with its 95 % interval."""

    share: float
    low: float
    high: float


@dataclass(frozen=True)
class People:
    """Who inspected, who answered reviews, and who signed."""

    inspected: tuple[str, ...]
    reviewed: tuple[str, ...]
    signed: str
    signed_at: datetime


@dataclass(frozen=True)
class LineFacts:
    """A line that photographed the lot, and whether it was commissioned."""

    name: str
    measured: bool


@dataclass(frozen=True)
class Photograph:
    """One of the worst fruit, as the station keeps it, and where it is from."""

    jpeg: bytes
    inspection: int
    package: str
    defects: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """An inspection report. Times are aware; they are shown in ``zone``.

    Attributes:
        number: of the report, as people quote it.
        language: ``es`` or ``en``.
        at: when it was made; with equal values the paper is equal, byte for byte.
        inspected: the first and the last photograph.
        grade: the class that the lot was presented as, in words; accepted_as: the one that it is accepted in.
        reason: why it was decided so.
        against: a person decided otherwise than the standard says.
        replaces: the number of the report that this one stands in for.
        estimate: None where none can be given; ``no_estimate`` then says why, in the report's language.
        evidence: JSON that the paper carries within it.
        verification: the public address that its QR code leads to; empty: it has none.
        seal_key: fingerprint of the key that will seal it (`seal.Key.fingerprint`), printed for comparing.
    """

    number: str
    language: str
    at: datetime
    lot: LotFacts
    plan: Plan
    packages: tuple[Package, ...]
    judgements: tuple[Judgement, ...]
    decision: LotDecision
    reason: str
    people: People
    inspected: tuple[datetime, datetime]
    models: tuple[ModelName, ...]
    lines: tuple[LineFacts, ...]
    evidence: bytes
    grade: str = ""
    accepted_as: str = ""
    verification: str = ""
    estimate: Estimate | None = None
    no_estimate: str = ""
    against: bool = False
    replaces: str = ""
    photographs: tuple[Photograph, ...] = ()
    demonstration: bool = False
    zone: str = "UTC"
    seal_key: str = ""

    @property
    def fruit(self) -> int:
        """Fruit that were inspected."""
        return sum(each.fruit for each in self.packages)

    @property
    def unfit(self) -> int:
        """Of them, those that are not fit."""
        return sum(each.unfit for each in self.packages)

    @property
    def defects(self) -> dict[str, int]:
        """How many fruit have each defect, the most usual first."""
        counts = Counter[str]()
        for each in self.packages:
            counts.update(each.defects)
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    @property
    def evidence_digest(self) -> str:
        """SHA-256 of the evidence."""
        return hashlib.sha256(self.evidence).hexdigest()
