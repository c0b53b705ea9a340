"""A lot's life in the station: opened, looked at package by package, judged by standards, decided, and never changed."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from drawn_photos import PHOTO, jpeg
from kept import ANA, SORTER
from opened import Open, open_station, station
from vistobueno.core.inspection import Filter
from vistobueno.core.lots.draw import Draw, DrawRefused
from vistobueno.core.lots.errors import LotRefused
from vistobueno.core.lots.lot import Lot, LotFacts
from vistobueno.core.lots.reading import StandardRefused, shipped_standards
from vistobueno.services import Conflict, NotFound, Station
from vistobueno.services.lots import Place

__all__ = ["open_station", "station"]

FACTS = LotFacts("L-7", "El Oro", "Ecuador", "banana", "I", packages=40, net_kg=726.0)
CODEX = "codex-cxs-205"


class FortyDaysAgo(datetime):
    """A clock that is set back."""

    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
        return datetime.now(UTC) - timedelta(days=40)


def opened(station: Station, *, boxes: int = 3, fruit: int = 4, **changes: object) -> Lot:
    facts = replace(FACTS, **changes)  # type: ignore[arg-type]
    return station.lots.open(facts, [CODEX], ANA, opened=boxes, fruit=fruit)[0]


def look_at(
    station: Station, lot: Lot, package: int, fruit: int, said: str, *, seed: int = 1, defects: tuple[str, ...] = ()
) -> int:
    """A photograph of a fruit, which a person answers."""
    place = Place(lot.number, package, fruit)
    kept = station.inspections.inspect(jpeg(seed=seed, size=(240, 180)), SORTER, source="api", place=place).inspection
    station.reviews.give(kept.number, ANA, said, defects=defects)  # type: ignore[arg-type]
    return kept.number


def test_a_lot_is_opened_with_a_draw_that_anybody_can_repeat(open_station: Open) -> None:
    station = open_station()
    lot = opened(station, boxes=5)
    assert (lot.number, lot.facts, lot.closed_at) == (1, FACTS, None)
    assert len(lot.draw.numbers) == 5 and set(lot.draw.numbers) <= set(range(1, 41))
    assert Draw(lot.plan.seed, 40, 5).numbers == lot.draw.numbers
    again = open_station()
    assert again.lots.one(1) == lot and again.lots.page() == [lot]
    assert opened(again).plan.seed != lot.plan.seed
    with pytest.raises(NotFound, match="no_lot"):
        again.lots.one(9)


def test_facts_that_no_lot_can_have_are_refused_by_name(station: Station) -> None:
    wrong = {
        "code": " ",
        "packer": "x" * 300,
        "packages": 0,
        "net_kg": -1.0,
        "gtin": "12345678",
        "sscc": "1" * 17,
        "grade": "A",
    }
    for name, value in wrong.items():
        with pytest.raises(LotRefused) as refused:
            opened(station, **{name: value})
        assert refused.value.code == "grade_unknown" or all(
            name in refused.value.message(each) for each in ("es", "en")
        )
    for packages, fruit in ((0, 1), (41, 1)):
        with pytest.raises(DrawRefused):
            opened(station, boxes=packages, fruit=fruit)
    for standards in ([], ["none"], [CODEX, "unece-ffv-50"]):  # the last is of another product
        with pytest.raises(LotRefused, match="standard_unknown"):
            station.lots.open(FACTS, standards, ANA, opened=1, fruit=1)
    assert station.lots.page() == []
    assert opened(station, gtin="4006381333931").facts.gtin == "4006381333931"


def test_photographs_go_to_packages_that_were_drawn_and_each_says_where_it_was(station: Station) -> None:
    lot = opened(station)
    first, *_ = lot.draw.numbers
    number = look_at(station, lot, first, 2, "fit")
    kept = station.inspections.one(number)
    assert (kept.lot, kept.package, kept.fruit) == (lot.number, first, 2)
    assert [each.number for each in station.inspections.page(Filter(lot=lot.number)).items] == [number]
    other = next(each for each in range(1, 41) if each not in lot.draw.numbers)
    for place, code in ((Place(1, other, 1), "package_not_drawn"), (Place(1, first, 5), "fruit_not_planned")):
        with pytest.raises(LotRefused, match=code):
            station.inspections.inspect(PHOTO, SORTER, source="api", place=place)
    with pytest.raises(NotFound, match="no_lot"):
        station.inspections.inspect(PHOTO, SORTER, source="api", place=Place(9, 1, 1))


def test_the_next_fruit_has_the_next_number_until_the_package_is_full(station: Station) -> None:
    lot = opened(station, fruit=2)
    first, second, _ = lot.draw.numbers

    def taken(package: int, seed: int, fruit: int | None = None) -> int | None:
        place = Place(lot.number, package, fruit)
        photo = jpeg(seed=seed, size=(240, 180))
        return station.inspections.inspect(photo, SORTER, source="api", place=place).inspection.fruit

    assert [taken(first, 1), taken(second, 2), taken(first, 3), taken(first, 4, fruit=1)] == [1, 1, 2, 1]
    with pytest.raises(LotRefused, match="package_full"):
        taken(first, 5)
    (found,) = station.lots.open_ones()
    assert found.looked_at == {first: 2, second: 1}
    station.lots.decide(lot.number, "refused", ANA, reason="lluvia")
    assert station.lots.open_ones() == ()


def test_several_sides_of_a_fruit_count_once_and_the_last_answer_counts(station: Station) -> None:
    lot = opened(station)
    package, *_ = lot.draw.numbers
    look_at(station, lot, package, 1, "fit")
    side = look_at(station, lot, package, 1, "unfit", seed=2, defects=("decay",))
    look_at(station, lot, package, 2, "fit", seed=3)
    look_at(station, lot, package, 3, "other", seed=4)
    counts = station.lots.status(lot.number).counts[0]
    assert (counts.looked_at, len(counts.unfit), counts.to_come) == (2, 1, 2)
    assert [each.defect for each in counts.unfit[0]] == ["decay"]
    station.reviews.give(side, ANA, "fit")
    assert station.lots.status(lot.number).counts[0].unfit == ()


def test_a_lot_is_decided_once_and_a_new_decision_is_linked_with_its_reason(station: Station) -> None:
    lot = opened(station, boxes=2, fruit=2)
    seed = 0
    for package in lot.draw.numbers:
        for fruit in (1, 2):
            seed += 1
            number = look_at(station, lot, package, fruit, "fit", seed=seed)
    status = station.lots.status(lot.number)
    assert status.judgements[0].decision == "accepted" and not status.verdicts
    first, _ = station.lots.decide(lot.number, "accepted", ANA)
    assert (first.previous, first.grade, first.evidence["judgements"][0]["decision"]) == (None, "I", "accepted")
    found = station.lots.one(lot.number)
    assert (found.closed_at, found.decision, found.accepted_as) == (first.at, "accepted", "I")
    with pytest.raises(LotRefused, match="lot_closed"):
        look_at(station, lot, lot.draw.numbers[0], 1, "fit", seed=9)
    assert not station.lots.status(lot.number).changed
    station.reviews.give(number, ANA, "unfit", defects=["decay"])
    later = station.lots.status(lot.number)
    assert later.changed and later.verdicts == (first,) and later.judgements[0].decision == "refused"
    with pytest.raises(LotRefused, match="reason_needed"):
        station.lots.decide(lot.number, "refused", ANA)
    second, _ = station.lots.decide(lot.number, "refused", ANA, reason="pudrición en un bulto")
    assert (second.previous, second.grade) == (first.id, None)
    found = station.lots.one(lot.number)
    assert (found.closed_at, found.decision, found.accepted_as) == (first.at, "refused", None)
    assert not station.lots.status(lot.number).changed and len(station.lots.status(lot.number).verdicts) == 2


def test_a_person_may_decide_otherwise_than_the_standard_but_says_why(station: Station) -> None:
    lot = opened(station)
    with pytest.raises(LotRefused, match="reason_needed"):
        station.lots.decide(lot.number, "accepted", ANA)
    made, _ = station.lots.decide(lot.number, "accepted", ANA, reason="muestra retirada", grade="II")
    assert (made.grade, made.evidence["judgements"][0]["decision"]) == ("II", "undecided")


def test_a_standard_edited_during_a_lot_judges_only_the_next(station: Station) -> None:
    lot = opened(station)
    document = shipped_standards()[CODEX].document()
    for each in document["classes"]:
        each["figures"]["total"]["share"] = 0.5
    edited = json.dumps(document | {"version": 2})
    kept = station.lots.standards.keep(edited, ANA)
    assert station.lots.standards.keep(edited, ANA) == kept
    assert station.lots.status(lot.number).judgements[0].version == 1
    later = opened(station)
    assert station.lots.status(later.number).judgements[0].version == 2 and kept.digest in later.standards
    assert station.lots.judge(lot.number, kept).version == 2
    document["classes"][0]["figures"]["total"]["share"] = 0.4
    with pytest.raises(LotRefused, match="standard_version"):
        station.lots.standards.keep(json.dumps(document | {"version": 2}), ANA)
    with pytest.raises(StandardRefused):
        station.lots.standards.keep("{}", ANA)


def test_several_standards_judge_one_lot_and_the_first_decides(station: Station) -> None:
    document = shipped_standards()[CODEX].document() | {"key": "customer", "version": 1}
    for each in document["classes"]:
        for limit in ("total", "decay"):
            each["figures"][limit]["share"] = 0.9
    station.lots.standards.keep(json.dumps(document), ANA)
    lot, _ = station.lots.open(FACTS, [CODEX, "customer"], ANA, opened=1, fruit=4)
    (package,) = lot.draw.numbers
    look_at(station, lot, package, 1, "unfit", defects=("decay",))
    for fruit in (2, 3, 4):
        look_at(station, lot, package, fruit, "fit", seed=fruit)
    decisions = [each.decision for each in station.lots.status(lot.number).judgements]
    assert decisions == ["refused", "accepted"]


def test_a_repeated_call_opens_and_decides_once(station: Station) -> None:
    made = [station.lots.open(FACTS, [CODEX], ANA, opened=2, fruit=2, idempotency_key="k") for _ in range(2)]
    assert made[0][0] == made[1][0] and [again for _, again in made] == [False, True] and len(station.lots.page()) == 1
    said = [station.lots.decide(1, "refused", ANA, reason="lluvia", idempotency_key="d") for _ in range(2)]
    assert said[0][0] == said[1][0] and [again for _, again in said] == [False, True]
    with pytest.raises(Conflict):
        station.lots.open(replace(FACTS, code="L-8"), [CODEX], ANA, opened=2, fruit=2, idempotency_key="k")


def test_what_was_photographed_before_a_lot_closed_is_given_again(station: Station) -> None:
    lot = opened(station)
    place = Place(lot.number, lot.draw.numbers[0], 1)
    kept = station.inspections.inspect(PHOTO, SORTER, source="api", place=place, idempotency_key="p").inspection
    station.lots.decide(lot.number, "refused", ANA, reason="lluvia")
    again = station.inspections.inspect(PHOTO, SORTER, source="api", place=place, idempotency_key="p")
    assert again.replayed and again.inspection == kept


def test_a_photograph_that_retention_removes_leaves_the_count_of_its_open_lot(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    lot = opened(station, boxes=1, fruit=2)
    (package,) = lot.draw.numbers
    with monkeypatch.context() as late:
        late.setattr("vistobueno.core.clock.datetime", FortyDaysAgo)
        old = look_at(station, lot, package, 1, "unfit", defects=("bruise",))
    before = station.lots.status(lot.number)
    assert station.upkeep.remove_older(30, ANA) == 1
    assert not station.inspections.one(old).has_photograph
    assert station.lots.status(lot.number) == before and before.lacking != ()
    station.reviews.name(old, ANA, ["bruise"], {"bruise": "serious"})  # who still has the fruit may say it
    look_at(station, lot, package, 2, "unfit", seed=2, defects=("decay",))
    assert station.lots.decide(lot.number, "refused", ANA)[0].evidence["counts"][0]["looked_at"] == 2


def test_a_clock_that_jumps_during_a_lot_leaves_its_order(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    lot = opened(station, boxes=1, fruit=2)
    (package,) = lot.draw.numbers
    first = look_at(station, lot, package, 1, "fit")
    with monkeypatch.context() as late:
        late.setattr("vistobueno.core.clock.datetime", FortyDaysAgo)
        second = look_at(station, lot, package, 2, "fit", seed=2)
    made, _ = station.lots.decide(lot.number, "accepted", ANA)
    times = [station.inspections.one(each).at for each in (first, second)]
    assert times == sorted(times) and made.at >= times[-1]
    assert not station.lots.status(lot.number).changed


def test_an_answer_after_closing_waits_for_a_new_decision_only(station: Station) -> None:
    lot = opened(station, boxes=1, fruit=1)
    place = Place(lot.number, lot.draw.numbers[0], 1)
    kept = station.inspections.inspect(PHOTO, SORTER, source="api", place=place).inspection
    decided, _ = station.lots.decide(lot.number, "refused", ANA, reason="lluvia")
    station.reviews.give(kept.number, ANA, "unfit" if kept.verdict.answer != "unfit" else "fit")
    status = station.lots.status(lot.number)
    assert status.changed and status.verdicts == (decided,)
    again, _ = station.lots.decide(lot.number, "refused", ANA, reason="con la respuesta")
    assert again.previous == decided.id and not station.lots.status(lot.number).changed


def test_a_pallet_that_is_scanned_twice_stays_in_its_open_lot(station: Station) -> None:
    sscc = "340123450000000000"
    first = opened(station, sscc=sscc)
    with pytest.raises(LotRefused, match="lot_open") as refused:
        opened(station, code="L-8", sscc=sscc)
    assert str(first.number) in refused.value.message("es")
    assert [each.number for each in station.lots.page()] == [first.number]
    again = (FACTS, [CODEX], ANA)
    key = {"opened": 3, "fruit": 4, "idempotency_key": "pallet"}
    assert station.lots.open(*again, **key)[0] == station.lots.open(*again, **key)[0]  # type: ignore[arg-type]
    station.lots.decide(first.number, "refused", ANA, reason="lluvia")
    assert opened(station, code="L-8", sscc=sscc).facts.sscc == sscc  # looked at once more
