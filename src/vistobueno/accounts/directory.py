"""The people of a station: who they are, their role, whether they may come in. There is always an admin left."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, select, update

from ..store.schema import people
from .errors import access_refused
from .identity import ROLES

_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,255}")


@dataclass(frozen=True)
class Person:
    """A person as an admin sees them."""

    id: int
    email: str
    name: str
    role: str
    language: str
    created_at: datetime
    disabled_at: datetime | None
    has_password: bool
    uses_provider: bool


def plain_email(email: str) -> str:
    """One form for one address.

    Raises:
        AccessRefused: ``email_invalid``.
    """
    plain = email.strip().lower()
    if not _EMAIL.fullmatch(plain) or not plain.isprintable() or len(plain) > 320:
        raise access_refused("email_invalid")
    return plain


def plain_name(name: str) -> str:
    """A name that can be shown.

    Raises:
        AccessRefused: ``name_missing``.
    """
    plain = " ".join(name.split())
    if not plain or len(plain) > 200 or not plain.isprintable():
        raise access_refused("name_missing")
    return plain


def check_role(role: str) -> None:
    """Refuse a role that does not exist."""
    if role not in ROLES:
        raise access_refused("role_unknown", roles=", ".join(ROLES))


def row_of(connection: Connection, condition: ColumnElement[bool]) -> Row[Any] | None:
    """The one person that meets the condition."""
    return connection.execute(select(people).where(condition)).one_or_none()


def is_as_it_was(connection: Connection, row: Row[Any]) -> bool:
    """Whether a person's password and leave to come in are those of ``row``; until the transaction ends, they stay so."""
    asked = select(people.c.password_hash, people.c.disabled_at).where(people.c.id == row.id)
    return connection.execute(asked.with_for_update()).one() == (row.password_hash, row.disabled_at)


def person(connection: Connection, person_id: int) -> Person:
    """The person with this number.

    Raises:
        AccessRefused: ``person_unknown``.
    """
    row = row_of(connection, people.c.id == person_id)
    if row is None:
        raise access_refused("person_unknown")
    return _person(row)


def everyone(connection: Connection) -> tuple[Person, ...]:
    """All people, by name."""
    return tuple(_person(row) for row in connection.execute(select(people).order_by(people.c.name, people.c.id)))


def add(
    connection: Connection,
    now: datetime,
    email: str,
    name: str,
    role: str,
    language: str,
    *,
    password_hash: str | None = None,
    oidc_subject: str | None = None,
) -> int:
    """A new person's number.

    Raises:
        AccessRefused: ``email_taken``, ``email_invalid``, ``name_missing`` or ``role_unknown``.
    """
    email, name = plain_email(email), plain_name(name)
    check_role(role)
    if row_of(connection, people.c.email == email) is not None:
        raise access_refused("email_taken")
    made = connection.execute(
        insert(people).values(
            email=email,
            name=name,
            role=role,
            language=language,
            password_hash=password_hash,
            oidc_subject=oidc_subject,
            created_at=now,
            password_changed_at=now if password_hash else None,
        )
    )
    number = made.inserted_primary_key
    assert number is not None  # noqa: S101 what was inserted has a number
    return int(number[0])


def change(connection: Connection, person_id: int, **values: Any) -> None:
    """Write new values for a person."""
    connection.execute(update(people).where(people.c.id == person_id).values(**values))


def has_admin(connection: Connection) -> bool:
    """Whether somebody administers."""
    return _other_admins(connection, 0) > 0


def keep_an_admin(connection: Connection, person_id: int) -> None:
    """Refuse what would leave a station that nobody administers."""
    # locked in one order, so that two admins who demote each other at once do not both succeed
    connection.execute(select(people.c.id).where(people.c.role == "admin").order_by(people.c.id).with_for_update())
    if not _other_admins(connection, person_id):
        raise access_refused("last_admin")


def _other_admins(connection: Connection, person_id: int) -> int:
    query = select(func.count()).where(
        people.c.role == "admin", people.c.disabled_at.is_(None), people.c.id != person_id
    )
    return int(connection.execute(query).scalar_one())


def _person(row: Row[Any]) -> Person:
    return Person(
        row.id, row.email, row.name, row.role, row.language, row.created_at, row.disabled_at,
        row.password_hash is not None, row.oidc_subject is not None,
    )  # fmt: skip
