"""A station: one model, one database, one store of photographs, and bounded judging. State of a process lives here."""

import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from ..core.defects import Defect, named
from ..core.inspection import (
    SYSTEM,
    Actor,
    DayCount,
    Filter,
    Inspection,
    ModelVersion,
    Page,
    Review,
    ReviewAnswer,
    Source,
)
from ..core.photo import Limits, Photo, open_photo
from ..core.pictures import heat_map_jpeg, kept_jpeg, thumbnail_jpeg
from ..core.verdict import Verdict
from ..model.inspector import inspect
from ..model.runtime import Model
from ..settings import Settings
from ..store.database import Unavailable, database_alive
from ..store.days import Days
from ..store.ledger import Ledger, NotFound, Write, content_of
from ..store.lists import inspections_page, waiting_page
from ..store.lock import StationLock
from ..store.photos.evidence import Evidence, EvidenceMissing, new_key
from ..store.retention import apply_retention, recent_folders, station_id, sweep
from .answers import Kept, Readiness
from .batch import Batch, entry_key, inspect_entries
from .export import csv_lines
from .following import Following
from .judging import Judging, Place, T
from .measuring import Measured, Measuring
from .models import Models
from .once import claim_batch
from .opening import open_records
from .upkeep import Upkeep

_ALL = Filter()
_EXPORTED_AT_ONCE = 500  # rows


@dataclass(frozen=True)
class _Judged:
    """What leaves a judging slot: nothing larger than the JPEG that is kept."""

    photo_facts: Mapping[str, object]
    verdict: Verdict
    jpeg: bytes
    model: Model
    elapsed_ms: float


