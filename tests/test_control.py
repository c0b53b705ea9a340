"""What control charts rest on: counts that agree with the inspections, and the same numbers over HTTP and in files."""

import csv
import io
import random
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import Engine, delete, select, text

from kept import ANA, SORTER, draft
from people_at import signed_in
from serving import Served, serving
from test_api import API, JPEG, csrf_of, picture, problem
from turned import Turned
from vistobueno.core.audit import Audit
from vistobueno.core.control.asked import Asked
from vistobueno.core.inspection import Actor, Inspection
from vistobueno.core.lots.lot import Lot, LotFacts, SamplePlan
from vistobueno.desk.control import asked_of
from vistobueno.model.bundle import Bundle
from vistobueno.services.control import Control
from vistobueno.store import lots as lot_rows
from vistobueno.store.database import reading, writing
from vistobueno.store.ledger import Ledger
from vistobueno.store.migrations.versions.control import DAY, FILLED
from vistobueno.store.migrations.versions.shares import SUMMED
from vistobueno.store.schema import control_answers, control_audits, control_counts, control_shares

EVA = Actor("person", 2, "Eva")
FIRST = date(2026, 10, 19)  # a Monday
EVERYTHING = Asked(FIRST, FIRST + timedelta(days=60))
AUDIT = partial(Audit, share=0.4, first=0, second=0.5)


@pytest.fixture
def month(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> list[Inspection]:
    """Some inspections a day for four weeks, of two lines and packers, answered now and then, some of them twice."""
    monkeypatch.setattr("vistobueno.core.clock.datetime", Turned)
    rng, ledger = random.Random(3), Ledger(engine)
    for packer in ("El Oro", "Valle"):
        facts = LotFacts("L", packer, "Ecuador", "apple", "I", 10)
        with writing(engine) as connection:
            lot_rows.add(connection, Lot(0, facts, SamplePlan("s", 2, 500), ("0" * 64,), Turned.moment, ANA))
    for place in range(112):
        monkeypatch.setattr(Turned, "moment", datetime(2026, 10, 19, 5, tzinfo=UTC) + timedelta(hours=6 * place))
        answer = rng.choice(["fit", "fit", "unfit", "review"])
        strange = {"reasons": ("out_of_scope",)} if answer == "review" and place % 3 == 0 else {}
        lot = {"lot": 1 + place % 2, "package": 1} if place % 4 else {}
        kept = ledger.add(
            draft(rng.choice([ANA, SORTER]), answer=answer, line=rng.choice(["one", "two"]),
                  product=rng.choice(["apple", "banana"]), **strange, **lot),
            None, None, AUDIT,
        )  # fmt: skip
        for _ in range(rng.choice([0, 1, 1, 3])):
            said = rng.choice(["fit", "unfit", "unfit", "other", "retake"])
            defects = rng.choice([(), ("bruise",), ("decay", "bruise")]) if said == "unfit" else ()
            ledger.review(kept.number, rng.choice([ANA, EVA]), said, "", defects=defects, blind=rng.random() < 0.6)
    return ledger.several(range(1, 113))


def last_word(found: Inspection) -> str:
    if found.reviews:
        return found.reviews[-1].answer
    return found.verdict.answer


def groups_of(month: list[Inspection], name: object) -> Counter[tuple[str, str]]:
    words = ((name(each), last_word(each)) for each in month)  # type: ignore[operator]
    return Counter((group, word) for group, word in words if word in ("fit", "unfit"))


def test_every_group_counts_each_fruit_once_by_its_last_word(engine: Engine, month: list[Inspection]) -> None:
    packers = {1: "El Oro", 2: "Valle", None: ""}
    names = {
        "day": lambda each: each.at.date().isoformat(),
        "week": lambda each: (each.at.date() - timedelta(days=each.at.weekday())).isoformat(),
        "month": lambda each: each.at.strftime("%Y-%m-01"),
        "line": lambda each: each.line,
        "product": lambda each: each.verdict.recognised_product or "",
        "packer": lambda each: packers[each.lot],
        "inspector": lambda each: f"{each.actor.kind}-{each.actor.id}",  # whom this station does not know
    }
    control = Control(engine)
    for by, name in names.items():
        points = control.view(replace(EVERYTHING, by=by)).chart.points
        told = Counter({(each.name, "unfit"): each.unfit for each in points})
        told += Counter({(each.name, "fit"): each.n - each.unfit for each in points})
        assert told == groups_of(month, name), by
        in_order = [each.name for each in points]
        assert in_order == (sorted(in_order) if by in ("day", "week", "month") else
                            [each.name for each in sorted(points, key=lambda each: (-each.n, each.name))]), by  # fmt: skip


def test_filters_leave_what_they_say(engine: Engine, month: list[Inspection]) -> None:
    control, until = Control(engine), FIRST + timedelta(days=9)
    filters = {
        "line": ("one", lambda each: each.line == "one"),
        "product": ("apple", lambda each: each.verdict.recognised_product == "apple"),
        "packer": ("Valle", lambda each: each.lot == 2),
        "inspector": (("key", 7), lambda each: each.actor == SORTER),
        "until": (until, lambda each: each.at.date() <= until),
        "since": (until, lambda each: each.at.date() >= until),
    }
    for name, (value, holds) in filters.items():
        view = control.view(replace(EVERYTHING, **{name: value}))
        left = [each for each in month if holds(each)]
        assert 0 < len(left) < len(month)
        assert sum(each.n for each in view.chart.points) == sum(last_word(each) in ("fit", "unfit") for each in left), (
            name
        )
        assert sum(each.inspected for each in view.lines) == len(left), name


def test_defects_are_those_of_the_last_word(engine: Engine, month: list[Inspection]) -> None:
    view = Control(engine).view(EVERYTHING)
    unfit = [each for each in month if each.reviews and each.reviews[-1].answer == "unfit"]
    assert {each.defect: each.count for each in view.defects} == Counter(one for each in unfit for one in each.defects)
    assert view.unnamed == sum(not each.defects for each in unfit) > 0


def test_a_line_s_rates_are_those_of_its_blind_audit(engine: Engine, month: list[Inspection]) -> None:
    view = Control(engine).view(replace(EVERYTHING, by="month"))
    assert {each.line for each in view.lines} == {"one", "two"}
    for line in view.lines:
        drawn = [each for each in month if each.line == line.line and each.audit_chance]
        first = [
            (each.verdict.answer, next((said.answer for said in each.reviews if said.blind), "")) for each in drawn
        ]
        told = {(answer, said): count for answer, row in line.agreement.items() for said, count in row.items()}
        assert told == {pair: count for pair, count in Counter(first).items() if pair[1]}
        assert sum(each.escapes.n for each in line.periods) == sum(said == "unfit" for _, said in first)
        twice = [{(said.actor.kind, said.actor.id) for said in each.reviews if said.blind} for each in drawn]
        assert sum(each.kappa.n for each in line.periods) <= sum(len(each) > 1 for each in twice)


COUNTS, SUMS = (control_counts, control_answers), (control_shares, control_audits)


def counts_in(engine: Engine) -> list[set[tuple[object, ...]]]:
    with reading(engine) as connection:
        return [set(map(tuple, connection.execute(select(each)))) for each in (*COUNTS, *SUMS)]


def test_the_migrations_count_what_was_there_as_it_would_have_been_counted(
    engine: Engine, month: list[Inspection]
) -> None:
    before = counts_in(engine)
    assert all(before) and all(row[-1] > 0 for rows in before[:2] for row in rows)
    with writing(engine) as connection:
        for table in COUNTS:
            connection.execute(delete(table))
    assert not any(counts_in(engine)), "the database adds up by itself"
    with writing(engine) as connection:
        for statement in FILLED:
            connection.execute(text(statement.format(day=DAY[engine.dialect.name])))
    assert counts_in(engine) == before
    with writing(engine) as connection:
        for table, each in zip(SUMS, SUMMED, strict=True):
            connection.execute(delete(table))
            connection.execute(text(each.filled))
    assert counts_in(engine) == before


def test_what_an_address_says_that_cannot_be_is_not_asked() -> None:
    usual = asked_of({})
    wrong = {"since": "2026-13-01", "until": "x", "by": "colour", "limits": "wide", "who": "person-x"}
    assert asked_of(wrong) == usual == asked_of({"since": "1990-01-01", "until": "2026-01-01"})
    assert usual.ordered and usual.since.weekday() == 0 and (usual.until - usual.since).days > 150
    told = asked_of({"by": "packer", "who": "key-7", "line": "one", "until": "2026-03-01", "limits": "laney"})
    assert (told.by, told.inspector, told.line, told.until) == ("packer", ("key", 7), "one", date(2026, 3, 1))
    assert not told.ordered and told.period == "week" and told.since <= told.until


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, small_bundle: Bundle) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("control"), MODEL_PATH=str(small_bundle.path)) as station:
        yield station


