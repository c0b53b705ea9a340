"""Photographs judged and kept: one, or a ZIP of them; found again, with their evidence, counted, written as a table."""

import contextlib
import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date, tzinfo
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from ..core.audit import Audit
from ..core.clock import Chance, Clock, by_chance, utc_now
from ..core.inspection import DEFAULT_LINE, Actor, DayCount, Filter, Inspection, ModelName, Page, PhotoFacts, Source
from ..core.photo import open_photo
from ..core.pictures import heat_map_jpeg, kept_jpeg, thumbnail_jpeg
from ..core.verdict import Verdict
from ..model.inspector import inspect, limits_for
from ..model.runtime import Model
from ..store.database import Unavailable
from ..store.days import Days, day_counts
from ..store.errors import NotFound
from ..store.ledger import Ledger
from ..store.lists import inspections_count, inspections_page
from ..store.photos.evidence import Evidence, EvidenceMissing, new_key
from ..store.photos.protocol import unavailable
from ..store.writes import Write, content_of
from ..tracing import span
from . import table
from .batch import Batch, entry_key, inspect_entries
from .judging import Judging, Slot
from .lines import Lines
from .lots import Lots, Place
from .models import Models
from .spreadsheet import PLAIN, Cell, Dialect, csv_table, xlsx_table

_ALL = Filter()
_EXPORTED_AT_ONCE = 500  # rows


@dataclass(frozen=True)
class Kept:
    """An inspection that is durable; ``replayed`` when an earlier call with the same key made it."""

    inspection: Inspection
    replayed: bool = False


@dataclass(frozen=True)
class Judged:
    """A photograph that was judged and is not kept yet: nothing larger than the JPEG that will be."""

    photo: PhotoFacts
    verdict: Verdict
    jpeg: bytes
    model: ModelName
    elapsed_ms: float


