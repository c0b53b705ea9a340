"""Photographs go when they are old, verdicts stay; and what a crash left behind is swept up."""

import secrets
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import chain, islice
from typing import Any

from sqlalchemy import Engine, delete, func, insert, select

from ..core.inspection import SYSTEM, Actor
from .database import reading, writing
from .photos.evidence import Evidence
from .records import actor_columns
from .schema import evidence_removals, identity, inspections, review_queue
from .writes import one_after_another

_AT_ONCE = 200  # photographs removed and recorded together
_GRACE = timedelta(hours=1)  # a photograph younger than this may be waiting for its row
_LONGEST_AWAY = 31  # days looked through at a start: one request each where photographs are in S3


def station_id(engine: Engine) -> str:
    """Eight letters that only this database has; photographs carry them, so that no other station's are ever swept."""
    with reading(engine) as connection:
        found: str | None = connection.execute(select(identity.c.id)).scalar()
    if found is not None:
        return found
    with writing(engine) as connection:
        one_after_another(connection)
        found = connection.execute(select(identity.c.id)).scalar()
        if found is None:
            found = secrets.token_hex(4)
            connection.execute(insert(identity).values(id=found, made_at=datetime.now(UTC)))
    return found


def apply_retention(engine: Engine, evidence: Evidence, days: int, actor: Actor = SYSTEM) -> int:
    """Remove the photographs that are older than ``days`` and record each; one that nobody has answered on yet is kept.

    Removed first, recorded then: what a crash comes between is done again, and recorded, the next time.

    Returns:
        How many were removed.
    """
    before, removed, last = datetime.now(UTC) - timedelta(days=days), 0, 0
    number = inspections.c.number
    old = (
        select(number, inspections.c.evidence)
        .where(
            inspections.c.at < before,
            ~select(review_queue)
            .where(review_queue.c.inspection_number == number, review_queue.c.answered.is_(False))
            .exists(),
            ~select(evidence_removals).where(evidence_removals.c.inspection_number == number).exists(),
        )
        .order_by(number)
        .limit(_AT_ONCE)
    )
    while True:
        with reading(engine) as connection:
            rows = connection.execute(old.where(number > last)).all()
        if not rows:
            return removed
        for row in rows:
            evidence.delete(row.evidence)
        _record(engine, [row.number for row in rows], actor)
        last, removed = rows[-1].number, removed + len(rows)


def sweep(engine: Engine, evidence: Evidence, folders: Iterable[str] = ("",)) -> int:
    """Remove photographs of this station in ``folders`` that no inspection names: a crash came before their row.

    Returns:
        How many were removed.
    """
    ours, before, removed = station_id(engine), datetime.now(UTC) - _GRACE, 0
    listed = chain.from_iterable(evidence.each_key(folder) for folder in folders)
    candidates = (key for key, put in listed if put < before and key.rpartition("/")[2].startswith(ours))
    while some := list(islice(candidates, _AT_ONCE)):
        with reading(engine) as connection:
            asked = select(inspections.c.evidence).where(inspections.c.evidence.in_(some))
            named = set(connection.execute(asked).scalars())
        for key in some:
            if key not in named:
                evidence.delete(key)
                removed += 1
    return removed


def recent_folders(engine: Engine) -> Iterator[str]:
    """The folders of the days since shortly before the last inspection: where a crash can have left something."""
    with reading(engine) as connection:
        last: datetime | None = connection.execute(select(func.max(inspections.c.at))).scalar()
    today = datetime.now(UTC).date()
    first = max((last.date() if last else today) - timedelta(days=1), today - timedelta(days=_LONGEST_AWAY))
    day: date = first
    while day <= today:
        yield f"{day:%Y/%m/%d}"
        day += timedelta(days=1)


def _record(engine: Engine, numbers: list[int], actor: Actor) -> None:
    said: dict[str, Any] = {"at": datetime.now(UTC), **actor_columns(actor), "cause": "retention"}
    with writing(engine) as connection:
        one_after_another(connection)
        known = select(evidence_removals.c.inspection_number).where(evidence_removals.c.inspection_number.in_(numbers))
        already = set(connection.execute(known).scalars())
        rows = [{"inspection_number": number, **said} for number in numbers if number not in already]
        if rows:
            connection.execute(insert(evidence_removals), rows)
            gone = [row["inspection_number"] for row in rows]  # no second person can be asked
            connection.execute(delete(review_queue).where(review_queue.c.inspection_number.in_(gone)))
