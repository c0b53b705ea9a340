"""Inspections and reviews, written once and never changed; daily counts and the review queue are kept in the same transaction."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, delete, func, insert, select, text, update

from ..core.audit import Audit
from ..core.clock import Chance, Clock, by_chance, utc_now
from ..core.composed import flat
from ..core.defects import Defect, Severity
from ..core.events import defects_named, inspection_created, review_created
from ..core.inspection import (
    LONGEST_NAME,
    LONGEST_NOTE,
    Actor,
    Disagreement,
    Inspection,
    NamedDefects,
    Review,
    ReviewAnswer,
    disagreement,
)
from ..tracing import traceparent
from . import control
from .database import reading, writing
from .folding import folded
from .lot_state import next_fruit, refuse_closed
from .outbox import LISTENED, tell
from .records import actor_columns, inspection, named_defects_of, review_of, waits_for, with_reviews
from .schema import (
    disagreements,
    idempotency_keys,
    inspections,
    named_defects,
    reasons,
    review_queue,
    reviews,
)
from .together import Together
from .writes import Write, claim, know, one_after_another, written

Map = NDArray[np.float32]
# Made once: with its values inside, SQLAlchemy would build the statement of forty columns anew for each photograph.
_LAST = select(inspections.c.number, inspections.c.at, LISTENED).order_by(inspections.c.number.desc()).limit(1)
_INSPECTION, _REASON, _QUEUED = insert(inspections), insert(reasons), insert(review_queue)
_COUNT = text(
    "INSERT INTO tallies (day, product, answer, count) VALUES (:day, :product, :answer, :count) "
    "ON CONFLICT (day, product, answer) DO UPDATE SET count = tallies.count + excluded.count"
)
_DRAW = text(
    "INSERT INTO audit_draws (line, seed, photographs) VALUES (:line, :seed, :count) "
    "ON CONFLICT (line) DO UPDATE SET photographs = audit_draws.photographs + excluded.photographs "
    "RETURNING seed, photographs"
)


@dataclass(frozen=True)
class Entry:
    """An inspection that is to be written; see `Ledger.add`."""

    draft: Inspection
    activation: Map | None
    write: Write | None = None
    audit: Callable[[str], Audit] | None = None
    trace: str = field(default_factory=traceparent)  # of whoever made it: another thread may write it


class Ledger:
    """The inspections of one database. Threads and processes may share it."""

    def __init__(self, engine: Engine, clock: Clock = utc_now, chance: Chance = by_chance) -> None:
        self.engine, self._clock, self._chance = engine, clock, chance
        self._together = Together(engine, self.add_all)

    def add(
        self,
        draft: Inspection,
        activation: Map | None,
        write: Write | None,
        audit: Callable[[str], Audit] | None = None,
    ) -> Inspection:
        """Write an inspection; its number and moment are given here, and it is drawn for the blind audit or not.

        Those of several threads are written together.

        Args:
            audit: the draw of a line that has this seed; None: nothing is drawn.

        Raises:
            IntegrityError: the write was made already (see `written`), by another at this moment.
        """
        return self._together.do(Entry(draft, activation, write, audit))

    def add_all(self, connection: Connection, entries: Sequence[Entry]) -> list[Inspection]:
        """Write inspections in their order, in a transaction of the caller's; all of them or none.

        Raises:
            IntegrityError, LotRefused: as `add`, of any of them.
        """
        kept: list[Inspection] = []
        for of_lot, some in groupby(entries, lambda each: each.draft.lot is not None):
            if of_lot:  # the next fruit of a package is asked of those before it
                for each in some:
                    kept += _add(connection, [each], self._clock, self._chance)
            else:
                kept += _add(connection, list(some), self._clock, self._chance)
        return kept

    def is_used(self, write: Write) -> bool:
        """Whether this key was used before, for whatever content."""
        with reading(self.engine) as connection:
            asked = select(idempotency_keys.c.key_hash).where(idempotency_keys.c.key_hash == write.key_hash)
            return connection.execute(asked).first() is not None

    def written(self, write: Write) -> Inspection | None:
        """The inspection that this write made before; None when it is new.

        Raises:
            Conflict: ``key_used``.
        """
        with reading(self.engine) as connection:
            row = written(connection, write)
            return None if row is None else inspection(connection, row.inspection_number)

    def claim(self, write: Write) -> None:
        """Know a write of many photographs by its key, before the first of them; known already, it stays so.

        Raises:
            Conflict: ``key_used``.
        """
        with writing(self.engine) as connection:
            claim(connection, write)

    def inspection(self, number: int) -> Inspection:
        """One inspection with its reviews.

        Raises:
            NotFound: ``no_inspection``.
        """
        with reading(self.engine) as connection:
            return inspection(connection, number)

    def several(self, numbers: Iterable[int]) -> list[Inspection]:
        """Those of these inspections that there are, with their reviews."""
        known = iter({each for each in numbers if 0 < each < 2**63})
        found: list[Inspection] = []
        with reading(self.engine) as connection:
            while some := list(islice(known, 500)):
                rows = connection.execute(select(inspections).where(inspections.c.number.in_(some)))
                found += with_reviews(connection, rows.all())
        return found

    def activation(self, number: int) -> Map | None:
        """Where the model looked, (h, w), evidence for the class that was answered; None when it could not tell."""
        with reading(self.engine) as connection:
            inspection(connection, number)
            row = connection.execute(
                select(inspections.c.activation, inspections.c.activation_width).where(inspections.c.number == number)
            ).one()
        if row.activation is None:
            return None
        return np.frombuffer(row.activation, np.float16).reshape(-1, row.activation_width).astype(np.float32)

    def review(
        self,
        number: int,
        actor: Actor,
        answer: ReviewAnswer,
        note: str,
        write: Write | None = None,
        defects: Sequence[Defect] = (),
        blind: bool = False,
        severities: Mapping[Defect, Severity] | None = None,
    ) -> tuple[Review, bool]:
        """Set a person's answer beside a verdict; from now on it waits no more, or for others who have not seen it.

        Args:
            blind: who answers was not shown the verdict.

        Returns:
            The review, and whether this write had made it before.

        Raises:
            NotFound: ``no_inspection``.
            Conflict: ``key_used``.
        """
        with writing(self.engine) as connection:
            one_after_another(connection)
            if write is not None and (before := written(connection, write)) is not None:
                row = connection.execute(select(reviews).where(reviews.c.id == before.review_id)).one()
                return review_of(row), True
            found = inspection(connection, number)
            said = select(reviews.c.id).where(reviews.c.inspection_number == number).limit(1)
            values: dict[str, Any] = {
                "id": _next(connection, reviews.c.id),
                "inspection_number": number,
                "at": _after(found.named, self._clock()),
                **actor_columns(actor),
                "answer": answer,
                "note": _shown(note.strip(), keep="\n")[:LONGEST_NOTE],
                "first": connection.execute(said).first() is None,
                "defects": ",".join(defects) or None,
                "blind": blind,
                "severities": dict(severities or {}) or None,
            }
            connection.execute(insert(reviews).values(values))
            asked = {(each.actor.kind, each.actor.id) for each in found.reviews if each.blind}
            if blind:
                asked.add((actor.kind, actor.id))
            queued = review_queue.c.inspection_number == number
            if len(asked) < found.audit_people:
                connection.execute(update(review_queue).where(queued).values(answered=True))
            else:
                connection.execute(delete(review_queue).where(queued))
            connection.execute(delete(disagreements).where(disagreements.c.inspection_number == number))
            if kind := disagreement(found.verdict, answer):
                connection.execute(insert(disagreements), {"inspection_number": number, "kind": kind})
            said_ = values["id"], number, values["at"], actor, answer, values["note"], tuple(defects), blind
            made = Review(*said_, dict(severities or {}))
            control.move(connection, found, replace(found, reviews=(*found.reviews, made)))
            if write is not None:
                know(connection, write, made.at, number, made.id)
            tell(connection, "review.created", lambda: review_created(found, made))
        return made, False

    def name(
        self,
        number: int,
        actor: Actor,
        defects: Sequence[Defect],
        severities: Mapping[Defect, Severity],
        write: Write | None = None,
    ) -> tuple[NamedDefects, bool]:
        """Keep the defects that somebody named of a fruit; one that is said to be fit waits for a person from now on.

        Returns:
            What was named, and whether this write had named it before.

        Raises:
            NotFound: ``no_inspection``.
            Conflict: ``key_used``.
        """
        with writing(self.engine) as connection:
            found = inspection(connection, number)
            if write is not None and claim(connection, write):
                made = select(named_defects).where(named_defects.c.key_hash == write.key_hash)
                return named_defects_of(connection.execute(made).one()), True
            one_after_another(connection)
            values: dict[str, Any] = {
                "id": _next(connection, named_defects.c.id),
                "inspection_number": number,
                "at": _after((*found.reviews, *found.named), self._clock()),
                **actor_columns(actor),
                "defects": ",".join(defects),
                "severities": dict(severities) or None,
                "key_hash": None if write is None else write.key_hash,
            }
            connection.execute(insert(named_defects).values(values))
            queued = select(review_queue).where(review_queue.c.inspection_number == number)
            named = inspection(connection, number)
            control.move(connection, found, named)
            if named.said == "review" and connection.execute(queued).first() is None:
                connection.execute(_QUEUED, {"inspection_number": number, "blind": False})
            tell(connection, "defects.named", lambda: defects_named(named))
        return named.named[-1], False

    def waiting_count(self, actor: Actor | None = None, *, blind: bool = False) -> int:
        """How many inspections wait for a person, or for this one; ``blind``: of the blind audit alone."""
        asked = select(func.count()).select_from(review_queue).where(waits_for(actor))
        with reading(self.engine) as connection:
            return int(connection.execute(asked.where(review_queue.c.blind) if blind else asked).scalar_one())

    def disagreement_counts(self) -> dict[Disagreement, int]:
        """How many inspections people's last answers speak against, by how they do."""
        kind = disagreements.c.kind
        with reading(self.engine) as connection:
            found = connection.execute(select(kind, func.count()).group_by(kind))
            return {row.kind: row[1] for row in found}