class Station:
    """Open one a process with `Station.open`; threads share it."""

    def __init__(self, settings: Settings, engine: Engine, evidence: Evidence, lock: StationLock) -> None:
        self.settings, self.engine, self.evidence, self._lock = settings, engine, evidence, lock
        self._ledger, self._days, self._models = Ledger(engine), Days(engine), Models(engine, settings)
        self._id = station_id(engine)
        self._following = Following(self._models)
        self._judging = Judging(settings.judging_threads or _cores(), settings.judging_queue)
        self._upkeep, self._measuring = Upkeep(self._keep_up), Measuring(evidence)

    @classmethod
    def open(cls, settings: Settings) -> "Station":
        """Bring the database to its schema, open the store, load and prove the model.

        Raises:
            Unavailable, BundleRefused, DownloadFailed: what is not there, and what to do.
        """
        engine, evidence = open_records(settings)
        lock = StationLock(engine, settings.data_dir)
        try:
            lock.hold()
            return cls(settings, engine, evidence, lock)
        except BaseException:
            lock.release()
            engine.dispose()
            raise

    def close(self) -> None:
        """End when what was taken in is kept."""
        self._judging.close()
        self._following.close()
        self._upkeep.close()
        self._lock.release()
        self.engine.dispose()

    @property
    def model(self) -> Model:
        """The model that judges now; whole, and the same for all that is done with what this gave."""
        return self._following.model

    def ready(self) -> Readiness:
        """Ask every part now."""
        checks = {"model": True, "database": database_alive(self.engine), "evidence": True}
        try:
            self.evidence.check()
        except Unavailable:
            checks["evidence"] = False
        warnings = ("active_model_not_loaded",) if self._following.missed else ()
        return Readiness(all(checks.values()), checks, warnings)

    def evidence_taken(self, patience: float = 0.5) -> Measured | None:
        """How much the store holds, as was measured lately; None while it is measured for the first time."""
        return self._measuring.last(patience)

    def admit(self, owner: Hashable = None) -> Place:
        """Take a place before a photograph is in memory; give it to `inspect`, and leave it by ``with``.

        Args:
            owner: who asks; one of many may not hold every place.

        Raises:
            Busy: every place is taken.
        """
        return self._judging.admit(owner)

    def in_turn(self, work: Callable[..., T], *arguments: Any) -> T:
        """Do ``work(model, *arguments)`` in the pool that judges, when it is its turn; nothing is kept.

        Take a place by `admit` first: none is taken here.
        """
        return self._judging.run(work, self.model, *arguments)

    def inspect(
        self,
        data: bytes,
        actor: Actor,
        *,
        source: Source,
        filename: str | None = None,
        idempotency_key: str | None = None,
        admitted: Place | None = None,
    ) -> Kept:
        """Judge a photograph; its verdict and its photograph are durable when this returns.

        Args:
            idempotency_key: the actor's own name for this call: with the same photograph it is done once.
            admitted: the place that `admit` gave; without one it is taken here.

        Raises:
            PhotoRefused: it cannot be judged.
            Busy: every place is taken.
            Conflict: the key was used for another photograph.
            Unavailable: it cannot be kept now; nothing was.
        """
        with self._place(admitted):
            write = Write(idempotency_key, actor, "") if idempotency_key else None
            if write is not None and self._ledger.is_used(write):
                write = replace(write, content_sha256=hashlib.sha256(data).hexdigest())
                if (before := self._ledger.written(write)) is not None:
                    return Kept(before, replayed=True)
            judged = self._judging.run(_judged, self.model, data)
            if write is not None:  # the photograph's hash is known now, and is not taken twice
                write = replace(write, content_sha256=str(judged.photo_facts["photo_sha256"]))
            return self._keep(judged, actor, source, filename, len(data), write)

    def inspection(self, number: int) -> Inspection:
        """One inspection, or `NotFound`."""
        return self._ledger.inspection(number)

    def several(self, numbers: Iterable[int]) -> dict[int | None, Inspection]:
        """Those of these inspections that there are, by number."""
        return {each.number: each for each in self._ledger.several(numbers)}

    def inspections(self, filter: Filter = _ALL, after: str | None = None, limit: int = 50) -> Page[Inspection]:  # noqa: A002
        """Inspections, newest first."""
        return inspections_page(self.engine, filter, after, limit)

    def waiting(self, after: str | None = None, limit: int = 50) -> Page[Inspection]:
        """Inspections that wait for a person, newest first."""
        return waiting_page(self.engine, after, limit)

    def waiting_count(self) -> int:
        """How many inspections wait for a person."""
        return self._ledger.waiting_count()

    def day_counts(self, since: date, until: date) -> tuple[DayCount, ...]:
        """Inspections by day (UTC), product and answer, both days included."""
        return self._ledger.day_counts(since, until)

    def own_day_counts(self, since: date, until: date, zone: tzinfo) -> tuple[DayCount, ...]:
        """The same by the days of a time zone: exact, for some weeks; years are read faster from `day_counts`."""
        return self._days.counts(since, until, zone)

    def review(
        self,
        number: int,
        actor: Actor,
        answer: ReviewAnswer,
        note: str = "",
        *,
        defects: Sequence[Defect] = (),
        idempotency_key: str | None = None,
    ) -> tuple[Review, bool]:
        """Set a person's answer beside a verdict.

        Args:
            defects: what is wrong with the fruit, where it is answered to be unfit.
            idempotency_key: the actor's own name for this answer: sent again, it is given once.

        Returns:
            The review, and whether an earlier call with the same key made it.

        Raises:
            NotFound: there is no such inspection.
            Conflict: the key was used for something else.
            DefectRefused: defects of a fruit that is not unfit.
        """
        defects = named(answer, defects)
        content = content_of("review", number, answer, note, *defects)
        write = Write(idempotency_key, actor, content) if idempotency_key else None
        return self._ledger.review(number, actor, answer, note, write, defects)

    def photograph(self, number: int) -> bytes:
        """The JPEG that was kept, or `NotFound`."""
        found = self.inspection(number)
        try:
            return self.evidence.get(found.evidence)
        except EvidenceMissing as error:
            raise NotFound(
                "no_photograph",
                es=f"La foto de la inspección {number} ya no se conserva; su veredicto sí.",
                en=f"The photo of inspection {number} is no longer kept; its verdict is.",
            ) from error

    def heat_map(self, number: int) -> bytes:
        """Where the model looked, as a JPEG, or `NotFound`."""
        activation = self._ledger.activation(number)
        if activation is None:
            raise NotFound(
                "no_heat_map",
                es=f"El modelo de la inspección {number} no dice dónde miró. Su foto y su veredicto sí están.",
                en=f"The model of inspection {number} does not tell where it looked. Its photo and its verdict are there.",
            )
        return heat_map_jpeg(self.photograph(number), activation)

    def thumbnail(self, number: int, side: int = 160) -> bytes:
        """The photograph, small, as a JPEG, or `NotFound`."""
        return thumbnail_jpeg(self.photograph(number), max(16, min(side, 1024)))

    def inspect_zip(self, file: BinaryIO, actor: Actor, *, source: Source, idempotency_key: str | None = None) -> Batch:
        """Inspect and keep every photograph of a ZIP, in its order; one that is refused stops no other.

        Args:
            idempotency_key: the actor's own name for the whole ZIP: sent again, it is done once.

        Raises:
            BatchRefused: it is not a ZIP of photographs; nothing was inspected.
            Conflict: the key was used for something else; nothing was inspected.
        """

        def one(data: bytes, name: str, place: int) -> Inspection:
            key = entry_key(idempotency_key, place, name) if idempotency_key else None
            with self._judging.admit(wait=True) as admitted:
                return self.inspect(
                    data, actor, source=source, filename=name, idempotency_key=key, admitted=admitted
                ).inspection

        batch = inspect_entries(file, one, self._judging.threads)
        if idempotency_key:  # a ZIP that is refused takes no name: it may be mended and sent again under it
            claim_batch(self._ledger, file, actor, idempotency_key)
        return batch

    def export_csv(self, filter: Filter, language: str) -> Iterator[str]:  # noqa: A002
        """Inspections as the lines of a CSV table, its heading first."""
        return csv_lines(lambda after: self.inspections(filter, after, _EXPORTED_AT_ONCE), language)

    def models(self) -> tuple[ModelVersion, ...]:
        """The models that this station has, the newest first."""
        return self._models.all(self.model.bundle.digest, self._following.missed)

    def add_model(self, path: Path, actor: Actor) -> ModelVersion:
        """Prove a bundle (a folder or a .zip) and keep a copy of it; another goes on being active.

        Raises:
            BundleRefused: it is not a bundle, or does not give the answers it promised.
        """
        return self._models.add(path, actor)

    def activate(self, digest: str, actor: Actor) -> ModelVersion:
        """Load and prove a model, then judge with it; what is being judged ends with the one before.

        Raises:
            NotFound, BundleRefused: the one before goes on.
        """
        self._following.change(lambda: self._models.activate(digest, actor))
        return next(each for each in self.models() if each.digest == digest)

    def earlier_model(self) -> ModelVersion | None:
        """The model that `roll_back` would make active; None where there was no other."""
        digest = self._models.earlier()
        return next((each for each in self.models() if each.digest == digest), None)

    def roll_back(self, actor: Actor) -> ModelVersion:
        """Judge with the model that was active before.

        Raises:
            NotFound, BundleRefused: the present one goes on.
        """
        self._following.change(lambda: self._models.roll_back(actor))
        return next(each for each in self.models() if each.active)

    def apply_retention(self, days: int, actor: Actor = SYSTEM) -> int:
        """Remove photographs older than ``days``, and return how many; verdicts stay, and what awaits review."""
        return apply_retention(self.engine, self.evidence, days, actor)

    def _keep_up(self) -> None:
        sweep(self.engine, self.evidence, recent_folders(self.engine))
        if self.settings.retention_days:
            self.apply_retention(self.settings.retention_days)

    @contextlib.contextmanager
    def _place(self, admitted: Place | None) -> Iterator[None]:
        if admitted is not None:
            yield
            return
        with self.admit():
            yield

    def _keep(
        self, judged: _Judged, actor: Actor, source: Source, filename: str | None, size: int, write: Write | None
    ) -> Kept:
        """The photograph first, then the row: a row never names a photograph that is not there."""
        draft = _draft(judged, actor, source, filename, size, self._id)
        self.evidence.put(draft.evidence, judged.jpeg)
        try:
            return Kept(self._ledger.add(draft, judged.verdict.activation, write))
        except Exception as error:
            if not (isinstance(error, Unavailable) and error.code == "database_away"):
                with contextlib.suppress(Unavailable):
                    self.evidence.delete(draft.evidence)
            # A server that went away while it was told to commit may have done it: that photograph stays, and if there
            # is no row it is swept up later.
            if isinstance(error, IntegrityError) and write is not None:  # the same call came twice at once
                before = self._ledger.written(write)
                if before is not None:
                    return Kept(before, replayed=True)
            raise


