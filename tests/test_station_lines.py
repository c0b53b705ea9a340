import pytest

from drawn_photos import PHOTO, jpeg
from kept import ANA, SORTER
from opened import Open, open_station, station
from test_station_batch import zipped
from vistobueno.core.inspection import DEFAULT_LINE, SYSTEM, Filter
from vistobueno.core.line import LONGEST_LINE, LineRefused
from vistobueno.services import Conflict, NotFound, Station

__all__ = ["open_station", "station"]


def test_a_station_begins_with_one_line_that_nobody_measured(station: Station) -> None:
    (line,) = station.lines.all()
    assert (line.name, line.products, line.actor, line.measured) == (DEFAULT_LINE, (), SYSTEM, False)


def test_a_photograph_belongs_to_the_line_it_was_taken_on(open_station: Open) -> None:
    station = open_station()
    added, _ = station.lines.add("  Mesa 2 ", ["apple"], ANA)
    assert (added.name, added.products, added.actor) == ("Mesa 2", ("apple",), ANA)
    station = open_station()
    assert station.lines.all()[1:] == (added,)
    station.inspections.inspect(PHOTO, ANA, source="page")
    station.inspections.inspect(PHOTO, ANA, source="page", line="Mesa 2")
    (found,) = station.inspections.page(Filter(line="Mesa 2")).items
    assert (found.number, found.line) == (2, "Mesa 2")


@pytest.mark.parametrize("name", ["", "   ", "x" * (LONGEST_LINE + 1), "a\nb", "a\x00b", "\ud800"])
def test_a_name_that_nobody_could_read_is_refused(station: Station, name: str) -> None:
    with pytest.raises(LineRefused, match="line_name_invalid"):
        station.lines.add(name, [], ANA)
    with pytest.raises(LineRefused, match="line_unknown"):
        station.inspections.inspect(PHOTO, ANA, source="page", line=name)
    assert len(station.lines.all()) == 1 and station.inspections.page().items == ()


def test_a_name_is_given_once_and_a_product_must_be_known(station: Station) -> None:
    station.lines.add("Mesa 2", [], ANA)
    station.lines.retire("Mesa 2")
    for name in ("Mesa 2", "MESA 2", "Principal"):
        with pytest.raises(LineRefused, match="line_taken"):
            station.lines.add(name, [], ANA)
    with pytest.raises(LineRefused, match="line_product_unknown"):
        station.lines.add("Mesa 3", ["pera"], ANA)


def test_a_retired_line_takes_nothing_and_keeps_what_it_has(station: Station) -> None:
    station.lines.add("Mesa 2", [], ANA)
    kept = station.inspections.inspect(PHOTO, SORTER, source="api", line="Mesa 2", idempotency_key="k").inspection
    station.lines.retire("Mesa 2")
    station.lines.retire("Mesa 2")
    assert [each.name for each in station.lines.in_use()] == [DEFAULT_LINE]
    with pytest.raises(LineRefused, match="line_retired") as refused:
        station.inspections.inspect(jpeg(seed=2), SORTER, source="api", line="Mesa 2")
    assert all(DEFAULT_LINE in refused.value.message(language) for language in ("es", "en"))
    again = station.inspections.inspect(PHOTO, SORTER, source="api", line="Mesa 2", idempotency_key="k")
    assert again.replayed and again.inspection == kept
    with pytest.raises(LineRefused, match="line_last"):
        station.lines.retire(DEFAULT_LINE)
    with pytest.raises(NotFound, match="no_line"):
        station.lines.retire("Mesa 9")


def test_a_zip_for_an_unknown_line_is_refused_whole(station: Station) -> None:
    with pytest.raises(LineRefused, match="line_unknown"):
        station.inspections.inspect_zip(zipped({"a.jpg": PHOTO}), ANA, source="bulk", line="Mesa 9")
    (done,) = station.inspections.inspect_zip(zipped({"a.jpg": PHOTO}), ANA, source="bulk")
    assert done.inspection is not None and done.inspection.line == DEFAULT_LINE


def test_a_line_that_is_added_again_under_its_key_is_one(station: Station) -> None:
    first, again = (station.lines.add("Mesa 2", ["banana", "apple"], ANA, idempotency_key="k") for _ in range(2))
    assert (first[0], False, True) == (again[0], first[1], again[1])
    with pytest.raises(Conflict, match="key_used"):
        station.lines.add("Mesa 3", [], ANA, idempotency_key="k")
    assert len(station.lines.all()) == 2
