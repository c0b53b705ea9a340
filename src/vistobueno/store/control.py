"""Inspections counted by day and by all that control charts group them by, kept as they come and as people answer."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Date,
    Select,
    String,
    Table,
    and_,
    cast,
    delete,
    func,
    select,
    type_coerce,
)
from sqlalchemy.dialects import postgresql, sqlite

from ..core.control.asked import Asked, Period
from ..core.control.p_chart import Group
from ..core.control.trends import AuditCount
from ..core.inspection import Inspection
from .schema import api_keys, control_answers, control_audits, control_counts, control_shares, lots, people

_COLUMNS = {"line": ("line",), "product": ("product",), "packer": ("packer",), "inspector": ("actor_kind", "actor_id")}


@dataclass(frozen=True)
class PeriodCount:
    """A line's inspections of one period, and those of them that the model left to people."""

    line: str
    period: str
    inspected: int
    to_review: int


@dataclass(frozen=True)
class Counted:
    """Inspections that were asked for.

    Attributes:
        groups: fruit with a last word of fit or unfit. Those of a period are called by its first day and stand in their order,
            others by their size; those of no product, packer or person are called ``""``.
        lines: every line's periods, in their order.
        called_unfit: fruit that people call unfit.
    """

    groups: tuple[Group, ...]
    lines: tuple[PeriodCount, ...]
    called_unfit: int


@dataclass(frozen=True)
class Said:
    """What people answered of what was asked for.

    Attributes:
        audits: what was drawn for the blind audit, by line and period.
        defects: how often each was named; ``with_defects``: of how many fruit.
    """

    audits: dict[tuple[str, str], list[AuditCount]]
    defects: Counter[str]
    with_defects: int


def add(connection: Connection, kept: Iterable[Inspection]) -> None:
    """Count inspections that were kept now."""
    found: dict[Table, Counter[tuple[tuple[str, Any], ...]]] = defaultdict(Counter)
    for each in kept:
        for table, key in _places(connection, each):
            found[table][tuple(key.items())] += 1
    for table, counts in found.items():
        rows = [{**dict(key), "count": count} for key, count in counts.items()]
        connection.execute(_counting(connection.dialect.name, table), rows)


def move(connection: Connection, before: Inspection, after: Inspection) -> None:
    """Count an inspection, which a person has answered, where it belongs now."""
    for table, key in _places(connection, before):
        here = [table.c[name] == value for name, value in key.items()]
        connection.execute(table.update().where(*here).values(count=table.c.count - 1))
        connection.execute(delete(table).where(*here, table.c.count == 0))
    add(connection, [after])


def counted(connection: Connection, asked: Asked) -> Counted:
    """Inspections by what is asked for, and by line and period."""
    columns, narrowed = control_shares.c, tuple(_narrowed(control_shares, asked))
    sums = (columns.fruit, columns.unfit, columns.inspected, columns.to_review, columns.called_unfit)
    periods: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    lines: list[PeriodCount] = []
    called_unfit = 0
    for period, line, *counts in connection.execute(_by_period(connection, asked, narrowed, (columns.line,), sums)):
        ripe, bad, inspected, to_review, called = map(int, counts)
        periods[period][0] += ripe
        periods[period][1] += bad
        lines.append(PeriodCount(line, period, inspected, to_review))
        called_unfit += called
    if asked.ordered:
        groups = [Group(period, *periods[period]) for period in sorted(periods)]
    else:
        own = [columns[name] for name in _COLUMNS[asked.by]]
        fruit, unfit = func.sum(columns.fruit), func.sum(columns.unfit)
        grouped = select(*own, fruit, unfit).where(*narrowed).group_by(*own).having(fruit > 0)
        names = _names(connection) if asked.by == "inspector" else {}
        keys = [("-".join(map(str, key)), int(n), int(bad)) for *key, n, bad in connection.execute(grouped)]
        groups = [Group(names.get(key, key), n, bad) for key, n, bad in sorted(keys, key=lambda each: (-each[1], each))]
    found = tuple(sorted(lines, key=lambda each: (each.line, each.period)))
    return Counted(tuple(groups), found, called_unfit)


