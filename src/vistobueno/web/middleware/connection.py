"""One connection before there is a request: bounds on lines, headers, time and the number of connections.

uvicorn bounds none of them with httptools. `vistobueno serve` uses this; so does
``uvicorn main:app --http vistobueno.web.middleware.connection:BoundedConnection``.
"""

import asyncio
import base64
import binascii
import contextlib
from functools import cache
from typing import Any

from starlette.requests import HTTPConnection
from starlette.types import Message, Scope
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from ...accounts import running_accounts
from .. import headers
from ..metrics import HTTP_REQUESTS
from ..problems import problem
from .proxies import parse, within

LONGEST_ADDRESS = 8_000  # bytes of path and query
LONGEST_HEADER = 16_000  # bytes of one header; of a websocket's, half: its library reads lines of 8 kB
MOST_HEADERS, MOST_HEAD = 100, 64_000  # lines, and bytes of them all
HEAD_WITHIN = 10.0  # seconds that the lines and headers of a request may take
REST_WITHIN = 30.0  # seconds for the rest of a body that was refused, so that its sender comes to read why
READ_WITHIN = 60.0  # seconds in which a client must read what is buffered for it, some 50 kB
TURNED_AWAY_WITHIN = 2.0  # seconds for one connection too many to ask, so that it can be told
CLOSE_WITHIN = 60.0  # seconds to read the last of an answer, on whatever line
MOST, SPARE = 512, 64  # connections that are served, and more that are told to come again


