"""Three stations on one PostgreSQL and one S3, behind nginx: what happens to some of them loses and doubles nothing."""

import contextlib
import io
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import httpx
import pytest
from sqlalchemy import inspect as describe
from sqlalchemy import text

from nginx import Outside, nginx
from people_at import browser, sign_in
from servers import PostgreSQL, free_port, postgresql_server, s3_server, until
from serving import PASSWORD, PLAIN, Served
from vistobueno.accounts import Accounts
from vistobueno.cli.drawn import draw_photo
from vistobueno.core.inspection import SYSTEM
from vistobueno.model.bundle import Bundle
from vistobueno.services import open_records
from vistobueno.store.database import open_database, reading, revision
from vistobueno.store.migrations import FOLDER, HEAD, STEPS

API = "/api/v1"
BUCKET = "replicas"
NEXT = f"{int(HEAD) + 1:04}"
STEP = f'''
import sqlalchemy as sa
from alembic import op
from vistobueno.store.migrations import is_online

revision, down_revision = "{NEXT}", "{HEAD}"


def upgrade():
    op.create_table("of_the_next", sa.Column("id", sa.Integer, primary_key=True))
    op.add_column("inspections", sa.Column("of_the_next", sa.String(20), nullable=False, server_default="none"))
'''
PROGRAM = """
from pathlib import Path
from vistobueno.store import migrations
migrations.FOLDER, migrations.HEAD, migrations.STEPS = Path({folder!r}), {next!r}, (*migrations.STEPS, {next!r})
"""
"""The next version of the program, as far as the database is concerned."""


class Store:
    """S3 that can be away."""

    def __init__(self) -> None:
        self.port, self._running = free_port(), contextlib.ExitStack()
        self.back()
        httpx.put(f"{self.address}/{BUCKET}", verify=PLAIN).raise_for_status()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def back(self) -> None:
        self._running.enter_context(s3_server(self.port))

    def leave(self) -> None:
        self._running.close()


@dataclass
class Sent:
    """What was answered to senders: the number of each photograph by its key, and each refusal."""

    numbers: dict[str, int] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    refused: list[httpx.Response] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)