def test_the_charts_are_told_over_http_and_as_files(served: Served) -> None:
    with served.client() as client:
        sent = [client.post(f"{API}/inspections", content=picture(n), headers=JPEG).json()["number"] for n in range(3)]
        said = {"answer": "unfit", "defects": ["bruise"]}
        client.post(f"{API}/inspections/{sent[0]}/reviews", json=said, headers={"Idempotency-Key": "a"})
        told = client.get(f"{API}/control").json()
        assert [each["defect"] for each in told["defects"]] == ["bruise"] and told["lines"][0]["inspected"] == 3
        point = told["chart"]["points"][-1]
        assert point["unfit"] >= 1 and point["judged"] is False and point["rules"] == []
        table = client.get(f"{API}/control/defects.csv", params={"language": "es"})
        rows = list(csv.reader(io.StringIO(table.content.decode("utf-8-sig"))))
        assert rows[1][:2] == ["golpe", "1"] and "attachment" in table.headers["content-disposition"]
        for chart in ("shares", "defects", "lines", "agreement"):
            for way in ("csv", "csv?format=es", "xlsx"):
                answer = client.get(f"{API}/control/{chart}.{way}")
                assert answer.status_code == 200, (chart, way)
            with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
                assert book.testzip() is None
        for by in ("line", "product", "packer", "inspector"):
            points = client.get(f"{API}/control", params={"by": by}).json()["chart"]["points"]
            assert points and all(each["ewma"] is None for each in points)
        problem(
            client.get(f"{API}/control", params={"since": "2026-03-01", "until": "2026-02-01"}), 422, "days_invalid"
        )
        assert client.get(f"{API}/control", params={"by": "colour"}).status_code == 422
        assert client.get(f"{API}/control/nothing.csv").status_code == 422


def test_they_are_for_who_reviews(served: Served) -> None:
    with served.client(served.key(["read", "inspect"])) as client:
        problem(client.get(f"{API}/control"), 403, "not_allowed")
        problem(client.get(f"{API}/control/shares.xlsx"), 403, "not_allowed")
    with signed_in(served, "inspector") as person:
        problem(person.get(f"{API}/control", headers=csrf_of(person)), 403, "not_allowed")
    with signed_in(served, "supervisor") as person:
        assert person.get(f"{API}/control", headers=csrf_of(person)).status_code == 200
