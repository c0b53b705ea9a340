"""What a station tells other programs: its events, each with what it says, and how often one is sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from .errors import VistoBuenoError
from .inspection import Actor, Inspection, Review
from .line import LineCalibration
from .lots.issued import IssuedReport
from .lots.lot import Lot, LotVerdict

EventType = Literal[
    "inspection.created",
    "review.created",
    "defects.named",
    "lot.opened",
    "lot.decided",
    "report.issued",
    "calibration.activated",
    "model.activated",
]
EVENTS: tuple[EventType, ...] = get_args(EventType)
TEST = "webhook.test"
"""What is sent on request, to try an endpoint; nothing happened."""

ATTEMPTS = 12
LONGEST_RETRY = timedelta(days=2)
"""What is older than this when it fails is not sent again by itself: a receiver that is gone holds nothing up for ever."""
_FIRST, _GROWTH, _MOST = 5.0, 4.0, 6 * 3600.0  # seconds


class WebhookRefused(VistoBuenoError):
    """What was asked of webhooks cannot be done."""


@dataclass(frozen=True)
class Event:
    """Something that happened.

    Attributes:
        stream: what it belongs to; an endpoint is told the events of one stream in their order.
        data: ids, numbers and answers, by the names of the API; no names of people.
    """

    type: EventType
    stream: str
    at: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Endpoint:
    """A receiver of events.

    Attributes:
        events: those that it is told; empty: all.
        previous_until: until when the secret before signs too; None: there is no other.
        stopped_at: since when it is told nothing, because it said so (410) or a backup brought it back.
        waiting, dead: messages that are to be sent, and those that are not sent again by themselves.
    """

    id: int
    url: str
    events: tuple[str, ...]
    created_at: datetime
    actor: Actor
    previous_until: datetime | None
    stopped_at: datetime | None
    delivered_at: datetime | None
    waiting: int = 0
    dead: int = 0


@dataclass(frozen=True)
class DeadLetter:
    """A message that was sent too often, or for too long, without success; ``problem``: of the last time."""

    id: int
    endpoint: int
    message: str
    type: str
    at: datetime
    attempts: int
    dead_at: datetime
    problem: str


def back_off(attempts: int, chance: float) -> timedelta:
    """How long to wait after so many attempts: 5 s, 20 s, 80 s … 6 h, a quarter more or less as ``chance`` (0 to 1) says.

    Twelve attempts last some 32 hours.
    """
    seconds = min(_FIRST * _GROWTH ** min(attempts - 1, 10), _MOST)
    return timedelta(seconds=seconds * (0.75 + chance / 2))


def inspection_created(made: Inspection) -> Event:
    """A photograph was judged and kept."""
    said = made.verdict
    data = {
        "number": made.number,
        "at": made.at.isoformat(),
        "line": made.line,
        "lot": made.lot,
        "package": made.package,
        "fruit": made.fruit,
        "source": made.source,
        "filename": made.filename,
        "answer": said.answer,
        "reasons": list(said.reasons),
        "product": said.recognised_product,
        "class": said.class_key,
        "probability_unfit": said.probability_unfit,
        "model": {"name": made.model.name, "version": made.model.version, "digest": made.model.digest,
                  "calibration": made.model.calibration},
    }  # fmt: skip
    return Event("inspection.created", _of_fruit(made), made.at, data)


def review_created(of: Inspection, given: Review) -> Event:
    """A person answered on an inspection."""
    data = {
        "id": given.id,
        "inspection": of.number,
        "lot": of.lot,
        "at": given.at.isoformat(),
        "answer": given.answer,
        "defects": list(given.defects),
        "severities": dict(given.severities),
        "blind": given.blind,
    }
    return Event("review.created", _of_fruit(of), given.at, data)


def defects_named(of: Inspection) -> Event:
    """Somebody named the defects of a fruit, the last that are named of it."""
    named = of.named[-1]
    data = {
        "id": named.id,
        "inspection": of.number,
        "lot": of.lot,
        "at": named.at.isoformat(),
        "defects": list(named.defects),
        "severities": dict(named.severities),
    }
    return Event("defects.named", _of_fruit(of), named.at, data)


def lot_opened(lot: Lot) -> Event:
    """A lot takes photographs from now on."""
    facts = lot.facts
    data = {
        "number": lot.number,
        "code": facts.code,
        "product": facts.product,
        "grade": facts.grade,
        "packages": facts.packages,
        "opened_at": lot.opened_at.isoformat(),
        "demo": lot.demo,
    }
    return Event("lot.opened", _of_lot(lot.number), lot.opened_at, data)


def lot_decided(lot: Lot, verdict: LotVerdict) -> Event:
    """A lot was decided, or decided again: ``previous`` is the decision that this takes the place of."""
    data = {
        "id": verdict.id,
        "lot": lot.number,
        "code": lot.facts.code,
        "at": verdict.at.isoformat(),
        "decision": verdict.decision,
        "grade": verdict.grade,
        "previous": verdict.previous,
    }
    return Event("lot.decided", _of_lot(lot.number), verdict.at, data)


def report_issued(report: IssuedReport) -> Event:
    """A lot's report can be fetched."""
    data = {
        "number": report.number,
        "lot": report.lot,
        "language": report.language,
        "at": report.at.isoformat(),
        "sha256": report.sha256,
    }
    return Event("report.issued", _of_lot(report.lot), report.at, data)


def calibration_activated(line: str, calibration: LineCalibration | None, at: datetime, cause: str) -> Event:
    """A line is judged by a calibration from now on; None: by the model alone."""
    data = {
        "line": line,
        "calibration": calibration and calibration.number,
        "digest": calibration and calibration.digest,
        "at": at.isoformat(),
        "cause": cause,
    }
    return Event("calibration.activated", f"line:{line}", at, data)


def model_activated(digest: str, at: datetime, cause: str) -> Event:
    """Another model judges from now on."""
    return Event("model.activated", "model", at, {"digest": digest, "at": at.isoformat(), "cause": cause})


def _of_fruit(inspection: Inspection) -> str:
    return f"inspection:{inspection.number}" if inspection.lot is None else _of_lot(inspection.lot)


def _of_lot(number: int) -> str:
    return f"lot:{number}"
