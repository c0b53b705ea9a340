"""The model that judges in this process, and the thread that follows what was made active last, by whichever process."""

import logging
import threading
import time
from collections.abc import Callable

from ..core.errors import VistoBuenoError
from ..model.runtime import Model
from ..store.database import Unavailable
from .models import Models

_EVERY = 0.25  # seconds between two looks: all agree within one
_AGAIN = 5.0  # seconds after which a model that could not be loaded is tried again: its copy may have arrived
_LONGEST_END = 2.0  # seconds
_log = logging.getLogger(__name__)


class Following:
    """The loaded model. Another is loaded and proved beside it, and then takes its place at once."""

    def __init__(self, models: Models) -> None:
        self._models = models
        self.model = models.at_start()
        self.missed = ""
        """The digest of the active model where it cannot be loaded here; the one before goes on."""
        self._try_again = 0.0
        self._changing, self._closing = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="following", daemon=True)
        self._thread.start()

    def change(self, load: Callable[[], Model]) -> None:
        """Judge with the model that ``load`` gives and makes the active one; what it raises leaves the one before."""
        with self._changing:
            self.model, self.missed = load(), ""

    def close(self) -> None:
        """End, soon."""
        self._closing.set()
        self._thread.join(_LONGEST_END)  # a model may be loading, which nobody will use

    def _run(self) -> None:
        while not self._closing.wait(_EVERY):
            try:
                with self._changing:
                    self._catch_up()
            except Unavailable:  # asked again; others say that the database is away
                continue
            except Exception:
                _log.exception("the active model could not be followed")

    def _catch_up(self) -> None:
        active = self._models.active()
        if active is None or active == self.model.bundle.digest:
            self.missed = ""
        elif active != self.missed or time.monotonic() > self._try_again:
            self._take(active)

    def _take(self, digest: str) -> None:
        try:
            self.model = self._models.load(digest)
        except Unavailable:
            raise
        except (VistoBuenoError, OSError) as error:
            if digest != self.missed:
                serving = self.model.bundle.digest
                _log.warning("the active model %s cannot be loaded here, %s goes on: %s", digest, serving, error)
            self.missed, self._try_again = digest, time.monotonic() + _AGAIN
        else:
            self.missed = ""
            _log.info("another process activated a model, it judges here too", extra={"model_digest": digest})
