"""What a station does by itself once a day: photographs that are too old go, and what a crash left is swept up."""

import logging
import threading
from collections.abc import Callable

from ..core.errors import VistoBuenoError

_log = logging.getLogger(__name__)
_DAY = 24 * 3600.0
_LONGEST_END = 2.0  # seconds
_AGAIN = 600.0  # seconds after which what did not answer is asked again


class Upkeep:
    """Runs ``work`` in a thread of its own, now and once a day, until it is closed."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work, self._closing = work, threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End, soon."""
        self._closing.set()
        self._thread.join(_LONGEST_END)  # whatever it does may be done again

    def _run(self) -> None:
        while True:
            try:
                self._work()
                pause = _DAY
            except VistoBuenoError as error:
                _log.warning("upkeep is put off: %s", error)
                pause = _AGAIN
            except Exception:
                _log.exception("upkeep failed")
                pause = _DAY
            if self._closing.wait(pause):
                return