class Inspections:
    """The inspections of a station. Threads share it."""

    def __init__(
        self,
        engine: Engine,
        evidence: Evidence,
        judging: Judging,
        models: Models,
        lines: Lines,
        lots: Lots,
        station: str,
        audit: Callable[[str], Audit],
        clock: Clock = utc_now,
        chance: Chance = by_chance,
    ) -> None:
        self._engine, self._evidence, self._judging = engine, evidence, judging
        self._models, self._lines, self._lots = models, lines, lots
        self._ledger, self._days, self._id = Ledger(engine, clock, chance), Days(engine), station
        self._audit, self._clock = audit, clock

    def inspect(
        self,
        data: bytes,
        actor: Actor,
        *,
        source: Source,
        line: str = DEFAULT_LINE,
        place: Place | None = None,
        filename: str | None = None,
        idempotency_key: str | None = None,
        admitted: Slot | None = None,
    ) -> Kept:
        """Judge a photograph; its verdict and its photograph are durable when this returns.

        Args:
            place: where the fruit was taken from, of an open lot.
            idempotency_key: the actor's own name for this call: with the same photograph it is done once.
            admitted: the place that `Judging.admit` gave; without one it is taken here.

        Raises:
            PhotoRefused: it cannot be judged.
            LineRefused, NotFound, LotRefused: the line or lot is unknown or takes no photographs; what was kept by an
                earlier call is given all the same.
            Busy: every place is taken.
            Conflict: the key was used for another photograph.
            Unavailable: it cannot be kept now; nothing was.
        """
        with self._place(admitted):
            if (before := self._kept_before(data, actor, idempotency_key)) is not None:
                return Kept(before, replayed=True)
            self._lines.check(line)
            if place is not None:
                self._lots.check(place)
            return self.keep(
                self.judge(data, line),
                actor,
                source=source,
                line=line,
                place=place,
                filename=filename,
                idempotency_key=idempotency_key,
            )

    def judge(self, data: bytes, line: str = DEFAULT_LINE) -> Judged:
        """Judge a photograph as its line is judged now; nothing is kept.

        Raises:
            PhotoRefused: it cannot be judged.
        """
        return self._judging.run(_judged, self._models.judging(line), data)

    def keep(
        self,
        judged: Judged,
        actor: Actor,
        *,
        source: Source,
        line: str = DEFAULT_LINE,
        place: Place | None = None,
        filename: str | None = None,
        idempotency_key: str | None = None,
    ) -> Kept:
        """Keep what was judged ahead, with its photograph, as `inspect` does; both are durable when this returns.

        Raises:
            NotFound, LotRefused: the lot takes no more photographs.
            Conflict: the key was used for another photograph.
            Unavailable: it cannot be kept now; nothing was.
        """
        write = Write(idempotency_key, actor, judged.photo.sha256) if idempotency_key else None
        draft = Inspection(
            number=0,
            at=(now := self._clock()),
            line=line,
            actor=actor,
            source=source,
            filename=filename,
            verdict=judged.verdict,
            model=judged.model,
            photo=judged.photo,
            evidence=new_key(now, self._id),
            elapsed_ms=judged.elapsed_ms,
            **({} if place is None else asdict(place)),
        )
        return self._keep(draft, judged.jpeg, write)

    def inspect_zip(
        self,
        file: BinaryIO,
        actor: Actor,
        *,
        source: Source,
        line: str = DEFAULT_LINE,
        idempotency_key: str | None = None,
    ) -> Batch:
        """Inspect and keep every photograph of a ZIP, in its order; one that is refused stops no other.

        Args:
            idempotency_key: the actor's own name for the whole ZIP: sent again, it is done once.

        Raises:
            BatchRefused: it is not a ZIP of photographs; nothing was inspected.
            LineRefused: the line is unknown or retired; nothing was inspected.
            Conflict: the key was used for something else; nothing was inspected.
        """

        def key_of(name: str, place: int) -> str | None:
            return entry_key(idempotency_key, place, name) if idempotency_key else None

        def judge(data: bytes, name: str, place: int) -> Judged | Inspection:
            with self._judging.admit(wait=True):
                if (before := self._kept_before(data, actor, key_of(name, place))) is not None:
                    return before
                self._lines.check(line)
                return self.judge(data, line)

        def keep(judged: Judged | Inspection, name: str, place: int) -> Inspection:
            if isinstance(judged, Inspection):
                return judged
            key = key_of(name, place)
            return self.keep(judged, actor, source=source, line=line, filename=name, idempotency_key=key).inspection

        if not (idempotency_key and self._ledger.is_used(Write(idempotency_key, actor, ""))):
            self._lines.check(line)
        batch = inspect_entries(file, judge, self._judging.threads, keep)
        if idempotency_key:  # a ZIP that is refused takes no name: it may be mended and sent again under it
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
            self._ledger.claim(Write(idempotency_key, actor, content_of("batch", digest)))
        return batch

    def one(self, number: int) -> Inspection:
        """One inspection, or `NotFound`."""
        return self._ledger.inspection(number)

    def several(self, numbers: Iterable[int]) -> dict[int | None, Inspection]:
        """Those of these inspections that there are, by number."""
        return {each.number: each for each in self._ledger.several(numbers)}

    def page(self, filter: Filter = _ALL, after: str | None = None, limit: int = 50) -> Page[Inspection]:  # noqa: A002
        """Inspections, newest first."""
        return inspections_page(self._engine, filter, after, limit)

    def day_counts(self, since: date, until: date) -> tuple[DayCount, ...]:
        """Inspections by day (UTC), product and answer, both days included."""
        return day_counts(self._engine, since, until)

    def own_day_counts(self, since: date, until: date, zone: tzinfo) -> tuple[DayCount, ...]:
        """The same by the days of a time zone: exact, for some weeks; years are read faster from `day_counts`."""
        return self._days.counts(since, until, zone)

    def photograph(self, number: int) -> bytes:
        """The JPEG that was kept, or `NotFound`."""
        found = self.one(number)
        try:
            return self._evidence.get(found.evidence)
        except EvidenceMissing as error:
            raise NotFound(
                "no_photograph",
                es=f"La foto de la inspección {number} no se conserva aquí; su veredicto sí.",
                en=f"The photo of inspection {number} is not kept here; its verdict is.",
            ) from error

    def heat_map(self, number: int) -> bytes:
        """Where the model looked, as a JPEG, or `NotFound`."""
        activation = self._ledger.activation(number)
        if activation is None:
            raise NotFound(
                "no_heat_map",
                es=f"El modelo de la inspección {number} no dice dónde miró. Su foto y su veredicto sí están.",
                en=f"The model of inspection {number} does not show where it looked. Its photo and its verdict are there.",
            )
        return heat_map_jpeg(self.photograph(number), activation)

    def thumbnail(self, number: int, side: int = 160) -> bytes:
        """The photograph, small, as a JPEG, or `NotFound`."""
        return thumbnail_jpeg(self.photograph(number), max(16, min(side, 1024)))

    def count(self, filter: Filter, most: int) -> int | None:  # noqa: A002
        """How many inspections there are, as far as ``most``; None where only the newest were looked through."""
        return inspections_count(self._engine, filter, most)

    def export_csv(self, filter: Filter, language: str, dialect: Dialect = PLAIN) -> Iterator[str]:  # noqa: A002
        """Inspections as the lines of a CSV table, its heading first."""
        return csv_table(table.heading(language, str(dialect.zone or "UTC")), self._rows(filter, language), dialect)

    def export_xlsx(self, file: BinaryIO, folder: Path, filter: Filter, language: str, zone: tzinfo) -> None:  # noqa: A002
        """Write inspections as a workbook, by the clocks of a zone; what it is made of lies in ``folder`` meanwhile."""
        try:
            xlsx_table(file, folder, table.heading(language, str(zone)), self._rows(filter, language), zone, language)
        except OSError as error:
            raise unavailable(error) from error

    def _rows(self, filter: Filter, language: str) -> Iterator[list[Cell]]:  # noqa: A002
        return table.rows(lambda after: self.page(filter, after, _EXPORTED_AT_ONCE), language)

    def _kept_before(self, data: bytes, actor: Actor, idempotency_key: str | None) -> Inspection | None:
        """What an earlier call with this key kept of the same photograph.

        Raises:
            Conflict: the key was used for another photograph.
        """
        write = Write(idempotency_key, actor, "") if idempotency_key else None
        if write is None or not self._ledger.is_used(write):
            return None
        return self._ledger.written(replace(write, content_sha256=hashlib.sha256(data).hexdigest()))

    @contextlib.contextmanager
    def _place(self, admitted: Slot | None) -> Iterator[None]:
        if admitted is not None:
            yield
            return
        with self._judging.admit():
            yield

    def _keep(self, draft: Inspection, jpeg: bytes, write: Write | None) -> Kept:
        """The photograph first, then the row: a row never names a photograph that is not there."""
        with span("evidence"):
            self._evidence.put(draft.evidence, jpeg)
        try:
            with span("store"):
                return Kept(self._ledger.add(draft, draft.verdict.activation, write, self._audit))
        except Exception as error:
            if not (isinstance(error, Unavailable) and error.code == "database_away"):
                with contextlib.suppress(Unavailable):
                    self._evidence.delete(draft.evidence)
            # A server that went away while it was told to commit may have done it: that photograph stays, and if there
            # is no row it is swept up later.
            if isinstance(error, IntegrityError) and write is not None:  # the same call came twice at once
                before = self._ledger.written(write)
                if before is not None:
                    return Kept(before, replayed=True)
            raise


def _judged(model: Model, data: bytes) -> Judged:
    start = time.perf_counter()
    with span("decode", bytes=len(data)):
        photo = open_photo(data, limits_for(model))
    with span("network"):
        verdict = inspect(photo, model)
    with span("encode"):
        jpeg = kept_jpeg(photo.picture)
    facts = PhotoFacts.of(photo, len(data))
    return Judged(facts, verdict, jpeg, model.name, (time.perf_counter() - start) * 1e3)
