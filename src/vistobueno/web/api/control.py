"""Control charts over HTTP: the numbers of the page, and each chart's as a table."""

import io
from datetime import UTC, date
from functools import partial
from typing import Annotated, Literal

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from ...core.control.asked import Asked, By, Limits
from ...core.inspection import ActorKind
from ...core.line import LONGEST_LINE
from ...core.lots.lot import LONGEST_FACT
from ...services.control import MOST_DAYS, Control
from ...services.control_table import ControlTable, table
from ...services.spreadsheet import PLAIN, csv_table, spanish, xlsx_table
from ..problems import language_of, refuse
from .context import open_station
from .control_schemas import ControlOut
from .derived import plain
from .inspections import ISO_8601, as_json, of_station, problems
from .lists import XLSX, Words, file_headers
from .request_body import BoundedRoute

router = APIRouter(tags=["control"], route_class=BoundedRoute)
Day = Annotated[date, ISO_8601]


def _asked(
    since: Annotated[Day | None, Query(description="First day (UTC); without it, half a year before the last.")] = None,
    until: Annotated[Day | None, Query(description="Last day (UTC), included; without it, today.")] = None,
    by: Annotated[By, Query(description="What to group fruit by; the packer is the lot's.")] = "week",
    line: Annotated[str | None, Query(max_length=LONGEST_LINE)] = None,
    product: Annotated[str | None, Query(max_length=100)] = None,
    packer: Annotated[str | None, Query(max_length=LONGEST_FACT)] = None,
    actor_kind: Annotated[ActorKind | None, Query(description="Person or key, together with `actor_id`.")] = None,
    actor_id: Annotated[int | None, Query(ge=0, lt=2**63)] = None,
    limits: Annotated[
        Limits,
        Query(description="`binomial`, or `laney`: widened by the usual variation between periods (p′ chart)."),
    ] = "binomial",
) -> Asked:
    usual_since, today = Control.usual_days()
    last = until or today
    first = since or min(usual_since, last)
    if not 0 <= (last - first).days <= MOST_DAYS:
        raise refuse(422, "days_invalid", most=MOST_DAYS)
    inspector = (actor_kind, actor_id or 0) if actor_kind is not None else None
    return Asked(first, last, by, line, product, packer, inspector, limits)


AskedFor = Annotated[Asked, Depends(_asked)]


@router.get("/control", response_model=ControlOut, summary="Control charts", responses=problems(422))
async def control(request: Request, asked: AskedFor) -> Response:
    """The share unfit with its control limits and the Nelson rules that points break, its moving average, the defects
    that people name, and each line's rates by its blind audit. A fruit counts as a person last said, or else as the
    model answered; what is waiting for a person counts neither way. A share whose `n` is 0 is not known; no rule
    applies to a point that is not `judged`: it has too little fruit.
    """
    return as_json(plain(await of_station(request, lambda station: station.control.view(asked))))


@router.get(
    "/control/{chart}.csv",
    response_class=Response,
    summary="A control chart as CSV",
    responses={200: {"description": "A table, a line each.", "content": {"text/csv": {}}}, **problems(404, 422)},
)
async def as_csv(
    request: Request,
    chart: ControlTable,
    asked: AskedFor,
    language: Words = None,
    form: Annotated[
        Literal["plain", "es"],
        Query(alias="format", description="`plain` for programs; `es` for a Spanish spreadsheet: `;`, decimal comma."),
    ] = "plain",
) -> Response:
    """The numbers of one chart: the groups and their shares, defects, lines over time, or the model beside people."""
    view = await of_station(request, lambda station: station.control.view(asked))
    rows = table(view, chart, language or language_of(request, own_first=True))
    text = "".join(csv_table(*rows, PLAIN if form == "plain" else spanish(UTC)))
    return Response(text, headers=file_headers("csv"), media_type="text/csv; charset=utf-8")


@router.get(
    "/control/{chart}.xlsx",
    response_class=Response,
    summary="A control chart as a workbook",
    responses={200: {"description": "A table, a row each.", "content": {XLSX: {}}}, **problems(404, 422)},
)
async def as_xlsx(request: Request, chart: ControlTable, asked: AskedFor, language: Words = None) -> Response:
    """The same numbers as XLSX."""
    words, station = language or language_of(request, own_first=True), open_station()
    view = await of_station(request, lambda station: station.control.view(asked))
    file = io.BytesIO()
    heading, rows = table(view, chart, words)
    await to_thread.run_sync(partial(xlsx_table, file, station.settings.data_dir, heading, rows, UTC, words))
    return Response(file.getvalue(), headers=file_headers("xlsx"), media_type=XLSX)
