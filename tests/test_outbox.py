"""What is told to other programs: in the transaction of what happened, in order, at least once, and how that ends."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, update

from kept import ANA, keep
from receiver import Got, Receiver, dawdle
from servers import until
from vistobueno.core.events import ATTEMPTS, EVENTS, LONGEST_RETRY, back_off
from vistobueno.core.lots.issued import IssuedReport
from vistobueno.core.lots.lot import Lot, LotFacts, LotVerdict, SamplePlan
from vistobueno.jobs.delivery import Delivery, settle
from vistobueno.jobs.sending import Outcome, told
from vistobueno.model.bundle import Bundle
from vistobueno.services import NotFound
from vistobueno.services.shelf import Shelf
from vistobueno.services.webhooks import Webhooks
from vistobueno.settings import Settings
from vistobueno.store import calibrations, lots, outbox, reports
from vistobueno.store.database import reading, writing
from vistobueno.store.ledger import Ledger
from vistobueno.store.schema import outbox as messages

LEASE = timedelta(seconds=60)


@pytest.fixture
def service(engine: Engine, tmp_path: Path) -> Webhooks:
    return Webhooks(engine, Settings(data_dir=tmp_path, webhook_networks="127.0.0.0/8"))


@pytest.fixture
def deliver(engine: Engine, service: Webhooks, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Delivery]]:
    """Starts a delivery that tries again soon."""
    monkeypatch.setattr("vistobueno.jobs.delivery.back_off", lambda *_: timedelta(seconds=0.05))
    monkeypatch.setattr("vistobueno.jobs.delivery._EVERY", 0.02)
    started: list[Delivery] = []

    def start() -> Delivery:
        started.append(Delivery(engine, service))
        return started[-1]

    yield start
    for each in started:
        each.close()


def a_lot(code: str = "L-1") -> Lot:
    facts = LotFacts(code, "El Oro", "Ecuador", "banana", "I", 3)
    return Lot(0, facts, SamplePlan("s", 1, 99), (), datetime.now(UTC), ANA)


def open_lot(engine: Engine, code: str = "L-1") -> Lot:
    with writing(engine) as connection:
        return lots.add(connection, a_lot(code))


def left(engine: Engine) -> int:
    with reading(engine) as connection:
        return connection.execute(select(func.count()).select_from(messages)).scalar_one()


def taken(engine: Engine, endpoint: int, most: int = 10) -> list[outbox.Message]:
    with writing(engine) as connection:
        return outbox.take(connection, endpoint, datetime.now(UTC), LEASE, most)


def test_a_station_that_tells_nobody_writes_nothing(engine: Engine) -> None:
    keep(engine)
    open_lot(engine)
    assert left(engine) == 0


def test_what_did_not_happen_is_not_told(engine: Engine, service: Webhooks) -> None:
    with Receiver() as receiver:
        service.add(receiver.url, (), ANA)
    with engine.connect() as connection:
        lots.add(connection, a_lot())
        assert connection.execute(select(func.count()).select_from(messages)).scalar_one() == 1
        connection.rollback()
    assert left(engine) == 0


def test_what_happened_comes_signed_with_the_answer_and_is_then_forgotten(
    engine: Engine, service: Webhooks, deliver: Callable[[], Delivery]
) -> None:
    with Receiver() as receiver:
        endpoint, secret, _ = service.add(receiver.url, (), ANA)
        made = keep(engine, answer="review")
        Ledger(engine).review(made.number, ANA, "unfit", "seen by Rosa", defects=("bruise",))
        Ledger(engine).name(made.number, ANA, ("scab",), {})
        deliver()
        until(lambda: len(receiver.got) == 3 and not left(engine), "all are delivered")
    first, second, third = receiver.got
    assert receiver.types() == ["inspection.created", "review.created", "defects.named"]
    assert third.data["inspection"] == made.number and third.data["defects"] == ["scab"]
    assert first.is_signed_by(secret) and second.is_signed_by(secret)
    assert first.data["number"] == made.number and first.data["answer"] == "review"
    assert second.data["inspection"] == made.number and second.data["defects"] == ["bruise"]
    assert "Rosa" not in second.body.decode() and "Ana" not in first.body.decode()
    assert datetime.fromisoformat(first.said["timestamp"]) == made.at
    assert service.all()[0].delivered_at is not None and service.all()[0].id == endpoint.id


def test_an_inspection_is_told_by_the_names_of_the_api(engine: Engine, service: Webhooks) -> None:
    from vistobueno.web.api.schemas import InspectionOut

    with Receiver() as receiver:
        endpoint, *_ = service.add(receiver.url, (), ANA)
    keep(engine)
    (message,) = taken(engine, endpoint.id)
    names = {each.alias or name for name, each in InspectionOut.model_fields.items()}
    assert set(json.loads(message.payload)["data"]) <= names


def test_every_event_that_is_promised_is_told_by_what_makes_it_happen(
    engine: Engine, service: Webhooks, small_bundle: Bundle, tmp_path: Path
) -> None:
    with Receiver() as receiver:
        endpoint, *_ = service.add(receiver.url, (), ANA)
    now, lot = datetime.now(UTC), open_lot(engine)
    made = keep(engine, lot=lot.number, package=1)
    Ledger(engine).review(made.number, ANA, "unfit", "")
    Ledger(engine).name(made.number, ANA, ("scab",), {})
    with writing(engine) as connection:
        verdict = lots.decide(connection, LotVerdict(0, lot.number, now, ANA, "accepted", "I", "", {}))
        sealed = ("1-1-ES", lot.number, verdict.id, "es", now, ANA, "code", "3" * 64, "4" * 64, {})
        reports.keep(connection, IssuedReport(*sealed), b"%PDF")
        calibrations.activate(connection, "principal", None, now, ANA, "roll_back")
    Shelf(engine, Settings(data_dir=tmp_path, model_path=str(small_bundle.path))).at_start()
    by_stream: dict[str, list[dict[str, object]]] = {}
    while some := taken(engine, endpoint.id):
        for each in some:
            by_stream.setdefault(each.stream, []).append(json.loads(each.payload))
            with writing(engine) as connection:
                outbox.delivered(connection, each, now)
    assert [each["type"] for each in by_stream["lot:1"]] == [
        "lot.opened", "inspection.created", "review.created", "defects.named", "lot.decided", "report.issued"
    ]  # fmt: skip
    assert {each["type"] for stream in by_stream.values() for each in stream} == set(EVENTS)
    assert by_stream["lot:1"][4]["data"]["code"] == lot.facts.code  # type: ignore[index]


def test_an_endpoint_is_told_what_it_asked_for_alone(engine: Engine, service: Webhooks) -> None:
    with Receiver() as receiver:
        some, *_ = service.add(receiver.url, ["lot.decided", "lot.opened"], ANA)
        every, *_ = service.add(receiver.url, (), ANA)
    lot = open_lot(engine)
    keep(engine, lot=lot.number, package=1)
    assert [each.type for each in taken(engine, some.id)] == ["lot.opened"]
    assert service.all()[1].waiting == 2 and every.events == ()
    assert set(EVENTS) >= set(some.events)


def test_a_lot_s_events_keep_their_order_whatever_fails_and_hold_up_no_other_lot(
    engine: Engine, service: Webhooks, deliver: Callable[[], Delivery]
) -> None:
    failing = {"left": 6}

    def stumbles(got: Got) -> int:
        if got.data.get("lot", got.data["number"]) == 1 and failing["left"]:
            failing["left"] -= 1
            return 500
        return 200

    with Receiver(stumbles) as receiver:
        service.add(receiver.url, (), ANA)
        one, two = open_lot(engine, "A"), open_lot(engine, "B")
        for number in range(3):
            for lot in (one, two):
                keep(engine, lot=lot.number, package=1, filename=f"{number}.jpg")
        deliver()
        until(lambda: not left(engine), "all are delivered")
    for lot in (one, two):
        came = [each for each in receiver.got if each.data.get("lot", each.data["number"]) == lot.number]
        names = [each.data.get("filename", "lot") for each in came]
        assert list(dict.fromkeys(names)) == ["lot", "0.jpg", "1.jpg", "2.jpg"]
        assert names == sorted(names, key=list(dict.fromkeys(names)).index), "nothing came before its turn"
    last_of_one = max(place for place, each in enumerate(receiver.got) if each.data.get("lot") == 1)
    first_of_two = min(place for place, each in enumerate(receiver.got) if each.data.get("lot") == 2)
    assert first_of_two < last_of_one


def test_what_is_sent_again_has_the_same_name(
    engine: Engine, service: Webhooks, deliver: Callable[[], Delivery]
) -> None:
    with Receiver(lambda got: 503 if len(receiver.got) < 3 else 200) as receiver:
        service.add(receiver.url, (), ANA)
        keep(engine)
        deliver()
        until(lambda: not left(engine), "it is delivered")
    assert len(receiver.got) == 3 and len({each.id for each in receiver.got}) == 1
    assert len({each.body for each in receiver.got}) == 1


def test_after_the_last_attempt_it_is_a_dead_letter_and_what_follows_goes_on(
    engine: Engine, service: Webhooks, deliver: Callable[[], Delivery], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vistobueno.jobs.delivery.ATTEMPTS", 3)
    bad = {"0.jpg"}
    with Receiver(lambda got: 500 if got.data["filename"] in bad else 200) as receiver:
        endpoint, *_ = service.add(receiver.url, ["inspection.created"], ANA)
        lot = open_lot(engine)
        for number in range(2):
            keep(engine, lot=lot.number, package=1, filename=f"{number}.jpg")
        deliver()
        until(lambda: service.all()[0].waiting == 0, "one is dead, one delivered")
        assert [each.data["filename"] for each in receiver.got] == ["0.jpg"] * 3 + ["1.jpg"]
        (letter,) = service.dead()
        assert (letter.attempts, letter.problem, letter.type) == (3, "500", "inspection.created")
        bad.clear()
        assert service.replay(endpoint.id, ANA, letter.id + 100) == 0
        assert service.replay(endpoint.id, ANA, letter.id) == 1
        until(lambda: not left(engine), "it is delivered")
    assert receiver.got[-1].id == letter.message and service.dead(endpoint.id) == []


def test_a_receiver_that_wants_no_more_is_told_no_more_until_it_is_replayed(
    engine: Engine, service: Webhooks, deliver: Callable[[], Delivery]
) -> None:
    with Receiver(lambda _: 410 if len(receiver.got) == 1 else 200) as receiver:
        endpoint, *_ = service.add(receiver.url, (), ANA)
        keep(engine)
        deliver()
        until(lambda: service.all()[0].stopped_at is not None, "it is stopped")
        keep(engine)
        assert left(engine) == 1
        service.replay(endpoint.id, ANA)
        until(lambda: not left(engine), "it is delivered")
    assert len(receiver.got) == 2 and service.all()[0].stopped_at is None


def test_what_a_crash_cut_is_sent_again_by_whoever_comes_after_the_lease(engine: Engine, service: Webhooks) -> None:
    with Receiver() as receiver:
        endpoint, *_ = service.add(receiver.url, (), ANA)
    lot = open_lot(engine)
    keep(engine, lot=lot.number, package=1)
    (cut,) = taken(engine, endpoint.id)
    assert taken(engine, endpoint.id) == [], "neither it nor what follows it, while it may be on its way"
    with writing(engine) as connection:
        connection.execute(update(messages).where(messages.c.id == cut.id).values(due_at=datetime.now(UTC)))
    (again,) = taken(engine, endpoint.id)
    assert (again.id, again.message, again.attempts) == (cut.id, cut.message, 2)
    with writing(engine) as connection:
        settle(connection, endpoint, cut, Outcome("timeout"))  # the one that was thought dead: nothing is its any more
        row = connection.execute(select(messages).where(messages.c.id == cut.id)).one()
    assert row.due_at > datetime.now(UTC) + LEASE / 2 and row.problem is None


def test_a_process_that_is_killed_after_the_receiver_had_it_sends_it_again(
    database: str, engine: Engine, service: Webhooks, tmp_path: Path, deliver: Callable[[], Delivery]
) -> None:
    program = (
        "import sys, time\nfrom datetime import timedelta\nfrom pathlib import Path\n"
        "from vistobueno.jobs import delivery\nfrom vistobueno.services.webhooks import Webhooks\n"
        "from vistobueno.settings import Settings\nfrom vistobueno.store.database import open_database\n"
        "delivery._LEASE = timedelta(seconds=3)\n"
        "engine = open_database(sys.argv[1])\n"
        "settings = Settings(data_dir=Path(sys.argv[2]), webhook_networks='127.0.0.0/8')\n"
        "delivery.Delivery(engine, Webhooks(engine, settings))\ntime.sleep(60)\n"
    )
    killed = threading.Event()

    def kills(_: Got) -> int:
        if not killed.is_set():
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
            killed.set()
        return 200

    with Receiver(kills) as receiver:
        _, secret, _ = service.add(receiver.url, (), ANA)
        keep(engine)
        child = subprocess.Popen([sys.executable, "-c", program, database, str(tmp_path)])
        until(killed.is_set, "it is killed")
        assert left(engine) == 1
        deliver()
        until(lambda: not left(engine), "it is delivered after all")
    assert len(receiver.got) == 2 and receiver.got[0].id == receiver.got[1].id
    assert receiver.got[1].is_signed_by(secret)


def test_several_processes_never_send_the_same_at_once(
    engine: Engine, service: Webhooks, deliver: Callable[[], Delivery]
) -> None:
    with Receiver(dawdle(0.01)) as receiver:
        service.add(receiver.url, (), ANA)
        one, two = open_lot(engine, "A"), open_lot(engine, "B")
        for number in range(12):
            keep(engine, filename=f"{number}.jpg")
            keep(engine, lot=(one, two)[number % 2].number, package=1, filename=f"lot {number}.jpg")
        for _ in range(3):
            deliver()
        until(lambda: not left(engine), "all are delivered")
    assert len(receiver.got) == 26 and len({each.id for each in receiver.got}) == 26
    for lot in (one, two):
        numbers = [each.data["number"] for each in receiver.got if each.data.get("lot") == lot.number]
        assert numbers == sorted(numbers)


def test_it_ends_soon_while_a_receiver_hangs(
    engine: Engine, service: Webhooks, deliver: Callable[[], Delivery]
) -> None:
    released = threading.Event()
    with Receiver(lambda _: 200 if released.wait(20) else 500) as receiver:
        service.add(receiver.url, (), ANA)
        keep(engine)
        delivery = deliver()
        until(lambda: receiver.got, "it is on its way")
        begin = datetime.now(UTC)
        delivery.close()
        assert datetime.now(UTC) - begin < timedelta(seconds=5)
        released.set()


def test_one_that_hangs_keeps_no_other_receiver_waiting(
    engine: Engine, service: Webhooks, deliver: Callable[[], Delivery]
) -> None:
    released = threading.Event()
    with Receiver(lambda _: 200 if released.wait(20) else 500) as hangs, Receiver() as quick:
        service.add(hangs.url, (), ANA)
        service.add(quick.url, (), ANA)
        for _ in range(8):
            keep(engine)
        deliver()
        until(lambda: len(quick.got) == 8, "the other has all")
        assert len(hangs.got) <= 4
        released.set()


def test_a_mistake_of_ours_counts_as_an_attempt(
    engine: Engine, service: Webhooks, deliver: Callable[[], Delivery], monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> Outcome:
        raise RuntimeError

    monkeypatch.setattr("vistobueno.jobs.delivery.ATTEMPTS", 2)
    monkeypatch.setattr("vistobueno.jobs.delivery.send", breaks)
    with Receiver() as receiver:
        service.add(receiver.url, (), ANA)
    keep(engine)
    deliver()
    until(service.dead, "it is a dead letter")
    (letter,) = service.dead()
    assert (letter.problem, letter.attempts) == ("error", 2)
    assert told(letter.problem, "es") != told(letter.problem, "en")


def test_what_is_removed_is_told_nothing_more(engine: Engine, service: Webhooks) -> None:
    with Receiver() as receiver:
        endpoint, *_ = service.add(receiver.url, (), ANA)
    keep(engine)
    service.remove(endpoint.id, ANA)
    keep(engine)
    assert left(engine) == 0 and service.all() == []
    with pytest.raises(NotFound, match="no_webhook"):
        service.rotate(endpoint.id, ANA)


def test_waiting_grows_up_to_six_hours_and_never_beyond_a_quarter_of_chance() -> None:
    waits = [back_off(attempt, 0.5).total_seconds() for attempt in range(1, ATTEMPTS)]
    assert waits[:4] == [5, 20, 80, 320] and max(waits) == 6 * 3600 and waits == sorted(waits)
    assert sum(waits) > 24 * 3600 and timedelta(seconds=sum(waits)) < LONGEST_RETRY
    for attempt in (1, 5, 12, 1000):
        middle = back_off(attempt, 0.5)
        assert back_off(attempt, 0) >= middle * 0.74 and back_off(attempt, 1) <= middle * 1.26


def test_a_receiver_that_asks_to_wait_is_left_alone_so_long(engine: Engine, service: Webhooks) -> None:
    with Receiver() as receiver:
        endpoint, *_ = service.add(receiver.url, (), ANA)
    keep(engine)
    (message,) = taken(engine, endpoint.id)
    with writing(engine) as connection:
        settle(connection, endpoint, message, Outcome("429", retry_after=3600))
        due = connection.execute(select(messages.c.due_at)).scalar_one()
    assert due > datetime.now(UTC) + timedelta(minutes=59)


def test_what_is_too_old_when_it_fails_is_not_sent_again_by_itself(engine: Engine, service: Webhooks) -> None:
    with Receiver() as receiver:
        endpoint, *_ = service.add(receiver.url, (), ANA)
    keep(engine)
    with writing(engine) as connection:
        connection.execute(update(messages).values(at=datetime.now(UTC) - LONGEST_RETRY))
    (message,) = taken(engine, endpoint.id)
    with writing(engine) as connection:
        settle(connection, endpoint, message, Outcome("connection"))
    assert [each.problem for each in service.dead()] == ["connection"]
