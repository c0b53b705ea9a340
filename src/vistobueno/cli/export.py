"""`vistobueno export`: the station's inspections as CSV, XLSX or Parquet."""

from datetime import UTC, datetime
from pathlib import Path

from ..core.inspection import Filter
from ..i18n import counted, say
from ..services import open_records
from ..services.export import export_inspections
from ..settings import Settings


def run_export(
    settings: Settings,
    file: Path,
    line: str | None,
    lot: int | None,
    since: datetime | None,
    until: datetime | None,
    language: str,
) -> None:
    """Write a station's inspections, even while it runs. Times are UTC."""
    first, last = (each.replace(tzinfo=UTC) if each else None for each in (since, until))
    engine, _ = open_records(settings)
    try:
        count = export_inspections(engine, file, Filter(line=line, lot=lot, since=first, until=last), language)
    finally:
        engine.dispose()
    print(say(language, "export_written", file=file, inspections=counted(language, "inspections", count)))
