"""Inspections counted by day and by all that control charts group them by, kept as they come and as people answer."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Date,
    String,
    and_,
    case,
    cast,
    delete,
    func,
    literal_column,
    select,
    text,
)

from ..core.control.asked import PERIODS, Asked, Period
from ..core.control.p_chart import Group
from ..core.control.trends import AuditCount
from ..core.inspection import Inspection
from .schema import api_keys, control_counts, lots, people

_KEY = tuple(each.name for each in control_counts.primary_key)
_ADD = text(
    f"INSERT INTO control_counts ({', '.join(_KEY)}, count) VALUES ({', '.join(f':{each}' for each in _KEY)}, 1) "  # noqa: S608
    f"ON CONFLICT ({', '.join(_KEY)}) DO UPDATE SET count = control_counts.count + 1"
)
_TAKE = text(
    "UPDATE control_counts SET count = count - 1 WHERE " + " AND ".join(f"{each} = :{each}" for each in _KEY)  # noqa: S608
)
_COUNT = control_counts.c.count
_LAST_WORD = case(  # people's, where there is one
    (control_counts.c.said.in_(("fit", "unfit")), control_counts.c.said),
    (and_(control_counts.c.said == "", control_counts.c.answer != "review"), control_counts.c.answer),
)


@dataclass(frozen=True)
class LineCount:
    """A line's inspections of one period, and those of them that the model left to people."""

    line: str
    period: str
    inspected: int
    to_review: int


def add(connection: Connection, kept: Inspection) -> None:
    """Count an inspection that was kept now."""
    connection.execute(_ADD, _place(connection, kept))


def move(connection: Connection, before: Inspection, after: Inspection) -> None:
    """Count an inspection, which a person has answered, where it belongs now."""
    here, there = _place(connection, before), _place(connection, after)
    if here != there:
        connection.execute(_TAKE, here)
        connection.execute(_ADD, there)
        emptied = (control_counts.c[name] == value for name, value in here.items())
        connection.execute(delete(control_counts).where(*emptied, _COUNT == 0))


def groups(connection: Connection, asked: Asked) -> list[Group]:
    """Fruit with a last word of fit or unfit, by what is asked for; those of no product, packer or person under ``""``.

    Those of a period are called by its first day, and come in their order; others by their share of all fruit.
    """
    key, many = _group(connection, asked), func.sum(_COUNT)
    unfit = func.sum(case((_LAST_WORD == "unfit", _COUNT), else_=0))
    query = select(key, many, unfit).where(*_narrowed(asked), _LAST_WORD.is_not(None)).group_by(text("1"))
    query = query.order_by(text("1") if asked.ordered else many.desc())
    found = [Group(str(name), int(n), int(bad)) for name, n, bad in connection.execute(query)]
    if asked.by == "inspector":
        names = _names(connection)
        return [Group(names.get(each.name, each.name), each.n, each.unfit) for each in found]
    return found


def defects(connection: Connection, asked: Asked) -> tuple[Counter[str], int]:
    """How often people name each defect, and how many fruit they call unfit without naming one."""
    named = control_counts.c.defects
    query = select(named, func.sum(_COUNT)).where(*_narrowed(asked), control_counts.c.said == "unfit").group_by(named)
    counts, unnamed = Counter[str](), 0
    for several, count in connection.execute(query):
        if not several:
            unnamed = int(count)
        for each in filter(None, several.split(",")):
            counts[each] += int(count)
    return counts, unnamed


def line_counts(connection: Connection, asked: Asked) -> list[LineCount]:
    """Every line's inspections by period, in their order."""
    review = func.sum(case((control_counts.c.answer == "review", _COUNT), else_=0))
    period = _period(connection, asked.period)
    query = select(control_counts.c.line, period, func.sum(_COUNT), review).where(*_narrowed(asked))
    rows = connection.execute(query.group_by(text("1, 2")).order_by(text("1, 2")))
    return [LineCount(line, str(day), int(many), int(left)) for line, day, many, left in rows]


def audit_counts(connection: Connection, asked: Asked) -> dict[tuple[str, str], list[AuditCount]]:
    """What was drawn for the blind audit, by line and period."""
    columns = control_counts.c
    alike = (
        columns.line,
        _period(connection, asked.period),
        columns.answer,
        columns.chance,
        columns.first,
        columns.second,
    )
    query = select(*alike, func.sum(_COUNT)).where(*_narrowed(asked), columns.chance > 0)
    found: dict[tuple[str, str], list[AuditCount]] = {}
    for line, period, answer, chance, first, second, count in connection.execute(
        query.group_by(text("1, 2, 3, 4, 5, 6"))
    ):
        said = tuple(filter(None, (first, second)))
        found.setdefault((line, str(period)), []).append(AuditCount(answer, chance, said, int(count)))
    return found


def packers(connection: Connection) -> list[str]:
    """Everybody who packed a lot, by name."""
    return list(connection.execute(select(lots.c.packer).distinct().order_by(lots.c.packer)).scalars())


def _place(connection: Connection, found: Inspection) -> dict[str, Any]:
    """Where an inspection is counted."""
    asked = select(lots.c.packer).where(lots.c.number == found.lot)
    last = found.reviews[-1] if found.reviews else None
    blind: dict[tuple[str, int | None], str] = {}
    for each in found.reviews:
        if each.blind:
            blind.setdefault((each.actor.kind, each.actor.id), each.answer)
    first, second = [*blind.values(), "", ""][:2]
    return {
        "day": found.at.date(),
        "line": found.line,
        "product": found.verdict.recognised_product or "",
        "packer": (connection.execute(asked).scalar() if found.lot is not None else None) or "",
        "actor_kind": found.actor.kind,
        "actor_id": found.actor.id or 0,
        "answer": found.verdict.answer,
        "said": last.answer if last else "",
        "defects": ",".join(last.defects) if last else "",
        "chance": found.audit_chance or 0.0,
        "first": first,
        "second": second,
    }


def _narrowed(asked: Asked) -> Iterator[ColumnElement[bool]]:
    columns = control_counts.c
    yield columns.day.between(asked.since, asked.until)
    for name in ("line", "product", "packer"):
        if (value := getattr(asked, name)) is not None:
            yield columns[name] == value
    if asked.inspector is not None:
        yield and_(columns.actor_kind == asked.inspector[0], columns.actor_id == asked.inspector[1])


def _group(connection: Connection, asked: Asked) -> ColumnElement[Any]:
    if asked.by in PERIODS:
        return _period(connection, asked.period)
    if asked.by == "inspector":
        return control_counts.c.actor_kind + "-" + cast(control_counts.c.actor_id, String)
    return control_counts.c[asked.by]


def _period(connection: Connection, period: Period) -> ColumnElement[Any]:
    """Its first day, weeks beginning on Monday."""
    day = control_counts.c.day
    if period == "day":
        return day
    if connection.dialect.name == "postgresql":
        return cast(func.date_trunc(literal_column(f"'{period}'"), day), Date)
    steps = {"week": ("weekday 0", "-6 days"), "month": ("start of month",)}[period]
    return func.date(day, *(literal_column(f"'{each}'") for each in steps))


def _names(connection: Connection) -> dict[str, str]:
    """What people and machines are called now, by kind and number."""
    people_ = {f"person-{row.id}": row.name or row.email for row in connection.execute(select(people))}
    keys = {f"key-{row.id}": row.name for row in connection.execute(select(api_keys.c.id, api_keys.c.name))}
    return people_ | keys
