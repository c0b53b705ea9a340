"""What a restore brings back and must open nothing: sessions, one-time links, and keys unless they are kept."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, update

from ..core.inspection import SYSTEM
from ..store.schema import api_keys, links
from . import audit_log, keys, sessions
from .keys import ApiKey


@dataclass(frozen=True)
class Ended:
    """How many sessions and links ended, and the keys that would open again; they were revoked unless ``kept``."""

    sessions: int
    links: int
    keys: tuple[ApiKey, ...]
    kept: bool


def end_grants(connection: Connection, now: datetime, file: str, *, keep_keys: bool) -> Ended:
    """End them in the transaction that brings them back, and write it down.

    Args:
        file: the backup's name, for the audit log.
    """
    opened = tuple(each for each in keys.every(connection) if each.opens(now))
    unused = update(links).where(links.c.used_at.is_(None)).values(used_at=now)
    ended = Ended(sessions.end(connection, now), connection.execute(unused).rowcount, opened, keep_keys)
    if not keep_keys:
        connection.execute(update(api_keys).where(api_keys.c.revoked_at.is_(None)).values(revoked_at=now))
    audit_log.write(
        connection, now, SYSTEM, "restored", file, sessions=ended.sessions, links=ended.links,
        keys=[each.prefix for each in opened], keys_kept=keep_keys,
    )  # fmt: skip
    return ended
