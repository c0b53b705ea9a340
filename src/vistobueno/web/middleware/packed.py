"""Compresses what Streamlit's own layer leaves as it is: the files of its program, each once, and whole documents."""

import asyncio
import gzip
from collections import OrderedDict

from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STATIC = "/static/"
_TEXT = (".js", ".css", ".svg", ".json")
_DOCUMENTS = ("text/", "application/json", "application/problem+json", "application/manifest+json", "image/svg+xml")
_LEVEL = 6
_SMALLEST, _LARGEST = 500, 256_000  # bytes of a document: less fits a packet, more is for the layer that streams
_KEPT = 8_000_000  # bytes of packed files; Streamlit's are 6.8 MB in all, what our pages ask for is a tenth of that
_CONDITIONS = (b"if-none-match", b"if-modified-since", b"range", b"if-range")


class Packed:
    """Gzip, where the client takes it and nobody has done it. A part of a file (Range) is given as it was asked for; what
    is told as it comes is never held up.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._files: OrderedDict[str, tuple[str, bytes]] = OrderedDict()  # by path: its ETag, and it packed
        self._one = asyncio.Lock()  # at a time: a hundred browsers at once cost what one does

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, packed."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD") or not _takes(Headers(scope=scope)):
            await self.app(scope, receive, send)
        elif scope["path"].startswith(STATIC) and scope["path"].endswith(_TEXT):
            await self._file(scope, receive, send)
        else:
            await self.app(scope, receive, _documents(scope, send))

    async def _file(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path not in self._files:
            async with self._one:
                told = [] if path in self._files else await self._pack(scope, receive)
            for message in told:
                await send({**message, "body": b""} if scope["method"] == "HEAD" and "body" in message else message)
            if told:
                return
        etag, packed = self._files.get(path, ("", b""))
        if not packed:
            await self.app(scope, receive, send)
            return
        swapped = changed = False

        async def ours(message: Message) -> None:
            nonlocal swapped, changed
            if message["type"] == "http.response.start":
                swapped = message["status"] == 200 and Headers(raw=message["headers"]).get("etag") == etag
                changed = not swapped and message["status"] != 304
                message = _told_packed(message, len(packed)) if swapped else message
            elif swapped:
                message = {**message, "body": packed if scope["method"] == "GET" else b"", "more_body": False}
            if not changed:
                await send(message)

        # Its headers are asked for, so that conditions are judged where they were: the file itself is here.
        await self.app({**scope, "method": "HEAD"}, receive, ours)
        if changed:
            if self._files.get(path) == (etag, packed):
                del self._files[path]
            await self.app(scope, receive, send)

    async def _pack(self, scope: Scope, receive: Receive) -> list[Message]:
        """Take the whole file in, if there is one; else what is said instead."""
        etag, told = "", list[Message]()

        async def taken(message: Message) -> None:
            nonlocal etag
            if message["type"] == "http.response.start" and message["status"] == 200:
                etag = Headers(raw=message["headers"]).get("etag", "")
            told.append(message)

        plain = [each for each in scope["headers"] if each[0] not in _CONDITIONS]
        await self.app({**scope, "method": "GET", "headers": plain}, receive, taken)
        if not etag or told[-1].get("more_body"):  # who asked went away in the middle of it: half a file is no file
            return told
        whole = b"".join(message.get("body", b"") for message in told)
        packed = await to_thread.run_sync(_packed, whole) if len(whole) >= _SMALLEST else b""
        self._files[scope["path"]] = (etag, packed)
        while sum(len(packed) for _, packed in self._files.values()) > _KEPT:
            self._files.popitem(last=False)
        return []


def _takes(headers: Headers) -> bool:
    return "gzip" in headers.get("accept-encoding", "") and "range" not in headers


def _documents(scope: Scope, send: Send) -> Send:
    """Packs an answer that comes in one piece; one that is told piece by piece goes on as it is."""
    start: Message | None = None

    async def ours(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start" and _is_document(message):
            if scope["method"] == "GET":
                start = message
                return
            message = _told_packed(message, None)
        if start is not None:
            begun, start = start, None
            if message["type"] == "http.response.body" and not message.get("more_body"):
                packed = _packed(message.get("body", b""))
                begun, message = _told_packed(begun, len(packed)), {**message, "body": packed}
            await send(begun)
        await send(message)

    return ours


def _is_document(message: Message) -> bool:
    headers = Headers(raw=list(message.get("headers", ())))
    length = headers.get("content-length", "")
    return (
        "content-encoding" not in headers
        and headers.get("content-type", "").startswith(_DOCUMENTS)
        and length.isdecimal()
        and _SMALLEST <= int(length) <= _LARGEST
    )


def _packed(data: bytes) -> bytes:
    return gzip.compress(data, _LEVEL, mtime=0)


def _told_packed(message: Message, length: int | None) -> Message:
    """Its headers once it is packed; to HEAD the length of a document is not told, for nobody packs one to know it."""
    headers = MutableHeaders(raw=list(message["headers"]))
    headers["Content-Encoding"] = "gzip"
    del headers["content-length"]
    if length is not None:
        headers["Content-Length"] = str(length)
    headers.add_vary_header("Accept-Encoding")
    if (etag := headers.get("etag")) and not etag.startswith("W/"):
        headers["ETag"] = f"W/{etag}"  # the same file, other bytes
    del headers["accept-ranges"]
    return {**message, "headers": headers.raw}
