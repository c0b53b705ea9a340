"""A station: what it can do, each part by its name. State of a process lives here."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Engine

from ..core.audit import Audit
from ..core.clock import Chance, Clock, by_chance, utc_now
from ..settings import Settings
from ..store.database import Unavailable, database_alive
from ..store.lock import StationLock
from ..store.photos.evidence import Evidence
from ..store.retention import station_id
from .audits import Audits
from .calibrations import Calibrations
from .control import Control
from .defects import Defects
from .engine import cores
from .inspections import Inspections
from .judging import Judging
from .lines import Lines
from .lots import Lots
from .measuring import Measuring
from .models import Models
from .opening import open_records
from .reports import Reports
from .reviews import Reviews
from .trials import Trials
from .upkeep import Upkeep
from .webhooks import Webhooks


@dataclass(frozen=True)
class Readiness:
    """Whether the station can inspect and keep now, which part of it can not, and what is not as it should be.

    Attributes:
        demo: what it keeps is a demonstration.
    """

    ok: bool
    checks: Mapping[str, bool]
    warnings: tuple[str, ...] = ()
    demo: bool = False


class Station:
    """Open one a process with `Station.open`; threads share it."""

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        evidence: Evidence,
        lock: StationLock,
        clock: Clock = utc_now,
        chance: Chance = by_chance,
    ) -> None:
        self.settings, self.engine, self.evidence, self._lock = settings, engine, evidence, lock
        station = station_id(engine)  # before anything has a thread to end
        self.webhooks = Webhooks(engine, settings)
        self.models = Models(engine, settings)
        self.judging = Judging(settings.judging_threads or cores(), settings.judging_queue)
        self.lines = Lines(engine, self.models, clock)
        audit = partial(Audit, share=settings.audit_share, first=settings.audit_first, second=settings.audit_second)
        self.lots, self.reports = Lots(engine, clock, chance), Reports(engine, evidence, settings, clock)
        self.inspections = Inspections(
            engine, evidence, self.judging, self.models, self.lines, self.lots, station, audit, clock, chance
        )
        self.reviews, self.audits = Reviews(engine, clock), Audits(engine)
        self.calibrations = Calibrations(engine, evidence, self.models, clock)
        self.defects, self.control = Defects(engine), Control(engine)
        self.trials = Trials(self.models, self.judging)
        self.measuring = Measuring(evidence)
        self.upkeep = Upkeep(engine, evidence, settings.retention_days)
        self.demonstration = self.lots.demonstration()
        """It was filled with what never was, which every page and export says; it never becomes one while it runs."""

    @classmethod
    def open(
        cls, settings: Settings, clock: Clock = utc_now, chance: Chance = by_chance, *, alone: bool = False
    ) -> "Station":
        """Bring the database to its schema, open the store, load and prove the model.

        Args:
            clock, chance: what time it is, and what is drawn: a demonstration says so itself.
            alone: with no station beside.

        Raises:
            Unavailable, BundleRefused, DownloadFailed: what is not there, and what to do.
            Occupied: a station runs, and this one wants to be alone.
        """
        engine, evidence = open_records(settings)
        lock = StationLock(engine, settings.data_dir, alone=alone)
        try:
            lock.hold()
            return cls(settings, engine, evidence, lock, clock, chance)
        except BaseException:
            lock.release()
            engine.dispose()
            raise

    def close(self) -> None:
        """End when what was taken in is kept."""
        self.judging.close()
        self.trials.close()
        self.models.close()
        self.upkeep.close()
        self._lock.release()
        self.engine.dispose()

    def ready(self) -> Readiness:
        """Ask every part now."""
        checks = {"model": True, "database": database_alive(self.engine), "evidence": True}
        try:
            self.evidence.check()
        except Unavailable:
            checks["evidence"] = False
        warnings = ("active_model_not_loaded",) if self.models.missed else ()
        return Readiness(all(checks.values()), checks, warnings, self.demonstration)
