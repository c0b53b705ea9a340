"""Lots, the standards that judge them, and their decisions: rows that nothing changes."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from ..core.composed import composed, flat
from ..core.events import lot_decided, lot_opened
from ..core.inspection import Actor, Inspection
from ..core.lots.lot import Lot, LotVerdict
from ..core.lots.reading import standard_of
from ..core.lots.standard import Standard
from .errors import NotFound
from .outbox import tell
from .records import actor_columns, with_reviews
from .schema import inspections, lot_verdicts, lots, standards
from .writes import one_after_another

_AT_ONCE = 500


def add(connection: Connection, lot: Lot, key_hash: str | None = None) -> Lot:
    """Keep a new one; its number is the next."""
    one_after_another(connection)
    number = int(connection.execute(select(func.coalesce(func.max(lots.c.number), 0) + 1)).scalar_one())
    values = {**flat(lot), "number": number, "standards": list(lot.standards), "key_hash": key_hash}
    connection.execute(insert(lots).values(values))
    tell(connection, "lot.opened", lambda: lot_opened(replace(lot, number=number)))
    return one(connection, number)


def made_by(connection: Connection, key_hash: str) -> Lot:
    """The one that a write opened, by the hash of its key."""
    return _lots(connection, connection.execute(select(lots).where(lots.c.key_hash == key_hash)).all())[0]


def one(connection: Connection, number: int) -> Lot:
    """One lot.

    Raises:
        NotFound: ``no_lot``.
    """
    known = 0 < number < 2**63
    row = connection.execute(select(lots).where(lots.c.number == number)).first() if known else None
    if row is None:
        raise NotFound(
            "no_lot",
            es=f"No hay ningún lote {number}. Vuelva a cargar la lista de lotes.",
            en=f"There is no lot {number}. Load the list of lots again.",
        )
    return _lots(connection, [row])[0]


def is_demonstration(connection: Connection) -> bool:
    """Whether the station's first lot was drawn by the program: then the station is no more than a demonstration."""
    return connection.execute(select(lots.c.demo).where(lots.c.number == 1)).scalar() is True


def page(connection: Connection, before: int | None, limit: int) -> list[Lot]:
    """Lots with a lower number than ``before``, the newest first."""
    query = select(lots).order_by(lots.c.number.desc()).limit(limit)
    if before is not None:
        query = query.where(lots.c.number < before)
    return _lots(connection, connection.execute(query).all())


def open_ones(connection: Connection, limit: int) -> list[Lot]:
    """Lots without a decision, the newest first."""
    decided = select(lot_verdicts.c.id).where(lot_verdicts.c.lot == lots.c.number)
    query = select(lots).where(~decided.exists()).order_by(lots.c.number.desc()).limit(limit)
    return _lots(connection, connection.execute(query).all())


def open_with(connection: Connection, sscc: str) -> int | None:
    """The number of an open lot that is this logistic unit."""
    decided = select(lot_verdicts.c.id).where(lot_verdicts.c.lot == lots.c.number)
    asked = select(lots.c.number).where(lots.c.sscc == sscc, ~decided.exists()).limit(1)
    found: int | None = connection.execute(asked).scalar()
    return found


def looked_at(connection: Connection, numbers: Collection[int]) -> dict[int, dict[int, int]]:
    """How many fruit of each package have a photograph, by lot; lots without any are not there."""
    place = (inspections.c.lot, inspections.c.package)
    query = select(*place, func.count(inspections.c.fruit.distinct())).where(inspections.c.lot.in_(numbers))
    found: dict[int, dict[int, int]] = {}
    for lot, package, fruit in connection.execute(query.group_by(*place)):
        found.setdefault(lot, {})[package] = fruit
    return found


def inspections_of(connection: Connection, lot: int) -> Iterator[Inspection]:
    """A lot's inspections with their reviews, the oldest first."""
    after = 0
    while True:
        query = select(inspections).where(inspections.c.lot == lot, inspections.c.number > after)
        rows = connection.execute(query.order_by(inspections.c.number).limit(_AT_ONCE)).all()
        yield from with_reviews(connection, rows)
        if len(rows) < _AT_ONCE:
            return
        after = rows[-1].number


