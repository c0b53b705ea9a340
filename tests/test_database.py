import multiprocessing
import sqlite3
from collections.abc import Callable
from functools import partial
from importlib import resources
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from kept import ANA, draft, fill_every_protected_table
from servers import PostgreSQL
from vistobueno.core.audit import Audit
from vistobueno.core.inspection import Filter
from vistobueno.settings import SettingRefused
from vistobueno.store.backup.dump import tables_of
from vistobueno.store.database import (
    DatabaseRefused,
    Unavailable,
    database_alive,
    migrate,
    open_database,
    reading,
    unavailable,
    writing,
)
from vistobueno.store.ledger import Ledger
from vistobueno.store.lists import inspections_page
from vistobueno.store.migrations import HEAD
from vistobueno.store.protection import APPEND_ONLY, NAMES
from vistobueno.store.schema import audit_draws, disagreements, metadata
from vistobueno.store.writes import Write, content_of, one_after_another


def test_the_migrations_give_exactly_the_schema(engine: Engine) -> None:
    def ours(thing: object, name: str | None, kind: str, reflected: bool, other: object) -> bool:
        return not (kind == "table" and (name or "").startswith(NAMES)) and name != "inspections_name"

    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_object": ours, "compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []


def test_the_migrations_give_every_index_and_condition_of_the_schema(new_database: Callable[[], str]) -> None:
    engine, other = open_database(new_database()), open_database(new_database())
    migrate(engine)
    metadata.create_all(other)

    def facts(of: Engine) -> set[tuple[object, ...]]:
        found = inspect(of)
        return {
            *((table, "index", str(each["name"]), tuple(map(str, each["column_names"])), bool(each["unique"]))
              for table in metadata.tables for each in found.get_indexes(table) if each["name"] != "inspections_name"),
            *((table, "check", str(each["name"])) for table in metadata.tables
              for each in found.get_check_constraints(table)),
            *((table, "foreign", str(each["name"]), each["referred_table"]) for table in metadata.tables
              for each in found.get_foreign_keys(table)),
            *((table, column["name"], str(column["type"]), column["nullable"])
              for table in metadata.tables for column in found.get_columns(table)),
        }  # fmt: skip

    assert facts(engine) == facts(other)
    for each in (engine, other):
        each.dispose()


def test_the_newest_migration_is_the_one_that_the_program_expects() -> None:
    with resources.as_file(resources.files("vistobueno.store") / "migrations") as folder:
        assert ScriptDirectory(str(folder)).get_current_head() == HEAD


def at_revision(engine: Engine, revision: str) -> None:
    """Bring an empty database to an earlier step."""
    script = ScriptDirectory(str(resources.files("vistobueno.store") / "migrations"))
    with engine.execution_options(writes=True).begin() as connection:
        environment = EnvironmentContext(Config(), script, fn=lambda here, _: script._upgrade_revs(revision, here))
        with environment:
            environment.configure(connection=connection, transactional_ddl=True)
            environment.run_migrations()


def copy_to_an_older(engine: Engine, old: Engine, *tables: str) -> None:
    """Rows of today's schema as an earlier one has them."""
    before = {"stranger": "ood_score", "scope_threshold": "ood_threshold"}
    with reading(engine) as source, writing(old) as connection:
        older = {table.name: table for table in tables_of(connection)}
        for name in tables:
            for row in source.execute(select(metadata.tables[name])).mappings():
                values = {each.name: row[before.get(each.name, each.name)] for each in older[name].columns}
                connection.execute(insert(older[name]).values(values))


OLD_INDEX = {
    "sqlite": (
        "CREATE VIRTUAL TABLE filenames USING fts5(filename, content='', tokenize='trigram')",
        """CREATE TRIGGER inspections_name AFTER INSERT ON inspections WHEN new.filename IS NOT NULL
        BEGIN INSERT INTO filenames (rowid, filename) VALUES (new.number, new.filename); END""",
    ),
    "postgresql": (
        """CREATE FUNCTION trigrams(name text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT COST 1
        AS $$ SELECT coalesce(array_agg(DISTINCT substr(lower(name), place, 3)), '{}')
        FROM generate_series(1, length(name) - 2) AS place $$""",
        "CREATE INDEX inspections_name ON inspections USING gin (trigrams(filename)) WITH (fastupdate = off)",
    ),
}


