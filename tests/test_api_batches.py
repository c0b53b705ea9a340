"""What a batch holds while it is told, and that it gives it back whoever goes away."""

import asyncio
import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request

from aside import awaited
from vistobueno.accounts import Identity
from vistobueno.core.errors import PhotoRefused
from vistobueno.core.inspection import Actor
from vistobueno.services import Batch, ZipOutcome
from vistobueno.settings import Settings
from vistobueno.web.api import batches as api_batches

REFUSED = PhotoRefused("damaged_photo", es="Está dañada.", en="It is damaged.")


class Station:
    """As much of one as a batch asks: outcomes, and what happens when they are not read to the end."""

    def __init__(self, folder: Path, at_the_end: Any = lambda: None) -> None:
        self.inspections = self
        self.settings, self.at_the_end = Settings(data_dir=folder), at_the_end

    def inspect_zip(self, *_: object, **__: object) -> Batch:
        return Batch(self.outcomes())

    def outcomes(self) -> Generator[ZipOutcome, None, None]:
        try:
            for number in range(5):
                yield ZipOutcome(f"{number}.jpg", error=REFUSED)
        finally:
            self.at_the_end()


async def told_to_nobody(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for a batch, line by line, and be gone before the first."""
    monkeypatch.setattr(api_batches, "open_station", lambda: station)

    async def body() -> dict[str, Any]:
        return {"type": "http.request", "body": b"PK", "more_body": False}

    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(_: object) -> None:
        await asyncio.sleep(0)

    identity = Identity(Actor("key", 1, "sorter"), None, frozenset({"inspect"}), "en")
    headers = [(b"content-type", b"application/zip"), (b"accept", api_batches.NDJSON.encode())]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers, "query_string": b"",
             "state": {"identity": identity}}  # fmt: skip
    response = await api_batches.batch(Request(scope, body))
    await response(scope, gone, send)


def test_who_goes_away_before_the_first_line_leaves_room_for_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def many() -> None:
        for _ in range(10):
            await told_to_nobody(Station(tmp_path), monkeypatch)

    awaited(many())


def test_what_is_still_judged_for_who_went_away_does_not_hold_up_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may wait for a place, and that is given back by a request that the same loop answers."""
    place = threading.Event()
    ended: list[bool] = []

    async def both() -> None:
        other = asyncio.get_running_loop().call_later(0.2, place.set)
        await told_to_nobody(Station(tmp_path, lambda: ended.append(place.wait(5))), monkeypatch)
        other.cancel()

    start = time.monotonic()
    awaited(both())
    assert ended == [True] and time.monotonic() - start < 4