def _draft(judged: _Judged, actor: Actor, source: Source, filename: str | None, size: int, station: str) -> Inspection:
    verdict, bundle, now = judged.verdict, judged.model.bundle, datetime.now(UTC)
    return Inspection(
        number=0,
        at=now,
        actor=actor,
        source=source,
        filename=filename,
        model_digest=bundle.digest,
        model_name=bundle.name,
        model_version=bundle.version,
        evidence=new_key(now, station),
        bytes=size,
        answer=verdict.answer,
        reasons=verdict.reasons,
        forced=verdict.forced,
        product=verdict.product,
        class_key=verdict.class_key,
        probability_unfit=verdict.probability_unfit,
        probabilities=verdict.probabilities,
        stranger=verdict.stranger,
        scope_threshold=verdict.scope_threshold,
        has_heat_map=verdict.activation is not None,
        elapsed_ms=judged.elapsed_ms,
        **judged.photo_facts,  # type: ignore[arg-type]
    )


def _limits(model: Model) -> Limits:
    return Limits(cover=2 * max(model.bundle.input.width, model.bundle.input.height))


def _judged(model: Model, data: bytes) -> _Judged:
    start = time.perf_counter()
    photo = open_photo(data, _limits(model))
    verdict = inspect(photo, model)
    jpeg = kept_jpeg(photo.picture)
    return _Judged(_facts(photo), verdict, jpeg, model, (time.perf_counter() - start) * 1e3)


def _facts(photo: Photo) -> dict[str, object]:
    return {
        "photo_sha256": photo.sha256,
        "width": photo.width,
        "height": photo.height,
        "format": photo.format,
        "sharpness": photo.sharpness,
        "brightness": photo.brightness,
        "clipped": photo.clipped,
    }


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