def test_a_database_of_the_first_version_is_brought_along_with_all_that_it_holds(
    engine: Engine, empty_database: str
) -> None:
    old = open_database(empty_database)
    at_revision(old, "0002")
    names = ["Ñandú.jpg", "LOT-7.JPG", None, "İstanbul.jpg"]
    with writing(old) as connection:
        for statement in OLD_INDEX[old.dialect.name]:
            connection.execute(text(statement))
    written = [Ledger(engine).add(draft(filename=name), None, Write(str(name), ANA, "0" * 64)) for name in names]
    copy_to_an_older(engine, old, "inspections", "writes")
    migrate(old)
    assert inspections_page(old, Filter(), None, 9).items == tuple(reversed(written))
    for number, wanted in {1: ["ña", "nandu"], 2: ["lot-7", "Ot"], 4: ["istan", "İs"]}.items():
        for each in wanted:
            assert [found.number for found in inspections_page(old, Filter(text=each), None, 9).items] == [number]
    assert Ledger(old).written(Write("Ñandú.jpg", ANA, "0" * 64)) == written[0]
    assert Ledger(old).add(draft(filename="Café.jpg"), None, None).number == 5
    assert [found.number for found in inspections_page(old, Filter(text="cafe"), None, 9).items] == [5]
    with pytest.raises(DBAPIError, match="append-only"), writing(old) as connection:
        connection.execute(text("UPDATE inspections SET product = 'mango'"))
    old.dispose()


def test_reviews_of_before_there_were_more_answers_stay_as_they_were(engine: Engine, empty_database: str) -> None:
    old = open_database(empty_database)
    at_revision(old, "0004")
    ledger = Ledger(engine)
    number = ledger.add(draft(answer="review"), None, None).number
    write = Write("k", ANA, content_of("review", number, "unfit", "soft"))
    said = [ledger.review(number, ANA, "unfit", "soft", write)[0], ledger.review(number, ANA, "fit", "")[0]]
    copy_to_an_older(engine, old, "inspections", "reviews", "writes")
    migrate(old)
    ledger = Ledger(old)
    assert ledger.inspection(number).reviews == tuple(said)
    assert ledger.review(number, ANA, "unfit", "soft", write) == (said[0], True)
    assert ledger.review(number, ANA, "other", "")[0].id == 3
    for change in ("UPDATE reviews SET note = ''", "DELETE FROM reviews"):
        with pytest.raises(DBAPIError, match="append-only"), writing(old) as connection:
            connection.execute(text(change))
    with pytest.raises(IntegrityError), writing(old) as connection:
        connection.execute(text("INSERT INTO writes VALUES ('w', 'c', 1, CURRENT_TIMESTAMP, 99)"))
    old.dispose()


def test_what_was_answered_before_disagreements_were_kept_is_among_them(engine: Engine, empty_database: str) -> None:
    old = open_database(empty_database)
    at_revision(old, "0005")
    ledger = Ledger(engine)
    for model, forced in (("fit", "fit"), ("unfit", "unfit"), ("review", "fit"), ("review", "unfit")):
        for last in ("fit", "unfit", "other", "retake"):
            number = ledger.add(draft(answer=model, forced=forced), None, None).number
            for said in ("unfit", "fit", last):
                ledger.review(number, ANA, said, "")
    ledger.add(draft(), None, None)
    asked = select(disagreements).order_by(disagreements.c.inspection_number)
    copy_to_an_older(engine, old, "inspections", "reviews")
    with reading(engine) as source:
        kept = source.execute(asked).all()
    migrate(old)
    with reading(old) as connection:
        assert connection.execute(asked).all() == kept
    assert Ledger(old).disagreement_counts() == {"escape": 1, "overkill": 1, "other": 2, "forced": 2}
    old.dispose()


def test_what_was_inspected_before_the_blind_audit_was_not_drawn_and_each_line_goes_on_from_its_count(
    engine: Engine, empty_database: str
) -> None:
    old = open_database(empty_database)
    at_revision(old, "0007")
    before = [Ledger(engine).add(draft(line=line), None, None) for line in ("one", "one", "other")]
    Ledger(engine).review(before[0].number, ANA, "fit", "")
    copy_to_an_older(engine, old, "inspections", "reviews")
    migrate(old)
    ledger = Ledger(old)
    assert [ledger.inspection(each.number).audit_chance for each in before] == [None] * 3
    assert not ledger.inspection(before[0].number).reviews[0].blind
    draw = partial(Audit, share=0.0, first=3, second=0.0)
    after = [ledger.add(draft(line=line), None, None, draw) for line in ("one", "one", "other", "new")]
    assert [each.audit_chance for each in after] == [1.0, None, 1.0, 1.0]
    with reading(old) as connection:
        lines = {row.line: row for row in connection.execute(select(audit_draws))}
    assert {name: row.photographs for name, row in lines.items()} == {"one": 4, "other": 2, "new": 1}
    assert len({row.seed for row in lines.values()}) == 3
    old.dispose()