def _add(connection: Connection, entries: Sequence[Entry], clock: Clock, chance: Chance) -> list[Inspection]:
    """Write inspections in their order; one that is of a lot comes alone."""
    one_after_another(connection)
    drafts = [_in_lot(connection, each.draft) for each in entries]
    last = connection.execute(_LAST).first()
    number, at = (last.number, last.at) if last else (0, None)
    drawn = iter(_drawn(connection, [each.draft.line for each in entries if each.audit is not None], chance))
    kept: list[Inspection] = []
    for entry, draft in zip(entries, drafts, strict=True):
        number, now = number + 1, clock()
        at = (
            now if at is None else max(now, at)
        )  # a clock that was set back makes no number earlier than the one before
        map_ = entry.activation is not None
        found = replace(draft, number=number, at=at, filename=_clean(draft.filename), has_heat_map=map_)
        if entry.audit is not None:
            seed, place = next(drawn)
            if people := entry.audit(seed).people(place):
                found = replace(found, audit_chance=entry.audit(seed).chance(place), audit_people=people)
        kept.append(found)
    both = list(zip(entries, kept, strict=True))
    connection.execute(_INSPECTION, [_columns(found, entry.activation) for entry, found in both])
    _many(connection, _REASON, [
        {"reason": reason, "inspection_number": found.number} for found in kept for reason in found.verdict.reasons
    ])  # fmt: skip
    _many(connection, _QUEUED, [
        {"inspection_number": found.number, "blind": found.audit_people > 0}
        for found in kept
        if found.verdict.answer == "review" or found.audit_people
    ])  # fmt: skip
    tallies = Counter((each.at.date().isoformat(), each.verdict.product, each.verdict.answer) for each in kept)
    _many(connection, _COUNT, [
        {"day": day, "product": product, "answer": answer, "count": count}
        for (day, product, answer), count in tallies.items()
    ])  # fmt: skip
    control.add(connection, kept)
    for entry, found in both:
        if entry.write is not None:
            know(connection, entry.write, found.at, found.number)
        if last is None or last.listened:
            tell(connection, "inspection.created", partial(inspection_created, found), entry.trace)
    return kept


