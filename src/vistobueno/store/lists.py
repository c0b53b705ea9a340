"""Lists of inspections, newest first: filters that indexes answer, and cursors that hold while rows are added."""

import base64
import binascii
import re
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Integer,
    Select,
    column,
    false,
    func,
    literal_column,
    select,
    table,
    text,
)

from ..core.errors import VistoBuenoError
from ..core.inspection import Actor, Filter, Inspection, Page
from .database import reading
from .folding import folded
from .protection import NAMES
from .records import waits_for, with_reviews
from .schema import OF_NO_PRODUCT, disagreements, inspections, reasons, review_queue, reviews

MOST = 500  # inspections on one page
LOOKED_THROUGH = 100_000  # names for one page, where too few letters are given for the index of names
_LARGEST = 2**63 - 1
_CURSOR = re.compile(r"[A-Za-z0-9_-]{1,40}")
_NAMES = table(NAMES, column("rowid", Integer))


class CursorRefused(VistoBuenoError):
    """A cursor that no page gave."""


def inspections_page(engine: Engine, asked: Filter, after: str | None, limit: int) -> Page[Inspection]:
    """The inspections that ``asked`` lets through, those after the cursor ``after``.

    Where it has fewer than three letters, a page that looked through `LOOKED_THROUGH` names is not full, but has a ``next``.
    """
    with reading(engine) as connection:
        query, order = _filtered(connection, asked)
        return _page(connection, query, order, after, limit, _few_letters(asked))


def inspections_count(engine: Engine, asked: Filter, most: int) -> int | None:
    """How many inspections ``asked`` lets through, as far as ``most``; None where so few letters are not looked for in all."""
    with reading(engine) as connection:
        query, order = _filtered(connection, asked)
        if (letters := _few_letters(asked)) is not None:
            if _last_looked_at(connection, query, order) is not None:
                return None
            query = query.where(_inside(connection, letters))
        found = query.with_only_columns(inspections.c.number).limit(most).subquery()
        return int(connection.execute(select(func.count()).select_from(found)).scalar_one())


def waiting_page(engine: Engine, after: str | None, limit: int, actor: Actor | None = None) -> Page[Inspection]:
    """The inspections that wait for this person; None: for anybody."""
    with reading(engine) as connection:
        query = select(inspections).join(review_queue, review_queue.c.inspection_number == inspections.c.number)
        query = query.where(waits_for(actor))
        return _page(connection, query, review_queue.c.inspection_number, after, limit)


def _page(
    connection: Connection,
    query: Select[Any],
    order: ColumnElement[int],
    after: str | None,
    limit: int,
    letters: str | None = None,
) -> Page[Inspection]:
    limit, last = max(1, min(limit, MOST)), None
    if after is not None:
        query = query.where(order < _number_of(after))
    if letters is not None:
        if (last := _last_looked_at(connection, query, order)) is not None:
            query = query.where(order >= last)
        query = query.where(_inside(connection, letters))
    rows = connection.execute(query.order_by(order.desc()).limit(limit + 1)).all()
    found = with_reviews(connection, rows[:limit])
    return Page(tuple(found), _cursor(found[-1].number if len(rows) > limit else last))


def _last_looked_at(connection: Connection, query: Select[Any], order: ColumnElement[int]) -> int | None:
    """The number as far as which names are looked through; None: all of them are."""
    numbers = query.with_only_columns(inspections.c.number).order_by(order.desc()).limit(2).offset(LOOKED_THROUGH - 1)
    last = connection.execute(numbers).scalars().all()
    return int(last[0]) if len(last) > 1 else None


