from collections import Counter
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, event

from kept import keep
from turned import Turned
from vistobueno.core.inspection import DayCount, Inspection
from vistobueno.store.days import Days, day_counts, midnight

LIMA, KATHMANDU, MADRID = (ZoneInfo(each) for each in ("America/Lima", "Asia/Kathmandu", "Europe/Madrid"))
FIRST, LAST = date(2026, 10, 22), date(2026, 10, 28)  # between them Madrid turns its clocks back


@pytest.fixture
def week(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> list[Inspection]:
    """An inspection every five hours of a week."""
    monkeypatch.setattr("vistobueno.core.clock.datetime", Turned)
    found = []
    for place in range(34):
        monkeypatch.setattr(Turned, "moment", datetime(2026, 10, 22, tzinfo=UTC) + timedelta(hours=5 * place))
        answer = ("fit", "unfit", "review")[place % 3]
        reasons = ("out_of_scope",) if place % 6 == 2 else ("uncertain",) if answer == "review" else ()
        found.append(keep(engine, product=("apple", "banana")[place % 2], answer=answer, reasons=reasons))
    return found


def as_counted(counts: tuple[DayCount, ...]) -> Counter[tuple[date, str | None, str]]:
    return Counter({(each.day, each.product, each.answer): each.count for each in counts})


@pytest.mark.parametrize("zone", [UTC, LIMA, KATHMANDU, MADRID])
def test_an_inspection_counts_on_the_day_that_it_was_where_the_person_is(
    engine: Engine, week: list[Inspection], zone: tzinfo
) -> None:
    local = Counter(
        (each.at.astimezone(zone).date(), each.verdict.recognised_product, each.verdict.answer) for each in week
    )
    asked = Counter({key: count for key, count in local.items() if FIRST <= key[0] <= LAST})
    days = Days(engine)
    assert as_counted(days.counts(FIRST, LAST, zone)) == asked
    assert as_counted(days.counts(FIRST, LAST, zone)) == asked  # as it is remembered


def test_a_day_of_utc_is_the_one_that_the_tallies_tell(engine: Engine, week: list[Inspection]) -> None:
    assert Days(engine).counts(FIRST, LAST, UTC) == day_counts(engine, FIRST, LAST)


def test_an_evening_in_lima_is_still_today(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vistobueno.core.clock.datetime", Turned)
    for hour in (18, 20, 26):  # UTC: the day itself twice, then two o'clock of the next one
        monkeypatch.setattr(Turned, "moment", datetime(2026, 10, 22, tzinfo=UTC) + timedelta(hours=hour))
        keep(engine)
    assert [each.count for each in Days(engine).counts(FIRST, FIRST, LIMA)] == [3]
    assert [each.count for each in day_counts(engine, FIRST, FIRST)] == [2]


def test_a_day_that_is_over_is_counted_once_and_today_again_and_again(
    engine: Engine, week: list[Inspection], monkeypatch: pytest.MonkeyPatch
) -> None:
    days, asked = Days(engine), []
    event.listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    days.counts(FIRST, LAST, LIMA)
    before = len(asked)
    days.counts(FIRST, LAST, LIMA)
    assert [each for each in asked[before:] if "inspections" in each] == []
    now = datetime.now(UTC)
    monkeypatch.setattr(Turned, "moment", now)
    today = now.astimezone(LIMA).date()
    assert days.counts(today, today, LIMA) == ()
    keep(engine)
    assert [each.count for each in days.counts(today, today, LIMA)] == [1]


def test_days_on_both_sides_of_one_that_is_known_keep_what_is_theirs(engine: Engine, week: list[Inspection]) -> None:
    days, whole = Days(engine), as_counted(Days(engine).counts(FIRST, LAST, LIMA))
    between = FIRST + timedelta(days=3)
    days.counts(between, between, LIMA)
    assert as_counted(days.counts(FIRST, LAST, LIMA)) == whole


def test_however_many_days_are_one_query(engine: Engine, week: list[Inspection]) -> None:
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    Days(engine).counts(FIRST, LAST, LIMA)
    assert sum("count(" in each for each in asked) == 1


def test_where_nothing_was_inspected_nothing_is_counted(engine: Engine) -> None:
    assert Days(engine).counts(FIRST, LAST, LIMA) == ()


def test_a_day_begins_at_midnight_there_and_has_the_hours_that_it_has_there() -> None:
    assert midnight(FIRST, LIMA) == datetime(2026, 10, 22, 5, tzinfo=UTC)
    turn = date(2026, 10, 25)
    assert midnight(turn + timedelta(days=1), MADRID) - midnight(turn, MADRID) == timedelta(hours=25)
