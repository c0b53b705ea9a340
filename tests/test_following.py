"""Several processes on one database agree: on the model that judges, on who may come in, on lines, lists and standards."""

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text, update

from accounts import HERE, PASSWORD, TimedAccounts
from altered_bundle import ALL_FIT, rewritten
from drawn_photos import PHOTO
from kept import ANA
from servers import PostgreSQL, until
from serving import serving
from vistobueno.accounts import SignInRefused
from vistobueno.core.inspection import SYSTEM
from vistobueno.core.line import LineRefused
from vistobueno.core.lots.reading import shipped_standards
from vistobueno.model.bundle import Bundle
from vistobueno.services import Station
from vistobueno.services.shelf import Shelf
from vistobueno.settings import Settings
from vistobueno.store import changes
from vistobueno.store.database import open_database, reading, writing
from vistobueno.store.schema import models

SOON = 1.0  # second, in which all agree


@pytest.fixture
def two(small_bundle: Bundle, new_database: Callable[[], str], tmp_path: Path) -> Iterator[tuple[Station, Station]]:
    """Two stations on one database, as on two machines: their folders are their own."""
    first = Settings(data_dir=tmp_path / "one", database_url=new_database(), model_path=str(small_bundle.path))
    stations = tuple(Station.open(replace(first, data_dir=tmp_path / name)) for name in ("one", "two"))
    yield stations  # type: ignore[misc]
    for each in stations:
        each.close()


def active(station: Station) -> list[str]:
    return [each.digest for each in station.models.all() if each.active]


def shared_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Shelf, "_share", lambda *_: None)


def on_that_machine_alone(station: Station, digest: str) -> None:
    """Where its copy lies says nothing to another machine."""
    with writing(station.engine) as connection:
        connection.execute(update(models).where(models.c.digest == digest).values(location="/on/another/machine"))


def agree(station: Station, digest: str) -> float:
    """Seconds until a station judges with a model."""
    start = time.monotonic()
    until(lambda: station.models.active.bundle.digest == digest, "both agree")
    return time.monotonic() - start


def test_what_one_process_activates_or_rolls_back_judges_in_the_other(
    two: tuple[Station, Station], small_bundle: Bundle, tmp_path: Path
) -> None:
    here, there = two
    other = rewritten(small_bundle, tmp_path / "other", version="2", policy=ALL_FIT)
    for station in two:
        station.models.add(other.path, ANA)
    acts: dict[Callable[[], object], str] = {
        lambda: here.models.activate(other.digest, ANA): other.digest,
        lambda: there.models.roll_back(ANA): small_bundle.digest,
        lambda: there.models.activate(other.digest, ANA): other.digest,
    }
    for act, digest in acts.items():
        act()
        assert max(agree(each, digest) for each in two) < SOON
        for each in two:
            assert (
                active(each)
                == [digest]
                == [each.inspections.inspect(PHOTO, ANA, source="page").inspection.model.digest]
            )
            assert not any(version.missed for version in each.models.all())
    assert here.ready().warnings == ()


LISTENERS = text("SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN %' AND datname = current_database()")


def test_a_server_tells_at_once_and_one_that_cut_the_line_is_asked_until_it_tells_again(
    postgresql: PostgreSQL, small_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "_TOLD", 60.0)  # who is not told would look much too late
    monkeypatch.setattr(changes, "_AGAIN", 2.0)
    first = Settings(
        data_dir=tmp_path / "one", database_url=postgresql.new_database(), model_path=str(small_bundle.path)
    )
    here, there = (Station.open(replace(first, data_dir=tmp_path / name)) for name in ("one", "two"))
    other = rewritten(small_bundle, tmp_path / "other", version="2")
    for each in (here, there):
        each.models.add(other.path, ANA)

    def listeners() -> list[int]:
        with reading(here.engine) as connection:
            return list(connection.execute(LISTENERS).scalars())

    try:
        for digest in (other.digest, small_bundle.digest):
            until(lambda: len(listeners()) == 2, "both listen")
            here.models.activate(digest, ANA)
            assert agree(there, digest) < SOON
        with writing(here.engine) as connection:
            for pid in connection.execute(LISTENERS).scalars():
                connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        here.models.activate(other.digest, ANA)
        assert agree(there, other.digest) < SOON
        until(lambda: len(listeners()) == 2, "both listen again")
        there.models.activate(small_bundle.digest, ANA)
        assert agree(here, small_bundle.digest) < SOON
    finally:
        for each in (here, there):
            each.close()


