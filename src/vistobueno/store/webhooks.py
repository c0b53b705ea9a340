"""The endpoints of webhooks: added, given other secrets, stopped, removed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from ..core.events import Endpoint
from ..core.inspection import Actor
from .errors import NotFound
from .outbox import counts
from .records import actor_columns
from .schema import outbox, webhook_endpoints

_THERE = webhook_endpoints.c.removed_at.is_(None)


@dataclass(frozen=True)
class Salts:
    """What an endpoint's secrets are made of, with the station's own key; see `services.signing`.

    Attributes:
        check: of the present secret.
        previous: of the secret before, until ``previous_until``.
    """

    salt: str
    check: str
    previous: str | None = None
    previous_until: datetime | None = None


def add(
    connection: Connection,
    url: str,
    events: Sequence[str],
    salts: Salts,
    at: datetime,
    actor: Actor,
    key_hash: str | None,
) -> Endpoint:
    """A new one."""
    made = connection.execute(
        insert(webhook_endpoints).values(
            url=url,
            events=list(events),
            salt=salts.salt,
            secret_check=salts.check,
            created_at=at,
            key_hash=key_hash,
            **actor_columns(actor),
        )
    )
    assert made.inserted_primary_key is not None  # noqa: S101 what was inserted has a number
    return one(connection, made.inserted_primary_key[0])


def made_by(connection: Connection, key_hash: str) -> Endpoint | None:
    """The one that a write added, by the hash of its key."""
    row = connection.execute(select(webhook_endpoints).where(_THERE, webhook_endpoints.c.key_hash == key_hash)).first()
    return None if row is None else _endpoint(row)


def every(connection: Connection) -> list[Endpoint]:
    """All, the oldest first, with how many messages of theirs wait and are dead."""
    held = counts(connection)
    rows = connection.execute(select(webhook_endpoints).where(_THERE).order_by(webhook_endpoints.c.id)).all()
    return [_endpoint(row, *held.get(row.id, (0, 0))) for row in rows]


def one(connection: Connection, number: int) -> Endpoint:
    """One of them.

    Raises:
        NotFound: ``no_webhook``.
    """
    return _endpoint(_row(connection, number))


def salts(connection: Connection, number: int) -> Salts:
    """What its secrets are made of."""
    row = _row(connection, number)
    return Salts(row.salt, row.secret_check, row.previous_salt, row.previous_until)


def rotate(connection: Connection, number: int, new: Salts) -> None:
    """Give it another secret."""
    chosen = {
        "salt": new.salt,
        "secret_check": new.check,
        "previous_salt": new.previous,
        "previous_until": new.previous_until,
    }
    connection.execute(update(webhook_endpoints).where(webhook_endpoints.c.id == number).values(**chosen))


def stop(connection: Connection, at: datetime, number: int | None = None) -> int:
    """Tell it, or all of them, nothing from now on; how many were told until now."""
    query = update(webhook_endpoints).where(_THERE, webhook_endpoints.c.stopped_at.is_(None))
    return connection.execute(
        (query if number is None else query.where(webhook_endpoints.c.id == number)).values(stopped_at=at)
    ).rowcount


def go_on(connection: Connection, number: int) -> None:
    """Tell it again, if it was stopped."""
    connection.execute(update(webhook_endpoints).where(webhook_endpoints.c.id == number).values(stopped_at=None))


def remove(connection: Connection, number: int, at: datetime) -> None:
    """It is told nothing more; what waits for it and its dead letters go."""
    connection.execute(update(webhook_endpoints).where(webhook_endpoints.c.id == number).values(removed_at=at))
    connection.execute(delete(outbox).where(outbox.c.endpoint == number))


def _row(connection: Connection, number: int) -> Row[Any]:
    known = 0 < number < 2**63
    found = (
        connection.execute(select(webhook_endpoints).where(_THERE, webhook_endpoints.c.id == number)).first()
        if known
        else None
    )
    if found is None:
        raise NotFound(
            "no_webhook",
            es=f"No hay ningún webhook {number}. Vea los que hay en Administración → Webhooks, o con vistobueno webhook list.",
            en=f"There is no webhook {number}. They are under Administration → Webhooks, or in vistobueno webhook list.",
        )
    return found


def _endpoint(row: Row[Any], waiting: int = 0, dead: int = 0) -> Endpoint:
    return Endpoint(
        row.id,
        row.url,
        tuple(row.events),
        row.created_at,
        Actor(row.actor_kind, row.actor_id, row.actor_name),
        row.previous_until,
        row.stopped_at,
        row.delivered_at,
        waiting,
        dead,
    )
