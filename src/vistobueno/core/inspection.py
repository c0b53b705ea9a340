"""What is kept, as values: inspections, reviews, and what lists of them are asked for by. Times are UTC and aware."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Generic, Literal, TypeVar

from .defects import Defect, Severity
from .photo import Photo
from .verdict import Answer, Verdict

T = TypeVar("T")
ActorKind = Literal["person", "key", "system"]
ReviewAnswer = Literal["fit", "unfit", "other", "retake"]
"""``other``: none of our products. ``retake``: the photograph shows too little. Neither counts as fit or as unfit."""
Source = Literal["page", "api", "bulk"]
Disagreement = Literal["escape", "overkill", "other", "forced"]
"""How a person's answer speaks against the model's: it passed what is unfit, rejected what is fit, took what is none of
our products for one, or asked for a review while the answer that it tended to was wrong."""
LONGEST_NAME, LONGEST_NOTE = 255, 2000  # characters that are kept of a file's name, and of a note


@dataclass(frozen=True)
class Actor:
    """Who did something: a person, a machine's key, or the station itself."""

    kind: ActorKind
    id: int | None
    name: str


SYSTEM = Actor("system", None, "vistobueno")
DEFAULT_LINE = "principal"


@dataclass(frozen=True)
class Review:
    """A person's answer on an inspection. It never overwrites the verdict, it stands beside it.

    Attributes:
        blind: who answered was not shown the verdict.
        severities: how bad each defect is of which somebody said so.
    """

    id: int
    inspection_number: int
    at: datetime
    actor: Actor
    answer: ReviewAnswer
    note: str
    defects: tuple[Defect, ...] = ()
    blind: bool = False
    severities: Mapping[Defect, Severity] = field(default_factory=dict)


@dataclass(frozen=True)
class NamedDefects:
    """What a person named of a fruit without answering whether it is fit: at the line, or later to complete it.

    It is later than every review and naming of the inspection that came before it, whatever the clock does.
    """

    id: int
    inspection_number: int
    at: datetime
    actor: Actor
    defects: tuple[Defect, ...]
    severities: Mapping[Defect, Severity] = field(default_factory=dict)


def disagreement(verdict: Verdict, said: ReviewAnswer) -> Disagreement | None:
    """How a person's answer speaks against a verdict; None where it does not. To ask for a retake is no answer."""
    if said == "retake" or said == verdict.answer:
        return None
    if verdict.answer == "review":
        return "forced" if said in ("fit", "unfit") and said != verdict.forced else None
    if said == "other":
        return "other"
    return "escape" if verdict.answer == "fit" else "overkill"


@dataclass(frozen=True)
class ModelName:
    """The model that judged, and the identity of the line's calibration that it judged by (SHA-256), where it had one."""

    name: str
    version: str
    digest: str
    calibration: str | None = None


@dataclass(frozen=True)
class PhotoFacts:
    """The photograph that was given, measured."""

    sha256: str = field(metadata={"name": "photo_sha256"})
    width: int
    height: int
    format: str
    bytes: int
    sharpness: float
    brightness: float
    clipped: float

    @classmethod
    def of(cls, photo: Photo, size: int) -> "PhotoFacts":
        """Those of a photograph that was opened from ``size`` bytes."""
        measured = photo.sharpness, photo.brightness, photo.clipped
        return cls(photo.sha256, photo.width, photo.height, photo.format, size, *measured)


