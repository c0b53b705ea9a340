"""Inspections of an archive that was judged elsewhere, written many at a time and each once."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection, delete, insert, select

from ..core.inspection import SYSTEM, Inspection
from .ledger import Entry, Ledger
from .records import actor_columns
from .schema import evidence_removals, idempotency_keys, models, review_queue
from .writes import one_after_another

_AT_ONCE = 500  # keys of one question


def knows_model(connection: Connection, digest: str) -> bool:
    """Whether a model was ever added to this station."""
    return connection.execute(select(models.c.digest).where(models.c.digest == digest)).first() is not None


def made_already(connection: Connection, key_hashes: Iterable[str]) -> set[str]:
    """Of the hashes of some writes' keys, those under which something was written before."""
    hashes, known = iter(key_hashes), set[str]()
    while some := list(islice(hashes, _AT_ONCE)):
        asked = select(idempotency_keys.c.key_hash).where(idempotency_keys.c.key_hash.in_(some))
        known |= set(connection.execute(asked).scalars())
    return known


def add_new(
    connection: Connection, ledger: Ledger, entries: Sequence[Entry], without: set[str], at: datetime
) -> list[Inspection]:
    """Write those whose `Write` was not made before; all of them or none.

    Args:
        without: the keys of the photographs that are not kept here: nobody is asked about them.
    """
    one_after_another(connection)
    known = made_already(connection, [each.write.key_hash for each in entries if each.write is not None])
    new = [each for each in entries if each.write is None or each.write.key_hash not in known]
    if not new:
        return []
    kept = ledger.add_all(connection, new)
    gone = [each.number for each in kept if each.evidence in without]
    if gone:
        said = {"at": at, **actor_columns(SYSTEM), "cause": "not_imported"}
        connection.execute(insert(evidence_removals), [{"inspection_number": number, **said} for number in gone])
        connection.execute(delete(review_queue).where(review_queue.c.inspection_number.in_(gone)))
    return kept
