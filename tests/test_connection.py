"""Whoever speaks to the port without end, without haste, or not at all: no memory, no socket and no log is theirs."""

import contextlib
import json
import select
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from serving import Served, serving
from vistobueno.model.bundle import Bundle

MOST = 48  # connections
SOON = 8.0  # seconds in which a machine that is busy ends what has one
HASTE = f"""
from vistobueno.web.api import request_body
from vistobueno.web.middleware import connection
connection.HEAD_WITHIN = connection.READ_WITHIN = connection.CLOSE_WITHIN = connection.TURNED_AWAY_WITHIN = 1.0
connection.REST_WITHIN = request_body.SILENCE = 1.0
connection.MOST = {MOST}
"""
GET = b"GET /healthz HTTP/1.1\r\nHost: here\r\n"
FORM = b"POST /login HTTP/1.1\r\nHost: here\r\nContent-Type: application/x-www-form-urlencoded\r\n"
CHUNKED = FORM + b"Transfer-Encoding: chunked\r\n\r\n"
UPGRADE = b"GET /_stcore/stream HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, small_bundle: Bundle) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("connection"), HASTE, MODEL_PATH=str(small_bundle.path)) as station:
        station.secret = station.key()
        yield station


def opened(served: Served) -> socket.socket:
    return socket.create_connection(("127.0.0.1", served.port), SOON)


