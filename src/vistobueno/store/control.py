"""Inspections counted by day and by all that control charts group them by, kept as they come and as people answer."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Label,
    String,
    Table,
    and_,
    case,
    delete,
    func,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.dialects import postgresql, sqlite

from ..core.control.asked import Asked, Period
from ..core.control.p_chart import Group
from ..core.control.trends import AuditCount
from ..core.inspection import Inspection
from ..core.verdict import Answer
from .schema import api_keys, control_answers, control_counts, lots, people

_ORDER = ("line", "product", "packer", "inspector")
"""What `control_counts`' key begins with after the day: rows are first put together by a beginning of it, as they lie."""
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
    columns, many = control_counts.c, control_counts.c.count
    unanswered = columns.said == ""  # then the model's is the last word
    is_unfit = or_(columns.said == "unfit", and_(unanswered, columns.answer == "unfit"))
    is_fruit = or_(is_unfit, columns.said == "fit", and_(unanswered, columns.answer == "fit"))

    def those(condition: ColumnElement[bool], name: str) -> Label[int]:
        return func.sum(case((condition, many), else_=0)).label(name)

    fruit, unfit = those(is_fruit, "fruit"), those(is_unfit, "unfit")
    narrowed = tuple(_narrowed(control_counts, asked))
    of_lines = select(
        type_coerce(columns.day, String), columns.line, fruit, unfit, func.sum(many),
        those(columns.answer == "review", "to_review"), those(columns.said == "unfit", "called_unfit"),
    ).where(*narrowed)  # fmt: skip
    periods: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    lines: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    called_unfit = 0
    for day, line, ripe, bad, inspected, to_review, called in connection.execute(
        of_lines.group_by(columns.day, columns.line)
    ):
        period = _period(str(day), asked.period)
        for counts, more in ((periods[period], (ripe, bad)), (lines[line, period], (inspected, to_review))):
            counts[:] = (before + int(each) for before, each in zip(counts, more, strict=True))
        called_unfit += int(called)
    if asked.ordered:
        groups = [Group(period, *periods[period]) for period in sorted(periods)]
    else:
        depth = _ORDER.index(asked.by) + 1
        prefix = [columns[name] for part in _ORDER[:depth] for name in _COLUMNS[part]]
        grouped = select(*prefix, func.sum(many).label("fruit"), unfit).where(*narrowed, is_fruit)
        small = grouped.group_by(columns.day, *prefix).subquery()
        own = [small.c[name] for name in _COLUMNS[asked.by]]
        sums = select(*own, func.sum(small.c.fruit), func.sum(small.c.unfit)).group_by(*own)
        names = _names(connection) if asked.by == "inspector" else {}
        keys = [("-".join(map(str, key)), int(n), int(bad)) for *key, n, bad in connection.execute(sums)]
        groups = [Group(names.get(key, key), n, bad) for key, n, bad in sorted(keys, key=lambda each: (-each[1], each))]
    found = tuple(PeriodCount(*key, *counts) for key, counts in sorted(lines.items()))
    return Counted(tuple(groups), found, called_unfit)


def said(connection: Connection, asked: Asked) -> Said:
    """What people answered in the blind audit, and which defects they named."""
    columns, narrowed = control_answers.c, tuple(_narrowed(control_answers, asked))
    many = func.sum(columns.count)
    alike = (columns.line, columns.answer, columns.chance, columns.first, columns.second)
    drawn = select(type_coerce(columns.day, String), *alike, many).where(*narrowed, columns.chance > 0)
    audits = Counter[tuple[str, str, Answer, float, str, str]]()
    for day, line, *answers, count in connection.execute(drawn.group_by(columns.day, *alike)):
        audits[line, _period(str(day), asked.period), *answers] += count
    by_period: dict[tuple[str, str], list[AuditCount]] = defaultdict(list)
    for (line, period, answer, chance, first, second), count in audits.items():
        said_: Any = tuple(filter(None, (first, second)))
        by_period[line, period].append(AuditCount(answer, chance, said_, int(count)))
    named = select(columns.defects, many).where(*narrowed, columns.defects != "").group_by(columns.defects)
    defects, with_defects = Counter[str](), 0
    for several, count in connection.execute(named):
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


@cache
def _period(day: str, period: Period) -> str:
    """Its first day, weeks beginning on Monday."""
    if period == "month":
        return f"{day[:7]}-01"
    if period == "week":
        found = date.fromisoformat(day)
        return (found - timedelta(days=found.weekday())).isoformat()
    return day


def _names(connection: Connection) -> dict[str, str]:
    """What people and machines are called now, by kind and number."""
    who = select(people.c.id, people.c.name, people.c.email)
    people_ = {f"person-{row.id}": row.name or row.email for row in connection.execute(who)}
    keys = {f"key-{row.id}": row.name for row in connection.execute(select(api_keys.c.id, api_keys.c.name))}
    return people_ | keys
