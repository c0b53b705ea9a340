"""Lists of inspections, newest first: filters that indexes answer, and cursors that hold while rows are added."""

import base64
import binascii
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, func, select, text

from ..errors import VistoBuenoError
from .database import reading
from .ledger import with_reviews
from .protection import NAMES
from .schema import inspections, reasons, reviews, waiting
from .values import Filter, Inspection, Page

MOST = 500  # inspections on one page


class CursorRefused(VistoBuenoError):
    """A cursor that no page gave."""


def inspections_page(engine: Engine, asked: Filter, after: str | None, limit: int) -> Page[Inspection]:
    """The inspections that ``asked`` lets through, those after the cursor ``after``."""
    with reading(engine) as connection:
        return _page(connection, _filtered(connection, asked), after, limit)


def waiting_page(engine: Engine, after: str | None, limit: int) -> Page[Inspection]:
    """The inspections that wait for a person."""
    with reading(engine) as connection:
        query = select(inspections).join(waiting, waiting.c.inspection_number == inspections.c.number)
        return _page(connection, query, after, limit, waiting.c.inspection_number)


def _page(
    connection: Connection, query: Select[Any], after: str | None, limit: int, order: ColumnElement[int] | None = None
) -> Page[Inspection]:
    limit = max(1, min(limit, MOST))
    order = inspections.c.number if order is None else order
    if after is not None:
        query = query.where(order < _number_of(after))
    rows = connection.execute(query.order_by(order.desc()).limit(limit + 1)).all()
    found = with_reviews(connection, rows[:limit])
    return Page(tuple(found), _cursor(found[-1].number) if len(rows) > limit else None)


def _filtered(connection: Connection, asked: Filter) -> Select[Any]:
    query = select(inspections)
    number = inspections.c.number
    for column in (inspections.c.answer, inspections.c.product, inspections.c.actor_id, inspections.c.source):
        if (value := getattr(asked, column.name)) is not None:
            query = query.where(column == value)
    # A number is never earlier than a lower one, so that a moment is a number too.
    for moment, within in ((asked.since, number.__ge__), (asked.until, number.__lt__)):
        if moment is None:
            continue
        first = select(number).where(inspections.c.at >= moment).order_by(inspections.c.at, number).limit(1)
        bound = connection.execute(first).scalar()
        if bound is None and moment is asked.since:
            query = query.where(text("1 = 0"))
        elif bound is not None:
            query = query.where(within(bound))
    if asked.reason is not None:
        query = query.join(reasons, reasons.c.inspection_number == number).where(reasons.c.reason == asked.reason)
    if asked.reviewed is True:
        query = query.join(reviews, reviews.c.inspection_number == number).where(text("reviews.first"))
    elif asked.reviewed is False and asked.answer == "review":
        query = query.join(waiting, waiting.c.inspection_number == number)
    elif asked.reviewed is False:
        query = query.where(~select(reviews.c.id).where(reviews.c.inspection_number == number).exists())
    if asked.text:
        query = query.where(_named(connection, asked.text))
    return query


def _named(connection: Connection, wanted: str) -> ColumnElement[bool]:
    if connection.dialect.name == "sqlite" and len(wanted) >= 3:
        phrase = '"' + wanted.replace('"', '""') + '"'
        return text(f"inspections.number IN (SELECT rowid FROM {NAMES} WHERE {NAMES} MATCH :phrase)").bindparams(  # type: ignore[return-value]  # noqa: S608
            phrase=phrase
        )
    return func.lower(inspections.c.filename).contains(wanted.lower(), autoescape=True)


def _cursor(number: int) -> str:
    return base64.urlsafe_b64encode(b"n%d" % number).decode().rstrip("=")


def _number_of(cursor: str) -> int:
    try:
        said = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        if said[:1] != "n" or not 0 < len(said) < 20:
            raise ValueError(said)
        return int(said[1:])
    except (ValueError, binascii.Error) as error:
        raise CursorRefused(
            "cursor_invalid",
            es="El cursor no es de ninguna página de esta lista. Empiece por la primera.",
            en="The cursor is of no page of this list. Begin with the first.",
        ) from error
