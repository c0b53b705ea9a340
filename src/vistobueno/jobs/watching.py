"""What only the database knows, for the metrics: asked now and then, so that who reads them never waits for it."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from ..accounts import audit_log
from ..store import outbox
from ..store.database import Unavailable, reading

EVERY = 15.0  # seconds
NIGHTLY = "nightly_done"
"""What `vistobueno nightly` writes to the audit log when all of it is done."""
_RECENT = timedelta(days=30)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Watched:
    """What is known of the station as a whole: the same in all of its processes.

    Attributes:
        waiting, dead: messages to webhooks that are to be sent, and those that are not sent again by themselves.
        behind: seconds since what waits longest happened; 0 where nothing waits.
        nightly: when `vistobueno nightly` was last done; None: not in the last 30 days.
    """

    waiting: int
    dead: int
    behind: float
    nightly: datetime | None


class Watching:
    """Asks in a thread of its own until it is closed, and tells what it heard."""

    def __init__(self, engine: Engine, tell: Callable[[Watched], None]) -> None:
        self._engine, self._tell = engine, tell
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watching", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End, soon."""
        self._closing.set()
        self._thread.join(2.0)

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._tell(watch(self._engine, datetime.now(UTC)))
            except Unavailable:  # others say that the database is away
                pass
            except Exception:
                _log.exception("the metrics could not ask the database")
            self._closing.wait(EVERY)


def watch(engine: Engine, now: datetime) -> Watched:
    """Ask now.

    Raises:
        Unavailable: the database does not answer.
    """
    with reading(engine) as connection:
        counts, oldest = outbox.counts(connection).values(), outbox.oldest(connection)
        nightly = audit_log.last(connection, NIGHTLY, now - _RECENT)
    behind = 0.0 if oldest is None else max(0.0, (now - oldest).total_seconds())
    return Watched(sum(waiting for waiting, _ in counts), sum(dead for _, dead in counts), behind, nightly)
