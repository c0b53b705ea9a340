"""Numbers, shares, dates and sizes as a person's language writes them, in that person's time zone."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from ..i18n import say
from ..i18n.written import clock, day, moment, number, percent

__all__ = ["clock", "day", "lately", "moment", "named_day", "number", "percent", "short_day", "size"]
_UNITS = ("B", "kB", "MB", "GB", "TB")


def size(value: float, language: str) -> str:
    """3,2 MB."""
    step = 0
    while value >= 1000 and step < len(_UNITS) - 1:
        value, step = value / 1000, step + 1
    return f"{number(value, language, 1 if step and value < 100 else 0)} {_UNITS[step]}"


def short_day(value: date, language: str) -> str:
    """25 nov."""
    return f"{value.day} {say(language, 'ui_months').split()[value.month - 1]}"


def named_day(value: date, zone: ZoneInfo, language: str) -> str:
    """Hoy, 25 nov 2026."""
    today = datetime.now(UTC).astimezone(zone).date()
    names = {today: "ui_today", today - timedelta(days=1): "ui_yesterday"}
    return f"{say(language, names[value])}, {day(value, language)}" if value in names else day(value, language)


def lately(value: datetime, zone: ZoneInfo, language: str) -> str:
    """11:32 today, else 25 nov, 11:32."""
    local = value.astimezone(zone)
    if local.date() == datetime.now(UTC).astimezone(zone).date():
        return clock(value, zone)
    return f"{short_day(local.date(), language)}, {clock(value, zone)}"
