"""Supervisors choose which defects people are offered to name; what was named stays."""

import pytest

from drawn_photos import PHOTO
from kept import ANA
from opened import Open, open_station, station
from vistobueno.core.defects import ALL, DefectRefused, defects_of
from vistobueno.services import Station

__all__ = ["open_station", "station"]


def test_the_program_s_own_lists_are_offered_until_somebody_chooses(station: Station) -> None:
    offered = station.defects.of((None, "apple", "banana"))
    assert offered == {"": defects_of(None), "apple": defects_of("apple"), "banana": defects_of("banana")}


def test_a_chosen_list_is_offered_from_now_on_and_by_the_next_station(open_station: Open) -> None:
    station = open_station()
    kept = station.inspections.inspect(PHOTO, ANA, source="page").inspection
    station.reviews.give(kept.number, ANA, "unfit", defects=["scab"])
    chosen = station.defects.choose("apple", ["foreign_matter", "bruise", "nonsense", "bruise"], ANA)
    assert chosen == ("bruise", "foreign_matter")
    assert station.defects.of(("apple", "banana")) == {"apple": chosen, "banana": defects_of("banana")}
    again = open_station()
    assert again.defects.of(("apple",)) == {"apple": chosen}
    assert again.inspections.one(kept.number).reviews[-1].defects == ("scab",)
    again.defects.choose("apple", ALL, ANA)
    assert set(again.defects.of(("apple",))["apple"]) == set(ALL)


def test_an_empty_list_is_refused(station: Station) -> None:
    for nothing in ([], ["nonsense"]):
        with pytest.raises(DefectRefused, match="defects_none"):
            station.defects.choose("apple", nothing, ANA)
    assert station.defects.of(("apple",)) == {"apple": defects_of("apple")}
