"""The database: opened as its kind needs, brought to this program's schema, and known to be there."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import DatabaseError, DisconnectionError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ..errors import VistoBuenoError
from .protection import protect
from .schema import metadata

PATIENCE = 10.0  # seconds to wait for another writer, or for a server that does not answer


class Unavailable(VistoBuenoError):
    """The database or the evidence store is away. Nothing was acknowledged; the same request may come again."""


def open_database(url: str) -> Engine:
    """The database at ``url``; ``sqlite:///…``, ``postgresql://…`` or ``postgres://…``. It need not be there yet."""
    parsed = make_url(url)
    if parsed.get_backend_name() in ("postgresql", "postgres"):
        return create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            pool_size=8,
            max_overflow=8,
            pool_timeout=PATIENCE,
            pool_pre_ping=True,  # a server that went and came back is met by a new connection
            connect_args={"connect_timeout": int(PATIENCE), "options": "-c timezone=UTC"},
        )
    return _open_sqlite(Path(parsed.database or ""))


def _open_sqlite(path: Path) -> Engine:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    path = path.resolve()

    def connect() -> sqlite3.Connection:
        # mode=rw: a file that was taken away is missed, not silently begun anew
        return sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=PATIENCE, check_same_thread=False)

    engine = create_engine(
        "sqlite://", creator=connect, pool_size=8, max_overflow=16, pool_timeout=PATIENCE, poolclass=_queue_pool()
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy begins, below: sqlite3's own way begins too late
        record.info["file"] = _identity(path)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "journal_size_limit=67108864"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "checkout")
    def _same_file(connection: Any, record: Any, proxy: Any) -> None:
        if record.info["file"] != _identity(path):
            raise DisconnectionError("the database file was moved or replaced")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _queue_pool() -> Any:
    from sqlalchemy.pool import QueuePool

    return QueuePool


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that only reads.

    Raises:
        Unavailable: ``database_away``.
    """
    with _answering(), engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes; it is durable when the block ends.

    Raises:
        Unavailable: ``database_away`` or ``disk_full``.
    """
    with _answering(), engine.execution_options(writes=True).begin() as connection:
        yield connection


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except (DatabaseError, InterfaceError, PoolTimeout, DisconnectionError) as error:
        if isinstance(error, DatabaseError) and not _is_away(error):
            raise
        raise unavailable(error) from error


def _is_away(error: DatabaseError) -> bool:
    from sqlalchemy.exc import OperationalError

    return isinstance(error, OperationalError) or error.connection_invalidated


def unavailable(error: Exception) -> Unavailable:
    """What to say of a database that does not answer."""
    if "full" in str(error).lower():
        return Unavailable(
            "disk_full",
            es="No queda espacio en el disco. No se guardó nada; libere espacio y envíelo otra vez.",
            en="The disk is full. Nothing was kept; free some space and send it again.",
        )
    return Unavailable(
        "database_away",
        es="La base de datos no responde. No se guardó nada; inténtelo otra vez en un momento.",
        en="The database does not answer. Nothing was kept; try again in a moment.",
    )


def migrate(engine: Engine) -> None:
    """Bring the database to this program's schema."""
    with writing(engine) as connection:
        if not inspect(connection).has_table("inspections"):
            metadata.create_all(connection)
            protect(connection)


def database_alive(engine: Engine) -> bool:
    """Whether the database answers now."""
    try:
        with reading(engine) as connection:
            return connection.execute(text("SELECT 1")).scalar() == 1
    except Unavailable:
        return False
