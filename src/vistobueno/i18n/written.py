"""Numbers, shares and moments as a person's language writes them."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from . import say


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


def day(value: date, language: str) -> str:
    """25 nov 2026."""
    return f"{value.day} {say(language, 'ui_months').split()[value.month - 1]} {value.year}"


def clock(value: datetime, zone: ZoneInfo) -> str:
    """11:32."""
    return value.astimezone(zone).strftime("%H:%M")


def moment(value: datetime, zone: ZoneInfo, language: str) -> str:
    """25 nov 2026, 11:32."""
    return f"{day(value.astimezone(zone).date(), language)}, {clock(value, zone)}"
