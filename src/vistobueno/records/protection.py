"""What the database itself enforces beyond tables: what was said is never changed or removed; and the index of names."""

from collections.abc import Iterator

from sqlalchemy import Connection, text

APPEND_ONLY = ("inspections", "reasons", "reviews", "audit", "activations", "evidence_removals")
NAMES = "filenames"
"""SQLite's index of every three letters that follow each other in a file's name (FTS5), by inspection number.
PostgreSQL has the same as an index of arrays: its extension pg_trgm is not everywhere."""


def protect(connection: Connection) -> None:
    """Put the triggers and the index of names into a database that has the tables."""
    for statement in _sqlite() if connection.dialect.name == "sqlite" else _postgresql():
        connection.execute(text(statement))


def _sqlite() -> Iterator[str]:
    for table in APPEND_ONLY:
        for act in ("UPDATE", "DELETE"):
            yield (
                f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    yield f"CREATE VIRTUAL TABLE {NAMES} USING fts5(filename, content='', tokenize='trigram')"
    yield (
        "CREATE TRIGGER inspections_name AFTER INSERT ON inspections WHEN new.filename IS NOT NULL "  # noqa: S608
        f"BEGIN INSERT INTO {NAMES} (rowid, filename) VALUES (new.number, new.filename); END"
    )


def _postgresql() -> Iterator[str]:
    yield (
        "CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in APPEND_ONLY:
        yield (
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        )
    yield (
        "CREATE FUNCTION trigrams(name text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT COST 1 "
        "AS $$ SELECT coalesce(array_agg(DISTINCT substr(lower(name), place, 3)), '{}') "
        "FROM generate_series(1, length(name) - 2) AS place $$"
    )
    yield "CREATE INDEX inspections_name ON inspections USING gin (trigrams(filename)) WITH (fastupdate = off)"
