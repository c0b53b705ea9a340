"""Lists over HTTP: inspections by page and as CSV, counts by day, models, and who asks."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import date
from functools import partial
from typing import Annotated, BinaryIO, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response, StreamingResponse

from ...services.spreadsheet import PLAIN, spanish
from ..problems import language_of, refuse
from ..quota import Quota
from .context import allowed, identity_of, open_station, owner_of
from .inspections import ISO_8601, Asked, as_json, of_station, problems
from .request_body import BoundedRoute
from .schemas import (
    CountOut,
    InspectionsOut,
    MeOut,
    ModelOut,
    WaitingPageOut,
    count_as,
    me_as,
    model_as,
    page_as,
    waiting_as,
)

router = APIRouter(tags=["lists"], route_class=BoundedRoute)
MOST_DAYS = 3660
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_WORKBOOKS = Quota(2, 1, "workbook", retry_after=10)  # that are made at once
AskedFor = Annotated[Asked, Depends()]
Day = Annotated[date, ISO_8601]


@router.get("/inspections", response_model=InspectionsOut, summary="Find inspections", responses=problems(422))
async def inspections(
    request: Request,
    asked: AskedFor,
    cursor: Annotated[str | None, Query(max_length=200, description="`next` from the previous page.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """Inspections, newest first. Paging is stable while inspections are added: none is seen twice or missed."""
    return as_json(
        page_as(await of_station(request, lambda station: station.inspections.page(asked.filter, cursor, limit)))
    )


@router.get("/waiting", response_model=WaitingPageOut, summary="What is waiting for a person", responses=problems(422))
async def waiting(
    request: Request,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """What is waiting for the caller, newest first: inspections that went to review and that nobody has reviewed, and
    those drawn for the blind audit, without anything that the model said.
    """
    actor = identity_of(request).actor
    found = await of_station(request, lambda station: station.reviews.waiting(cursor, limit, actor=actor))
    return as_json(waiting_as(found))


def zone_named(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise refuse(422, "zone_unknown") from None


Words = Annotated[
    Literal["es", "en"] | None,
    Query(description="Language of headings and words; by default the signed-in person's, else Accept-Language."),
]
Zone = Annotated[str, Query(max_length=64, description="Time zone of the times in the spreadsheet.")]


@router.get(
    "/inspections.csv",
    response_class=Response,
    summary="Inspections as CSV",
    responses={200: {"description": "A table, a line each.", "content": {"text/csv": {}}}, **problems(422)},
)
async def table(
    request: Request,
    asked: AskedFor,
    language: Words = None,
    form: Annotated[
        Literal["plain", "es"],
        Query(
            alias="format",
            description="`plain` for programs; `es` for a Spanish spreadsheet: `;`, decimal comma, times in `zone`.",
        ),
    ] = "plain",
    zone: Zone = "UTC",
) -> Response:
    """The same inspections as one table, all of them, streamed. What is waiting: `answer=review&reviewed=false`."""
    allowed(request, "read")
    dialect = PLAIN if form == "plain" else spanish(zone_named(zone))
    rows = open_station().inspections.export_csv(
        asked.filter, language or language_of(request, own_first=True), dialect
    )
    first = await to_thread.run_sync(partial(next, rows, ""))  # what cannot be read is a problem, not a cut table
    return StreamingResponse(_batched(first, rows), headers=file_headers("csv"), media_type="text/csv; charset=utf-8")


@router.get(
    "/inspections.xlsx",
    response_class=Response,
    summary="Inspections as a workbook",
    responses={200: {"description": "A table, a row each.", "content": {XLSX: {}}}, **problems(422)},
)
async def workbook(request: Request, asked: AskedFor, language: Words = None, zone: Zone = "UTC") -> Response:
    """The same table as XLSX, built in full before it is sent; a long one takes a minute, CSV starts at once."""
    allowed(request, "read")
    station, words, clocks = open_station(), language or language_of(request, own_first=True), zone_named(zone)
    with _WORKBOOKS.share(owner_of(request), 1):
        folder = station.settings.data_dir  # not /tmp, which may be memory
        file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 it is closed, and gone, when it has been sent
        await to_thread.run_sync(station.inspections.export_xlsx, file, folder, asked.filter, words, clocks)
    return StreamingResponse(_pieces(file), headers=file_headers("xlsx"), media_type=XLSX)


def file_headers(kind: str) -> dict[str, str]:
    """Of a file to take along."""
    name = "vistobueno-demo" if open_station().demonstration else "vistobueno"
    return {"Content-Disposition": f'attachment; filename="{name}.{kind}"', "Cache-Control": "no-store"}


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    with file:
        file.seek(0)
        while piece := await to_thread.run_sync(file.read, 1 << 18):
            yield piece


async def _batched(first: str, rows: Iterator[str]) -> AsyncIterator[str]:
    """Rows in pieces of some size: a thread for each row would cost more than the row."""
    yield first

    def piece() -> str:
        lines: list[str] = []
        for row in rows:
            lines.append(row)
            if len(lines) >= 200:
                break
        return "".join(lines)

    while text := await to_thread.run_sync(piece):
        yield text


@router.get("/counts", response_model=list[CountOut], summary="Counts by day", responses=problems(422))
async def counts(request: Request, since: Day, until: Day) -> Response:
    """How many inspections of each product got each answer on each day (UTC), both days included."""
    if not 0 <= (until - since).days <= MOST_DAYS:
        raise refuse(422, "days_invalid", most=MOST_DAYS)
    found = await of_station(request, lambda station: station.inspections.day_counts(since, until))
    return as_json([count_as(each) for each in found])


@router.get("/models", response_model=list[ModelOut], summary="Models", responses=problems())
async def models(request: Request) -> Response:
    """The models that this station has; one is active."""
    return as_json([model_as(each) for each in await of_station(request, lambda station: station.models.all())])


@router.get("/me", response_model=MeOut, summary="Who is asking", responses=problems())
async def me(request: Request) -> Response:
    """Whose key or session this is, and what it may do."""
    return as_json(me_as(identity_of(request)))