class BoundedConnection(HttpToolsProtocol):
    """Speaks HTTP as uvicorn does, to no more than may be; what is refused is a problem document."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._over = self._unwanted = False
        self._part = ""  # of a request that is being read: head or body
        self._head = self._lines = self._unheard = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._refusal = 400
        self._answered: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count it: one too many is told so once it asks, and more are not heard at all."""
        super().connection_made(transport)
        if len(self.connections) > most_connections() + SPARE:
            transport.abort()
            return
        self._unwanted = self._is_one_too_many()
        self._end_within(TURNED_AWAY_WITHIN if self._unwanted else HEAD_WITHIN)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget its clocks; what is being answered learns it too, not only the last request that came."""
        for clock in (self._deadline, self._stalled):
            if clock is not None:
                clock.cancel()
        if self._answered is not None:
            self._answered.disconnected = True
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless it is too much of what no answer was ever asked for."""
        if self._over:
            return
        self._unheard += len(data)
        super().data_received(data)
        if not self._over and self._unheard > MOST_HEAD:  # one name, value or extension without end
            self._refuse(431)
        if not self._over and self._deadline is None and self._is_idle():
            self._end_within(HEAD_WITHIN)

    def on_message_begin(self) -> None:
        """A request begins."""
        self._part = "head"
        self._head = self._lines = self._unheard = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A piece of the address."""
        self._unheard = 0
        super().on_url(url)
        if len(self.url) > LONGEST_ADDRESS:
            self._stop_reading(414)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or one of those that follow a body."""
        size = len(name) + len(value)
        self._unheard, self._head, self._lines = 0, self._head + size, self._lines + 1
        if size > LONGEST_HEADER or self._head > MOST_HEAD or self._lines > MOST_HEADERS:
            self._stop_reading(431)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """A request is there."""
        if self._unwanted:
            self._stop_reading(503)
        before, self._unheard = self.cycle, 0
        super().on_headers_complete()
        if self.cycle is not before:
            self._part = "body"
            self._unset_deadline()

    def on_body(self, body: bytes) -> None:
        """A piece of its body."""
        self._unheard = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """It is whole."""
        self._part = ""
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The rest of a body that nobody wanted has some seconds, and nobody keeps it."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._end_within(CLOSE_WITHIN)
        elif self._is_idle():
            self.cycle.body = bytearray()
            if self._part == "body":
                self._end_within(REST_WITHIN)

    def timeout_keep_alive_handler(self) -> None:
        """Nothing more was asked for."""
        self._close()

    def pause_writing(self) -> None:
        """The client does not read."""
        super().pause_writing()
        if self._stalled is None:
            self._stalled = self.loop.call_later(READ_WITHIN, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has read."""
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
        super().resume_writing()

    def handle_websocket_upgrade(self) -> None:
        """Give the connection to the websocket's protocol, which has bounds of its own, where the handshake is one."""
        if fault := _fault_of_handshake(self.headers):
            self._refuse(fault)
            return
        self._over = True
        self._unset_deadline()
        super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:
        """What httptools refuses, or we did while it read."""
        self._refuse(self._refusal)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answered = cycle
        super()._start_asgi_task(cycle, app)

    def _is_one_too_many(self) -> bool:
        if len(self.connections) > most_connections():
            return True
        if self.client is None or _is_proxy(self.client[0]):
            return False
        clients = [getattr(each, "client", None) or ("",) for each in self.connections]
        own = sum(1 for client in clients if client[0] == self.client[0])
        return own > most_connections() // 2

    def _is_idle(self) -> bool:
        return (self.cycle is None or self.cycle.response_complete) and not self.pipeline

    def _end_within(self, seconds: float) -> None:
        self._unset_deadline()
        self._deadline = self.loop.call_later(seconds, self._end)

    def _unset_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _end(self) -> None:
        self._deadline = None
        if self.transport.is_closing():
            self.transport.abort()
        elif not self._is_idle():  # the next request begins before this one is answered: its time comes
            return
        elif self._part == "head":
            self._refuse(408)
        else:
            self._close()

    def _close(self) -> None:
        self._over = True
        if not self.transport.is_closing():
            self.transport.close()
        self._end_within(CLOSE_WITHIN)

    def _stop_reading(self, status: int) -> None:
        self._refusal = status
        raise ValueError(status)  # through httptools, which ends reading

    def _refuse(self, status: int) -> None:
        """Answer by ourselves, and close; what is being answered is not spoiled."""
        self._over = True
        if self._is_idle():
            if self._part != "body":  # of a request that was answered already
                self.transport.write(self._said(status))
            self._close()
        elif self._part != "body":  # of the request after it
            self.cycle.keep_alive = False
        else:
            begun, self.cycle.disconnected = self.cycle.response_started or bool(self.pipeline), True
            self.cycle.message_event.set()
            if begun:
                self.transport.abort()
                return
            self.transport.write(self._said(status))
            self._close()

    def _said(self, status: int) -> bytes:
        path = getattr(self, "url", b"").partition(b"?")[0][:200].decode("latin-1")
        scope: Scope = {"type": "http", "path": path or "/", "headers": self.headers or [], "state": {}}
        more = {"Connection": "close"} | ({"Retry-After": "5"} if status == 503 else {})
        answer = problem(HTTPConnection(scope), status, headers=more)
        message: Message = {"type": "http.response.start", "status": status, "headers": answer.raw_headers}
        headers.protect(message, host="", secure=False, public=False)
        HTTP_REQUESTS.labels("other", "other", str(status)).inc()
        lines = [*self.server_state.default_headers, *message["headers"]]
        head = b"".join(name + b": " + value + b"\r\n" for name, value in lines)
        return STATUS_LINE[status] + head + b"\r\n" + bytes(answer.body)


@cache
def most_connections() -> int:
    """How many are served at once: half of the files that this process may open, at most `MOST`."""
    with contextlib.suppress(ImportError):  # Windows has neither
        import resource

        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return min(MOST, soft // 2) if soft > 0 else MOST
    return MOST


def _is_proxy(address: str) -> bool:
    """Whether many people's connections come from there."""
    try:
        return within(address, parse(running_accounts().settings.trusted_proxies))
    except RuntimeError:
        return False


def _fault_of_handshake(sent: list[tuple[bytes, bytes]]) -> int:
    """The status that refuses a websocket's handshake, or 0: what its library would say in words of its own, or not say."""
    found = dict(sent)
    if any(len(name) + len(value) > LONGEST_HEADER // 2 for name, value in sent):
        return 431
    try:
        key = base64.b64decode(found.get(b"sec-websocket-key", b"").strip(), validate=True)
    except binascii.Error:
        key = b""
    return 0 if len(key) == 16 and found.get(b"sec-websocket-version") == b"13" else 400