def said(connection: Connection, asked: Asked) -> Said:
    """What people answered in the blind audit, and which defects they named."""
    of_lines = (asked.product, asked.packer, asked.inspector) == (None, None, None)
    table = control_audits if of_lines else control_answers
    audited = (*_narrowed(table, asked), table.c.chance > 0, table.c.first != "")
    alike = (table.c.line, table.c.answer, table.c.chance, table.c.first, table.c.second)
    drawn = _by_period(connection, asked, audited, alike, (table.c.count,))
    by_period: dict[tuple[str, str], list[AuditCount]] = defaultdict(list)
    for period, line, answer, chance, first, second, count in connection.execute(drawn).all():
        said_: Any = tuple(filter(None, (first, second)))
        by_period[line, period].append(AuditCount(answer, chance, said_, int(count)))
    columns = control_answers.c
    named = select(columns.defects, func.sum(columns.count)).where(
        *_narrowed(control_answers, asked), columns.defects != ""
    )
    defects, with_defects = Counter[str](), 0
    for several, count in connection.execute(named.group_by(columns.defects)):
        with_defects += int(count)
        for each in several.split(","):
            defects[each] += int(count)
    return Said(dict(by_period), defects, with_defects)


def packers(connection: Connection) -> list[str]:
    """Everybody who packed a lot, by name."""
    return list(connection.execute(select(lots.c.packer).distinct().order_by(lots.c.packer)).scalars())


def _places(connection: Connection, found: Inspection) -> Iterator[tuple[Table, dict[str, Any]]]:
    """Where an inspection is counted."""
    asked = select(lots.c.packer).where(lots.c.number == found.lot)
    last = found.reviews[-1] if found.reviews else None
    grouping = {
        "day": found.at.date(),
        "line": found.line,
        "product": found.verdict.recognised_product or "",
        "packer": (connection.execute(asked).scalar() if found.lot is not None else None) or "",
        "actor_kind": found.actor.kind,
        "actor_id": found.actor.id or 0,
        "answer": found.verdict.answer,
    }
    yield control_counts, {**grouping, "said": last.answer if last else ""}
    defects = ",".join(found.defects) if last is None or last.answer == "unfit" else ""
    if found.audit_chance or defects:
        blind: dict[tuple[str, int | None], str] = {}
        for each in found.reviews:
            if each.blind:
                blind.setdefault((each.actor.kind, each.actor.id), each.answer)
        first, second = [*blind.values(), "", ""][:2]
        more = {"chance": found.audit_chance or 0.0, "first": first, "second": second, "defects": defects}
        yield control_answers, {**grouping, **more}


@cache
def _counting(dialect: str, table: Table) -> Any:
    """Adds to counts, or begins them."""
    upsert: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[dialect](table)
    more = {"count": table.c.count + upsert.excluded.count}
    return upsert.on_conflict_do_update(index_elements=list(table.primary_key), set_=more)


def _narrowed(table: Table, asked: Asked) -> Iterator[ColumnElement[bool]]:
    yield table.c.day.between(asked.since, asked.until)
    for name in ("line", "product", "packer"):
        if (value := getattr(asked, name)) is not None:
            yield table.c[name] == value
    if asked.inspector is not None:
        yield and_(table.c.actor_kind == asked.inspector[0], table.c.actor_id == asked.inspector[1])


def _by_period(
    connection: Connection,
    asked: Asked,
    narrowed: Sequence[ColumnElement[bool]],
    alike: Sequence[Column[Any]],
    sums: Sequence[Column[int]],
) -> Select[Any]:
    """Sums by the first day of a period (weeks begin on Monday) and by what is alike: first by day, which is how rows lie."""
    day = alike[0].table.c.day
    daily = select(day, *alike, *(func.sum(each).label(each.name) for each in sums)).where(*narrowed)
    days = daily.group_by(day, *alike).subquery().c
    first = _FIRST_DAYS[connection.dialect.name][asked.period](days.day).label("period")
    same = [days[each.name] for each in alike]
    return select(first, *same, *(func.sum(days[each.name]) for each in sums)).group_by(first, *same)


_FIRST_DAYS: dict[str, dict[Period, Callable[[ColumnElement[Any]], ColumnElement[str]]]] = {
    "sqlite": {
        "day": lambda day: type_coerce(day, String),
        "week": lambda day: func.date(day, "weekday 0", "-6 days"),
        "month": lambda day: func.date(day, "start of month"),
    },
    "postgresql": {
        "day": lambda day: cast(day, String),
        "week": lambda day: cast(cast(func.date_trunc("week", day), Date), String),
        "month": lambda day: cast(cast(func.date_trunc("month", day), Date), String),
    },
}


def _names(connection: Connection) -> dict[str, str]:
    """What people and machines are called now, by kind and number."""
    who = select(people.c.id, people.c.name, people.c.email)
    people_ = {f"person-{row.id}": row.name or row.email for row in connection.execute(who)}
    keys = {f"key-{row.id}": row.name for row in connection.execute(select(api_keys.c.id, api_keys.c.name))}
    return people_ | keys