def _in_lot(connection: Connection, draft: Inspection) -> Inspection:
    """With the number of its fruit, where it is of a lot."""
    if draft.lot is None:
        return draft
    refuse_closed(connection, draft.lot)
    return replace(draft, fruit=draft.fruit or next_fruit(connection, draft.lot, draft.package))


def _drawn(connection: Connection, lines: Sequence[str], chance: Chance) -> list[tuple[str, int]]:
    """The seed of each photograph's line, and which of the line's photographs it is, from 1."""
    counts = Counter(lines)
    state = {
        line: connection.execute(_DRAW, {"line": line, "seed": chance(16), "count": count}).one()
        for line, count in counts.items()
    }
    left, drawn = dict(counts), []
    for line in lines:
        seed, photographs = state[line]
        left[line] -= 1
        drawn.append((str(seed), int(photographs) - left[line]))
    return drawn


def _many(connection: Connection, statement: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(statement, rows)


def _next(connection: Connection, column: Any) -> int:
    return int(connection.execute(select(func.coalesce(func.max(column), 0) + 1)).scalar_one())


def _columns(kept: Inspection, activation: Map | None) -> dict[str, Any]:
    small = None if activation is None else np.clip(activation, -65504, 65504).astype(np.float16)  # float16's limits
    values = flat(kept)
    return {
        **values,
        "reasons": ",".join(values["reasons"]),
        "probabilities": dict(values["probabilities"]),
        "filename_folded": None if kept.filename is None else folded(kept.filename),
        "activation": None if small is None else small.tobytes(),
        "activation_width": None if small is None else small.shape[1],
    }


def _after(before: Sequence[Review | NamedDefects], now: datetime) -> datetime:
    """Now, or a moment later than all that was said before, where the clock was set back."""
    last = max((each.at for each in before), default=None)
    return now if last is None or now > last else last + timedelta(microseconds=1)


def _clean(filename: str | None) -> str | None:
    """The name alone, never a path; what no database or page can hold is left out."""
    if not filename:
        return None
    name = filename.replace("\\", "/").rpartition("/")[2]
    return _shown(name)[:LONGEST_NAME].strip() or None


def _shown(said: str, keep: str = "") -> str:
    """Without what cannot be shown, nor kept: PostgreSQL takes no NUL, and UTF-8 no half of a pair."""
    return "".join(each for each in said if each.isprintable() or each in keep)
