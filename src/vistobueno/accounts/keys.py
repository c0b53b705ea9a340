"""Keys of machines: shown once, kept as a hash, with scopes, an end, and the time of their last use."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, or_, select, update

from ..core.inspection import Actor
from ..store.lines import check_in_use
from ..store.schema import api_keys, people
from .directory import plain_name
from .errors import access_refused
from .identity import SCOPES, Identity, permissions_of
from .tokens import hashed, key_prefix, new_key, same

_USED_EVERY = timedelta(minutes=1)  # a sorter's thousand requests a minute are one write


@dataclass(frozen=True)
class ApiKey:
    """A key as it is listed; its secret is nowhere."""

    id: int
    prefix: str
    name: str
    scopes: tuple[str, ...]
    person_id: int
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None
    line: str | None = None

    def opens(self, now: datetime) -> bool:
        """Whether it was neither revoked nor is past its end."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


def make(
    connection: Connection,
    now: datetime,
    name: str,
    scopes: Collection[str],
    person_id: int,
    expires_at: datetime | None,
    line: str | None = None,
) -> tuple[ApiKey, str]:
    """A new key, and the secret that is shown this once."""
    chosen = tuple(scope for scope in SCOPES if scope in scopes)
    if not chosen or set(scopes) - set(SCOPES):
        raise access_refused("scope_unknown", scopes=", ".join(SCOPES))
    name = plain_name(name)
    if expires_at is not None and expires_at <= now:
        raise access_refused("end_is_past")
    if line is not None:
        check_in_use(connection, line)
    prefix, secret = new_key()
    made = connection.execute(
        insert(api_keys).values(
            prefix=prefix,
            key_hash=hashed(secret),
            name=name,
            scopes=list(chosen),
            person_id=person_id,
            created_at=now,
            expires_at=expires_at,
            line=line,
        )
    )
    number = made.inserted_primary_key
    assert number is not None  # noqa: S101 what was inserted has a number
    return ApiKey(number[0], prefix, name, chosen, person_id, now, expires_at, None, None, line), secret


def find(connection: Connection, now: datetime, key: str) -> tuple[Identity, bool] | None:
    """Who a key speaks for, and whether it is time to write that it was used. It dies with the person who made it."""
    prefix = key_prefix(key)
    if prefix is None:
        return None
    query = (
        select(api_keys, people.c.role, people.c.language)
        .join(people, people.c.id == api_keys.c.person_id)
        .where(
            api_keys.c.prefix == prefix,
            api_keys.c.revoked_at.is_(None),
            or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > now),
            people.c.disabled_at.is_(None),
        )
    )
    row = connection.execute(query).one_or_none()
    if row is None or not same(row.key_hash, hashed(key)):
        return None
    scopes = frozenset(row.scopes) & permissions_of(row.role)
    due = row.used_at is None or row.used_at <= now - _USED_EVERY
    return Identity(Actor("key", row.id, row.name), None, scopes, row.language, line=row.line), due


def used(connection: Connection, now: datetime, key_id: int) -> None:
    """It was used now."""
    connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(used_at=now))


def revoke(connection: Connection, now: datetime, key_id: int) -> ApiKey:
    """Never again."""
    row = connection.execute(select(api_keys).where(api_keys.c.id == key_id)).one_or_none()
    if row is None:
        raise access_refused("key_unknown")
    connection.execute(
        update(api_keys).where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None)).values(revoked_at=now)
    )
    return _key(row)


def every(connection: Connection) -> tuple[ApiKey, ...]:
    """All keys, the newest first."""
    return tuple(_key(row) for row in connection.execute(select(api_keys).order_by(api_keys.c.id.desc())))


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        row.id, row.prefix, row.name, tuple(row.scopes), row.person_id,
        row.created_at, row.expires_at, row.used_at, row.revoked_at, row.line,
    )  # fmt: skip
