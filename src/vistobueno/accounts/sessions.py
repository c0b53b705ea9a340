"""Sessions of people, in the database: only the hash of what the browser holds is kept."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, insert, select, update

from ..core.inspection import Actor
from ..store.schema import people, sessions
from .identity import Identity, permissions_of
from .tokens import hashed, new_token

IDLE = timedelta(minutes=30)  # ASVS 3.3.2, level 2
_SEEN_EVERY = timedelta(minutes=1)  # a page of twenty pictures is one write, not twenty


@dataclass(frozen=True)
class Session:
    """An open session as its owner and an admin see it; ``id`` is the hash, which opens nothing."""

    id: str
    person_id: int
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    address: str | None
    agent: str | None


def begin(
    connection: Connection, now: datetime, person_id: int, lasts: timedelta, address: str, agent: str
) -> tuple[str, Identity]:
    """A new session: the token for the browser, and who it is."""
    token = new_token()
    connection.execute(
        insert(sessions).values(
            token_hash=hashed(token),
            person_id=person_id,
            created_at=now,
            seen_at=now,
            expires_at=now + lasts,
            address=address[:64],
            agent=agent[:400],
            csrf=new_token(),
        )
    )
    row = _open_row(connection, now, hashed(token))
    assert row is not None  # noqa: S101 it was written just now, in this transaction
    return token, _identity(row)


def find(connection: Connection, now: datetime, token: str) -> tuple[Identity, bool] | None:
    """Who an open session belongs to, and whether it is time to write that it was seen."""
    row = _open_row(connection, now, hashed(token))
    return None if row is None else (_identity(row), row.seen_at <= now - _SEEN_EVERY)


def seen(connection: Connection, now: datetime, session: str) -> None:
    """It is in use: the idle time starts anew."""
    connection.execute(update(sessions).where(_open(now), sessions.c.token_hash == session).values(seen_at=now))


def end(connection: Connection, now: datetime, *which: ColumnElement[bool]) -> int:
    """End the open sessions that meet all conditions; how many there were."""
    ended = update(sessions).where(sessions.c.ended_at.is_(None), *which).values(ended_at=now)
    return connection.execute(ended).rowcount


def of_person(connection: Connection, now: datetime, person_id: int) -> tuple[Session, ...]:
    """The open sessions of a person, the one in use last first."""
    query = select(sessions).where(_open(now), sessions.c.person_id == person_id).order_by(sessions.c.seen_at.desc())
    return tuple(
        Session(row.token_hash, row.person_id, row.created_at, row.seen_at, row.expires_at, row.address, row.agent)
        for row in connection.execute(query)
    )


def _open(now: datetime) -> ColumnElement[bool]:
    return and_(sessions.c.ended_at.is_(None), sessions.c.expires_at > now, sessions.c.seen_at > now - IDLE)


def _open_row(connection: Connection, now: datetime, session: str) -> Row[Any] | None:
    query = (
        select(sessions, people.c.email, people.c.name, people.c.role, people.c.language)
        .join(people, people.c.id == sessions.c.person_id)
        .where(_open(now), people.c.disabled_at.is_(None), sessions.c.token_hash == session)
    )
    return connection.execute(query).one_or_none()


def _identity(row: Row[Any]) -> Identity:
    return Identity(
        actor=Actor("person", row.person_id, row.name),
        role=row.role,
        scopes=permissions_of(row.role),
        language=row.language,
        session=row.token_hash,
        csrf=row.csrf,
        email=row.email,
    )
