"""A restore beside nobody, which lets nobody in: on real processes and on both databases."""

import signal
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from drawn_photos import PHOTO
from kept import ANA
from opened import Open, open_station, station
from servers import until
from serving import PASSWORD, serving
from vistobueno.accounts import Accounts, LinkRefused, SignInRefused
from vistobueno.accounts.passwords import Passwords
from vistobueno.cli.main import app
from vistobueno.core.inspection import SYSTEM
from vistobueno.model.bundle import Bundle
from vistobueno.services import Station, open_records
from vistobueno.settings import Settings
from vistobueno.store.database import Unavailable, open_database
from vistobueno.store.lock import Occupied, StationLock

__all__ = ["open_station", "station"]


def vistobueno(*words: str | Path, data: Path, database: str) -> str:
    done = CliRunner().invoke(
        app, [str(word) for word in words], env={"DATA_DIR": str(data), "DATABASE_URL": database, "EVIDENCE_URL": ""}
    )
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def test_a_restore_is_refused_while_a_station_runs_and_changes_nothing(
    station: Station, open_station: Open, tmp_path: Path
) -> None:
    data, database, file = station.settings.data_dir, station.settings.database_url, tmp_path / "backup.zip"
    station.inspections.inspect(PHOTO, ANA, source="page")
    vistobueno("backup", file, data=data, database=database)
    station.inspections.inspect(PHOTO, ANA, source="page")
    aside = f"sqlite:///{tmp_path / 'aside' / 'x.sqlite'}"
    for places in ({"data": data, "database": database}, {"data": tmp_path / "elsewhere", "database": database},
                   {"data": data, "database": aside}):  # fmt: skip
        with pytest.raises(Occupied, match="station_running"):
            vistobueno("restore", file, "--replace", **places)
    for command in (
        ("retention", "--days", "1"),
        ("user", "list"),
        ("model", "add", station.models.active.bundle.path),
    ):
        vistobueno(*command, data=data, database=database)  # these may run beside it
    assert len(station.inspections.page().items) == 2
    station.close()
    assert "1 inspection " in vistobueno("restore", file, "--replace", "-l", "en", data=data, database=database)
    assert len(open_station().inspections.page().items) == 1


def test_several_stations_run_beside_each_other_and_none_starts_while_something_is_restored(
    open_station: Open, tmp_path: Path
) -> None:
    settings = open_station().settings
    Station.open(replace(settings, data_dir=tmp_path / "other machine")).close()
    open_station().close()
    engine = open_database(settings.database_url)
    with StationLock(engine, settings.data_dir, alone=True):
        with pytest.raises(Unavailable, match="restoring"):
            Station.open(settings)
        with pytest.raises(Occupied):
            StationLock(engine, settings.data_dir, alone=True).hold()
    Station.open(settings).close()
    engine.dispose()


def test_the_lock_of_a_station_that_was_killed_is_gone(
    new_database: Callable[[], str], small_bundle: Bundle, tmp_path: Path
) -> None:
    database = new_database()
    with serving(tmp_path, MODEL_PATH=str(small_bundle.path), DATABASE_URL=database) as served:
        data, file = served.settings.data_dir, tmp_path / "backup.zip"
        vistobueno("backup", file, data=data, database=database)
        with pytest.raises(Occupied):
            vistobueno("restore", file, "--replace", data=data, database=database)
        served.stop(signal.SIGKILL)

        def restored() -> bool:  # a server takes a moment to see that its client is gone
            try:
                return "0 inspections" in vistobueno(
                    "restore", file, "--replace", "-l", "en", data=data, database=database
                )
            except Occupied:
                return False

        until(restored, "the lock goes with its process")


def test_a_station_locks_again_when_its_server_was_restarted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vistobueno.store.lock._PROVED_EVERY", 0.1)
    from servers import postgresql_server

    with postgresql_server() as server:
        engine = open_database(server.new_database())
        alone = StationLock(engine, tmp_path / "b", alone=True)
        for name in "ab":
            (tmp_path / name).mkdir()
        with StationLock(engine, tmp_path / "a"):
            server.stop()
            server.start()

            def locked() -> bool:
                try:
                    StationLock(engine, tmp_path / "b", alone=True).__enter__().release()
                except Occupied:
                    return True
                except Unavailable:
                    pass
                return False

            until(locked, "the station locks again")
        with alone:
            pass
        engine.dispose()


def test_nothing_that_a_restore_brings_back_opens_the_door(new_database: Callable[[], str], tmp_path: Path) -> None:
    place = {"data": tmp_path / "data", "database": new_database()}
    settings = Settings(data_dir=place["data"], database_url=place["database"])
    engine, _ = open_records(settings)
    access = Accounts(engine, settings, passwords=Passwords(time_cost=1, memory_cost=64))
    person = access.people.add("ana@example.org", "Ana", "admin", SYSTEM, password=PASSWORD)
    _, secret = access.keys.make("sorter 2", ["inspect"], person)
    past = datetime.now(UTC) + timedelta(hours=1)
    gone, _ = access.keys.make("old belt", ["read"], person, past)
    access.keys.revoke(gone.id, SYSTEM)
    session, _ = access.authentication.sign_in("ana@example.org", PASSWORD, "203.0.113.7")
    tokens = [link.rpartition("/")[2] for link in (access.people.invite("eva@example.org", "Eva", "admin", SYSTEM),
                                                   access.people.reset_link(person.id, SYSTEM))]  # fmt: skip
    file = tmp_path / "backup.zip"
    vistobueno("backup", file, **place)

    said = vistobueno("restore", file, "--replace", "--keep-keys", "-l", "en", **place)
    assert "Sessions ended: 1; links: 2" in said and "sorter 2" in said and "old belt" not in said
    assert access.authentication.identify_key(secret) is not None
    said = vistobueno("restore", file, "--replace", "-l", "es", **place)
    assert "sorter 2" in said and "old belt" not in said
    assert access.authentication.identify_session(session) is None
    assert access.authentication.identify_key(secret) is None
    for token in tokens:
        with pytest.raises(LinkRefused):
            access.authentication.link(token)
    with pytest.raises(SignInRefused):
        access.authentication.sign_in("eva@example.org", PASSWORD, "203.0.113.7")
    assert access.authentication.sign_in("ana@example.org", PASSWORD, "203.0.113.7")[1].role == "admin"
    newest = next(each for each in access.audit_log.page().items if each.action == "restored")
    assert (newest.subject, newest.details["sessions"], newest.details["keys_kept"]) == ("backup.zip", 1, False)
    engine.dispose()


def test_a_restore_that_cannot_be_proved_leaves_what_was_there(
    station: Station, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vistobueno.store.backup import restore as module

    file, data, database = tmp_path / "backup.zip", station.settings.data_dir, station.settings.database_url
    vistobueno("backup", file, data=data, database=database)
    kept = station.inspections.inspect(PHOTO, ANA, source="page").inspection
    photograph = station.inspections.photograph(kept.number)
    station.close()
    monkeypatch.setattr(module, "load", lambda *_: 0)
    with pytest.raises(module.BackupRefused, match="restored_differs"):
        vistobueno("restore", file, "--replace", data=data, database=database)
    again = Station.open(station.settings)
    assert again.inspections.page().items == (kept,) and again.inspections.photograph(kept.number) == photograph
    again.close()
