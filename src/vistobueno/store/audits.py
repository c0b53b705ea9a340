"""What was drawn for the blind audit of a line, and what people answered to it who did not see the verdict."""

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby

from sqlalchemy import Connection, and_, select

from ..core.audit import Drawn
from ..core.inspection import ReviewAnswer
from .lists import first_since
from .schema import inspections, reviews


def scores(
    connection: Connection, line: str, calibration: str, since: datetime, most: int
) -> tuple[list[tuple[float, float | None]], list[tuple[float, float | None]]]:
    """Probability of unfit and score of out-of-distribution of a calibration's first and newest photographs on its line.

    Args:
        calibration: the digest; since: when it was made active; most: photographs of each kind; none is in both.
    """
    first = first_since(connection, since)
    if first is None:
        return [], []
    number = inspections.c.number
    own = select(number, inspections.c.probability_unfit, inspections.c.ood_score).where(
        inspections.c.line == line, number >= first, inspections.c.model_calibration == calibration
    )
    oldest = connection.execute(own.order_by(number).limit(most)).all()
    if not oldest:
        return [], []
    newest = connection.execute(own.where(number > oldest[-1].number).order_by(number.desc()).limit(most)).all()
    pairs = [[(row.probability_unfit, row.ood_score) for row in rows] for rows in (oldest, newest)]
    return pairs[0], pairs[1]


def drawn(
    connection: Connection, line: str, since: datetime | None, model: str | None, calibration: str | None = None
) -> Iterator[Drawn]:
    """The photographs that were drawn on a line, the oldest first.

    Args:
        since: those from this moment on.
        model: those that the model with this digest judged; calibration: those judged by the calibration with this one.
    """
    number = inspections.c.number
    blind = and_(reviews.c.inspection_number == number, reviews.c.blind)
    query = (
        select(
            number, inspections.c.answer, inspections.c.audit_chance, inspections.c.photo_sha256,
            reviews.c.answer.label("said"), reviews.c.actor_kind, reviews.c.actor_id,
        )
        .outerjoin(reviews, blind)
        .where(inspections.c.line == line, inspections.c.audit_chance.is_not(None))
        .order_by(number, reviews.c.id)
    )  # fmt: skip
    if since is not None:
        first = first_since(connection, since)
        if first is None:
            return
        query = query.where(number >= first)
    if model is not None:
        query = query.where(inspections.c.model_digest == model)
    if calibration is not None:
        query = query.where(inspections.c.model_calibration == calibration)
    for _, rows in groupby(connection.execute(query), key=lambda row: row.number):
        by_person: dict[tuple[str, int], ReviewAnswer] = {}
        for row in rows:
            if row.said is not None:
                by_person.setdefault((row.actor_kind, row.actor_id), row.said)
        yield Drawn(row.answer, row.audit_chance, row.photo_sha256, tuple(by_person.values()))
