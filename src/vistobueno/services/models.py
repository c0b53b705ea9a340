"""The model that judges in this process; a thread follows what was made active last, by whichever process."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from sqlalchemy import Engine

from ..core.errors import BundleRefused, VistoBuenoError
from ..core.inspection import Actor, ModelVersion
from ..model.calibrated import from_bytes
from ..model.runtime import Model
from ..settings import Settings
from ..store import calibrations
from ..store.changes import Changes
from ..store.database import Unavailable, reading
from .shelf import Shelf

_AGAIN = 5.0  # seconds after which a model that could not be loaded is tried again: its copy may have arrived
_LONGEST_END = 2.0  # seconds
_log = logging.getLogger(__name__)


class Models:
    """The models of a station. Another is loaded and proved beside the one that judges, and then takes its place at once."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._shelf = Shelf(engine, settings)
        self.active = self._shelf.at_start()
        """The model that judges now; whole, and the same for all that is done with what this gave."""
        self.missed = ""
        """The digest of the active model where it cannot be loaded here; the one before goes on."""
        self._try_again = 0.0
        self._engine = engine
        self._fitted: Mapping[str, Model] = {}
        self._followed = (0, "")  # which activation of a calibration, and of which model
        self.follow_lines()
        self._changing, self._changes = threading.Lock(), Changes(engine)
        self._thread = threading.Thread(target=self._run, name="models", daemon=True)
        self._thread.start()

    def judging(self, line: str) -> Model:
        """What judges a line now: the active model, by the line's own calibration where that was made for this model."""
        active = self.active
        fitted = self._fitted.get(line)
        return fitted if fitted is not None and fitted.bundle.digest == active.bundle.digest else active

    def follow_lines(self) -> None:
        """Judge each line by what was made active for it last, by whichever process."""
        active = self.active
        digest = active.bundle.digest
        with reading(self._engine) as connection:
            state = (calibrations.state(connection), digest)
            if state == self._followed:
                return
            found = {
                line: calibrations.one(connection, number) for line, number in calibrations.active(connection).items()
            }
            data = {
                line: calibrations.data_of(connection, each.number)
                for line, each in found.items()
                if each.model_digest == digest
            }
        fitted = {}
        for line, content in data.items():
            try:
                fitted[line] = active.with_calibration(from_bytes(content))
            except BundleRefused as error:
                _log.warning("line %s is judged by the model alone: %s", line, error)
        self._fitted, self._followed = fitted, state

    def all(self) -> tuple[ModelVersion, ...]:
        """The models that this station has, the newest first."""
        return self._shelf.all(self.active.bundle.digest, self.missed)

    def load(self, digest: str) -> Model:
        """Load and prove a model that this station has, beside the one that judges.

        Raises:
            NotFound, BundleRefused: there is none, or it is not what was added.
        """
        return self._shelf.load(digest)

    def add(self, path: Path, actor: Actor) -> ModelVersion:
        """Prove a bundle (a folder or a .zip) and keep a copy of it; another goes on being active.

        Raises:
            BundleRefused: it is not a bundle, or does not give the answers it promised.
        """
        return self._shelf.add(path, actor)

    def activate(self, digest: str, actor: Actor) -> ModelVersion:
        """Load and prove a model, then judge with it; what is being judged ends with the one before.

        Raises:
            NotFound, BundleRefused: the one before goes on.
        """
        self._change(lambda: self._shelf.activate(digest, actor))
        return next(each for each in self.all() if each.digest == digest)

    def earlier(self) -> ModelVersion | None:
        """The model that `roll_back` would make active; None where there was no other."""
        digest = self._shelf.earlier()
        return next((each for each in self.all() if each.digest == digest), None)

    def roll_back(self, actor: Actor) -> ModelVersion:
        """Judge with the model that was active before.

        Raises:
            NotFound, BundleRefused: the present one goes on.
        """
        self._change(lambda: self._shelf.roll_back(actor))
        return next(each for each in self.all() if each.active)

    def _change(self, load: Callable[[], Model]) -> None:
        """Judge with the model that ``load`` gives and makes the active one; what it raises leaves the one before."""
        with self._changing:
            self.active, self.missed = load(), ""
            self.follow_lines()

    def close(self) -> None:
        """End, soon."""
        self._changes.end()
        self._thread.join(_LONGEST_END)  # a model may be loading, which nobody will use

    def _run(self) -> None:
        while self._changes.wait():
            try:
                with self._changing:
                    self._catch_up()
                    self.follow_lines()
            except Unavailable:  # asked again; others say that the database is away
                continue
            except Exception:
                _log.exception("the active model could not be followed")

    def _catch_up(self) -> None:
        active = self._shelf.active()
        if active is None or active == self.active.bundle.digest:
            self.missed = ""
        elif active != self.missed or time.monotonic() > self._try_again:
            self._take(active)

    def _take(self, digest: str) -> None:
        try:
            self.active = self._shelf.load(digest)
        except Unavailable:
            raise
        except (VistoBuenoError, OSError) as error:
            if digest != self.missed:
                serving = self.active.bundle.digest
                _log.warning("the active model %s cannot be loaded here, %s goes on: %s", digest, serving, error)
            self.missed, self._try_again = digest, time.monotonic() + _AGAIN
        else:
            self.missed = ""
            _log.info("another process activated a model, it judges here too", extra={"model_digest": digest})
