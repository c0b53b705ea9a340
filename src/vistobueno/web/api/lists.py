"""Lists over HTTP: inspections by page and as CSV, counts by day, models, and who asks."""

from collections.abc import AsyncIterator, Iterator
from datetime import date
from functools import partial
from typing import Annotated, Literal

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response, StreamingResponse

from ..problems import language_of, refuse
from .asking import allowed, identity_of, open_station
from .inspections import ISO_8601, Asked, as_json, of_station, problems
from .values import CountOut, InspectionsOut, MeOut, ModelOut, count_as, me_as, model_as, page_as

router = APIRouter(tags=["lists"])
MOST_DAYS = 3660
AskedFor = Annotated[Asked, Depends()]
Day = Annotated[date, ISO_8601]


@router.get("/inspections", response_model=InspectionsOut, summary="Find inspections", responses=problems(422))
async def inspections(
    request: Request,
    asked: AskedFor,
    cursor: Annotated[str | None, Query(max_length=200, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """Inspections, newest first. Pages hold while inspections are added: none is seen twice or missed."""
    return as_json(
        page_as(await of_station(request, lambda station: station.inspections.page(asked.filter, cursor, limit)))
    )


@router.get("/waiting", response_model=InspectionsOut, summary="What waits for a person", responses=problems(422))
async def waiting(
    request: Request,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """Inspections whose answer is review and that nobody has reviewed, newest first."""
    return as_json(page_as(await of_station(request, lambda station: station.reviews.waiting(cursor, limit))))


@router.get(
    "/inspections.csv",
    response_class=Response,
    summary="Inspections as CSV",
    responses={200: {"description": "A table, a line each.", "content": {"text/csv": {}}}, **problems(422)},
)
async def table(
    request: Request,
    asked: AskedFor,
    language: Annotated[
        Literal["es", "en"] | None,
        Query(
            description="Of headings and words; without it the signed-in person's, then what Accept-Language asks for."
        ),
    ] = None,
) -> Response:
    """The same inspections as one table, all of them, streamed. What waits: `answer=review&reviewed=false`."""
    allowed(request, "read")
    rows = open_station().inspections.export_csv(asked.filter, language or language_of(request, own_first=True))
    first = await to_thread.run_sync(partial(next, rows, ""))  # what cannot be read is a problem, not a cut table
    headers = {"Content-Disposition": 'attachment; filename="vistobueno.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(_batched(first, rows), headers=headers, media_type="text/csv; charset=utf-8")


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


@router.get("/me", response_model=MeOut, summary="Who asks", responses=problems())
async def me(request: Request) -> Response:
    """Whose key or session this is, and what it may do."""
    return as_json(me_as(identity_of(request)))