def _filtered(connection: Connection, asked: Filter) -> tuple[Select[Any], ColumnElement[int]]:
    """The query, and the number to order by: that of the table with the fewest rows, whose index then gives the order."""
    query = select(inspections)
    number = inspections.c.number
    order: ColumnElement[int] = number
    words = (
        asked.answer, asked.product, asked.reason, asked.text, asked.source, asked.actor_kind, asked.line,
        asked.disagreement,
    )  # fmt: skip
    if (
        any(word is not None and not word.isprintable() for word in words)
        or max(abs(asked.actor_id or 0), abs(asked.lot or 0)) > _LARGEST
    ):
        return query.where(false()), order  # nothing has such a name, and no database would take it
    if asked.disagrees is False and asked.disagreement is not None:
        return query.where(false()), order  # what speaks against nothing does so in no way
    # A number is never earlier than a lower one, so that a moment is a number too.
    if asked.since is not None:
        first = first_since(connection, asked.since)
        query = query.where(false() if first is None else number >= first)
    if asked.until is not None and (first := first_since(connection, asked.until)) is not None:
        query = query.where(number < first)
    if asked.reviewed is True:
        query, order = query.join(reviews, reviews.c.inspection_number == number), reviews.c.inspection_number
        query = query.where(text("reviews.first"))
    elif asked.reviewed is False and asked.answer == "review":
        query, order = (
            query.join(review_queue, review_queue.c.inspection_number == number),
            review_queue.c.inspection_number,
        )
        query = query.where(review_queue.c.answered.is_(False))
    elif asked.reviewed is False:
        query = query.where(~select(reviews.c.id).where(reviews.c.inspection_number == number).exists())
    if asked.disagrees or asked.disagreement is not None:
        query = query.join(disagreements, disagreements.c.inspection_number == number)
        order = disagreements.c.inspection_number
        if asked.disagreement is not None:
            query = query.where(disagreements.c.kind == asked.disagreement)
    if asked.disagrees is False:
        query = query.where(~select(disagreements).where(disagreements.c.inspection_number == number).exists())
    if asked.reason is not None:
        query, order = query.join(reasons, reasons.c.inspection_number == number), reasons.c.inspection_number
        query = query.where(reasons.c.reason == asked.reason)
    if asked.text and _few_letters(asked) is None:
        query, order = _named(connection, query, order, asked.text)
    if asked.product is not None:
        query = query.where(~OF_NO_PRODUCT)
    narrow = order is not number and connection.dialect.name == "sqlite"
    columns = (inspections.c[name] for name in ("answer", "product", "actor_kind", "actor_id", "source", "line", "lot"))
    for each in columns:
        if (value := getattr(asked, each.name)) is not None:
            # SQLite's "+": not by this column's index, which would find more rows and then have to sort them
            query = query.where((literal_column(f"+{each}", each.type) if narrow else each) == value)
    return query, order


def first_since(connection: Connection, moment: datetime) -> int | None:
    """The number of the first inspection since a moment."""
    first = select(inspections.c.number).where(inspections.c.at >= moment)
    found: int | None = connection.execute(first.order_by(inspections.c.at, inspections.c.number).limit(1)).scalar()
    return found


def _named(
    connection: Connection, query: Select[Any], order: ColumnElement[int], wanted: str
) -> tuple[Select[Any], ColumnElement[int]]:
    """Three letters or more are found by the index of names."""
    postgresql, wanted = connection.dialect.name == "postgresql", folded(wanted)
    inside = _inside(connection, wanted)
    if postgresql:
        found = text("trigrams(inspections.filename_folded) @> trigrams(:wanted)").bindparams(wanted=wanted)
        return query.where(inside, found), order
    phrase = text(f"{NAMES} MATCH :phrase").bindparams(phrase='"' + wanted.replace('"', '""') + '"')
    return query.join(_NAMES, _NAMES.c.rowid == inspections.c.number).where(phrase), _NAMES.c.rowid


def _few_letters(asked: Filter) -> str | None:
    """What is looked for, if it is too short for the index of names; common letters are soon found among the newest."""
    letters = folded(asked.text) if asked.text else None
    return letters if letters is not None and len(letters) < 3 else None


def _inside(connection: Connection, wanted: str) -> ColumnElement[bool]:
    place = func.strpos if connection.dialect.name == "postgresql" else func.instr  # it takes LIKE's to be too few
    return place(inspections.c.filename_folded, wanted) > 0


def _cursor(number: int | None) -> str | None:
    if number is None:
        return None
    return base64.urlsafe_b64encode(b"n%d" % number).decode().rstrip("=")


def _number_of(cursor: str) -> int:
    try:
        if not _CURSOR.fullmatch(cursor):
            raise ValueError(cursor)
        said = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        if said[:1] != "n" or not 0 < len(said) < 20:
            raise ValueError(said)
        return int(said[1:])
    except (ValueError, binascii.Error) as error:
        raise CursorRefused(
            "cursor_invalid",
            es="El cursor no es de ninguna página de esta lista. Empiece por la primera.",
            en="The cursor does not belong to this list. Start from the first page.",
        ) from error
