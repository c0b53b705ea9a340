"""Bodies of requests, taken in with bounds on bytes, on all bytes at once, and on time. What is refused is never held."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from fastapi.routing import APIRoute
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from ...services import Station
from ...store.photos.protocol import unavailable
from ..problems import RequestRefused, refuse
from ..quota import Quota, Reservation
from .context import owner_of
from .disposition import file_name

MOST_PHOTO = 15_000_000  # bytes; what `Limits.max_bytes` says of a photograph
MOST_JSON = 64_000  # bytes; a review with every letter of its note escaped
MULTIPART_OVERHEAD = 64_000  # bytes that a form adds around a file
AT_ONCE = 64_000_000  # bytes of all bodies in memory together
GRACE, SLOWEST = 20.0, 32_000.0  # a body may take 20 s, and a second more for each 32 kB
SILENCE, LONGEST = 10.0, 3600.0  # seconds without a byte, and in all
_LONGEST_NUMBER = 20  # digits of a length
Named = Callable[[str | None], None]


@dataclass(frozen=True)
class Upload:
    """One file that was sent, whole; ``data`` is its content, ``name`` what the sender calls it."""

    data: bytes
    name: str | None


BODIES = Quota(AT_ONCE, AT_ONCE // 2, "body", retry_after=2)


@contextmanager
def received(request: Request, station: Station) -> Iterator[Reservation]:
    """A share for a body that is still to come: it holds what has come of it. A full station refuses before a byte is
    read; one that comes slowly holds no place meanwhile: take that when it is whole.

    Raises:
        Busy: every place is taken now, or every one of this actor's.
    """
    owner = owner_of(request)
    station.judging.admit(owner).leave()
    with BODIES.share(owner) as share:
        yield share


async def read_photo(request: Request, share: Reservation) -> Upload:
    """The photograph that a request carries: the field ``photo`` of a form, or the bare body.

    Raises:
        RequestRefused: 408, 413, 415 or 422, as soon as it is known.
        Busy: too many bytes from all requests at this moment.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind == b"multipart/form-data":
        names: list[str | None] = []
        pieces = form_chunks(request, options, "photo", names.append, MOST_PHOTO, share)
        return Upload(b"".join([piece async for piece in pieces]), names[0])
    if kind.startswith(b"image/") or kind == b"application/octet-stream":
        return Upload(await read_body(request, MOST_PHOTO, share), None)
    raise refuse(415, "wrong_media_type", "status_415")


class BoundedRoute(APIRoute):
    """A route of FastAPI, which would take in a JSON body of any length at any pace."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Its answer, to no more than `MOST_JSON` bytes where it reads a body by itself."""
        answer = super().get_route_handler()
        if self.body_field is None:
            return answer

        async def bounded(request: Request) -> Response:
            body = await read_body(request, MOST_JSON)

            async def whole() -> Message:
                return {"type": "http.request", "body": body, "more_body": False}

            return await answer(Request(request.scope, whole))

        return bounded


async def read_body(request: Request, most: int, share: Reservation | None = None) -> bytes:
    """A whole body of at most ``most`` bytes."""
    return b"".join([chunk async for chunk in chunks(request, most, share)])


@asynccontextmanager
async def spool_file(
    request: Request, field: str, most: int, folder: Path | None, share: Reservation | None = None
) -> AsyncIterator[BinaryIO]:
    """A large file that a request carries, on disk: a field of a form or the bare body. It is gone afterwards."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    with tempfile.TemporaryFile(dir=folder) as file:
        if kind == b"multipart/form-data":
            source = form_chunks(request, options, field, lambda _: None, most, share)
        elif kind in (b"application/zip", b"application/x-zip-compressed", b"application/octet-stream"):
            source = chunks(request, most, share)
        else:
            raise refuse(415, "wrong_media_type", "zip_media_type")
        try:
            async for chunk in source:
                file.write(chunk)  # to the page cache: no thread is worth 64 kB
            file.seek(0)
        except OSError as error:
            with suppress(OSError):  # closing tries once more to write
                file.close()
            raise unavailable(error) from error
        yield file


async def chunks(request: Request, most: int, share: Reservation | None, around: int = 0) -> AsyncIterator[bytes]:
    """The body as it comes, refused when it declares, or reaches, more than ``most`` bytes, is packed, or hardly comes.

    Args:
        around: bytes that a form may add to what is bounded.
    """
    if request.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise refuse(415, "wrong_media_type", "not_compressed", {"Accept-Encoding": "identity"})
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and (len(declared) > _LONGEST_NUMBER or int(declared) > most + around):
        raise too_large(most)
    clock = asyncio.get_running_loop().time
    start, taken, source = clock(), 0, request.stream()
    while True:
        last = min(clock() + SILENCE, start + GRACE + taken / SLOWEST, start + LONGEST)
        try:
            async with asyncio.timeout_at(last):
                chunk = await anext(source, None)
        except TimeoutError:
            raise refuse(408, "too_slow", "status_408", {"Connection": "close"}) from None
        if chunk is None:
            return
        taken += len(chunk)
        if taken > most + around:
            raise too_large(most)
        if share is not None:
            share.reach(taken)
        yield chunk


async def form_chunks(
    request: Request,
    options: dict[bytes, bytes],
    field: str,
    named: Named,
    most: int,
    share: Reservation | None,
) -> AsyncIterator[bytes]:
    """The content of one file of a form, as it comes; other fields are passed over."""
    form = _Form(field, named)
    try:
        parser = MultipartParser(options.get(b"boundary", b""), form.callbacks())  # type: ignore[arg-type]
        async for chunk in chunks(request, most, share, MULTIPART_OVERHEAD):
            parser.write(chunk)
            for piece in form.taken():
                yield piece
            if form.size > most:
                raise too_large(most)
        parser.finalize()
    except FormParserError:
        raise refuse(400, "form_unreadable") from None
    if not form.complete:
        raise refuse(422, "field_missing", field=field)


def too_large(most: int) -> RequestRefused:
    """What is sent is over ``most`` bytes."""
    return refuse(413, "file_too_large", megabytes=f"{most / 1e6:g}")


class _Form:
    """What python-multipart finds, which bounds the headers of a part: the first part named ``field``."""

    def __init__(self, field: str, named: Named) -> None:
        self._field, self._named = field, named
        self._header = self._value = self._disposition = b""
        self._inside = self.complete = False
        self._pieces: list[bytes] = []
        self.size = 0

    def callbacks(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in vars(_Form) if name.startswith("on_")}

    def taken(self) -> list[bytes]:
        pieces, self._pieces = self._pieces, []
        return pieces

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def on_header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def on_headers_finished(self) -> None:
        disposition, self._disposition = self._disposition, b""
        name = parse_options_header(disposition)[1].get(b"name", b"").decode("utf-8", "replace")
        self._inside = not self.complete and name == self._field
        if self._inside:
            self._named(file_name(disposition))

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._inside:
            self.size += end - start
            self._pieces.append(data[start:end])

    def on_part_end(self) -> None:
        self.complete, self._inside = self.complete or self._inside, False
