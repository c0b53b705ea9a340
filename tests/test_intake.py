import asyncio
import tempfile
from typing import Any, BinaryIO

import pytest
from starlette.requests import Request

from vistobueno.station import Unavailable
from vistobueno.web.intake import file_in


def sent(body: bytes) -> Request:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    headers = [(b"content-type", b"application/zip"), (b"content-length", str(len(body)).encode())]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": headers, "query_string": b""}, receive)


@pytest.mark.parametrize("size", [100, 100_000])
def test_a_disk_that_is_full_is_said_in_words(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    def full(**_: object) -> BinaryIO:
        return open("/dev/full", "w+b")  # noqa: PTH123

    monkeypatch.setattr(tempfile, "TemporaryFile", full)

    async def take() -> None:
        async with file_in(sent(b"x" * size), "zip", 1_000_000, None):
            raise AssertionError

    with pytest.raises(Unavailable) as caught:
        asyncio.run(take())
    assert caught.value.code == "disk_full"
