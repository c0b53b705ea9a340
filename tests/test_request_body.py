import tempfile
from typing import Any, BinaryIO

import pytest
from fastapi.routing import APIRoute
from starlette.requests import Request

from aside import awaited
from vistobueno.accounts import Identity
from vistobueno.core.inspection import Actor
from vistobueno.services import Unavailable
from vistobueno.web.api import batches as api_batches
from vistobueno.web.api import inspections as api_inspections
from vistobueno.web.api import lists as api_lists
from vistobueno.web.api.request_body import BoundedRoute, spool_file
from vistobueno.web.api.routes import make_api


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
        async with spool_file(sent(b"x" * size), "zip", 1_000_000, None):
            raise AssertionError

    with pytest.raises(Unavailable) as caught:
        awaited(take())
    assert caught.value.code == "disk_full"


def test_a_review_without_end_is_refused_while_it_comes() -> None:
    taken, answered = 0, []

    async def receive() -> dict[str, Any]:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": b" " * 10_000, "more_body": taken < 1000}

    async def send(message: Any) -> None:
        answered.append(message)

    identity = Identity(Actor("key", 1, "sorter"), None, frozenset({"review"}), "en")
    scope = {
        "type": "http", "method": "POST", "path": "/inspections/1/reviews", "root_path": "", "query_string": b"",
        "headers": [(b"content-type", b"application/json")], "state": {"identity": identity},
    }  # fmt: skip
    awaited(make_api()(scope, receive, send))
    assert answered[0]["status"] == 413 and taken < 10


def test_every_route_that_reads_json_is_bounded() -> None:
    routes = [each for part in (api_inspections, api_batches, api_lists) for each in part.router.routes]
    reads = [each for each in routes if isinstance(each, APIRoute) and each.body_field is not None]
    assert reads and all(isinstance(each, BoundedRoute) for each in reads)
