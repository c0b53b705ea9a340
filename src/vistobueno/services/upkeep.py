"""What a station does by itself once a day: photographs that are too old go, and what a crash left is swept up."""

import logging
import threading

from sqlalchemy import Engine

from ..core.errors import VistoBuenoError
from ..core.inspection import SYSTEM, Actor
from ..store.photos.evidence import Evidence
from ..store.retention import apply_retention, recent_folders, sweep

_log = logging.getLogger(__name__)
_DAY = 24 * 3600.0
_LONGEST_END = 2.0  # seconds
_AGAIN = 600.0  # seconds after which what did not answer is asked again


class Upkeep:
    """Sweeps in a thread of its own, now and once a day, until it is closed."""

    def __init__(self, engine: Engine, evidence: Evidence, days: int | None) -> None:
        self._engine, self._evidence, self._days = engine, evidence, days
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)
        self._thread.start()

    def remove_older(self, days: int, actor: Actor = SYSTEM) -> int:
        """Remove photographs older than ``days``, and return how many; verdicts stay, and what awaits review."""
        return apply_retention(self._engine, self._evidence, days, actor)

    def close(self) -> None:
        """End, soon."""
        self._closing.set()
        self._thread.join(_LONGEST_END)  # whatever it does may be done again

    def _run(self) -> None:
        while True:
            try:
                self._sweep()
                pause = _DAY
            except VistoBuenoError as error:
                _log.warning("upkeep is put off: %s", error)
                pause = _AGAIN
            except Exception:
                _log.exception("upkeep failed")
                pause = _DAY
            if self._closing.wait(pause):
                return

    def _sweep(self) -> None:
        sweep(self._engine, self._evidence, recent_folders(self._engine))
        if self._days:
            self.remove_older(self._days)