def test_nobody_listens_through_a_pooler_which_would_give_the_word_to_another(postgresql: PostgreSQL) -> None:
    engine = open_database(f"{postgresql.new_database()}?pgbouncer=true")
    waiting = changes.Changes(engine)
    assert waiting.wait() and waiting.wait()
    with reading(engine) as connection:
        assert connection.execute(LISTENERS).all() == []
    waiting.end()
    assert not waiting.wait()
    engine.dispose()


def test_what_is_asked_of_the_database_each_time_is_the_same_everywhere(
    two: tuple[Station, Station], tmp_path: Path
) -> None:
    """Lines, defect lists and standards; people, roles, sessions and keys: no process remembers them."""
    here, there = two
    here.lines.add("north", ["apple"], ANA)
    there.lines.check("north")
    there.lines.retire("north")
    with pytest.raises(LineRefused, match="line_retired"):
        here.lines.check("north")
    assert here.defects.choose("apple", ["scab"], ANA) == there.defects.of(["apple"])["apple"]
    there.lots.standards.keep(json.dumps({**shipped_standards()["unece-ffv-50"].document(), "key": "customer"}), ANA)
    assert "customer" in {each.key for each in here.lots.standards.all()}
    at_one, at_other = (TimedAccounts(each.engine, tmp_path) for each in two)
    ana, luz = at_one.add(), at_one.add("luz@example.org", "admin", "Luz")
    token, _ = at_one.authentication.sign_in(ana.email, PASSWORD, HERE)
    key, secret = at_one.keys.make("sorter", ["inspect"], luz)
    assert at_other.authentication.identify_key(secret) is not None
    at_other.people.set_role(ana.id, "supervisor", SYSTEM)
    changed = at_one.authentication.identify_session(token)
    assert changed is not None and changed.role == "supervisor"
    at_other.sessions.end_all(ana.id)
    at_other.keys.revoke(key.id, SYSTEM)
    assert at_one.authentication.identify_session(token) is None is at_one.authentication.identify_key(secret, HERE)
    at_other.people.disable(ana.id, SYSTEM)
    with pytest.raises(SignInRefused):
        at_one.authentication.sign_in(ana.email, PASSWORD, HERE)


