"""What time it is and what chance says; a test or a demonstration may say so instead."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
Chance = Callable[[int], str]
"""Hexadecimal digits, two for each byte asked for."""


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


def by_chance(length: int) -> str:
    """``length`` bytes that nobody can foresee."""
    return secrets.token_hex(length)
