"""What goes out compressed, and that ranges, conditions and lines that come one by one stay right."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

from aside import awaited
from people_at import HTML, signed_in
from serving import Served, serving
from vistobueno.model.bundle import Bundle
from vistobueno.web.middleware.packed import Packed

FITS_A_PACKET = 500


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, small_bundle: Bundle) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("packed"), MODEL_PATH=str(small_bundle.path)) as station:
        yield station


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[httpx.Client]:
    with signed_in(served, "admin") as opened:
        yield opened


def raw(client: httpx.Client, path: str, **headers: str) -> tuple[httpx.Response, bytes]:
    """An answer and the bytes of its body as they crossed the line."""
    with client.stream("GET", path, headers={"Accept-Encoding": "gzip", **headers}) as answer:
        return answer, b"".join(answer.iter_raw())


@pytest.fixture(scope="module")
def script(client: httpx.Client) -> str:
    """The largest script of a desk page's document."""
    found = re.findall(r'(?:src|href)="\.?(/static/js/[^"]+\.js)"', client.get("/", headers=HTML).text)
    return str(max(found, key=lambda path: len(client.get(path).content)))


def test_every_text_is_packed_streamlit_s_own_too(client: httpx.Client) -> None:
    pages = ("/", "/history", "/inspect", "/review", "/api/v1/docs", "/nothing-here")
    texts = [client.get(page, headers=HTML).text for page in pages]
    parts = {part for text in texts for part in re.findall(r'(?:src|href)="\.?(/(?:static|field)/[^"]+)"', text)}
    assert len(parts) > 10
    for path in (*pages, "/api/v1/openapi.json", "/metrics", "/sw.js", *sorted(parts)):
        answer, body = raw(client, path, **HTML)
        plain = client.get(path, headers={**HTML, "Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers, path
        if len(plain.content) > FITS_A_PACKET:
            assert answer.headers["content-encoding"] == "gzip", path
            assert "Accept-Encoding" in answer.headers["vary"], path
            assert len(body) < len(plain.content), path
            if path in parts:
                assert gzip.decompress(body) == plain.content, path


def test_a_part_of_a_file_and_a_condition_are_answered_as_ever(client: httpx.Client, script: str) -> None:
    plain = client.get(script, headers={"Accept-Encoding": "identity"})
    for _ in range(2):  # packed now, and kept from before
        answer, body = raw(client, script)
        assert (answer.headers["content-length"], gzip.decompress(body)) == (str(len(body)), plain.content)
        assert answer.headers["etag"] == f"W/{plain.headers['etag']}"
        assert answer.headers["cache-control"] == plain.headers["cache-control"]
        some, body = raw(client, script, Range="bytes=10-19")
        assert (some.status_code, body) == (206, plain.content[10:20])
        for known in (plain.headers["etag"], answer.headers["etag"]):
            assert raw(client, script, **{"If-None-Match": known})[0].status_code == 304
        assert raw(client, script, **{"If-None-Match": '"another"'})[0].status_code == 200
        head = client.head(script, headers={"Accept-Encoding": "gzip"})
        assert (head.status_code, head.content) == (200, b"")
    assert raw(client, f"{script}x.js")[0].status_code == 404
    assert raw(client, script, **{"Accept-Encoding": "br"})[1] == plain.content


def test_a_photograph_is_sent_as_it_is(served: Served) -> None:
    answer, body = raw(served.client(), "/favicon.png")
    assert "content-encoding" not in answer.headers and body.startswith(b"\x89PNG")


def test_a_file_that_changes_or_goes_while_the_station_runs_is_given_as_it_is(tmp_path: Path) -> None:
    (folder := tmp_path / "static").mkdir()
    file = folder / "a.js"

    async def visited() -> None:
        transport = httpx.ASGITransport(Packed(StaticFiles(directory=tmp_path)))
        async with httpx.AsyncClient(transport=transport, base_url="http://station") as client:
            for text in ("first " * 1000, "another " * 1000, "the last " * 1000):
                file.write_text(text)
                for _ in range(3):
                    answer = await client.get("/static/a.js")
                    assert (answer.status_code, answer.text) == (200, text)
                assert answer.headers["content-encoding"] == "gzip"
            file.write_text("small")
            assert (await client.head("/static/a.js")).headers["content-length"] == "5"
            assert (await client.get("/static/a.js")).text == "small"

    awaited(visited())


def test_a_file_that_is_not_there_is_asked_for_once() -> None:
    asked = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        asked.append(scope["method"])
        await PlainTextResponse("nothing", 404)(scope, receive, send)

    async def visited() -> None:
        transport = httpx.ASGITransport(Packed(app))
        async with httpx.AsyncClient(transport=transport, base_url="http://station") as client:
            answer = await client.get("/static/a.js")
            assert (answer.status_code, answer.text) == (404, "nothing")
            assert (await client.head("/static/a.js")).content == b""

    awaited(visited())
    assert len(asked) == 2


def test_a_file_that_was_cut_short_is_not_kept_so() -> None:
    whole, asked = b"let one = 1;" * 200, []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        asked.append(scope["method"])
        await send({"type": "http.response.start", "status": 200, "headers": [(b"etag", b'"1"')]})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return
        await send({"type": "http.response.body", "body": whole[:600], "more_body": True})
        if len(asked) > 1:  # the first one who asked went away
            await send({"type": "http.response.body", "body": whole[600:], "more_body": False})

    async def nothing() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def visited() -> None:
        packed, told = Packed(app), list[bytes]()

        async def taken(message: Message) -> None:
            told.append(message.get("body", b""))

        for _ in range(2):
            told.clear()
            scope = {
                "type": "http",
                "method": "GET",
                "path": "/static/a.js",
                "headers": [(b"accept-encoding", b"gzip")],
            }
            await packed(scope, nothing, taken)
        assert gzip.decompress(b"".join(told)) == whole

    awaited(visited())