def test_a_process_that_cannot_load_the_active_model_says_so_goes_on_and_follows_when_it_can(
    two: tuple[Station, Station],
    small_bundle: Bundle,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("vistobueno.services.models._AGAIN", 0.2)
    shared_by_nobody(monkeypatch)
    here, there = two
    other = rewritten(small_bundle, tmp_path / "other", version="2", policy=ALL_FIT)
    here.models.add(other.path, ANA)
    on_that_machine_alone(here, other.digest)
    here.models.activate(other.digest, ANA)
    until(lambda: there.ready().warnings == ("active_model_not_loaded",), "it says so")
    time.sleep(0.6)
    assert there.ready().ok and here.ready().warnings == ()
    assert active(there) == [small_bundle.digest] == [there.models.active.bundle.digest]
    assert [each.digest for each in there.models.all() if each.missed] == [other.digest]
    assert there.inspections.inspect(PHOTO, ANA, source="page").inspection.model.digest == small_bundle.digest
    assert sum("cannot be loaded here" in each.getMessage() for each in caplog.records) == 1
    again = Station.open(there.settings)  # one that starts so is no different, and changes nothing for the others
    assert (active(again), active(here)) == ([small_bundle.digest], [other.digest])
    again.close()
    there.models.add(other.path, ANA)
    agree(there, other.digest)
    assert (there.ready().warnings, active(there)) == ((), [other.digest])


def test_a_model_that_one_machine_has_reaches_another_through_the_database(
    postgresql: PostgreSQL, small_bundle: Bundle, tmp_path: Path
) -> None:
    first = Settings(
        data_dir=tmp_path / "one", database_url=postgresql.new_database(), model_path=str(small_bundle.path)
    )
    here, there = (Station.open(replace(first, data_dir=tmp_path / name)) for name in ("one", "two"))
    other = rewritten(small_bundle, tmp_path / "other", version="2", policy=ALL_FIT)
    here.models.add(other.path, ANA)
    on_that_machine_alone(here, other.digest)
    here.models.activate(other.digest, ANA)
    assert agree(there, other.digest) < SOON
    assert there.inspections.inspect(PHOTO, ANA, source="page").inspection.model.version == "2"
    third = Station.open(replace(first, data_dir=tmp_path / "three"))  # one that comes later has it too
    assert third.models.active.bundle.digest == other.digest
    for each in (here, there, third):
        each.close()


def test_a_damaged_copy_is_not_followed_and_another_activation_is(
    two: tuple[Station, Station], small_bundle: Bundle, tmp_path: Path
) -> None:
    here, there = two
    bundles = [rewritten(small_bundle, tmp_path / name, version=name) for name in ("2", "3")]
    for station in two:
        for each in bundles:
            station.models.add(each.path, ANA)
    copy = there.settings.data_dir / "models" / bundles[0].digest
    (copy / "model.tflite").write_bytes(b"damaged")
    here.models.activate(bundles[0].digest, ANA)
    until(lambda: bool(there.ready().warnings), "it says so")
    assert active(there) == [small_bundle.digest]
    here.models.activate(bundles[1].digest, ANA)
    assert agree(there, bundles[1].digest) < SOON
    assert there.ready().warnings == ()


def test_every_photograph_is_judged_by_a_whole_model_while_others_change_it(
    two: tuple[Station, Station], small_bundle: Bundle, tmp_path: Path
) -> None:
    here, there = two
    other = rewritten(small_bundle, tmp_path / "other", version="2", policy=ALL_FIT)
    for station in two:
        station.models.add(other.path, ANA)
    stop = threading.Event()

    def inspect_on() -> None:
        while not stop.is_set():
            there.inspections.inspect(PHOTO, ANA, source="api")

    thread = threading.Thread(target=inspect_on)
    thread.start()
    for digest in (other.digest, small_bundle.digest) * 2:
        here.models.activate(digest, ANA)
        agree(there, digest)
    stop.set()
    thread.join()
    every = there.inspections.page(limit=500).items
    found = {(each.model.version, each.verdict.ood_threshold is None) for each in every}  # one of the two has no scope
    assert found == {("2", True), (small_bundle.version, False)}


def test_two_processes_name_what_they_serve_in_every_door(
    new_database: Callable[[], str], small_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared_by_nobody(monkeypatch)
    database = new_database()
    other = rewritten(small_bundle, tmp_path / "other", version="2", policy=ALL_FIT)
    for name in "ab":
        (tmp_path / name).mkdir()
    chosen = {"MODEL_PATH": str(small_bundle.path), "DATABASE_URL": database}
    with serving(tmp_path / "a", **chosen) as a, serving(tmp_path / "b", **chosen) as b:
        beside = Station.open(
            Settings(data_dir=a.settings.data_dir, database_url=database, model_path=chosen["MODEL_PATH"])
        )
        beside.models.add(other.path, ANA)
        on_that_machine_alone(beside, other.digest)
        beside.models.activate(other.digest, ANA)
        with a.client() as at_a, b.client(a.secret) as at_b:

            def named(client: object) -> list[str]:
                return [each["version"] for each in client.get("/api/v1/models").json() if each["active"]]  # type: ignore[attr-defined]

            until(lambda: named(at_a) == ["2"], "the one with the model serves it")
            until(lambda: "warnings" in at_b.get("/readyz").json(), "the other says that it cannot")
            assert at_b.get("/readyz").status_code == 200 and named(at_b) == [small_bundle.version]
            assert at_a.get(f"/v2/models/{other.name}/versions/2").status_code == 200
            assert at_b.get(f"/v2/models/{other.name}/versions/2").status_code == 404
            shutil.copytree(
                a.settings.data_dir / "models" / other.digest, b.settings.data_dir / "models" / other.digest
            )
            until(lambda: named(at_b) == ["2"], "it follows once the model is there")
            assert at_b.get(f"/v2/models/{other.name}/versions/2").status_code == 200
        beside.close()
