"""What a station can do: inspections, reviews, models, upkeep; what web, desk and cli ask."""

from ..core.inspection import Actor, DayCount, Filter, Inspection, ModelVersion, Page, Review
from ..store.database import Unavailable
from ..store.errors import Conflict, NotFound
from ..store.lists import CursorRefused
from .batch import Batch, BatchRefused, ZipOutcome
from .inspections import Kept
from .judging import Busy, Slot
from .opening import open_records
from .running import running_station, set_running_station
from .station import Readiness, Station

__all__ = [
    "Actor",
    "Batch",
    "BatchRefused",
    "Busy",
    "Conflict",
    "CursorRefused",
    "DayCount",
    "Filter",
    "Inspection",
    "Kept",
    "ModelVersion",
    "NotFound",
    "Page",
    "Readiness",
    "Review",
    "Slot",
    "Station",
    "Unavailable",
    "ZipOutcome",
    "open_records",
    "running_station",
    "set_running_station",
]
