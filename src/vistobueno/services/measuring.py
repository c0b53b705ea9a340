"""How much the store of photographs holds: a large one takes minutes to tell, so nobody waits for it."""

import logging
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from ..store.database import Unavailable
from ..store.photos.evidence import Evidence, Taken

_FRESH = 600.0  # seconds that a figure is told again
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Measured:
    """What a store held at a moment."""

    taken: Taken
    at: datetime


class Measuring:
    """Asks a store in a thread of its own, one at a time, and only when somebody wants to know."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._lock = threading.Lock()
        self._asking: threading.Thread | None = None
        self._last: Measured | None = None
        self._ended = float("-inf")

    def last(self, patience: float = 0.5) -> Measured | None:
        """The newest figure; None while the first is being made, for longer than ``patience`` seconds."""
        with self._lock:
            if self._asking is None and time.monotonic() - self._ended > _FRESH:
                self._asking = threading.Thread(target=self._ask, name="measuring", daemon=True)
                self._asking.start()
            asking = self._asking
        if asking is not None:
            asking.join(patience)
        return self._last

    def _ask(self) -> None:
        try:
            self._last = Measured(self._evidence.taken(), datetime.now(UTC))
            self._ended = time.monotonic()
        except Unavailable as error:  # the next who asks tries again
            _log.warning("the store cannot be measured: %s", error)
        finally:
            with self._lock:
                self._asking = None