def read(line: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    got = b""
    with contextlib.suppress(ConnectionError):
        while piece := line.recv(1 << 16):
            got += piece
    return got


def said(answer: bytes) -> tuple[int, dict[str, object]]:
    """Status and content of an answer that is a problem document."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head.lower(), answer[:500]
    assert b"x-content-type-options: nosniff" in head.lower()
    return int(head.split()[1]), json.loads(body)


def test_lines_and_headers_have_a_length_and_a_number(served: Served) -> None:
    cases = [
        (b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: here\r\n\r\n", 414),
        (b"GET /login?next=" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: here\r\n\r\n", 414),
        (GET + b"X: " + b"a" * 20_000 + b"\r\n\r\n", 431),
        (GET + b"X: " + b"a" * 400_000 + b"\r\n\r\n", 431),
        (GET + b"a" * 400_000 + b": x\r\n\r\n", 431),
        (GET + b"".join(b"X-%d: %s\r\n" % (each, b"a" * 9_000) for each in range(9)) + b"\r\n", 431),
        (GET + b"X: a\r\n" * 150 + b"\r\n", 431),
        (CHUNKED + b"1\r\na\r\n0\r\n" + b"X: a\r\n" * 150 + b"\r\n", 431),
        (UPGRADE + b"X: " + b"a" * 9_000 + b"\r\n\r\n", 431),
        (UPGRADE + b"\r\n", 400),
        (b"no request\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\n\r\n", 400),
        (b"POST /v2/models/x/infer HTTP/1.1\r\nHost: here\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 400),
    ]
    for sent, status in cases:
        with opened(served) as line:
            line.sendall(sent)
            found, problem = said(read(line))
        assert (found, problem["status"]) == (status, status), sent[:80]
        assert ("error" in problem) == sent.startswith(b"POST /v2")
    allowed = b"".join(b"X-%d: %s\r\n" % (each, b"a" * 6_000) for each in range(9))
    with opened(served) as line:
        line.sendall(GET + allowed + b"Connection: close\r\n\r\n")
        assert read(line).startswith(b"HTTP/1.1 200")


def test_what_has_no_end_is_not_taken_in(served: Served) -> None:
    endless = [GET + b"X: ", b"GET /", b"\r\n", CHUNKED + b"1;", CHUNKED + b"1\r\na\r\n0\r\nX: "]
    for begun in endless:
        sent = 0
        with opened(served) as line:
            line.sendall(begun)
            with contextlib.suppress(ConnectionError):
                while sent < 60_000_000:
                    line.sendall((b"\r\n" if begun == b"\r\n" else b"aa") * 32_768)
                    sent += 65_536
        assert sent < 20_000_000, begun  # what the system's buffers hold
    assert httpx.get(f"{served.url}/healthz").status_code == 200


def test_a_connection_that_never_asks_ends(served: Served) -> None:
    begun = [
        b"", b"GET", b"GET / HT", GET, GET + b"X: a", b"\r\n", UPGRADE, UPGRADE + b"Content-Length: 10\r\n\r\n",
        GET + b"\r\n" + b"GET /heal", GET + b"\r\n\r\n\r\n", FORM + b"Content-Length: 100\r\n\r\nab",
        b"POST /api/v1/inspections HTTP/1.1\r\nHost: here\r\nContent-Length: 9000000\r\n\r\nab",
    ]  # fmt: skip
    with contextlib.ExitStack() as stack:
        lines = [stack.enter_context(opened(served)) for _ in begun]
        slow = stack.enter_context(opened(served))
        slow.sendall(GET)
        for line, sent in zip(lines, begun, strict=True):
            line.sendall(sent)
        last = time.monotonic() + SOON
        open_still = [*lines, slow]
        while open_still:
            assert time.monotonic() < last, [begun[lines.index(each)] for each in open_still if each is not slow]
            with contextlib.suppress(ConnectionError):
                slow.sendall(b"X")  # one more letter each time
            for line in select.select(open_still, [], [], 0.1)[0]:
                with contextlib.suppress(ConnectionError):
                    if line.recv(1 << 16):
                        continue
                open_still.remove(line)


def test_a_client_that_does_not_read_is_left(served: Served) -> None:
    script = max((Path(__import__("streamlit").__file__).parent / "static" / "static" / "js").iterdir(), key=size)
    assert size(script) > 1_000_000
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.settimeout(SOON)
        line.connect(("127.0.0.1", served.port))
        line.sendall(f"GET /static/js/{script.name} HTTP/1.1\r\nHost: here\r\n\r\n".encode() * 8)
        time.sleep(3)
        assert len(read(line)) < 8 * size(script)


def size(file: Path) -> int:
    return file.stat().st_size


def test_too_many_connections_are_told_to_come_again(served: Served) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(MOST):
            with contextlib.suppress(ConnectionError):
                stack.enter_context(opened(served))
        for path in ("/healthz", "/v2/health/live"):
            answer = httpx.get(f"{served.url}{path}", headers={"Connection": "close"})
            assert answer.status_code == 503 and int(answer.headers["retry-after"]) > 0
            assert answer.headers["content-type"] == "application/problem+json"
            assert ("error" in answer.json()) == path.startswith("/v2")
    last = time.monotonic() + SOON
    while httpx.get(f"{served.url}/healthz").status_code != 200:
        assert time.monotonic() < last
        time.sleep(0.1)


def test_a_form_that_is_cut_short_is_no_error_of_ours(served: Served) -> None:
    for path in ("/login", "/login/link/x", "/api/v1/inspections", "/api/v1/inspections/1/reviews", "/api/v1/batches"):
        for kind in ("application/x-www-form-urlencoded", "application/json", "image/jpeg", "application/zip"):
            with opened(served) as line:
                line.sendall(
                    f"POST {path} HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {served.secret}\r\n"
                    f"Content-Type: {kind}\r\nContent-Length: 500\r\n\r\nabc".encode()
                )
    assert httpx.get(f"{served.url}/healthz").status_code == 200
    time.sleep(0.5)
    assert "Traceback" not in served.log and '"status": 500' not in served.log


def test_what_stands_in_an_address_or_a_header_is_never_an_error_of_ours(served: Served) -> None:
    nines, key = "9" * 5000, f"Authorization: Bearer {served.secret}"
    asked = [
        f"GET /history?n={nines}", f"GET /api/v1/inspections/{nines}", f"GET /api/v1/inspections?limit={nines}",
        f"GET /api/v1/inspections?actor_id={nines}&since={nines}", f"GET /api/v1/inspections?cursor={nines}",
        "GET /api/v1/inspections?text=%00", "GET /api/v1/inspections?product=%00", "GET /api/v1/inspections?text=%ed%a0%80",
        "GET /login?next=%00", "GET /login?language=%00", "GET /login/link/%ff%fe", "GET /login/link/%00", "GET /%00",
        f"GET /api/v1/counts?since={nines}-01-01&until=2026-01-01", f"GET /login?said={nines}",
    ]  # fmt: skip
    told = [
        f"Range: bytes=0-{nines}", f"Range: bytes={','.join(['0-1'] * 900)}", "Host: [", "Host: a:999999", "Host: ",
        f"If-None-Match: {nines}", "If-Modified-Since: Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "Cookie: a" + "=;" * 900,
        f"Accept-Language: en;q={nines}", "Accept-Language: " + "es;q=0.1," * 900, f"Inference-Header-Content-Length: {nines}",
        f"X-Forwarded-For: {nines}", "X-Forwarded-Host: [", "Forwarded: for=\xff", "Authorization: Bearer \xff", "Origin: http://[",
    ]  # fmt: skip
    paths = (
        "/login",
        "/favicon.ico",
        "/static/index.html",
        "/api/v1/inspections",
        "/nowhere",
        "/metrics",
        "/manifest.json",
    )
    asked = [f"{each} HTTP/1.1\r\nHost: here\r\n{key}" for each in asked]
    asked += [f"GET {path} HTTP/1.1\r\n{'' if each[:4] == 'Host' else 'Host: here'}\r\n{each}".replace("\r\n\r\n", "\r\n")
              for path in paths for each in told]  # fmt: skip
    for path, kind, body, status in (
        ("/login", "application/x-www-form-urlencoded", "email=a%00b&password=x", 400),
        ("/login", "application/x-www-form-urlencoded", "email=a\0b", 400),
        ("/login", "application/x-www-form-urlencoded", f"email={nines}&csrf=%ff%ed%a0%80", 400),
        ("/api/v1/inspections/1/reviews", "application/json", '{"answer": "fit", "note": "\\u0000"}', 422),
        ("/api/v1/inspections/1/reviews", "application/json", '{"answer": "fit", "note": "\\ud800"}', 422),
        ("/api/v1/inspections/1/reviews", "application/json", f'{{"answer": {nines}}}', 400),
        (f"/api/v1/inspections/{nines}/reviews", "application/json", '{"answer": "fit"}', 422),
    ):
        answer = httpx.post(
            served.url + path, content=body, headers={"Content-Type": kind, "Authorization": f"Bearer {served.secret}"}
        )
        assert answer.status_code == status, (path, body[:80], answer.text)
    for each in asked:
        with opened(served) as line:
            line.sendall(f"{each}\r\nConnection: close\r\n\r\n".encode("latin-1"))
            status = read(line).split()[1]
        assert status < b"500", (each[:120], status)
    assert "Traceback" not in served.log
