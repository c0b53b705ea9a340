"""A scored archive taken into the station: an inspection for each photograph, once, however often it is done."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from ...core.clock import Clock, utc_now
from ...core.composed import composed
from ...core.errors import PhotoRefused, VistoBuenoError
from ...core.inspection import SYSTEM, Inspection
from ...core.photo import Limits, open_photo
from ...core.pictures import kept_jpeg
from ...store import archives, lines
from ...store.database import reading, writing
from ...store.ledger import Entry, Ledger
from ...store.photos.evidence import Evidence, new_key
from ...store.retention import station_id
from ...store.writes import Write
from ..engine import Local
from .photographs import Photographs
from .results import opened
from .scored import CALIBRATION, ERROR, FILE, HASH, MODEL, Row

_AT_ONCE = 500  # inspections of one transaction


class ImportRefused(VistoBuenoError):
    """A scored archive that this station cannot take in."""


@dataclass
class Imported:
    """How many inspections were ``added``, were there ``already``, or are none because the photograph was ``refused``;
    and of how many the photograph is kept here.
    """

    added: int = 0
    already: int = 0
    refused: int = 0
    photographs: int = 0


def import_scored(
    engine: Engine,
    evidence: Evidence,
    place: Path,
    line: str,
    photographs: Photographs | None = None,
    *,
    jobs: int = 1,
    clock: Clock = utc_now,
    progress: Callable[[int], None] = lambda done: None,
) -> Imported:
    """Write an inspection of a line for each photograph of a scored archive, by batches, each batch whole or not at all.

    A photograph is known by its hash, the model and calibration that judged it, and the line. Its moment is that of the
    import. The blind audit draws none.

    Args:
        photographs: from where they are fetched to be kept here; None: they stay where they are, and nobody is asked
            about those that wait for a review.

    Raises:
        DataRefused: ``results_unreadable``. ImportRefused: ``model_not_here``. NotFound, LineRefused: of the line.
    """
    found = opened(place)
    with reading(engine) as connection:
        lines.check_in_use(connection, line)
    ledger, own, done = Ledger(engine, clock), station_id(engine), Imported()
    known: set[str] = set()
    for rows in _batches(found):
        for digest in {row[MODEL] for row in rows} - known:
            _refuse_unknown(engine, digest, rows)
            known.add(digest)
        judged = [row for row in rows if row[ERROR] is None]
        once = {(write := _write(row, line)).key_hash: (write, row) for row in judged}
        with reading(engine) as connection:
            before = archives.made_already(connection, once)
        now = clock()
        new = {new_key(now, own): once[key] for key in once if key not in before}
        stored = _stored(evidence, photographs, {key: row for key, (_, row) in new.items()}, jobs)
        entries = [Entry(_draft(row, line, now, key), None, write) for key, (write, row) in new.items()]
        with writing(engine) as connection:
            added = archives.add_new(connection, ledger, entries, set(new) - stored, now)
        for each in stored - {one.evidence for one in added}:
            evidence.delete(each)
        done.added += len(added)
        done.refused += len(rows) - len(judged)
        done.already += len(judged) - len(added)
        done.photographs += len(stored & {one.evidence for one in added})
        progress(len(rows))
    return done


def _batches(found: Any) -> Iterator[list[Row]]:
    rows = (row for batch in found.to_batches(batch_size=_AT_ONCE) for row in batch.to_pylist())
    while some := list(islice(rows, _AT_ONCE)):
        yield some


def _refuse_unknown(engine: Engine, digest: str, rows: list[Row]) -> None:
    with reading(engine) as connection:
        if archives.knows_model(connection, digest):
            return
    named = next(f"{row['model_name']} {row['model_version']}" for row in rows if row[MODEL] == digest)
    raise ImportRefused(
        "model_not_here",
        es=f"La estación no tiene el modelo {named} ({digest[:12]}) que juzgó el archivo. Añádalo con vistobueno model add.",
        en=f"The station does not have the model {named} ({digest[:12]}) that judged the archive. Add it with vistobueno model "
        "add.",
    )


def _write(row: Row, line: str) -> Write:
    key = f"archive {line}\n{row[HASH]} {row[MODEL]} {row[CALIBRATION] or ''}"
    return Write(key, SYSTEM, row[HASH])


def _draft(row: Row, line: str, now: datetime, evidence: str) -> Inspection:
    values = {
        **row,
        "number": 0,
        "at": now,
        "line": line,
        "actor_kind": SYSTEM.kind,
        "actor_id": SYSTEM.id,
        "actor_name": SYSTEM.name,
        "source": "bulk",
        "filename": row[FILE],
        "evidence": evidence,
        "product": row["resembles"],
        "reasons": tuple(row["reasons"]),
        "probabilities": dict(row["probabilities"]),
    }
    return composed(Inspection, values)


def _stored(evidence: Evidence, photographs: Photographs | None, rows: dict[str, Row], jobs: int) -> set[str]:
    """The keys of the photographs that were fetched, are what was judged, and are kept now."""
    if photographs is None:
        return set()

    def store(key: str) -> str | None:
        limits, row = Limits(), rows[key]
        try:
            data, _ = photographs.fetch(row[FILE], limits.max_bytes)
            if hashlib.sha256(data).hexdigest() != row[HASH]:
                return None
            jpeg = kept_jpeg(open_photo(data, limits).picture)
        except PhotoRefused:
            return None
        evidence.put(key, jpeg)
        return key

    return {each for each in Local(store, jobs).submit(rows) if each is not None}
