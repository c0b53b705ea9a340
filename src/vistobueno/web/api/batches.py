"""A ZIP of photographs over HTTP: taken in on disk, judged one by one, each outcome told as soon as it is there."""

import json
from collections.abc import AsyncIterator, Generator, Hashable, Iterable
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

from anyio import CancelScope, current_time, sleep, to_thread
from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from ...core.errors import VistoBuenoError
from ...services import Busy
from ..metrics import REFUSALS, count
from ..problems import language_of, status_of
from ..quota import Quota
from ..shutdown import is_stopping, stopped
from .context import allowed, line_of, open_station, owner_of, source_of
from .inspections import OnLine, as_json, idempotency_key, key_parameter, problems
from .request_body import MULTIPART_OVERHEAD, spool_file
from .schemas import BatchLine, inspection_as

router = APIRouter(tags=["inspections"])
MOST_ZIP = 1_000_000_000  # bytes
PATIENCE = 30.0  # seconds that a ZIP waits on disk for its turn
NDJSON = "application/x-ndjson"
PASSED_OVER = "Passed-Over"
Line = dict[str, Any]
Lines = Generator[Line, None, None]
_COMING = Quota(8, 4, "zip", retry_after=10)  # ZIPs on disk, whole or not
_ON_DISK = Quota(2 * MOST_ZIP, MOST_ZIP + MULTIPART_OVERHEAD, "zip", retry_after=10)  # their bytes
_AT_ONCE = Quota(2, 1, "zip", retry_after=10)  # ZIPs that are inspected


@router.post(
    "/batches",
    response_model=list[BatchLine],  # type: ignore[valid-type]
    summary="Inspect a ZIP of photographs",
    responses={
        200: {
            "description": "One outcome for each file, in the order of the ZIP; as NDJSON where Accept asks for it.",
            "headers": {
                PASSED_OVER: {
                    "schema": {"type": "integer"},
                    "description": "Files that systems keep beside photographs (__MACOSX, Thumbs.db, hidden ones).",
                }
            },
            "content": {NDJSON: {"schema": {"$ref": "#/components/schemas/BatchLine"}}},
        },
        **problems(408, 409, 413, 415, 422, 429),
    },
    openapi_extra={
        "parameters": [
            key_parameter("Your own name for this ZIP. Sent again, photographs that were kept are not kept twice.")
        ],
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": ["zip"],
                        "properties": {"zip": {"type": "string", "format": "binary"}},
                    }
                },
                "application/zip": {"schema": {"type": "string", "format": "binary"}},
            },
        },
    },
)
async def batch(request: Request, line: OnLine = None) -> Response:
    """Judge and keep every photograph in a ZIP. One that cannot be judged does not stop the others.

    With `Accept: application/x-ndjson` each outcome arrives as a line as soon as it is ready.
    """
    identity, station, key = allowed(request, "inspect"), open_station(), idempotency_key(request)
    owner = owner_of(request)
    with _AT_ONCE.share(owner, 1):  # while none is free, no byte is read
        pass
    async with AsyncExitStack() as held:
        held.enter_context(_COMING.share(owner, 1))
        share = held.enter_context(_ON_DISK.share(owner))
        file = await held.enter_async_context(spool_file(request, "zip", MOST_ZIP, station.settings.data_dir, share))
        await _turn(held, owner)
        inspect = partial(
            station.inspections.inspect_zip,
            source=source_of(identity),
            line=line_of(identity, line),
            idempotency_key=key,
        )
        found = await to_thread.run_sync(inspect, file, identity.actor)
        lines, headers = _lines(found, language_of(request)), {PASSED_OVER: str(len(found.passed_over))}
        first = await to_thread.run_sync(next, lines, None)  # a ZIP that cannot be read is a problem, not a line
        if NDJSON not in request.headers.get("accept", ""):
            outcomes = [first, *await to_thread.run_sync(list, lines)] if first is not None else []
            return as_json(outcomes, headers=headers)
        return NdjsonResponse(first, lines, held.pop_all(), headers)
    raise AssertionError  # pragma: no cover  the block above returns or raises


async def _turn(held: AsyncExitStack, owner: Hashable) -> None:
    """Hold the right to be inspected, for a ZIP that is whole; it waits for it a while."""
    last = current_time() + PATIENCE
    while True:
        try:
            held.enter_context(_AT_ONCE.share(owner, 1))
            return
        except Busy:
            if current_time() > last:
                raise
        await sleep(0.2)


class NdjsonResponse(StreamingResponse):
    """Lines as they come. However it ends, also when nobody stayed for the first, it gives back what it holds."""

    def __init__(self, first: Line | None, lines: Lines, held: AsyncExitStack, headers: dict[str, str]) -> None:
        # not compressed: a line must not wait
        headers |= {"Cache-Control": "no-store", "Content-Encoding": "identity", "X-Accel-Buffering": "no"}
        super().__init__(_told(first, lines, held), headers=headers, media_type=NDJSON)
        self._lines, self._held = lines, held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Tell, then let go."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            with CancelScope(shield=True):
                # In a thread: what is still being judged may wait for a place, and places are given back in this loop.
                await to_thread.run_sync(self._lines.close)
                await self._held.aclose()


async def _told(first: Line | None, lines: Lines, held: AsyncExitStack) -> AsyncIterator[str]:
    line = first
    while line is not None:
        yield json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n"
        line = await to_thread.run_sync(next, lines, None)
    await held.aclose()  # before the end is told: whoever has read it may send the next ZIP at once


def _lines(outcomes: Iterable[Any], language: str) -> Lines:
    """Outcomes in the shape of `BatchLine`; what ends the batch early is its last line, once there was a first."""
    begun = False
    try:
        for outcome in outcomes:
            begun = True
            if outcome.inspection is not None:
                count(outcome.inspection)
                yield {"name": outcome.name, "inspection": inspection_as(outcome.inspection), "problem": None}
            else:
                yield {"name": outcome.name, "inspection": None, "problem": _problem(outcome.error, language)}
            if is_stopping():
                raise stopped()
    except VistoBuenoError as error:
        if not begun:
            raise
        yield {"name": None, "inspection": None, "problem": _problem(error, language)}


def _problem(error: VistoBuenoError, language: str) -> dict[str, Any]:
    REFUSALS.labels(error.code).inc()
    return {"code": error.code, "status": status_of(error), "detail": error.message(language)}
