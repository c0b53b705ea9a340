"""Who works with a database and a DATA_DIR: any number of stations, or one restore alone. A lock ends with its process."""

import contextlib
import logging
import os
import threading
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from ..core.errors import VistoBuenoError
from .database import Unavailable, answering, file_of
from .private import shut

_NAME = ".station.lock"
_KEY = 0x7652  # PostgreSQL's advisory lock
_PROVED_EVERY = 5.0  # seconds: a server that was restarted has forgotten who locked
_LONGEST_END = 2.0  # seconds
_log = logging.getLogger(__name__)


class Occupied(VistoBuenoError):
    """A station runs where something wants to be alone."""


class StationLock:
    """Held from ``with`` or `hold` to `release`, on DATA_DIR, on SQLite's file and in PostgreSQL itself.

    Args:
        alone: with no station beside; a station shares with others.
    """

    def __init__(self, engine: Engine, folder: Path, *, alone: bool = False) -> None:
        self._engine, self._alone = engine, alone
        database = file_of(engine)
        self._paths = [folder / _NAME, *([database.with_name(f".{database.name}.lock")] if database else [])]
        self._files: list[int] = []
        self._connection: Connection | None = None
        self._releasing, self._keeper = threading.Event(), threading.Thread(target=self._keep, daemon=True)

    def hold(self) -> None:
        """Take it at once, or not at all.

        Raises:
            Occupied: a station runs, and this wants to be alone.
            Unavailable: ``restoring``: something is alone there now; ``database_away``.
        """
        try:
            for path in self._paths:
                self._lock_file(path)
            if self._engine.dialect.name == "postgresql":
                self._lock_server()
                self._keeper.start()
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Let others in; a second time is no error."""
        self._releasing.set()
        if self._keeper.ident is not None:
            self._keeper.join(_LONGEST_END)
        self._disconnect()
        while self._files:
            os.close(self._files.pop())

    def __enter__(self) -> Self:
        self.hold()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _lock_file(self, path: Path) -> None:
        import fcntl  # of Unix: `vistobueno` is imported elsewhere too

        try:
            self._files.append(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            shut(path)
            fcntl.flock(self._files[-1], fcntl.LOCK_NB | (fcntl.LOCK_EX if self._alone else fcntl.LOCK_SH))
        except BlockingIOError:
            raise self._refusal() from None
        except OSError as error:  # a folder that cannot be written to, a file system without locks
            if self._alone:
                raise
            _log.warning("%s cannot be locked, a restore would not see this station: %s", path, error)

    def _lock_server(self) -> None:
        """In a transaction that stays open: behind a pooler a session's lock would stay with somebody else's connection."""
        way = "" if self._alone else "_shared"
        with answering():
            self._connection = self._engine.connect()
            self._connection.detach()  # none of the pool's: those are for work
            self._connection.execute(text("SELECT set_config('idle_in_transaction_session_timeout', '0', true)"))
            asked = text(f"SELECT pg_try_advisory_xact_lock{way}(:key)")
            if not self._connection.execute(asked, {"key": _KEY}).scalar():
                raise self._refusal()

    def _keep(self) -> None:
        """Lock again what a server that was restarted has forgotten."""
        while not self._releasing.wait(_PROVED_EVERY):
            try:
                with answering():
                    if self._connection is None:
                        self._lock_server()
                    else:
                        self._connection.execute(text("SELECT 1"))
            except VistoBuenoError:  # tried again; others say that the database is away
                self._disconnect()

    def _disconnect(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(SQLAlchemyError):
                self._connection.close()
            self._connection = None

    def _refusal(self) -> VistoBuenoError:
        if self._alone:
            return Occupied(
                "station_running",
                es="Una estación trabaja con esta DATA_DIR o esta base de datos. No se cambió nada; deténgala primero.",
                en="A station is running on this DATA_DIR or database. Nothing was changed; stop it first.",
            )
        return Unavailable(
            "restoring",
            es="Se está restaurando un respaldo en esta DATA_DIR o base de datos. Arranque cuando termine.",
            en="A backup is being restored in this DATA_DIR or database. Start once that has finished.",
        )
