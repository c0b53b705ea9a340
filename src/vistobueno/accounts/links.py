"""One-time links: for the first admin, for who is invited, for who forgot the password. Kept as hashes, used once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from ..store.schema import links
from .tokens import hashed, new_token

LASTS = {"first_admin": timedelta(hours=24), "invite": timedelta(days=7), "reset": timedelta(hours=2)}


@dataclass(frozen=True)
class Link:
    """What an open link is for."""

    purpose: str
    email: str | None
    name: str | None
    role: str | None
    person_id: int | None


@dataclass(frozen=True)
class Invitation:
    """An invitation that still opens, as an admin sees it; its link was shown once and is not kept."""

    email: str
    name: str
    role: str
    created_at: datetime
    expires_at: datetime


def make(
    connection: Connection,
    now: datetime,
    purpose: str,
    *,
    email: str | None = None,
    name: str | None = None,
    role: str | None = None,
    person_id: int | None = None,
) -> str:
    """The token of a new link; older ones for the same end with it."""
    same_end = links.c.purpose == purpose
    if email is not None:
        same_end &= links.c.email == email
    if person_id is not None:
        same_end &= links.c.person_id == person_id
    connection.execute(update(links).where(same_end, links.c.used_at.is_(None)).values(used_at=now))
    token = new_token()
    connection.execute(
        insert(links).values(
            token_hash=hashed(token),
            purpose=purpose,
            email=email,
            name=name,
            role=role,
            person_id=person_id,
            created_at=now,
            expires_at=now + LASTS[purpose],
        )
    )
    return token


def find(connection: Connection, now: datetime, token: str) -> Link | None:
    """What a link is for, if it still opens."""
    query = select(links).where(
        links.c.token_hash == hashed(token), links.c.used_at.is_(None), links.c.expires_at > now
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else Link(row.purpose, row.email, row.name, row.role, row.person_id)


def invitation(connection: Connection, now: datetime, email: str) -> Link | None:
    """The open invitation of an e-mail address."""
    query = select(links).where(
        links.c.purpose == "invite", links.c.email == email, links.c.used_at.is_(None), links.c.expires_at > now
    )
    row = connection.execute(query).first()
    return None if row is None else Link(row.purpose, row.email, row.name, row.role, row.person_id)


def invitations(connection: Connection, now: datetime) -> tuple[Invitation, ...]:
    """Every invitation that still opens, the newest first."""
    query = select(links).where(links.c.purpose == "invite", links.c.used_at.is_(None), links.c.expires_at > now)
    rows = connection.execute(query.order_by(links.c.created_at.desc(), links.c.email))
    return tuple(Invitation(row.email, row.name, row.role, row.created_at, row.expires_at) for row in rows)


def use(connection: Connection, now: datetime, token: str) -> bool:
    """Use it up; False when another was quicker."""
    used = update(links).where(links.c.token_hash == hashed(token), links.c.used_at.is_(None), links.c.expires_at > now)
    return connection.execute(used.values(used_at=now)).rowcount == 1


def end_invitation(connection: Connection, now: datetime, email: str) -> bool:
    """It opens no more: its person has come in another way, or it was revoked. False when there was none."""
    open_now = links.c.used_at.is_(None) & (links.c.expires_at > now)
    ended = update(links).where(links.c.purpose == "invite", links.c.email == email, open_now)
    return connection.execute(ended.values(used_at=now)).rowcount > 0
