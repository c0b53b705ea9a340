"""`vistobueno lot report` and `verify`: the sealed report of a decision, and whether a copy is what was issued."""

import hashlib
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from ..i18n import LANGUAGES, say
from ..services import open_records
from ..services.reports import Reports
from ..settings import read_settings
from .lots import actor_named

_SAME, _UNKNOWN, _REPLACED = 0, 1, 2


def run_report(number: int, out: Path | None, zone: str, by: str, language: str) -> None:
    """Issue the report of a lot's last decision, if it was not yet, and write its file."""
    try:
        clocks = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise typer.BadParameter(say(language, "lot_zone_unknown", zone=zone)) from None
    settings = read_settings()
    engine, evidence = open_records(settings)
    try:
        reports = Reports(engine, evidence, settings)
        spoken = language if language in LANGUAGES else "es"
        issued, _ = reports.issue(number, spoken, actor_named(engine, settings, by, "review"), clocks)
        pdf = reports.pdf(issued.number)
    finally:
        engine.dispose()
    file = out or Path(f"vistobueno-{issued.number}.pdf")
    file.write_bytes(pdf)
    print(say(language, "lot_reported", number=issued.number, file=file))
    print(f"SHA-256 {issued.sha256}")


def run_verify(file: Path, language: str) -> int:
    """Say whether a file is a report of this station; returns the exit code."""
    with file.open("rb") as opened:
        sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
    settings = read_settings()
    engine, evidence = open_records(settings)
    try:
        found = Reports(engine, evidence, settings).of_file(sha256)
    finally:
        engine.dispose()
    if found is None:
        print(say(language, "verify_unknown"))
        return _UNKNOWN
    print(say(language, "verify_same", number=found.report.number))
    if found.replaced_at is None:
        return _SAME
    print(say(language, "verify_replaced", at=f"{found.replaced_at:%Y-%m-%d %H:%M} UTC"))
    return _REPLACED
