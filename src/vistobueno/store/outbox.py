"""What must happen outside: messages to endpoints, written in the transaction of what they tell of, gone when delivered."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, exists, func, insert, select, update

from ..core.events import DeadLetter, Event, EventType
from ..tracing import traceparent
from .schema import outbox, webhook_endpoints

_ID = webhook_endpoints.c.id
_LISTENS = webhook_endpoints.c.removed_at.is_(None) & webhook_endpoints.c.stopped_at.is_(None)
_LISTENING = select(_ID, webhook_endpoints.c.events).where(_LISTENS)
LISTENED = exists(_LISTENING).label("listened")
"""Whether anybody is told anything, as a column of a query that is asked anyway: a photograph asks nothing more then."""
_MESSAGE = insert(outbox)
_WAITS = outbox.c.dead_at.is_(None)


@dataclass(frozen=True)
class Message:
    """One event for one endpoint, taken to be sent.

    Attributes:
        message: its name for the receiver, the same each time that it is sent.
        attempts: how often it was taken, this time included.
    """

    id: int
    endpoint: int
    message: str
    type: str
    stream: str
    at: datetime
    payload: str
    attempts: int
    traceparent: str


def tell(connection: Connection, type_: EventType, event: Callable[[], Event], trace: str | None = None) -> None:
    """Write down for every endpoint that is told of such an event; where there is none, nothing is made nor written.

    Args:
        trace: the `traceparent` that the event belongs to; None: that of what is done now.
    """
    told = [row.id for row in connection.execute(_LISTENING) if not row.events or type_ in row.events]
    if not told:
        return
    made = event()
    payload = payload_of(made.type, made.at, made.data)
    message = {"type": made.type, "stream": made.stream, "at": made.at, "due_at": made.at, "payload": payload}
    message["traceparent"] = (traceparent() if trace is None else trace) or None
    rows = [{**message, "endpoint": each, "message": new_message(), "attempts": 0} for each in told]
    connection.execute(_MESSAGE, rows)


def new_message() -> str:
    """A name for a message that no other has."""
    return f"msg_{secrets.token_hex(16)}"


def payload_of(type_: str, at: datetime, data: object) -> str:
    """The body of a message, as the Standard Webhooks specification has it."""
    said = {"type": type_, "timestamp": at.isoformat(), "data": data}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def endpoints_due(connection: Connection, now: datetime) -> list[int]:
    """The endpoints for which something may be sent."""
    due = select(outbox.c.id).where(_WAITS, outbox.c.endpoint == _ID, outbox.c.due_at <= now).limit(1)
    return list(connection.execute(select(_ID).where(_LISTENS, due.scalar_subquery().is_not(None))).scalars())


def take(connection: Connection, endpoint: int, now: datetime, lease: timedelta, most: int) -> list[Message]:
    """Take messages that nobody else will take before the lease ends: the first that waits of each stream.

    Who takes one and dies leaves it to whoever comes after the lease.
    """
    same = outbox.alias()
    first = (  # not a join: PostgreSQL would compare thousands that wait in one stream with each other
        select(same.c.id)
        .where(same.c.endpoint == endpoint, same.c.stream == outbox.c.stream, same.c.dead_at.is_(None))
        .order_by(same.c.id)
        .limit(1)
        .scalar_subquery()
    )
    due = (
        select(outbox)
        .where(_WAITS, outbox.c.endpoint == endpoint, outbox.c.due_at <= now, outbox.c.id == first)
        .order_by(outbox.c.due_at, outbox.c.id)
        .limit(most)
        .with_for_update(skip_locked=True, of=outbox)
    )
    rows = connection.execute(due).all()
    numbers = [row.id for row in rows]
    taken = update(outbox).where(outbox.c.id.in_(numbers))
    if numbers:
        connection.execute(taken.values(attempts=outbox.c.attempts + 1, due_at=now + lease))
    return [
        Message(
            row.id,
            row.endpoint,
            row.message,
            row.type,
            row.stream,
            row.at,
            row.payload,
            row.attempts + 1,
            row.traceparent or "",
        )
        for row in rows
    ]


def delivered(connection: Connection, message: Message, now: datetime) -> None:
    """The receiver has it."""
    connection.execute(delete(outbox).where(outbox.c.id == message.id))
    connection.execute(
        update(webhook_endpoints).where(webhook_endpoints.c.id == message.endpoint).values(delivered_at=now)
    )


def failed(connection: Connection, message: Message, problem: str, due_at: datetime) -> None:
    """It is sent again at ``due_at``, and what follows it in its stream not before."""
    mine = (outbox.c.id == message.id) & (outbox.c.attempts == message.attempts)
    connection.execute(update(outbox).where(mine).values(problem=problem, due_at=due_at))
    follows = _WAITS & (outbox.c.endpoint == message.endpoint) & (outbox.c.stream == message.stream)
    connection.execute(
        update(outbox).where(follows, outbox.c.id > message.id, outbox.c.due_at < due_at).values(due_at=due_at)
    )


def bury(connection: Connection, message: Message, problem: str, now: datetime) -> None:
    """It becomes a dead letter, and what follows it in its stream goes on."""
    mine = (outbox.c.id == message.id) & (outbox.c.attempts == message.attempts)
    connection.execute(update(outbox).where(mine).values(problem=problem, dead_at=now))


def dead_letters(connection: Connection, endpoint: int | None, limit: int) -> list[DeadLetter]:
    """Those of an endpoint, or of all, the newest first."""
    query = select(outbox).where(outbox.c.dead_at.is_not(None)).order_by(outbox.c.id.desc()).limit(limit)
    if endpoint is not None:
        query = query.where(outbox.c.endpoint == endpoint)
    return [_letter(row) for row in connection.execute(query)]


def replay(connection: Connection, which: ColumnElement[bool], now: datetime) -> int:
    """Send dead letters again, as if they were new; how many."""
    dead = update(outbox).where(outbox.c.dead_at.is_not(None), which)
    return connection.execute(dead.values(dead_at=None, attempts=0, due_at=now)).rowcount


def counts(connection: Connection) -> dict[int, tuple[int, int]]:
    """How many messages wait and how many are dead, by endpoint."""
    query = select(outbox.c.endpoint, func.count(), func.count(outbox.c.dead_at)).group_by(outbox.c.endpoint)
    return {endpoint: (all_ - dead, dead) for endpoint, all_, dead in connection.execute(query)}


def oldest(connection: Connection) -> datetime | None:
    """When what has waited longest for an endpoint that listens happened; None where nothing waits."""
    waits = select(func.min(outbox.c.at)).join(webhook_endpoints, outbox.c.endpoint == _ID).where(_WAITS, _LISTENS)
    found: datetime | None = connection.execute(waits).scalar_one()
    return found


def clear_removed(connection: Connection) -> None:
    """Drop what was written for an endpoint while it was being removed."""
    gone = select(_ID).where(webhook_endpoints.c.removed_at.is_not(None))
    connection.execute(delete(outbox).where(outbox.c.endpoint.in_(gone)))


def _letter(row: Row[Any]) -> DeadLetter:
    return DeadLetter(row.id, row.endpoint, row.message, row.type, row.at, row.attempts, row.dead_at, row.problem or "")
