"""Defects and how bad they are: named in a review or apart, of a fruit whose photograph is there, and what a lot makes of them."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from drawn_photos import jpeg
from kept import ANA, SORTER
from opened import Open, open_station, station
from vistobueno.core.defects import DefectRefused
from vistobueno.core.lots.lacking import Lacking
from vistobueno.core.lots.lot import Lot, LotFacts
from vistobueno.core.lots.reading import shipped_standards
from vistobueno.core.lots.standard import severities_asked
from vistobueno.services import Conflict, NotFound, Station
from vistobueno.services.lots import Place

__all__ = ["open_station", "station"]

FACTS = LotFacts("L-7", "El Oro", "Ecuador", "banana", "I", packages=1)


def photographed(station: Station, lot: Lot | None = None, fruit: int = 1, seed: int = 1) -> int:
    place = None if lot is None else Place(lot.number, 1, fruit)
    photo = jpeg(seed=seed, size=(240, 180))
    return station.inspections.inspect(photo, SORTER, source="api", place=place).inspection.number


def test_which_defects_are_asked_how_bad_they_are_is_the_standards_matter() -> None:
    shipped = shipped_standards()
    asked = severities_asked([shipped["codex-cxs-205"]])
    assert asked["bruise"] == {"slight": {"cm2": 2.0}, "moderate": {"cm2": 4.0}, "serious": {}}
    assert "decay" not in asked and "wound" not in asked  # no class bears them, however small
    both = severities_asked([shipped["us-7cfr51-apples"], shipped["unece-ffv-50"]])
    assert both["scab"]["slight"] == {"cm2": 0.25}  # the first that tells sizes
    assert both["insect"] == {"slight": {}, "moderate": {}, "serious": {}}


def test_what_is_named_apart_stands_beside_what_was_said_and_the_last_naming_counts(station: Station) -> None:
    number = photographed(station)
    station.reviews.give(number, ANA, "unfit", defects=["bruise", "scab"], severities={"bruise": "slight"})
    kept = station.inspections.one(number)
    assert kept.reviews[-1].severities == {"bruise": "slight"}
    assert kept.defects == {"bruise": "slight", "scab": None}
    named, again = station.reviews.name(number, SORTER, ["scab"], {"scab": "serious"})
    kept = station.inspections.one(number)
    assert not again and kept.named == (named,) and len(kept.reviews) == 1
    assert (kept.said, kept.defects) == ("unfit", {"scab": "serious"})
    station.reviews.give(number, ANA, "unfit")  # an answer that names nothing takes nothing away
    assert station.inspections.one(number).defects == {"scab": "serious"}


def test_a_naming_is_sent_again_and_kept_once(station: Station) -> None:
    number = photographed(station)
    said: dict[str, Any] = {"idempotency_key": "k"}
    made = [station.reviews.name(number, SORTER, ["bruise"], {"bruise": "slight"}, **said) for _ in range(2)]
    assert made[0][0] == made[1][0] and [again for _, again in made] == [False, True]
    assert len(station.inspections.one(number).named) == 1
    with pytest.raises(Conflict, match="key_used"):
        station.reviews.name(number, SORTER, ["bruise"], {"bruise": "serious"}, **said)


def test_what_cannot_be_named_is_refused_and_nothing_is_kept(station: Station) -> None:
    number = photographed(station)
    with pytest.raises(DefectRefused, match="severity_of_defect"):
        station.reviews.name(number, ANA, ["bruise"], {"scab": "slight"})
    with pytest.raises(DefectRefused, match="severity_of_defect"):
        station.reviews.give(number, ANA, "fit", severities={"scab": "slight"})
    with pytest.raises(DefectRefused, match="defects_unnamed"):
        station.reviews.name(number, ANA, [])
    with pytest.raises(NotFound, match="no_inspection"):
        station.reviews.name(999, ANA, ["bruise"])
    kept = station.inspections.one(number)
    assert (kept.reviews, kept.named) == ((), ())


def test_a_defect_of_what_is_said_to_be_fit_waits_for_a_person(station: Station) -> None:
    lot, _ = station.lots.open(FACTS, ["codex-cxs-205"], ANA, opened=1, fruit=1)
    number = photographed(station, lot)
    station.reviews.give(number, ANA, "fit")
    assert station.reviews.count() == 0
    station.reviews.name(number, SORTER, ["decay"])
    assert station.reviews.count() == 1 and [each.number for each in station.reviews.waiting().items] == [number]
    counts = station.lots.status(lot.number).counts[0]
    assert (counts.looked_at, counts.unfit, counts.awaited) == (1, (), 1)
    station.reviews.give(number, ANA, "unfit")
    counts = station.lots.status(lot.number).counts[0]
    assert station.reviews.count() == 0 and [each.defect for each in counts.unfit[0]] == ["decay"]


def test_a_clock_that_is_set_back_leaves_the_last_naming_the_last(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = photographed(station)
    station.reviews.name(number, SORTER, ["bruise"], {"bruise": "slight"})

    class Earlier(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Earlier":
            return cls(2020, 1, 1, tzinfo=UTC)

    monkeypatch.setattr("vistobueno.core.clock.datetime", Earlier)
    station.reviews.give(number, ANA, "unfit", defects=["decay"])
    assert station.inspections.one(number).defects == {"decay": None}
    station.reviews.name(number, SORTER, ["scab"])
    assert station.inspections.one(number).defects == {"scab": None}


def test_a_lot_says_of_which_fruit_something_is_lacking_and_is_decided_when_it_is_said(open_station: Open) -> None:
    station = open_station()
    lot, _ = station.lots.open(FACTS, ["codex-cxs-205"], ANA, opened=1, fruit=10)
    numbers = [photographed(station, lot, fruit, fruit) for fruit in range(1, 11)]
    for number in numbers[2:]:
        station.reviews.give(number, ANA, "fit")
    first, second = numbers[:2]
    station.reviews.give(first, ANA, "unfit")
    station.reviews.give(second, ANA, "unfit", defects=["bruise"])
    status = station.lots.status(lot.number)
    assert status.judgements[0].decision == "undecided"
    unsaid = Lacking(1, 1, first, "defect"), Lacking(1, 2, second, "severity", "bruise")
    assert status.lacking == unsaid
    station.reviews.name(first, SORTER, ["bruise"], {"bruise": "moderate"})
    station.reviews.name(second, SORTER, ["bruise"], {"bruise": "moderate"})
    later = open_station().lots.status(lot.number)
    assert later.lacking == () and (later.judgements[0].decision, later.judgements[0].accepted_as) == (
        "lower_class",
        "II",
    )


def test_a_defect_that_the_standard_does_not_know_is_said_to_be_so(station: Station) -> None:
    lot, _ = station.lots.open(FACTS, ["codex-cxs-205"], ANA, opened=1, fruit=2)
    numbers = [photographed(station, lot, fruit, fruit) for fruit in (1, 2)]
    for number in numbers:
        station.reviews.give(number, ANA, "unfit", defects=["scab"], severities={"scab": "slight"})
    found = station.lots.status(lot.number).lacking
    assert found == tuple(Lacking(1, fruit, number, "unlisted", "scab") for fruit, number in enumerate(numbers, 1))


def test_a_fruit_is_as_bad_as_its_worst_side(station: Station) -> None:
    lot, _ = station.lots.open(FACTS, ["codex-cxs-205"], ANA, opened=1, fruit=1)
    for seed, severity in ((1, "slight"), (2, "serious"), (3, None)):
        number = photographed(station, lot, 1, seed)
        said: dict[str, Any] = {"bruise": severity} if severity else {}
        station.reviews.give(number, ANA, "unfit", defects=["bruise"], severities=said)
    (fruit,) = station.lots.status(lot.number).counts[0].unfit
    assert [(each.defect, each.severity) for each in fruit] == [("bruise", "serious")]


def test_what_is_named_after_closing_changes_no_decision_and_is_told(station: Station) -> None:
    lot, _ = station.lots.open(FACTS, ["codex-cxs-205"], ANA, opened=1, fruit=1)
    number = photographed(station, lot)
    station.reviews.give(number, ANA, "unfit")
    decided, _ = station.lots.decide(lot.number, "refused", ANA, reason="lluvia")
    station.reviews.name(number, SORTER, ["bruise"], {"bruise": "slight"})
    status = station.lots.status(lot.number)
    assert status.changed and status.verdicts == (decided,)
    assert json.loads(json.dumps(decided.evidence)) == decided.evidence
    assert replace(lot, closed_at=decided.at, decision="refused") == station.lots.one(lot.number)
