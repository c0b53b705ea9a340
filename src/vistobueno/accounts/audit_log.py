"""The audit log: who did what to whom, from where, in which request. Rows are added, never changed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from ..core.inspection import Actor, Page
from ..store.schema import audit


@dataclass(frozen=True)
class Where:
    """Where a request comes from, as far as is known."""

    address: str | None = None
    request_id: str | None = None


@dataclass(frozen=True)
class Event:
    """One line of the log."""

    id: int
    at: datetime
    actor: Actor
    action: str
    subject: str | None
    address: str | None
    request_id: str | None
    details: Mapping[str, Any]


ADDRESS_HEADER, REQUEST_HEADER = "x-vistobueno-address", "x-vistobueno-request"
"""With these the guard tells the pages, which run in threads of Streamlit's, where a websocket comes from. A client that
sends them is not heard."""

_where: ContextVar[Where] = ContextVar("where")
_NOWHERE = Where()


@contextmanager
def coming_from(address: str | None, request_id: str | None) -> Iterator[None]:
    """What is written to the log inside the block came from here."""
    token = _where.set(Where(address, request_id))
    try:
        yield
    finally:
        _where.reset(token)


def write(connection: Connection, at: datetime, actor: Actor, action: str, subject: str | None, **details: Any) -> None:
    """Add a line in the transaction of what it tells of: both are kept or neither."""
    where = _where.get(_NOWHERE)
    connection.execute(
        insert(audit).values(
            at=at,
            actor_kind=actor.kind,
            actor_id=actor.id,
            actor_name=actor.name[:320],
            action=action,
            subject=None if subject is None else subject[:400],
            address=(where.address or "")[:64] or None,
            request_id=(where.request_id or "")[:100] or None,
            details=details,
        )
    )


def last(connection: Connection, action: str, since: datetime) -> datetime | None:
    """When something was last done, if that was after ``since``."""
    query = select(audit.c.at).where(audit.c.action == action, audit.c.at > since).order_by(audit.c.id.desc()).limit(1)
    found: datetime | None = connection.execute(query).scalar_one_or_none()
    return found


def read(connection: Connection, after: str | None, limit: int) -> Page[Event]:
    """Newest first; ``after`` is the cursor that the page before gave."""
    query = select(audit).order_by(audit.c.id.desc()).limit(limit + 1)
    if after is not None and after.isdecimal() and len(after) <= 18:  # no number of a row is longer
        query = query.where(audit.c.id < int(after))
    rows = connection.execute(query).all()
    items = tuple(
        Event(
            row.id,
            row.at,
            Actor(row.actor_kind, row.actor_id, row.actor_name),
            row.action,
            row.subject,
            row.address,
            row.request_id,
            row.details,
        )
        for row in rows[:limit]
    )
    return Page(items, str(items[-1].id) if len(rows) > limit else None)
