"""An access for tests: cheap hashing, a clock that a test turns, and people."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from vistobueno.accounts import AccessRefused, Accounts, SignInRefused
from vistobueno.accounts.directory import Person
from vistobueno.accounts.passwords import Passwords
from vistobueno.core.inspection import SYSTEM
from vistobueno.settings import Settings

PASSWORD = "manga verde salta alto"  # noqa: S105 of nobody
OTHER = "otra frase que nadie sabe"
HERE, THERE = "203.0.113.7", "198.51.100.9"


class Clock:
    """The time, as a test says."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 25, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **time: float) -> None:
        """Later."""
        self.now += timedelta(**time)


class TimedAccounts(Accounts):
    """Accounts with a clock in reach."""

    def __init__(self, engine: Engine, folder: Path, **settings: object) -> None:
        self.time = Clock()
        chosen = Settings(data_dir=folder, secret_key="tests", **settings)  # type: ignore[arg-type] # noqa: S106
        super().__init__(engine, chosen, passwords=Passwords(time_cost=1, memory_cost=64), clock=self.time)

    def add(self, email: str = "ana@example.org", role: str = "inspector", name: str = "Ana") -> Person:
        """A person with `PASSWORD`."""
        return self.people.add(email, name, role, SYSTEM, password=PASSWORD)

    def actions(self) -> list[str]:
        """What the audit log tells, newest first."""
        return [event.action for event in self.audit_log.page().items]


def refused_with(code: str, error: pytest.ExceptionInfo[AccessRefused]) -> None:
    """An access was refused, in both languages."""
    assert error.value.code == code
    assert error.value.es and error.value.en and error.value.es != error.value.en


def fail(access: Accounts, email: str = "ana@example.org", address: str = THERE, device: str = "") -> None:
    """Somebody does not come in."""
    with pytest.raises(SignInRefused):
        access.authentication.sign_in(email, "wrong", address, device=device)