@dataclass(frozen=True)
class Inspection:
    """One photograph judged once by one model version, for ever.

    It is spelled out here alone: the row, the API's answer, the columns of a table and the facts of a page are derived
    from it (see `composed`). A new field needs a migration and its texts.

    Attributes:
        number: 1, 2, 3, … without gaps; a higher number is never earlier.
        line: the camera and the place it stands in.
        evidence: the key of its photograph in the evidence store.
        audit_chance: with which it was drawn for the blind audit of its line; None where it was not drawn.
        audit_people: how many people it is asked there, 0, 1 or 2.
        lot, package, fruit: where the fruit was taken from: the lot's number, the package's in the lot, the fruit's in the
            package; photographs of one fruit share all three.
        has_photograph: False where the photograph is not kept here: it was removed because it was old, or the inspection was
            imported without it.
    """

    number: int
    at: datetime
    line: str = field(metadata={"before": DEFAULT_LINE})
    actor: Actor = field(metadata={"prefix": "actor_"})
    source: Source
    filename: str | None
    verdict: Verdict
    model: ModelName = field(metadata={"prefix": "model_"})
    photo: PhotoFacts
    evidence: str
    elapsed_ms: float
    audit_chance: float | None = None
    audit_people: int = field(default=0, metadata={"before": "0"})
    lot: int | None = None
    package: int | None = None
    fruit: int | None = None
    has_heat_map: bool = field(default=False, metadata={"kept": False})
    has_photograph: bool = field(default=True, metadata={"kept": False})
    reviews: tuple[Review, ...] = field(default=(), metadata={"kept": False})
    named: tuple[NamedDefects, ...] = field(default=(), metadata={"kept": False})

    @property
    def said(self) -> Answer | ReviewAnswer:
        """What is known of the fruit: a person's last answer, else the verdict.

        ``review`` too where somebody named a defect, after that, of what is said to be fit; ``other`` and ``retake`` are
        nothing known of a fruit and come as they are.
        """
        answer = self.reviews[-1].answer if self.reviews else self.verdict.answer
        doubted = self.named and (not self.reviews or self.named[-1].at > self.reviews[-1].at)
        return "review" if answer == "fit" and doubted else answer

    @property
    def defects(self) -> dict[Defect, Severity | None]:
        """Those that were named last, in a review or apart, and how bad each is where that was said."""
        reviewed = [each for each in self.reviews if each.defects]
        lasts: tuple[Review | NamedDefects, ...] = (*reviewed[-1:], *self.named[-1:])
        last = max(lasts, key=lambda each: each.at, default=None)
        return {} if last is None else {each: last.severities.get(each) for each in last.defects}


@dataclass(frozen=True)
class Filter:
    """Which inspections a list is asked for; None asks for all.

    Attributes:
        product: which they are recognised as; what is out of scope is of none.
        since, until: from this moment on, and before that one.
        text: is somewhere in the file's name, in capitals or not.
        actor_kind, actor_id: who inspected; a person and a machine may have the same number.
        reviewed: whether a person has answered on it.
        line: the name of the one that it belongs to.
        lot: the number of the one that it was inspected in.
        disagrees: whether a person's last answer on it speaks against the model's, and ``disagreement``: how.
    """

    answer: Answer | None = None
    product: str | None = None
    reason: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None
    actor_id: int | None = None
    source: Source | None = None
    reviewed: bool | None = None
    actor_kind: ActorKind | None = None
    line: str | None = None
    disagrees: bool | None = None
    disagreement: Disagreement | None = None
    lot: int | None = None


@dataclass(frozen=True)
class Page(Generic[T]):
    """A part of a list, newest first; ``next`` is the cursor of what follows, None at the end."""

    items: tuple[T, ...]
    next: str | None


@dataclass(frozen=True)
class DayCount:
    """How many inspections of one product got one answer on one day, UTC's unless another zone's was asked for.

    ``product`` is None for those that show none of the products.
    """

    day: date
    product: str | None
    answer: Answer
    count: int


@dataclass(frozen=True)
class ModelVersion:
    """A model that this station has, and where its bundle lies.

    Attributes:
        active: it judges in this process.
        missed: it was made active and this process cannot load it; the one before goes on.
    """

    digest: str
    name: str
    version: str
    location: str
    added_at: datetime
    active: bool = field(default=False)
    missed: bool = field(default=False)
