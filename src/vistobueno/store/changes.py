"""How a process learns that another changed what it holds in memory: PostgreSQL tells it, and it looks now and then anyway."""

import contextlib
import socket
import time
from multiprocessing.connection import wait
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from .database import SESSIONS, Unavailable, answering

_CHANNEL = "vistobueno"
_UNTOLD, _TOLD = 0.25, 0.75  # seconds until the next look, also where word could be lost: all agree within one
_AGAIN = 5.0  # seconds after which a server that could not be listened to is tried again


def tell_others(connection: Connection) -> None:
    """Let every process look when this transaction is kept. For what changes seldom: PostgreSQL queues such commits."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": _CHANNEL})


class Changes:
    """Says to one thread when to look; another ends it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tells: bool = engine.get_execution_options().get(SESSIONS, False)
        self._connection: Connection | None = None
        self._try_again = 0.0
        self._ear, self._voice = socket.socketpair()

    def wait(self) -> bool:
        """Wait until it is time to look; False: it is over."""
        if self._tells and self._connection is None and time.monotonic() >= self._try_again and self._listen():
            return True  # what changed before somebody listened
        server: Any = None if self._connection is None else self._connection.connection.dbapi_connection
        try:
            heard = wait(
                [each for each in (self._ear, server) if each is not None], _UNTOLD if server is None else _TOLD
            )
            if server in heard:
                self._take(server)
        except self._engine.dialect.loaded_dbapi.Error:  # the server ended, which is read as well
            self._hang_up()
            return True
        if self._ear not in heard:
            return True
        self._hang_up()
        self._ear.close()
        return False

    def end(self) -> None:
        """Wait no more; a second time is no error."""
        with contextlib.suppress(OSError):
            self._voice.send(b".")
        self._voice.close()

    def _listen(self) -> bool:
        try:
            with answering():
                self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
                self._connection.detach()  # none of the pool's: those are for work
                self._connection.execute(text(f"LISTEN {_CHANNEL}"))
        except Unavailable:
            self._hang_up()
            return False
        return True

    @staticmethod
    def _take(server: Any) -> None:
        for _ in server.notifies(timeout=0):  # it says nothing but that something changed
            pass

    def _hang_up(self) -> None:
        self._try_again = time.monotonic() + _AGAIN
        if self._connection is not None:
            with contextlib.suppress(SQLAlchemyError):
                self._connection.close()
            self._connection = None
