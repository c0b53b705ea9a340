"""A station in the test's own process, on each database; `serving` runs one in a process of its own."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vistobueno.core.photo import open_photo
from vistobueno.core.verdict import Verdict
from vistobueno.model.bundle import Bundle
from vistobueno.model.inspector import inspect, limits_for
from vistobueno.model.runtime import Model
from vistobueno.services import Station
from vistobueno.settings import Settings

Open = Callable[..., Station]
WITHOUT_AUDIT: dict[str, Any] = {"audit_share": 0.0, "audit_first": 0}
"""What waits is what the model asks about; tests of the blind audit say otherwise."""


@pytest.fixture
def open_station(small_bundle: Bundle, database: str, tmp_path: Path) -> Iterator[Open]:
    """Opens a station in one place, again and again; the last one is closed at the end."""
    settings = Settings(
        data_dir=tmp_path / "data", database_url=database, model_path=str(small_bundle.path), **WITHOUT_AUDIT
    )
    opened: list[Station] = []

    def open_again(**changes: object) -> Station:
        while opened:
            opened.pop().close()
        opened.append(Station.open(replace(settings, **changes)))
        return opened[0]

    yield open_again
    while opened:
        opened.pop().close()


@pytest.fixture
def station(open_station: Open) -> Station:
    """One that is open."""
    return open_station()


def verdict_on(model: Model, data: bytes) -> Verdict:
    """Work for `Judging.run`: the verdict on a photograph, as `Inspections.inspect` comes to it."""
    return inspect(open_photo(data, limits_for(model)), model)
