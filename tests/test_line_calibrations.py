"""A line of a station put in service from its people's answers: kept, made active, followed by others, and given up again."""

import json
import time
from functools import cache
from pathlib import Path

import httpx
import pytest

from command_line import Run, vistobueno
from drawn_photos import PHOTO, jpeg
from kept import ANA, SORTER
from opened import Open, open_station, station
from people_at import signed_in
from serving import Served, serving
from test_api import API, JPEG, problem
from test_commission_command import remembering
from vistobueno.core.errors import DataRefused
from vistobueno.core.inspection import Filter
from vistobueno.core.promises import promised
from vistobueno.model.bundle import Bundle
from vistobueno.services import Conflict, NotFound, Station
from vistobueno.services.calibrations import CommissioningRefused

__all__ = ["open_station", "remembering", "station", "vistobueno"]

LINE = "Mesa 2"
CLASSES = ("apple_fit", "apple_unfit", "banana_fit", "banana_unfit")


@cache
def small(key: str, seed: int) -> bytes:
    return jpeg(key, seed, (240, 180))


def answer_some(station: Station, line: str, each: int = 4) -> None:
    """Photographs of the line, answered as they are drawn."""
    for key in CLASSES:
        for seed in range(each):
            kept = station.inspections.inspect(small(key, seed), SORTER, source="api", line=line).inspection
            station.reviews.give(kept.number, ANA, "unfit" if key.endswith("_unfit") else "fit")


@pytest.fixture
def answering(open_station: Open, remembering: Bundle) -> Station:
    """A station with a line whose people answered, and one whose people did not."""
    station = open_station(model_path=str(remembering.path))
    station.lines.add(LINE, [], ANA)
    answer_some(station, LINE)
    return station


def measured(station: Station) -> dict[str, bool]:
    return {each.name: each.measured for each in station.lines.all()}


def judged_by(station: Station, line: str) -> str | None:
    return station.inspections.inspect(PHOTO, SORTER, source="api", line=line).inspection.model.calibration


def follows(station: Station, digest: str) -> None:
    """The line is judged by it before long."""
    deadline = time.monotonic() + 20
    while judged_by(station, LINE) != digest:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_answers_would_carry_is_told_before_anything_is_fitted(answering: Station) -> None:
    found = answering.calibrations.prospect(LINE)
    assert sum(found.counts.values()) == 16 and found.missing == 0
    assert found.escapes == promised(8, answering.models.active.bundle.policy.alpha)
    assert answering.calibrations.prospect("principal").missing == 5
    for ask in (answering.calibrations.prospect, answering.calibrations.of):
        with pytest.raises(NotFound, match="no_line"):
            ask("Mesa 3")


def test_more_answers_promise_less_than_one_in_as_many() -> None:
    assert promised(41, 0.01).rate == pytest.approx(1 / 42) and promised(41, 0.01).more == 58
    assert promised(99, 0.01).rate == 0.01 and promised(99, 0.01).more == 0
    assert promised(0, 0.01).rate == 1 and promised(0, 0.01).more == 99


def test_a_line_is_judged_by_its_calibration_once_it_is_active_and_no_other_line_is(answering: Station) -> None:
    made, of = answering.calibrations.make(LINE, ANA)
    assert (made.number, made.line, made.active, made.actor) == (1, LINE, False, ANA)
    assert of is not None and len(of.photographs) == made.facts["photographs"] == 16
    assert judged_by(answering, LINE) is None and not any(measured(answering).values())
    answering.calibrations.activate(1, ANA)
    assert judged_by(answering, LINE) == made.digest and judged_by(answering, "principal") is None
    assert measured(answering) == {"principal": False, LINE: True}
    (now,) = answering.calibrations.of(LINE)
    assert now.active and "fitted_to" not in now.facts
    kept = answering.inspections.page(Filter(line=LINE)).items[0]
    assert answering.inspections.one(kept.number) == kept


