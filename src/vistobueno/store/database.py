"""The database: opened as its kind needs, brought to this program's schema, and known to be there."""

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DatabaseError, DisconnectionError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from ..core.errors import VistoBuenoError
from .address import Server, read_address
from .migrations import FOLDER, HEAD, ONLINE, STEPS, is_wider
from .private import make_folder, mend

PATIENCE = 10.0  # seconds to wait for another writer, or for a server that does not answer
SESSIONS = "sessions"
"""An engine's option: a connection is a session of the server's, which no pooler shares out."""
_SQLITE_AWAY = {
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_PERM,
}  # fmt: skip
_log = logging.getLogger(__name__)
_LOCK = 0x7651  # PostgreSQL's advisory lock: one process migrates, others wait and find it done
_LOOK = 0.2  # seconds until they look again


class Unavailable(VistoBuenoError):
    """The database or the evidence store is away. Nothing was acknowledged; the same request may come again."""


class DatabaseRefused(VistoBuenoError):
    """The database is not one that this program can use."""


def open_database(url: str) -> Engine:
    """The database at ``url``; see `address`. It need not be there yet.

    Raises:
        SettingRefused: ``setting_invalid``: it is the address of another kind of database, or of none.
    """
    place = read_address(url)
    return _open_sqlite(place) if isinstance(place, Path) else _open_postgresql(place)


def _open_postgresql(server: Server) -> Engine:
    """With the settings of each connection, or of each transaction where a pooler lets nothing else through."""
    chosen = {"timezone": "UTC", "lock_timeout": str(int(PATIENCE * 1000))}
    if server.schema:
        chosen["search_path"] = '"{}"'.format(server.schema.replace('"', '""'))
    told: dict[str, Any] = {"connect_timeout": int(PATIENCE), **server.libpq}
    if not server.prepares:
        told["prepare_threshold"] = None
    if not server.pooled:
        ours = (f"-c {name}={_escaped(value)}" for name, value in chosen.items())
        told["options"] = " ".join(filter(None, (server.libpq.get("options"), *ours)))
    engine = create_engine(
        "postgresql+psycopg://",
        pool_size=server.connections,
        max_overflow=server.overflow,
        pool_timeout=server.patience or PATIENCE,
        pool_pre_ping=True,  # a server that went and came back is met by a new connection
        connect_args=told,
        execution_options={SESSIONS: not server.pooled},
    )
    if server.pooled:

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            settings = ", ".join("set_config(%s, %s, true)" for _ in chosen)
            connection.exec_driver_sql(f"SELECT {settings}", tuple(chain.from_iterable(chosen.items())))

    return engine


def _escaped(value: str) -> str:
    """As libpq's ``options`` have it: a backslash before what would end the value."""
    return value.replace("\\", "\\\\").replace(" ", "\\ ")


def _open_sqlite(path: Path) -> Engine:
    make_folder(path.parent)
    path.touch(mode=0o600)  # what SQLite puts beside it has the same
    path = path.resolve()
    for each in (path, *(path.with_name(f"{path.name}-{log}") for log in ("wal", "shm", "journal"))):
        mend(each)

    def connect() -> sqlite3.Connection:
        # mode=rw: a file that was taken away is missed, not silently begun anew
        return sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=PATIENCE, check_same_thread=False)

    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        creator=connect, pool_size=8, max_overflow=16, pool_timeout=PATIENCE, poolclass=QueuePool,
    )  # fmt: skip

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


def file_of(engine: Engine) -> Path | None:
    """SQLite's file; None where a server keeps the database."""
    return Path(engine.url.database) if engine.dialect.name == "sqlite" and engine.url.database else None


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that only reads.

    Raises:
        Unavailable: ``database_away``.
    """
    with answering(), engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes; it is durable when the block ends.

    Raises:
        Unavailable: ``database_away`` or ``disk_full``.
    """
    with answering(), engine.execution_options(writes=True).begin() as connection:
        yield connection


@contextmanager
def answering() -> Iterator[None]:
    """What a database says that is not there, as `Unavailable`."""
    try:
        yield
    except (DatabaseError, InterfaceError, PoolTimeout, DisconnectionError) as error:
        if isinstance(error, DatabaseError) and not _is_away(error):
            raise
        raise unavailable(error) from error