@dataclass
class Replicas:
    """Three stations, what they share, and the way in."""

    stations: list[Served]
    database: PostgreSQL
    store: Store
    outside: Outside
    secret: str
    numbers: "count[int]" = field(default_factory=count)
    sent: Sent = field(default_factory=Sent)

    def client(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.secret}", "Accept-Language": "en"}
        return httpx.Client(base_url=self.outside.url, headers=headers, timeout=60, verify=self.outside.trust)

    @contextlib.contextmanager
    def under_load(self, senders: int = 3) -> Iterator[Sent]:
        """Photographs come in, each sent again under its key until it is acknowledged; all of them are at the end."""
        sent, over = Sent(), threading.Event()

        def send_on() -> None:
            with self.client() as client:
                while not over.is_set():
                    self.send(client, f"photo-{next(self.numbers)}", sent)

        with ThreadPoolExecutor(senders) as crowd:
            running = [crowd.submit(send_on) for _ in range(senders)]
            try:
                yield sent
            finally:
                over.set()
            for each in running:
                each.result()
        self.sent.numbers |= sent.numbers
        self.sent.hashes |= sent.hashes

    def send(self, client: httpx.Client, key: str, sent: Sent) -> None:
        """One photograph, until it is acknowledged."""
        headers = {"Content-Type": "image/jpeg", "Idempotency-Key": key}
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                answer = client.post(f"{API}/inspections", content=picture(key), headers=headers)
            except httpx.TransportError as error:
                sent.cut.append(repr(error))
                continue
            if answer.is_success:
                made = answer.json()
                sent.numbers[key], sent.hashes[key] = made["number"], made["photo"]["sha256"]
                return
            sent.refused.append(answer)
            time.sleep(0.2)  # not as long as Retry-After says: the test has less time than a phone
        raise AssertionError(f"{key} was never acknowledged: {sent.refused[-1:]} {sent.cut[-1:]}")

    def restart(self, served: Served, first: str) -> None:
        """With another program; nobody who sends notices."""
        self.outside.without(served.port)
        served.stop()
        served.first = first
        served.start()
        self.outside.without(None)

    def look(self) -> None:
        """Every photograph ever acknowledged is there once, under its number, with its bytes; no number is missing."""
        with self.client() as client:
            kept: dict[int, str] = {}
            cursor: str | None = ""
            while cursor is not None:
                asked = {"limit": "200", **({"cursor": cursor} if cursor else {})}
                page = client.get(f"{API}/inspections", params=asked).json()
                kept |= {each["number"]: each["photo"]["sha256"] for each in page["items"]}
                cursor = page["next"]
            for number in list(kept)[:: max(1, len(kept) // 20)]:
                assert client.get(f"{API}/inspections/{number}/photo").content.startswith(b"\xff\xd8")
        sent = self.sent
        assert sent.numbers
        assert {key: kept[number] for key, number in sent.numbers.items()} == sent.hashes
        assert sorted(kept) == list(range(1, len(kept) + 1)), "a number is missing"
        assert max(Counter(kept.values()).values()) == 1, "a photograph was kept twice"
        assert set(kept.values()) == set(sent.hashes.values()), "one was kept that nobody sent to its end"


def picture(key: str) -> bytes:
    """A photograph that no other key has: a comment of its own in the file."""
    said = key.encode()
    return DRAWN[:2] + b"\xff\xfe" + (len(said) + 2).to_bytes(2, "big") + said + DRAWN[2:]


def drawn() -> bytes:
    file = io.BytesIO()
    draw_photo("banana_fit", 1, (200, 150)).save(file, "JPEG")
    return file.getvalue()


DRAWN = drawn()


@pytest.fixture(scope="module")
def replicas(tmp_path_factory: pytest.TempPathFactory, small_bundle: Bundle) -> Iterator[Replicas]:
    store = Store()
    with postgresql_server() as database, contextlib.ExitStack() as running:
        running.callback(store.leave)
        shared = {
            "DATABASE_URL": database.new_database(),
            "EVIDENCE_URL": f"s3://{BUCKET}/photographs",
            "S3_ENDPOINT": store.address,
            "S3_ACCESS_KEY_ID": "tests",
            "S3_SECRET_ACCESS_KEY": "tests",
            "SECRET_KEY": "the same for all of them",
            "MODEL_PATH": str(small_bundle.path),
            "TRUSTED_PROXIES": "127.0.0.1",
            "JUDGING_THREADS": "1",
        }
        stations = [Served(tmp_path_factory.mktemp(f"station-{number}"), shared) for number in "123"]
        for each in stations:
            running.callback(end, each)
        with ThreadPoolExecutor(3) as crowd:  # all at once on an empty database: one of them makes the tables
            list(crowd.map(Served.start, stations))
        outside = running.enter_context(
            nginx(tmp_path_factory.mktemp("nginx"), [each.port for each in stations]),
        )
        yield Replicas(stations, database, store, outside, stations[0].key())


def end(served: Served) -> None:
    if served.process is not None and served.process.poll() is None:
        served.stop()


def progress(sent: Sent, more: int = 12) -> None:
    """Until so many more are acknowledged."""
    enough = len(sent.numbers) + more
    until(lambda: len(sent.numbers) >= enough, "photographs are acknowledged")


def told_to_come_again(answers: list[httpx.Response], codes: set[str]) -> None:
    """Each refusal says so by its code and when; nothing else was refused."""
    assert {each.json()["code"] for each in answers} <= codes
    assert all(each.status_code == 503 and int(each.headers["retry-after"]) >= 1 for each in answers)


def test_each_takes_its_part_and_what_one_is_told_counts_for_all(replicas: Replicas) -> None:
    with replicas.under_load() as sent:
        progress(sent)
    assert not sent.cut
    told_to_come_again(sent.refused, {"busy"})
    replicas.look()
    assert all(inspected(each) for each in replicas.stations)
    engine, _ = open_records(replicas.stations[0].settings)
    access = Accounts(engine, replicas.stations[0].settings)
    (admin,) = access.people.all()
    key, secret = access.keys.make("revoked", ["read"], admin)

    def statuses() -> list[int]:
        headers = {"Authorization": f"Bearer {secret}"}
        return [
            httpx.get(f"{each.url}{API}/me", headers=headers, verify=PLAIN).status_code for each in replicas.stations
        ]

    assert statuses() == [200] * 3
    access.keys.revoke(key.id, SYSTEM)
    assert statuses() == [401] * 3
    engine.dispose()


def inspected(served: Served) -> bool:
    """Whether a station kept any inspection itself."""
    return "vistobueno_inspections_total{" in httpx.get(f"{served.url}/metrics", verify=PLAIN).text


def test_a_person_stays_where_they_are(replicas: Replicas) -> None:
    """The desk's pages belong to the station that holds their websocket."""

    def asked() -> list[str]:
        said = [httpx.get(f"{each.url}/metrics", verify=PLAIN).text for each in replicas.stations]
        return ["".join(line for line in each.splitlines() if f'route="{API}/me"' in line) for each in said]

    with browser(replicas.outside.url, verify=replicas.outside.trust) as opened:
        assert sign_in(opened, "ana@example.org", password=PASSWORD, Origin=replicas.outside.url).status_code == 303
        before = asked()
        for _ in range(9):
            assert opened.get(f"{API}/me").status_code == 200
    assert sum(now != then for now, then in zip(asked(), before, strict=True)) == 1


def test_one_is_killed_and_the_others_go_on(replicas: Replicas) -> None:
    with replicas.under_load() as sent:
        progress(sent)
        replicas.stations[1].stop(signal.SIGKILL)
        progress(sent, 24)
        replicas.stations[1].start()
        progress(sent)
    assert all(each.status_code in (502, 503) for each in sent.refused)
    replicas.look()


def test_an_upgrade_one_by_one_with_a_migration_stops_nobody_and_the_old_program_starts_again(
    replicas: Replicas, tmp_path: Path
) -> None:
    shutil.copytree(FOLDER, tmp_path / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "migrations" / "versions" / "next.py").write_text(STEP)
    engine = open_database(replicas.stations[0].environment["DATABASE_URL"])

    def step() -> str | None:
        with reading(engine) as connection:
            return revision(connection)

    with replicas.under_load() as sent:
        progress(sent)
        assert step() == HEAD == STEPS[-1]
        for each in replicas.stations:
            replicas.restart(each, PROGRAM.format(folder=str(tmp_path / "migrations"), next=NEXT))
            assert step() == NEXT
            progress(sent)  # the first time two old programs write into what a new one has changed
        replicas.restart(replicas.stations[0], "")
        progress(sent)
    told_to_come_again(
        sent.refused, {"busy"}
    )  # a reload of nginx cuts connections that are kept open, and nothing else
    replicas.look()
    with reading(engine) as connection:
        assert "of_the_next" in {each["name"] for each in describe(connection).get_columns("inspections")}
        assert connection.execute(text("SELECT count(*) FROM inspections WHERE of_the_next <> 'none'")).scalar() == 0
    engine.dispose()


def test_the_database_restarts_and_all_of_them_find_it_again(replicas: Replicas) -> None:
    with replicas.under_load() as sent:
        progress(sent)
        replicas.database.stop()
        until(lambda: sent.refused, "the others say that it is away")
        replicas.database.start()
        progress(sent, 24)
    told_to_come_again(sent.refused, {"busy", "database_away"})
    replicas.look()


def test_the_store_is_away_for_seconds_and_nothing_is_acknowledged_meanwhile(replicas: Replicas) -> None:
    with replicas.under_load() as sent:
        progress(sent)
        replicas.store.leave()
        until(lambda: any(each.json()["code"] == "evidence_away" for each in sent.refused), "they say that it is away")
        time.sleep(0.5)  # what was on its way
        acknowledged = len(sent.numbers)
        time.sleep(2)
        assert len(sent.numbers) == acknowledged
        replicas.store.back()
        progress(sent)
    told_to_come_again(sent.refused, {"busy", "evidence_away"})
    replicas.look()
