"""A database changes while stations work on it: old and new programs side by side, and what each of them refuses."""

import multiprocessing
import threading
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, inspect, text

from kept import draft, keep
from servers import PostgreSQL, until
from vistobueno.store.backup.write import write_backup
from vistobueno.store.database import (
    DatabaseRefused,
    migrate,
    open_database,
    reading,
    revision,
    upgrade,
    writing,
)
from vistobueno.store.ledger import Ledger
from vistobueno.store.migrations import HEAD, ONLINE, STEPS
from vistobueno.store.photos.folder import FolderEvidence

WIDER = f"{int(HEAD) + 1:04}"
INDEX = "ix_inspections_photo_sha256"


def at_step(engine: Engine, step: str) -> Engine:
    """A database as an earlier program left it."""
    with writing(engine) as connection:
        upgrade(connection, step)
    return engine


def named_so(engine: Engine, step: str) -> None:
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :step"), {"step": step})


def columns(connection: Connection, table: str) -> dict[str, tuple[str, bool, bool]]:
    """Of each column its type, whether it may be empty and whether something is in it that nobody said."""
    found = inspect(connection).get_columns(table)
    return {each["name"]: (str(each["type"]), each["nullable"], each["default"] is not None) for each in found}


def conditions(connection: Connection, table: str) -> set[tuple[str, str]]:
    """What a row must meet."""
    found = inspect(connection)
    unique = {("unique", str(each["name"])) for each in found.get_indexes(table) if each["unique"]}
    checks = {("check", str(each["name"])) for each in found.get_check_constraints(table)}
    return unique | checks | {("foreign", str(each["name"])) for each in found.get_foreign_keys(table)}


def test_a_step_of_one_generation_only_widens_what_the_program_before_it_knows(empty_database: str) -> None:
    engine = at_step(open_database(empty_database), "0015")
    for before, step in pairwise(STEPS):
        if step <= "0015" or step[0] != before[0]:  # what a new generation takes away
            at_step(engine, step)
            continue
        with reading(engine) as connection:
            tables = inspect(connection).get_table_names()
            old = {each: (columns(connection, each), conditions(connection, each)) for each in tables}
        at_step(engine, step)
        with reading(engine) as connection:
            for table, (had, met) in old.items():
                has = columns(connection, table)
                assert {name: has.get(name) for name in had} == had, (step, table)
                added = {name: has[name] for name in has.keys() - had.keys()}
                assert all(nullable or default for _, nullable, default in added.values()), (step, table, added)
                assert conditions(connection, table) <= met, (step, table)
    engine.dispose()


def test_a_database_that_a_newer_program_widened_is_worked_with_and_never_backed_up_in_part(
    engine: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    named_so(engine, WIDER)
    migrate(engine)
    assert WIDER in caplog.text
    with reading(engine) as connection:
        assert revision(connection) == WIDER
    assert keep(engine).number == 1
    with pytest.raises(DatabaseRefused, match="database_too_new"):
        write_backup(engine, FolderEvidence(tmp_path / "photographs"), tmp_path / "models", tmp_path / "backup.zip")
    assert not (tmp_path / "backup.zip").exists()
    named_so(engine, "1001")
    with pytest.raises(DatabaseRefused, match="database_too_new"):
        migrate(engine)


def migrated(url: str) -> str | None:
    engine = open_database(url)
    migrate(engine)
    with reading(engine) as connection:
        found = revision(connection)
    engine.dispose()
    return found


def test_several_that_start_at_once_take_each_step_once(empty_database: str) -> None:
    at_step(open_database(empty_database), "0015").dispose()
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        assert pool.map(migrated, [empty_database] * 3, chunksize=1) == [HEAD] * 3


def test_an_index_is_made_while_others_write_and_one_that_was_cut_off_is_made_anew(postgresql: PostgreSQL) -> None:
    url = postgresql.new_database()
    engine = at_step(open_database(url), STEPS[STEPS.index(ONLINE[0]) - 1])
    with writing(engine) as connection:
        connection.execute(text(f"CREATE INDEX {INDEX} ON inspections (bytes)"))  # stands for what a crash left
    ledger = Ledger(engine)
    migrating = [threading.Thread(target=migrate, args=(engine,)) for _ in range(2)]
    with writing(engine) as connection:
        connection.execute(text("LOCK TABLE inspections IN ROW EXCLUSIVE MODE"))  # somebody who writes, and takes long
        for each in migrating:
            each.start()
        waits = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%INDEX%'")

        def waiting() -> bool:
            with reading(engine) as other:
                return bool(other.execute(waits).scalar())

        until(waiting, "the index waits for who writes")
        for number in range(1, 4):
            assert ledger.add(draft(), None, None).number == number
        with reading(engine) as other:
            assert revision(other) != HEAD
    for each in migrating:
        each.join(60)
    with reading(engine) as connection:
        assert revision(connection) == HEAD
        found = {each["name"]: each["column_names"] for each in inspect(connection).get_indexes("inspections")}
        assert found[INDEX] == ["photo_sha256"]
        broken = text("SELECT count(*) FROM pg_index WHERE NOT indisvalid")
        assert connection.execute(broken).scalar() == 0
    engine.dispose()


def test_through_a_pooler_the_steps_are_taken_in_a_transaction(postgresql: PostgreSQL) -> None:
    url = f"{postgresql.new_database()}?pgbouncer=true"
    at_step(open_database(url), "0015").dispose()
    assert migrated(url) == HEAD
