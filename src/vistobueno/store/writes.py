"""Writes by a name that their caller gives them, so that one sent twice is made once; and one writer after another."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, text

from ..core.inspection import Actor
from .errors import Conflict
from .schema import idempotency_keys

_KEY = insert(idempotency_keys)  # made once, as the ledger's own
_LOCK = 0x7650  # PostgreSQL's advisory lock of the ledger: numbers, moments and daily counts come one after the other


@dataclass(frozen=True)
class Write:
    """A caller's name for one write: the same key with the same content is the same write.

    Attributes:
        content_sha256: of a photograph; of anything else see `content_of`, so that none is taken for another.
    """

    key: str
    actor: Actor
    content_sha256: str

    @property
    def key_hash(self) -> str:
        """The key as it is kept: nobody's key can meet another's."""
        said = f"{self.actor.kind}\n{self.actor.id}\n{self.key}"
        return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


def content_of(kind: str, *parts: object) -> str:
    """The content of a write that is no photograph, as a SHA-256."""
    return hashlib.sha256(repr((kind, *parts)).encode("utf-8", "surrogatepass")).hexdigest()


def is_known(connection: Connection, write: Write) -> bool:
    """Whether a write was made before.

    Raises:
        Conflict: ``key_used``.
    """
    return written(connection, write) is not None


def claim(connection: Connection, write: Write) -> bool:
    """Know a write that is no inspection by its key; whether it was known already.

    Raises:
        Conflict: ``key_used``.
    """
    one_after_another(connection)
    if written(connection, write) is not None:
        return True
    know(connection, write, datetime.now(UTC))
    return False


def know(
    connection: Connection, write: Write, at: datetime, inspection: int | None = None, review: int | None = None
) -> None:
    """Keep the key of a write, and the numbers of what it made."""
    made = (
        {"inspection_number": inspection} if review is None else {"inspection_number": inspection, "review_id": review}
    )
    key = {"key_hash": write.key_hash, "content_sha256": write.content_sha256, "at": at}
    connection.execute(_KEY, {**key, **made})


def written(connection: Connection, write: Write) -> Row[Any] | None:
    """What is known of a write that was made before.

    Raises:
        Conflict: ``key_used``: it was another that had this key.
    """
    row = connection.execute(select(idempotency_keys).where(idempotency_keys.c.key_hash == write.key_hash)).first()
    if row is not None and row.content_sha256 != write.content_sha256:
        raise Conflict(
            "key_used",
            es="Esa Idempotency-Key ya se usó para otra cosa. Use una clave nueva para cada foto, ZIP o revisión.",
            en="That Idempotency-Key was used for something else. Use a new key for each photo, ZIP or review.",
        )
    return row


def one_after_another(connection: Connection) -> None:
    """One writer of the ledger at a time. SQLite has one by itself (BEGIN IMMEDIATE); PostgreSQL is told."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