def test_the_way_back_leads_to_the_one_before_and_at_last_to_the_model(answering: Station) -> None:
    calibrations = answering.calibrations
    first, second = (calibrations.make(LINE, ANA)[0].number for _ in range(2))
    with pytest.raises(NotFound, match="no_earlier_calibration"):
        calibrations.roll_back(LINE, ANA)
    calibrations.activate(first, ANA)
    assert calibrations.roll_back(LINE, ANA) is None and judged_by(answering, LINE) is None
    for number in (first, second, second):  # made active twice, it is left by one way back
        calibrations.activate(number, ANA)
    back = calibrations.roll_back(LINE, ANA)
    assert back is not None and (back.number, back.active) == (first, True)
    assert [each.active for each in calibrations.of(LINE)] == [False, True]
    with pytest.raises(NotFound, match="no_calibration"):
        calibrations.activate(9, ANA)
    with pytest.raises(NotFound, match="no_calibration"):
        calibrations.activate(first, ANA, line="principal")


def test_few_answers_and_two_at_once_are_refused_and_nothing_is_kept(answering: Station) -> None:
    with pytest.raises(DataRefused, match="line_few"):
        answering.calibrations.make("principal", ANA)

    def meanwhile(step: str, done: int, total: int) -> None:
        with pytest.raises(CommissioningRefused, match="commissioning_busy"):
            answering.calibrations.make(LINE, ANA)

    answering.calibrations.make(LINE, ANA, meanwhile)
    assert len(answering.calibrations.of(LINE)) == 1 and answering.calibrations.of("principal") == ()


def test_a_repeated_call_does_what_it_did_once(answering: Station) -> None:
    calibrations = answering.calibrations
    made, again = (calibrations.make(LINE, ANA, idempotency_key="make") for _ in range(2))
    assert again == (made[0], None) and len(calibrations.of(LINE)) == 1
    calibrations.activate(1, ANA, idempotency_key="on")
    assert calibrations.roll_back(LINE, ANA, idempotency_key="back") is None
    assert calibrations.roll_back(LINE, ANA, idempotency_key="back") is None
    calibrations.activate(1, ANA, idempotency_key="on")
    assert not calibrations.of(LINE)[0].active, "what came after a repeated call stays"
    with pytest.raises(Conflict):
        calibrations.make("principal", ANA, idempotency_key="make")


def test_a_calibration_is_of_one_model_and_outlives_the_station(
    answering: Station, open_station: Open, remembering: Bundle, small_bundle: Bundle
) -> None:
    made, _ = answering.calibrations.make(LINE, ANA)
    answering.calibrations.activate(made.number, ANA)
    answering.models.add(small_bundle.path, ANA)
    answering.models.activate(small_bundle.digest, ANA)
    assert judged_by(answering, LINE) is None and not measured(answering)[LINE]
    with pytest.raises(CommissioningRefused, match="calibration_of_another_model"):
        answering.calibrations.activate(made.number, ANA)
    answering.models.roll_back(ANA)
    assert judged_by(answering, LINE) == made.digest
    again = open_station(model_path=str(remembering.path))
    assert judged_by(again, LINE) == made.digest and measured(again)[LINE]


def test_what_another_process_makes_active_is_followed(answering: Station) -> None:
    made, _ = answering.calibrations.make(LINE, ANA)
    other = Station(answering.settings, answering.engine, answering.evidence, answering._lock)
    try:
        other.calibrations.activate(made.number, ANA)
        follows(answering, made.digest)
    finally:
        other.models.close()
        other.judging.close()


def test_a_line_of_one_product_takes_no_other_products_name(open_station: Open, remembering: Bundle) -> None:
    station = open_station(model_path=str(remembering.path))
    station.lines.add(LINE, ["banana"], ANA)
    for seed in range(3):
        kept = station.inspections.inspect(small("apple_fit", seed), SORTER, source="api", line=LINE).inspection
        station.reviews.give(kept.number, ANA, "fit")
    assert station.calibrations.prospect(LINE).counts == {"banana_fit": 3, "banana_unfit": 0, "other": 0}


