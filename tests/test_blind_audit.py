"""The blind audit as it is kept: drawn with the inspection, asked whatever the verdict, of two people on a part of them."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine, select

from drawn_photos import PHOTO
from kept import ANA, SORTER, draft
from opened import Open, open_station, station
from people_at import signed_in
from serving import Served, serving
from test_api import API, JPEG, csrf_of, inspected, picture, problem
from vistobueno.core.audit import Audit
from vistobueno.core.inspection import Actor, Inspection
from vistobueno.model.bundle import Bundle
from vistobueno.services import NotFound
from vistobueno.store.database import reading
from vistobueno.store.ledger import Ledger
from vistobueno.store.lists import waiting_page
from vistobueno.store.photos.folder import FolderEvidence
from vistobueno.store.retention import apply_retention
from vistobueno.store.schema import audit_draws

__all__ = ["open_station", "station"]
EVA = Actor("person", 2, "Eva")
EVERY_ONE = partial(Audit, share=1.0, first=0, second=1.0)
ONE_PERSON = partial(Audit, share=1.0, first=0, second=0.0)


def numbers_for(engine: Engine, actor: Actor | None) -> list[int]:
    return [each.number for each in waiting_page(engine, None, 50, actor).items]


def test_the_draw_is_kept_in_each_inspection_and_anybody_can_repeat_it(engine: Engine) -> None:
    ledger, draw = Ledger(engine), partial(Audit, share=0.3, first=5, second=0.5)
    lines = ["one", "two", "one"] * 40
    kept = [ledger.add(draft(line=line), None, None, draw) for line in lines]
    with reading(engine) as connection:
        seeds = {row.line: row.seed for row in connection.execute(select(audit_draws))}
    for line, seed in seeds.items():
        again = draw(seed)
        for place, each in enumerate([each for each in kept if each.line == line], 1):
            chance = again.chance(place) if again.asks(place) else None
            assert (each.audit_chance, each.audit_people) == (chance, again.people(place))
            assert ledger.inspection(each.number) == each
    assert {each.audit_people for each in kept} == {0, 1, 2} and len(set(seeds.values())) == 2


def test_a_write_that_is_undone_takes_no_place(engine: Engine) -> None:
    ledger, twice = Ledger(engine), draft()
    for _ in range(2):
        try:
            ledger.add(twice, None, None, ONE_PERSON)
        except Exception as error:  # the same photograph's key again
            assert "evidence" in str(error)
    with reading(engine) as connection:
        assert [row.photographs for row in connection.execute(select(audit_draws))] == [1]


def test_what_is_drawn_waits_whatever_the_verdict_until_it_is_answered_blind(engine: Engine) -> None:
    ledger = Ledger(engine)
    fit, doubted = (ledger.add(draft(answer=each), None, None, ONE_PERSON).number for each in ("fit", "review"))
    undrawn = ledger.add(draft(answer="review"), None, None).number
    assert numbers_for(engine, None) == [undrawn, doubted, fit]
    assert (ledger.waiting_count(), ledger.waiting_count(blind=True)) == (3, 2)
    for number in (fit, doubted, undrawn):
        ledger.review(number, ANA, "fit", "")  # beside the verdict that is shown
    assert numbers_for(engine, ANA) == [] and numbers_for(engine, EVA) == [doubted, fit]
    ledger.review(fit, EVA, "unfit", "", blind=True)
    assert numbers_for(engine, None) == [doubted]
    assert [each.blind for each in ledger.inspection(fit).reviews] == [False, True]


def test_the_second_person_is_another_than_the_first(engine: Engine) -> None:
    ledger = Ledger(engine)
    number = ledger.add(draft(), None, None, EVERY_ONE).number
    first, _ = ledger.review(number, ANA, "fit", "", blind=True)
    assert numbers_for(engine, ANA) == [] and ledger.waiting_count(ANA) == 0
    for other in (EVA, Actor("key", ANA.id, "a machine with the same number")):
        assert numbers_for(engine, other) == [number] and ledger.waiting_count(other, blind=True) == 1
    ledger.review(number, ANA, "unfit", "", blind=True)  # who answers again is no second person
    assert numbers_for(engine, EVA) == [number]
    second, _ = ledger.review(number, EVA, "unfit", "", blind=True)
    assert numbers_for(engine, SORTER) == [] and ledger.waiting_count() == 0
    assert ledger.inspection(number).reviews[0] == first and ledger.inspection(number).reviews[-1] == second


def test_a_photograph_that_is_past_its_time_goes_once_one_person_has_answered_and_is_asked_no_more(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Yesterday(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime.now(UTC) - timedelta(days=40)

    ledger, evidence = Ledger(engine), FolderEvidence(tmp_path / "evidence")
    with monkeypatch.context() as late:
        late.setattr("vistobueno.core.clock.datetime", Yesterday)
        unanswered, answered = (ledger.add(draft(), None, None, EVERY_ONE) for _ in range(2))
    for each in (unanswered, answered):
        evidence.put(each.evidence, b"photograph")
    ledger.review(answered.number, ANA, "fit", "", blind=True)
    assert apply_retention(engine, evidence, 30) == 1
    assert numbers_for(engine, EVA) == [unanswered.number] and evidence.get(unanswered.evidence)


def test_the_settings_say_what_is_drawn(open_station: Open) -> None:
    def drawn(**settings: float) -> list[Inspection]:
        station = open_station(**settings)
        return [station.inspections.inspect(PHOTO, ANA, source="page").inspection for _ in range(4)]

    assert [each.audit_chance for each in drawn(audit_first=3)] == [1.0, 1.0, 1.0, None]
    assert [each.audit_chance for each in drawn(audit_first=6)] == [1.0, 1.0, None, None]  # the line goes on
    assert [each.audit_people for each in drawn(audit_share=1.0, audit_second=1.0)] == [2] * 4
    assert [each.audit_people for each in drawn()] == [0] * 4


def test_a_line_is_measured_by_its_own_blind_answers(open_station: Open) -> None:
    station = open_station()
    ledger = Ledger(station.engine)
    station.lines.add("Mesa 2", [], ANA)
    other = "f" * 64
    for line, model in (("principal", "0" * 64), ("Mesa 2", "0" * 64), ("Mesa 2", other)):
        for answer, said in (("fit", "unfit"), ("unfit", "unfit"), ("fit", "fit"), ("review", "retake")):
            one = draft(line=line, model_digest=model, answer=answer, photo_sha256=f"{line}{model}{answer}{said}"[-64:])
            number = ledger.add(one, None, None, EVERY_ONE).number
            ledger.review(number, SORTER, "fit", "")  # with the verdict before it: that measures nothing
            ledger.review(number, ANA, said, "", blind=True)
            ledger.review(number, ANA, "fit", "", blind=True)  # who thinks again is no second person
            if answer in ("unfit", "review"):
                ledger.review(number, EVA, said, "", blind=True)
        ledger.add(draft(line=line, model_digest=model), None, None, EVERY_ONE)
    last = datetime.now(UTC)
    ledger.add(draft(line="Mesa 2"), None, None)  # not drawn
    found = station.audits.of("Mesa 2")
    assert (found.drawn, found.answered, found.waiting, found.fit, found.unfit) == (10, 8, 2, 2, 4)
    rates = (found.escapes.share, found.overkill.share, found.kappa.share, found.kappa.n)
    assert rates == (0.5, 0.0, 1.0, 4)
    assert station.audits.of("principal").drawn == station.audits.of("Mesa 2", model=other).drawn == 5
    assert station.audits.of("Mesa 2", since=last).drawn == station.audits.of("Mesa 2", model="9").drawn == 0
    assert station.audits.of("Mesa 2", since=last - timedelta(hours=1)) == found
    for strange in ("Mesa 9", "", "a\x00"):
        with pytest.raises(NotFound, match="no_line"):
            station.audits.of(strange)


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory, small_bundle: Bundle) -> Iterator[Served]:
    """A station that asks about all, of two people."""
    with serving(tmp_path_factory.mktemp("audit"), MODEL_PATH=str(small_bundle.path), AUDIT_FIRST="100",
                 AUDIT_SECOND="1") as served:  # fmt: skip
        yield served


def _told(value: object) -> set[str]:
    """Every text and number in a JSON value."""
    if isinstance(value, dict):
        return {name for name, each in value.items() if each is not None} | {
            x for each in value.values() for x in _told(each)
        }
    return {x for each in value for x in _told(each)} if isinstance(value, list) else {str(value)}


def test_what_waits_blind_tells_nothing_that_the_model_said(audited: Served) -> None:
    with audited.client() as client:
        made = inspected(client, picture(1))
        (asked,) = client.get(f"{API}/waiting").json()["items"]
        assert asked["blind"] and asked["number"] == made["number"]
        assert not _told(asked) & {"answer", "reasons", "forced", "product", "class", "probability_unfit", "probabilities",
                                   "ood_score", "heat_map", made["class"]}  # fmt: skip
        assert client.get(asked["links"]["photo"]).status_code == 200


def test_two_people_answer_without_seeing_each_other_s_answer(audited: Served) -> None:
    with audited.client() as client, signed_in(audited, "supervisor") as one, signed_in(audited, "admin") as two:
        number = inspected(client, picture(2))["number"]

        def waiting(person: httpx.Client) -> list[dict[str, object]]:
            return [each for each in person.get(f"{API}/waiting").json()["items"] if each["number"] == number]

        def answer(person: httpx.Client, said: str) -> None:
            told = {"answer": said, "blind": True}
            done = person.post(f"{API}/inspections/{number}/reviews", json=told, headers=csrf_of(person))
            assert done.status_code == 201 and done.json()["blind"]

        assert waiting(one) and str(number) in one.get("/review").text
        answer(one, "unfit")
        assert not waiting(one)
        (asked,) = waiting(two)
        assert asked["reviews"] == []
        answer(two, "fit")
        assert not waiting(two) and not waiting(client)
        said = client.get(f"{API}/inspections/{number}").json()["reviews"]
        assert [each["answer"] for each in said] == ["unfit", "fit"]


def test_the_chance_is_in_every_form_of_an_inspection(audited: Served) -> None:
    with audited.client() as client:
        made = inspected(client, picture(3))
        assert (made["audit_chance"], made["audit_people"]) == (1.0, 2)
        assert client.get(made["links"]["self"]).json() == made
        table = client.get(f"{API}/inspections.csv", params={"language": "en"}).text.removeprefix("\ufeff")
        row = next(csv.DictReader(io.StringIO(table)))
        assert float(row["blind audit: chance of being drawn"]) == 1 and row["blind audit: people"] == "2"
        whole = client.post(f"{API}/inspections", content=picture(3), headers={**JPEG, "Idempotency-Key": "k"})
        assert whole.json()["audit_people"] == 2


def test_the_audit_of_a_line_is_read_over_http(audited: Served) -> None:
    with audited.client() as client, signed_in(audited, "supervisor") as supervisor:
        added = supervisor.post(f"{API}/lines", json={"name": "Nave 2 / mesa ñ"}, headers=csrf_of(supervisor))
        assert added.status_code == 201
        here = f"{API}/lines/Nave%202%20%2F%20mesa%20%C3%B1/audit"
        client.post(f"{API}/inspections", params={"line": "Nave 2 / mesa ñ"}, content=picture(9), headers=JPEG)
        found = client.get(here).json()
        assert (found["line"], found["drawn"], found["waiting"], found["escapes"]["n"]) == ("Nave 2 / mesa ñ", 1, 1, 0)
        assert client.get(here, params={"since": "2100-01-01"}).json()["drawn"] == 0
        assert client.get(here, params={"model": "0" * 64}).json()["drawn"] == 0
        for wrong in ({"since": "20261125"}, {"model": "x"}):
            problem(client.get(here, params=wrong), 422, "invalid")
        problem(client.get(f"{API}/lines/nobody/audit"), 404, "no_line")
