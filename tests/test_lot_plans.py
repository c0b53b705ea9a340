"""Plans of a lot: how much to look at by the risk that one accepts, and what ISO 2859-1 asks of a lot in its packer's series."""

import pytest

from drawn_photos import jpeg
from kept import ANA, SORTER
from opened import Open, open_station, station
from vistobueno.core.lots.lot import Lot, LotFacts
from vistobueno.core.lots.risk import Take, TakeRefused, chance_to_accept, packages_to_open, take_for
from vistobueno.core.lots.sampling import PlanRefused, plan_for
from vistobueno.core.lots.series import Inspected, sampling_of
from vistobueno.services import Station
from vistobueno.services.lots import Place

__all__ = ["open_station", "station"]


def good(number: int, looked_at: int = 125, size: int = 2_000) -> Inspected:
    return Inspected(number, size, looked_at, 0)


def test_a_plan_by_risk_keeps_the_risk_and_opens_no_more_than_is_needed() -> None:
    for packages, bad, risk in ((240, 0.2, 0.1), (40, 0.25, 0.05), (3, 0.4, 0.1), (1_000, 0.16, 0.1)):
        take = take_for(packages, 0.1, bad, risk)
        assert chance_to_accept(take, 0.1, [bad])[0] <= risk
        assert packages_to_open(packages) <= take.packages <= packages
    assert take_for(240, 0.1, 0.25, 0.1).packages == packages_to_open(240)
    assert chance_to_accept(Take(7, 5), 0.1, [0.15])[0] > 0.1  # what a bad share nearer to the limit would risk


def test_a_risk_that_no_plan_keeps_is_refused() -> None:
    for bad, risk in ((0.1, 0.1), (0.05, 0.1), (0.2, 0.0), (1.0, 0.1), (0.11, 0.01)):
        with pytest.raises(TakeRefused, match="risk_unattainable"):
            take_for(5, 0.1, bad, risk)


def test_a_series_is_switched_by_the_lots_that_were_looked_at_enough() -> None:
    bad = [Inspected(number, 2_000, 125, 30) for number in (1, 3)]
    found = sampling_of(2_000, 2.5, "II", [bad[0], good(2, looked_at=124), bad[1]])
    assert (found.series.state, found.left_out, len(found.before)) == ("tightened", 1, 2)
    assert found.plan == plan_for(2_000, 2.5, "II", "tightened") and found.document == "ISO 2859-2"
    again = sampling_of(2_000, 2.5, "II", [*bad, *(good(number) for number in range(4, 9))])
    assert again.series.state == "normal"
    steady = [good(number) for number in range(1, 12)]
    assert sampling_of(2_000, 2.5, "II", steady).series.state == "normal"  # nobody wants it reduced
    reduced = sampling_of(2_000, 2.5, "II", steady, steady=True)
    assert reduced.series.state == "reduced" and reduced.document == "ISO 2859-1"
    assert reduced.plan is not None and reduced.plan.source == "MIL-STD-105E"


def test_a_series_that_stopped_has_no_plan() -> None:
    found = sampling_of(2_000, 2.5, "II", [Inspected(number, 2_000, 200, 60) for number in range(1, 12)])
    assert (found.series.state, found.plan, len(found.before)) == ("stopped", None, 7)
    with pytest.raises(PlanRefused, match="lot_too_small"):
        sampling_of(1, 2.5, "II", [])


def lot_of(station: Station, packer: str = "El Oro", packages: int = 4, held: int | None = 5) -> Lot:
    facts = LotFacts("L", packer, "Ecuador", "banana", "I", packages, package_fruit=held)
    return station.lots.open(facts, ["codex-cxs-205"], ANA, opened=4, fruit=2)[0]


def test_the_series_of_a_lot_is_its_packers_earlier_lots_of_the_product(open_station: Open) -> None:
    station = open_station()
    first = lot_of(station)
    for package in first.draw.numbers:
        for fruit in (1, 2):
            photo = jpeg(seed=package * 10 + fruit, size=(240, 180))
            place = Place(first.number, package, fruit)
            number = station.inspections.inspect(photo, SORTER, source="api", place=place).inspection.number
            station.reviews.give(number, ANA, "unfit")
    station.lots.decide(first.number, "refused", ANA, reason="golpes")
    station.lots.decide(lot_of(station, "Otro").number, "refused", ANA, reason="lluvia")
    lot_of(station)  # open: it is not in the series
    last = open_station().lots.sampling(lot_of(station).number, 4.0, "II")
    assert last is not None and last.size == 20
    assert [(each.lot, each.looked_at, each.unfit) for each, _ in last.before] == [(first.number, 8, 8)]
    assert last.series.refused == (True,)
    assert station.lots.sampling(lot_of(station, held=None).number, 4.0, "II") is None
