"""What a station can do: inspect, keep, find again, review, change its model. The only door that web, ui and cli use."""

from ..core.inspection import Actor, DayCount, Filter, Inspection, ModelVersion, Page, Review
from ..store.database import Unavailable
from ..store.ledger import Conflict, NotFound
from ..store.lists import CursorRefused
from .answers import Kept, Readiness
from .batch import Batch, BatchRefused, ZipOutcome
from .judging import Busy, Place
from .opening import open_records
from .running import running_station, set_running_station
from .station import Station

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
    "Place",
    "Readiness",
    "Review",
    "Station",
    "Unavailable",
    "ZipOutcome",
    "open_records",
    "running_station",
    "set_running_station",
]