def test_migrating_twice_changes_nothing(engine: Engine) -> None:
    migrate(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == [HEAD]


def migrated(url: str) -> bool:
    engine = open_database(url)
    migrate(engine)
    alive = database_alive(engine)
    engine.dispose()
    return alive


def test_several_processes_may_start_at_once(empty_database: str) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        assert pool.map(migrated, [empty_database] * 4, chunksize=1) == [True] * 4


def test_a_database_of_a_newer_program_is_refused(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseRefused, match="database_too_new"):
        migrate(engine)


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("act", ["UPDATE {table} SET {column} = {column}", "DELETE FROM {table}"])
def test_what_was_said_cannot_be_changed_or_removed(engine: Engine, table: str, act: str) -> None:
    fill_every_protected_table(engine)
    column = metadata.tables[table].primary_key.columns.keys()[0]
    with pytest.raises(DBAPIError, match="append-only"), writing(engine) as connection:
        connection.execute(text(act.format(table=table, column=column)))


def test_a_file_that_was_taken_away_is_missed_and_found_again(tmp_path: Path) -> None:
    file, away = tmp_path / "station.sqlite", tmp_path / "away.sqlite"
    engine = open_database(f"sqlite:///{file}")
    migrate(engine)
    file.rename(away)
    assert not database_alive(engine)
    with pytest.raises(Unavailable, match="database_away"), writing(engine) as connection:
        connection.execute(text("DELETE FROM waiting"))
    assert not file.exists()
    away.rename(file)
    assert database_alive(engine)
    engine.dispose()


def test_a_file_that_another_holds_is_waited_for_and_then_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vistobueno.store.database.PATIENCE", 0.05)
    url = f"sqlite:///{tmp_path / 'station.sqlite'}"
    engine, other = open_database(url), open_database(url)
    migrate(engine)
    with writing(other), pytest.raises(Unavailable, match="database_away"), writing(engine):
        pass
    with writing(engine) as connection:
        connection.execute(text("DELETE FROM waiting"))
    for each in (engine, other):
        each.dispose()


def test_another_writer_of_the_ledger_is_waited_for_and_then_said_by_a_server_too(
    postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vistobueno.store.database.PATIENCE", 1)
    engine = open_database(postgresql.new_database())
    with writing(engine) as first:
        one_after_another(first)
        with pytest.raises(Unavailable, match="database_away") as refusal, writing(engine) as second:
            one_after_another(second)
    assert "lock timeout" in str(refusal.value.__cause__)
    engine.dispose()


@pytest.mark.parametrize("url", ["mysql://ana:secret@host/station", "station.sqlite", "sqlite://"])
def test_an_address_of_no_database_that_is_known_is_refused_and_makes_no_file(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingRefused, match="DATABASE_URL") as refusal:
        open_database(url)
    assert "secret" not in refusal.value.es + refusal.value.en
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("said", "code"), [("database is locked", "database_away"), ("database or disk is full", "disk_full")]
)
def test_a_disk_is_called_full_when_it_is_and_not_for_a_file_s_name(said: str, code: str) -> None:
    error = OperationalError("INSERT …", {"filename": "full-crate.jpg"}, sqlite3.OperationalError(said))
    assert unavailable(error).code == code


def test_a_server_that_is_not_there_is_said() -> None:
    engine = open_database("postgres://nobody@127.0.0.1:1/nothing")
    assert engine.dialect.name == "postgresql"
    assert not database_alive(engine)
    with pytest.raises(Unavailable, match="database_away"):
        migrate(engine)


def test_sqlite_is_durable_and_keeps_its_references(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'station.sqlite'}")
    with reading(engine) as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
    engine.dispose()


def test_a_mistake_of_ours_is_not_called_an_absence(engine: Engine) -> None:
    with pytest.raises(DBAPIError), reading(engine) as connection:
        connection.execute(text("SELECT nonsense FROM waiting"))
