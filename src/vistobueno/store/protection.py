"""What the database itself enforces beyond tables: what was said is never changed or removed; and the index of names."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

_FIRST = ("inspections", "reasons", "reviews", "audit", "activations", "evidence_removals")  # the others came later
APPEND_ONLY = (
    *_FIRST, "calibrations", "calibration_activations", "defect_lists", "standards", "lots", "lot_verdicts", "reports",
    "named_defects",
)  # fmt: skip
NAMES = "filenames"
"""SQLite's index of every three letters that follow each other in a file's folded name (FTS5), by inspection number.
PostgreSQL has the same as an index of arrays: its extension pg_trgm is not everywhere."""


def protect(connection: Connection) -> None:
    """Put the triggers into a database that has its first tables."""
    if connection.dialect.name == "postgresql":
        connection.execute(
            text(
                "CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
            )
        )
    for table in _FIRST:
        protect_table(connection, table)


def protect_table(connection: Connection, table: str) -> None:
    """Put the triggers on a table that is new."""
    for statement in _triggers(connection, table):
        connection.execute(text(statement))


@contextmanager
def unprotected(connection: Connection, table: str) -> Iterator[None]:
    """A table that a migration may work on."""
    drop = {"sqlite": "DROP TRIGGER {0}_no_update", "postgresql": "DROP TRIGGER {0}_append_only ON {0}"}
    connection.execute(text(drop[connection.dialect.name].format(table)))
    yield
    connection.execute(text(next(_triggers(connection, table))))


def drop_names(connection: Connection) -> None:
    """Take the index of names out of the database, this version's or an earlier one's, if it is there."""
    sqlite = ("DROP TRIGGER IF EXISTS inspections_name", f"DROP TABLE IF EXISTS {NAMES}")
    postgresql = ("DROP INDEX IF EXISTS inspections_name", "DROP FUNCTION IF EXISTS trigrams(text)")
    for statement in sqlite if connection.dialect.name == "sqlite" else postgresql:
        connection.execute(text(statement))


def index_names(connection: Connection) -> None:
    """Put the index of folded names into the database; it takes in what is there."""
    for statement in _index_sqlite() if connection.dialect.name == "sqlite" else _index_postgresql():
        connection.execute(text(statement))


def _triggers(connection: Connection, table: str) -> Iterator[str]:
    """That of UPDATE first."""
    if connection.dialect.name == "postgresql":
        yield (
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        )
        return
    for act in ("UPDATE", "DELETE"):
        yield (
            f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )


def _index_sqlite() -> Iterator[str]:
    yield f"CREATE VIRTUAL TABLE {NAMES} USING fts5(filename, content='', tokenize='trigram case_sensitive 1')"
    yield (
        "CREATE TRIGGER inspections_name AFTER INSERT ON inspections WHEN new.filename_folded IS NOT NULL "  # noqa: S608
        f"BEGIN INSERT INTO {NAMES} (rowid, filename) VALUES (new.number, new.filename_folded); END"
    )
    yield (
        f"INSERT INTO {NAMES} (rowid, filename) "  # noqa: S608
        "SELECT number, filename_folded FROM inspections WHERE filename_folded IS NOT NULL ORDER BY number"
    )


def _index_postgresql() -> Iterator[str]:
    yield (
        "CREATE FUNCTION trigrams(name text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT COST 1 "
        "AS $$ SELECT coalesce(array_agg(DISTINCT substr(name, place, 3)), '{}') "
        "FROM generate_series(1, length(name) - 2) AS place $$"
    )
    yield "CREATE INDEX inspections_name ON inspections USING gin (trigrams(filename_folded)) WITH (fastupdate = off)"
