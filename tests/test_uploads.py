"""What a page's uploader sends to Streamlit's memory: few files, each bounded."""

from typing import Any

import pytest

from aside import awaited
from vistobueno.services import Busy
from vistobueno.web.api.request_body import BODIES, MOST_PHOTO, MULTIPART_OVERHEAD
from vistobueno.web.middleware.uploads import MOST_HELD, WHERE, Uploads
from vistobueno.web.problems import RequestRefused


class Memory:
    """As Streamlit keeps what is sent, by address."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["method"] == "DELETE":
            assert (b"x-xsrftoken", b"t") in scope["headers"] and b"content-length" not in dict(scope["headers"])
            del self.kept[scope["path"]]
        else:
            body, more = b"", True
            while more:
                message = await receive()
                body, more = body + message["body"], message["more_body"]
            self.kept[scope["path"]] = body
        await send({"type": "http.response.start", "status": 204, "headers": []})


def put(app: Uploads, name: str, *pieces: bytes, method: str = "PUT", length: int | None = None) -> list[Any]:
    sent, coming = [], [*pieces]
    headers = [(b"x-xsrftoken", b"t"), (b"content-length", str(length or sum(map(len, pieces))).encode())]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": coming.pop(0), "more_body": bool(coming)}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": f"{WHERE}session/{name}", "headers": headers, "state": {},
             "query_string": b"", "client": ("127.0.0.1", 1)}  # fmt: skip
    awaited(app(scope, receive, send))
    return sent


def test_what_is_sent_arrives_and_the_oldest_of_many_gives_way() -> None:
    memory = Memory()
    app = Uploads(memory)
    for number in range(MOST_HELD + 3):
        (answer,) = put(app, str(number), b"a" * number, b"b")
        assert answer["status"] == 204, "only the answer to what was asked"
    assert [*memory.kept] == [f"{WHERE}session/{number}" for number in range(3, MOST_HELD + 3)]
    assert memory.kept[f"{WHERE}session/5"] == b"aaaaab"
    put(app, "5", b"again")
    assert len(memory.kept) == MOST_HELD and memory.kept[f"{WHERE}session/5"] == b"again"
    assert BODIES.held == 0


def test_what_is_too_large_is_refused_whether_it_says_so_or_not() -> None:
    memory = Memory()
    app = Uploads(memory)
    with pytest.raises(RequestRefused) as declared:
        put(app, "a", b"x", length=MOST_PHOTO + MULTIPART_OVERHEAD + 1)
    with pytest.raises(RequestRefused) as sent:
        put(app, "a", *[b"x" * 1_000_000] * 16, length=1)
    assert declared.value.status == sent.value.status == 413
    assert memory.kept == {} and BODIES.held == 0


def test_all_bodies_together_are_bounded() -> None:
    with BODIES.share(("address", "x"), BODIES.each), BODIES.share(("address", "y"), BODIES.each), pytest.raises(Busy):
        put(Uploads(Memory()), "a", b"xyz")