def keep_standard(connection: Connection, standard: Standard, at: datetime, actor: Actor) -> None:
    """Keep a version of a standard, if it is not there yet."""
    one_after_another(connection)
    known = select(standards.c.digest).where(standards.c.digest == standard.digest)
    if connection.execute(known).first() is None:
        connection.execute(
            insert(standards).values(
                digest=standard.digest,
                key=standard.key,
                version=standard.version,
                document=standard.document(),
                at=at,
                **actor_columns(actor),
            )
        )


def own_standards(connection: Connection) -> tuple[Standard, ...]:
    """Every version that was kept, the oldest first."""
    rows = connection.execute(select(standards.c.document).order_by(standards.c.at, standards.c.version)).scalars()
    return tuple(standard_of(each) for each in rows)


def standards_of(connection: Connection, lot: Lot) -> tuple[Standard, ...]:
    """The versions that judge a lot, the one that decides first."""
    found = standards_named(connection, lot.standards)
    return tuple(found[each] for each in lot.standards)


def standards_named(connection: Connection, digests: Collection[str]) -> dict[str, Standard]:
    """The versions with these digests."""
    rows = connection.execute(select(standards).where(standards.c.digest.in_(digests))).all()
    return {row.digest: standard_of(row.document) for row in rows}


def decide(connection: Connection, verdict: LotVerdict, key_hash: str | None = None) -> LotVerdict:
    """Keep a decision; the first closes the lot."""
    one_after_another(connection)
    previous = connection.execute(
        select(func.max(lot_verdicts.c.id)).where(lot_verdicts.c.lot == verdict.lot)
    ).scalar_one()
    number = int(connection.execute(select(func.coalesce(func.max(lot_verdicts.c.id), 0) + 1)).scalar_one())
    connection.execute(
        insert(lot_verdicts).values(
            id=number,
            lot=verdict.lot,
            at=verdict.at,
            decision=verdict.decision,
            grade=verdict.grade,
            reason=verdict.reason,
            evidence=dict(verdict.evidence),
            previous=previous,
            key_hash=key_hash,
            **actor_columns(verdict.actor),
        )
    )
    kept = verdicts_of(connection, verdict.lot)[-1]
    tell(connection, "lot.decided", lambda: lot_decided(one(connection, kept.lot), kept))
    return kept


def verdicts_of(connection: Connection, lot: int, key_hash: str | None = None) -> tuple[LotVerdict, ...]:
    """The decisions about a lot, the first first; ``key_hash``: those that this write made."""
    query = select(lot_verdicts).where(lot_verdicts.c.lot == lot).order_by(lot_verdicts.c.id)
    if key_hash is not None:
        query = query.where(lot_verdicts.c.key_hash == key_hash)
    rows = connection.execute(query).all()
    return tuple(
        LotVerdict(
            row.id,
            row.lot,
            row.at,
            Actor(row.actor_kind, row.actor_id, row.actor_name),
            row.decision,
            row.grade,
            row.reason,
            row.evidence,
            row.previous,
        )
        for row in rows
    )


def first_decided(
    connection: Connection, packer: str, product: str, before: int, most: int
) -> list[tuple[Lot, LotVerdict]]:
    """The packer's last lots of a product with a lower number that were decided, the oldest first, and how they were first."""
    decided = select(func.min(lot_verdicts.c.id)).where(lot_verdicts.c.lot == lots.c.number).scalar_subquery()
    query = (
        select(lots)
        .where(lots.c.packer == packer, lots.c.product == product, lots.c.number < before, decided.is_not(None))
        .order_by(lots.c.number.desc())
        .limit(most)
    )
    found = _lots(connection, connection.execute(query).all())
    return [(each, verdicts_of(connection, each.number)[0]) for each in reversed(found)]


def _lots(connection: Connection, rows: "list[Row[Any]] | Any") -> list[Lot]:
    said = lot_verdicts.c
    numbers = [row.number for row in rows]
    verdicts = select(said.lot, said.at, said.decision, said.grade).where(said.lot.in_(numbers)).order_by(said.id)
    by_lot: dict[int, list[Any]] = {}
    for verdict in connection.execute(verdicts):
        by_lot.setdefault(verdict.lot, []).append(verdict)
    found = []
    for row in rows:
        values = {**row._mapping, "standards": tuple(row.standards)}
        if several := by_lot.get(row.number):
            first, last = several[0], several[-1]
            values |= {"closed_at": first.at, "decision": last.decision, "accepted_as": last.grade}
        found.append(composed(Lot, values))
    return found
