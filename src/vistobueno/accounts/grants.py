"""What a restore brings back and must neither let in nor tell anybody: sessions, links; keys and webhooks unless kept."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, update

from ..core.inspection import SYSTEM
from ..store import webhooks
from ..store.schema import api_keys, links
from . import audit_log, keys, sessions
from .keys import ApiKey


@dataclass(frozen=True)
class Ended:
    """How many sessions and links ended, the keys that would open again and how many webhooks would go on; those two were
    ended unless ``kept``.
    """

    sessions: int
    links: int
    keys: tuple[ApiKey, ...]
    kept: bool
    webhooks: int = 0


def end_grants(connection: Connection, now: datetime, file: str, *, keep_keys: bool) -> Ended:
    """End them in the transaction that brings them back, and write it down.

    Args:
        file: the backup's name, for the audit log.
    """
    opened = tuple(each for each in keys.every(connection) if each.opens(now))
    unused = update(links).where(links.c.used_at.is_(None)).values(used_at=now)
    stopped = 0 if keep_keys else webhooks.stop(connection, now)
    ended = Ended(sessions.end(connection, now), connection.execute(unused).rowcount, opened, keep_keys, stopped)
    if not keep_keys:
        connection.execute(update(api_keys).where(api_keys.c.revoked_at.is_(None)).values(revoked_at=now))
    audit_log.write(
        connection, now, SYSTEM, "restored", file, sessions=ended.sessions, links=ended.links,
        keys=[each.prefix for each in opened], keys_kept=keep_keys, webhooks=stopped,
    )  # fmt: skip
    return ended
