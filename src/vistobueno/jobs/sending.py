"""One message sent once: to the addresses that were looked at and no others, within bounds of time and bytes."""

import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import httpcore

from ..core.events import Endpoint, WebhookRefused
from ..core.version import __version__
from ..i18n import say
from ..services.destination import Networks, destination
from ..services.signing import signatures
from ..store.webhooks import Salts
from ..tracing import traceparent

WITHIN = 15.0  # seconds for all of it, beside the DNS's answer
_MOST_READ = 64 * 1024  # bytes of an answer, of which the status is all that counts
_LONGEST_WAIT = 6 * 3600  # seconds that a receiver may ask for


@dataclass(frozen=True)
class Outcome:
    """What became of a message.

    Attributes:
        problem: empty where the receiver took it; else its status (``500``), or what happened instead: ``timeout``,
            ``connection``, ``tls``, ``error``, or the code of a `WebhookRefused`.
        retry_after: seconds that the receiver asked to wait.
    """

    problem: str = ""
    retry_after: int = 0

    @property
    def is_gone(self) -> bool:
        """Whether the receiver wants no more messages."""
        return self.problem == "410"


def told(problem: str, language: str) -> str:
    """A problem in words."""
    if problem.isdecimal():
        return say(language, "webhook_problem_status", status=problem)
    return say(language, f"webhook_problem_{problem}")


def send(endpoint: Endpoint, salts: Salts, key: bytes, allowed: Networks, message: str, payload: str) -> Outcome:
    """Send a message, signed now."""
    now = datetime.now(UTC)
    try:
        place = destination(endpoint.url, allowed)
        signed = signatures(key, salts, message, now, payload)
    except WebhookRefused as error:
        return Outcome(error.code)
    headers: dict[bytes | str, bytes | str] = {
        "Content-Type": "application/json",
        "User-Agent": f"VistoBueno/{__version__}",
        "webhook-id": message,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signed,
    }
    if trace := traceparent():
        headers["traceparent"] = trace
    network = _Network(place.addresses)
    try:
        with (
            httpcore.ConnectionPool(ssl_context=_tls(), network_backend=network) as pool,
            pool.stream("POST", place.url, headers=headers, content=payload.encode()) as answer,
        ):
            told = {name.lower(): value for name, value in answer.headers}
            return Outcome("" if 200 <= answer.status < 300 else str(answer.status), _seconds(told.get(b"retry-after")))
    except (httpcore.TimeoutException, TimeoutError):
        return Outcome("timeout")
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
        return Outcome("tls" if isinstance(error.__context__, ssl.SSLError) else "connection")


class _Network(httpcore.NetworkBackend):
    """Connects to the given addresses whatever the host is called; the name is for the certificate alone."""

    def __init__(self, addresses: Iterable[str]) -> None:
        self._addresses, self._sockets, self._end = tuple(addresses), httpcore.SyncBackend(), time.monotonic() + WITHIN

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:
        failure: Exception | None = None
        for each in self._addresses:
            try:
                return _Stream(self._sockets.connect_tcp(each, port, _left(self._end), None, socket_options), self._end)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError(host)


class _Stream(httpcore.NetworkStream):
    """A connection that ends when its time is over or too much came."""

    def __init__(self, inner: httpcore.NetworkStream, end: float) -> None:
        self._inner, self._end, self._read = inner, end, 0

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = self._inner.read(max_bytes, _left(self._end))
        self._read += len(data)
        if self._read > _MOST_READ:
            raise httpcore.ReadError("too much")
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(self._end))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, _left(self._end)), self._end)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _left(end: float) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout
    return left


@cache
def _tls() -> ssl.SSLContext:
    """What the system trusts, or SSL_CERT_FILE names."""
    return ssl.create_default_context()


def _seconds(said: bytes | None) -> int:
    return min(int(said), _LONGEST_WAIT) if said is not None and said.isdigit() and len(said) < 10 else 0
