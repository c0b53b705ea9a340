"""Rows of inspections, of what people said of them and of who did it, as values."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, Row, or_, select, true

from ..core.composed import composed
from ..core.defects import Defect
from ..core.inspection import Actor, Inspection, NamedDefects, Review
from .errors import NotFound
from .schema import evidence_removals, inspections, named_defects, review_queue, reviews


def inspection(connection: Connection, number: int) -> Inspection:
    """One inspection with its reviews."""
    known = 0 < number < 2**63
    row = connection.execute(select(inspections).where(inspections.c.number == number)).first() if known else None
    if row is None:
        raise no_inspection(number)
    return with_reviews(connection, [row])[0]


def waits_for(actor: Actor | None) -> ColumnElement[bool]:
    """Of what is in the review queue: whether it waits for this person, who has not answered on it; None: for anybody."""
    if actor is None:
        return true()
    own = select(reviews.c.id).where(
        reviews.c.inspection_number == review_queue.c.inspection_number,
        reviews.c.actor_kind == actor.kind,
        reviews.c.actor_id == actor.id,
    )
    return or_(review_queue.c.answered.is_(False), ~own.exists())


def with_reviews(connection: Connection, rows: Iterable[Row[Any]]) -> list[Inspection]:
    """Rows of `inspections` as values, each with its reviews, in the same order."""
    found = [_inspection(row) for row in rows]
    numbers = [each.number for each in found]
    said: dict[int, list[Review]] = {}
    asked = select(reviews).where(reviews.c.inspection_number.in_(numbers)).order_by(reviews.c.id)
    for row in connection.execute(asked):
        said.setdefault(row.inspection_number, []).append(review_of(row))
    named: dict[int, list[NamedDefects]] = {}
    asked = select(named_defects).where(named_defects.c.inspection_number.in_(numbers)).order_by(named_defects.c.id)
    for row in connection.execute(asked):
        named.setdefault(row.inspection_number, []).append(named_defects_of(row))
    gone_asked = select(evidence_removals.c.inspection_number).where(evidence_removals.c.inspection_number.in_(numbers))
    gone = set(connection.execute(gone_asked).scalars())
    return [
        replace(
            each,
            reviews=tuple(said.get(each.number, ())),
            named=tuple(named.get(each.number, ())),
            has_photograph=each.number not in gone,
        )
        for each in found
    ]


def actor_columns(actor: Actor) -> dict[str, Any]:
    """The columns that say who did it."""
    return {"actor_kind": actor.kind, "actor_id": actor.id, "actor_name": actor.name}


def _actor(row: Row[Any]) -> Actor:
    return Actor(row.actor_kind, row.actor_id, row.actor_name)


def review_of(row: Row[Any]) -> Review:
    """A row of `reviews` as a value."""
    whole = row.id, row.inspection_number, row.at, _actor(row), row.answer, row.note, _split(row.defects), row.blind
    return Review(*whole, row.severities or {})


def named_defects_of(row: Row[Any]) -> NamedDefects:
    """A row of `named_defects` as a value."""
    whole = row.id, row.inspection_number, row.at, _actor(row), _split(row.defects)
    return NamedDefects(*whole, row.severities or {})


def _split(defects: str | None) -> tuple[Defect, ...]:
    return cast(tuple[Defect, ...], tuple(filter(None, (defects or "").split(","))))


def _inspection(row: Row[Any]) -> Inspection:
    reasons = tuple(filter(None, row.reasons.split(",")))
    found = composed(Inspection, {**row._mapping, "reasons": reasons})
    return replace(found, has_heat_map=row.activation is not None)


def no_inspection(number: int) -> NotFound:
    """That there is none of this number."""
    return NotFound(
        "no_inspection",
        es=f"No hay ninguna inspección con el número {number}. Búsquela en el historial.",
        en=f"There is no inspection number {number}. Look for it in the history.",
    )