def test_over_http_supervisors_commission_and_keys_look_on(remembering: Bundle, tmp_path: Path) -> None:
    with serving(tmp_path, MODEL_PATH=str(remembering.path)) as served, served.client() as client:
        answered_over_http(served, client)
        told = client.get(f"{API}/lines/{LINE}/prospect").json()
        assert sum(told["counts"].values()) == 16 and told["escapes"]["more"] > 0
        problem(client.post(f"{API}/lines/{LINE}/calibrations"), 403, "not_allowed")
        with signed_in(served, "supervisor") as person:
            here = {"X-CSRF-Token": person.get("/field/session").json()["csrf"]}
            key = {"Idempotency-Key": "once"}
            made, again = (person.post(f"{API}/lines/{LINE}/calibrations", headers=here | key) for _ in range(2))
            assert (made.status_code, again.status_code) == (201, 200) and made.json() == again.json()
            problem(person.post(f"{API}/lines/principal/calibrations", headers=here), 422, "line_few")
            problem(person.post(f"{API}/lines/nada/calibrations", headers=here), 404, "no_line")
            active = person.post(f"{API}/lines/{LINE}/active", json={"calibration": 1}, headers=here)
            assert active.json() == made.json() | {"active": True}
            watches = client.get(f"{API}/lines/{LINE}/drift").json()
            assert watches == {"errors": None, "scores": None, "scope": None, "raised": []}
            assert client.get(f"{API}/lines/principal/drift").json() is None
            problem(
                person.post(f"{API}/lines/principal/active", json={"calibration": 1}, headers=here),
                404,
                "no_calibration",
            )
            assert client.get(f"{API}/lines").json()[1]["measured"]
            assert client.get(f"{API}/lines/{LINE}/calibrations").json() == [active.json()]
            sent = client.post(f"{API}/inspections", params={"line": LINE}, content=PHOTO, headers=JPEG)
            assert sent.json()["model"]["calibration"] == made.json()["digest"]
            assert person.post(f"{API}/lines/{LINE}/roll-back", headers=here).json() is None
            problem(person.post(f"{API}/lines/{LINE}/roll-back", headers=here), 404, "no_earlier_calibration")
        assert not client.get(f"{API}/lines").json()[1]["measured"]


def answered_over_http(served: Served, client: httpx.Client) -> None:
    with signed_in(served, "supervisor") as person:
        here = {"X-CSRF-Token": person.get("/field/session").json()["csrf"]}
        assert person.post(f"{API}/lines", json={"name": LINE}, headers=here).status_code == 201
        for key in CLASSES:
            for seed in range(4):
                sent = client.post(f"{API}/inspections", params={"line": LINE}, content=small(key, seed), headers=JPEG)
                answer = {"answer": "unfit" if key.endswith("_unfit") else "fit"}
                person.post(f"{API}/inspections/{sent.json()['number']}/reviews", json=answer, headers=here)


def test_the_command_line_commissions_a_line_of_the_station(
    answering: Station, vistobueno: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_DIR", str(answering.settings.data_dir))
    monkeypatch.setenv("DATABASE_URL", answering.settings.database_url)
    monkeypatch.setenv("MODEL_PATH", str(answering.settings.model_path))
    said = vistobueno("commission", "--line", LINE)
    assert said.code == 0 and not answering.calibrations.of(LINE)[0].active
    told = json.loads(vistobueno("commission", "--line", LINE, "--activate", "--json").out)
    assert (told["number"], told["active"], told["line"]) == (2, True, LINE)
    follows(answering, told["calibration"])
    for wrong in (("--line", "nada"), (), ("photos", "--line", LINE)):
        assert vistobueno("commission", *wrong).code == 3
