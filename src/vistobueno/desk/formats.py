"""Numbers, shares, dates and sizes as a person's language writes them, in that person's time zone."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from ..i18n import say

_UNITS = ("B", "kB", "MB", "GB", "TB")


def number(value: float, language: str, digits: int = 0) -> str:
    """12.345,6 in Spanish, 12,345.6 in English."""
    text = f"{value:,.{digits}f}".replace("-", "−")
    return text if language == "en" else text.translate(str.maketrans(",.", ".,"))


def percent(share: float, language: str, digits: int = 1) -> str:
    """97,3 %. What is not all is never said to be all, nor what is not nothing nothing."""
    least = 10.0 ** -(digits + 2)
    if 0 < share < least:
        return f"<\u00a0{percent(least, language, digits)}"
    if 1 - least < share < 1:
        return f">\u00a0{percent(1 - least, language, digits)}"
    return number(share * 100, language, digits) + ("\u00a0%" if language != "en" else "%")


def size(value: float, language: str) -> str:
    """3,2 MB."""
    step = 0
    while value >= 1000 and step < len(_UNITS) - 1:
        value, step = value / 1000, step + 1
    return f"{number(value, language, 1 if step and value < 100 else 0)} {_UNITS[step]}"


def day(value: date, language: str) -> str:
    """25 nov 2026."""
    return f"{value.day} {say(language, 'ui_months').split()[value.month - 1]} {value.year}"


def short_day(value: date, language: str) -> str:
    """25 nov."""
    return f"{value.day} {say(language, 'ui_months').split()[value.month - 1]}"


def clock(value: datetime, zone: ZoneInfo) -> str:
    """11:32."""
    return value.astimezone(zone).strftime("%H:%M")


def moment(value: datetime, zone: ZoneInfo, language: str) -> str:
    """25 nov 2026, 11:32."""
    return f"{day(value.astimezone(zone).date(), language)}, {clock(value, zone)}"


def lately(value: datetime, zone: ZoneInfo, language: str) -> str:
    """11:32 today, else 25 nov, 11:32."""
    local = value.astimezone(zone)
    if local.date() == datetime.now(UTC).astimezone(zone).date():
        return clock(value, zone)
    return f"{short_day(local.date(), language)}, {clock(value, zone)}"
