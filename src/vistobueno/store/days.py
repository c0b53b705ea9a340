"""Inspections counted by the days of UTC, or of somebody's own time zone, which begin when theirs do."""

import threading
from collections import Counter, OrderedDict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from sqlalchemy import Connection, Engine, case, func, select, text

from ..core.inspection import DayCount
from ..core.verdict import OUT_OF_SCOPE, Answer
from .database import reading
from .lists import first_since
from .schema import OF_NO_PRODUCT, daily_counts, inspections, reasons

_OVER = timedelta(minutes=10)  # after its end; then no clock of another machine adds to a day any more
_REMEMBERED = 500  # days that are over: they never change
_Span = tuple[datetime, datetime]
_Counts = tuple[tuple[str | None, str, int], ...]


class Days:
    """Counts of one database. A day that is over is counted once a process: inspections are only ever added."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._over: OrderedDict[_Span, _Counts] = OrderedDict()
        self._lock = threading.Lock()

    def counts(self, since: date, until: date, zone: tzinfo) -> tuple[DayCount, ...]:
        """Inspections by day in ``zone``, product and answer, both days included."""
        days = [since + timedelta(days=each) for each in range((until - since).days + 1)]
        spans = {day: (midnight(day, zone), midnight(day + timedelta(days=1), zone)) for day in days}
        every = list(spans.values())
        with self._lock:
            known = {span: self._over[span] for span in every if span in self._over}
        if missing := [span for span in every if span not in known]:
            with reading(self.engine) as connection:
                known |= _counted(connection, every[every.index(missing[0]) : every.index(missing[-1]) + 1])
            self._remember({span: known[span] for span in missing if span[1] < datetime.now(UTC) - _OVER})
        return tuple(DayCount(day, *each) for day, span in spans.items() for each in known[span])  # type: ignore[arg-type]

    def _remember(self, counted: dict[_Span, _Counts]) -> None:
        with self._lock:
            self._over.update(counted)
            while len(self._over) > _REMEMBERED:
                self._over.popitem(last=False)


def midnight(day: date, zone: tzinfo) -> datetime:
    """When a day begins in a zone, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _counted(connection: Connection, spans: Sequence[_Span]) -> dict[_Span, _Counts]:
    """What was inspected in spans that follow each other, in one query.

    A number is never earlier than a lower one, so that a span of time is one of numbers, and is read as it lies.
    """
    first, after = first_since(connection, spans[0][0]), first_since(connection, spans[-1][1])
    found: dict[_Span, list[tuple[str | None, str, int]]] = {span: [] for span in spans}
    if first is not None:
        at = inspections.c.at
        place = case(*((at < until, number) for number, (_, until) in enumerate(spans)))
        counts_as = case((OF_NO_PRODUCT, None), else_=inspections.c.product)
        columns = place.label("place"), counts_as.label("counts_as"), inspections.c.answer
        query = select(*columns, func.count()).where(inspections.c.number >= first)
        if after is not None:
            query = query.where(inspections.c.number < after)
        for number, *counts in connection.execute(query.group_by(text("place"), text("counts_as"), columns[2])):
            found[spans[number]].append(tuple(counts))
    return {span: tuple(sorted(rows, key=lambda row: (row[0] or "", row[1]))) for span, rows in found.items()}


def day_counts(engine: Engine, since: date, until: date) -> tuple[DayCount, ...]:
    """Inspections by day of UTC, product and answer, both days included: from what is counted as it comes, for years too."""
    asked = select(daily_counts).where(daily_counts.c.day.between(since, until))
    counts: Counter[tuple[date, str | None, Answer]] = Counter()
    with reading(engine) as connection:
        for row in connection.execute(asked).mappings():
            counts[row["day"], row["product"], row["answer"]] += row["count"]
        for day, product, answer, count in _of_no_product(connection, since, until):
            counts[day, product, answer] -= count  # counted under the product that it resembles most
            counts[day, None, answer] += count
    found = sorted(counts.items(), key=lambda each: (each[0][0], each[0][1] or "", each[0][2]))
    return tuple(DayCount(*what, count) for what, count in found if count)


def _of_no_product(connection: Connection, since: date, until: date) -> Iterator[tuple[date, str, Answer, int]]:
    """What is out of scope, by day, the product that it resembles most, and answer."""
    at = inspections.c.at
    begin, end = datetime.combine(since, time.min, UTC), datetime.combine(until, time.max, UTC)
    day = func.date(at if connection.dialect.name == "sqlite" else func.timezone("UTC", at))
    first = (
        select(inspections.c.number).where(at >= begin).order_by(at, inspections.c.number).limit(1).scalar_subquery()
    )
    query = (
        select(day, inspections.c.product, inspections.c.answer, func.count())
        .join(reasons, reasons.c.inspection_number == inspections.c.number)
        .where(reasons.c.reason == OUT_OF_SCOPE, at.between(begin, end), reasons.c.inspection_number >= first)
        .group_by(text("1"), inspections.c.product, inspections.c.answer)
    )
    for on, product, answer, count in connection.execute(query):
        yield date.fromisoformat(str(on)), product, answer, count