def _is_away(error: DatabaseError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _SQLITE_AWAY
    return isinstance(error, OperationalError) or error.connection_invalidated


def unavailable(error: Exception) -> Unavailable:
    """What to say of a database that does not answer."""
    cause = getattr(error, "orig", None) or error  # SQLAlchemy's own words hold the statement, and a file's name
    if "full" in f"{type(cause).__name__} {cause}".lower():
        return Unavailable(
            "disk_full",
            es="No queda espacio en el disco. No se guardó nada; libere espacio y envíelo otra vez.",
            en="The disk is full. Nothing was kept; free some space and send it again.",
        )
    if "unsupported startup parameter" in str(cause):
        return Unavailable(
            "database_pooled",
            es="DATABASE_URL lleva a PgBouncer. Añada ?pgbouncer=true a la dirección.",
            en="DATABASE_URL points to PgBouncer. Add ?pgbouncer=true to the address.",
        )
    return Unavailable(
        "database_away",
        es="La base de datos no responde. No se guardó nada; inténtelo otra vez en un momento.",
        en="The database is not responding. Nothing was kept; try again in a moment.",
    )


def migrate(engine: Engine) -> None:
    """Bring the database to this program's schema; several processes may try at once, and others work on it meanwhile.

    All of the way or not at all, but for what PostgreSQL does outside a transaction. One that a newer program has widened
    stays as it is.

    Raises:
        Unavailable: ``database_away``.
        DatabaseRefused: ``database_too_new``, ``schema_missing`` or ``database_forbidden``.
    """
    while not _migrated(engine):
        time.sleep(_LOOK)  # not in the server: an index that is made while others write waits for who waits there


def _migrated(engine: Engine) -> bool:
    """Migrate, unless another process does."""
    with _permitted(), writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            if not connection.execute(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _LOCK}).scalar():
                return False
            if connection.execute(text("SELECT current_schema()")).scalar() is None:
                raise DatabaseRefused(
                    "schema_missing",
                    es="El esquema que nombra DATABASE_URL no existe. Créelo, o corrija la dirección.",
                    en="The schema named in DATABASE_URL does not exist. Create it, or correct the address.",
                )
        found = revision(connection)
        if found == HEAD:
            return True
        if found is not None and is_wider(found):
            _log.warning(
                "a newer version has added to the database (step %s), this one works with what it knows", found
            )
            return True
        if found is not None and found not in STEPS:
            raise too_new()
        if found is None or not engine.get_execution_options().get(SESSIONS):
            upgrade(connection)
            return True
        connection.detach()  # it holds the lock; what is done is committed beside it, step by step
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        for step in STEPS[STEPS.index(found) + 1 :]:
            _take_step(engine, step)
    return True


def _take_step(engine: Engine, step: str) -> None:
    if step not in ONLINE:
        with writing(engine) as connection:
            # While it waits for who reads long, writers wait behind it.
            connection.execute(text("SET LOCAL lock_timeout = '3s'"))
            upgrade(connection, step)
        return
    with answering(), engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.detach()
        connection.execute(text("SET lock_timeout = 0"))  # whoever it waits for goes on working
        upgrade(connection, step)


@contextmanager
def _permitted() -> Iterator[None]:
    try:
        yield
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != "42501":  # insufficient_privilege: PostgreSQL 15 gives less than 14
            raise
        raise DatabaseRefused(
            "database_forbidden",
            es="El usuario de DATABASE_URL no puede crear tablas. Dele CREATE sobre el esquema.",
            en="The user in DATABASE_URL may not create tables. Grant it CREATE on the schema.",
        ) from error


def upgrade(connection: Connection, to: str = HEAD) -> None:
    """Run the migrations that are missing, as far as the step ``to``."""
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(FOLDER))

    def steps(revision: Any, context: Any) -> Any:
        return script._upgrade_revs(to, revision)

    with EnvironmentContext(Config(), script, fn=steps) as environment:
        environment.configure(connection=connection, transactional_ddl=True)
        environment.run_migrations()


def too_new() -> DatabaseRefused:
    """That a newer program made it otherwise."""
    return DatabaseRefused(
        "database_too_new",
        es="La base de datos es de una versión más nueva de este programa. Actualícelo, o restaure un respaldo.",
        en="The database belongs to a newer version of this program. Update it, or restore a backup.",
    )


def revision(connection: Connection) -> str | None:
    """The step that a database is at; None where there is nothing."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def database_alive(engine: Engine) -> bool:
    """Whether the database answers now."""
    try:
        with reading(engine) as connection:
            return connection.execute(text("SELECT 1")).scalar() == 1
    except Unavailable:
        return False
