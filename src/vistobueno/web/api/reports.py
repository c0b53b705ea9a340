"""Inspection reports over HTTP: issued for a lot's decision, listed, and fetched as they were issued."""

from functools import partial
from typing import Annotated

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from ...core.lots.issued import IssuedReport
from .context import allowed, open_station
from .inspections import as_json, key_parameter, of_station, problems
from .lists import zone_named
from .lot_schemas import ReportIn, ReportOut
from .lots import Number
from .request_body import BoundedRoute
from .schemas import ROOT

router = APIRouter(tags=["lots"], route_class=BoundedRoute)
PDF = "application/pdf"
_SET_AT_ONCE = CapacityLimiter(1)  # the others wait without a thread


@router.post(
    "/lots/{number}/reports",
    status_code=201,
    response_model=ReportOut,
    summary="Issue a report",
    responses={
        200: {"model": ReportOut, "description": "It was issued before; this is it."},
        **problems(404, 408, 409, 413, 422, 503),
    },
    openapi_extra={"parameters": [key_parameter("Not needed: a decision has one report in each language.")]},
)
async def issue(request: Request, number: Number, said: ReportIn) -> Response:
    """Issue and seal the report of a lot's last decision: PDF/A-3b with its data inside. It is made once per language
    and never changes. For supervisors and administrators.
    """
    actor, station = allowed(request, "review").actor, open_station()
    work = partial(station.reports.issue, number, said.language, actor, zone_named(said.zone))
    made, was_there = await to_thread.run_sync(work, limiter=_SET_AT_ONCE)
    headers = {"Location": f"{ROOT}/reports/{made.number}.pdf"}
    return as_json(_told(made, station.settings.public_url), 200 if was_there else 201, headers)


@router.get(
    "/lots/{number}/reports", response_model=list[ReportOut], summary="A lot's reports", responses=problems(404, 422)
)
async def reports(request: Request, number: Number) -> Response:
    """The reports issued for a lot's decisions, oldest first."""
    found = await of_station(request, lambda station: station.reports.of_lot(number))
    return as_json([_told(each, open_station().settings.public_url) for each in found])


@router.get(
    "/reports/{report}.pdf",
    response_class=Response,
    summary="A report's PDF",
    responses={
        200: {"description": "The PDF, as it was issued.", "content": {PDF: {}}},
        **problems(404, 422),
    },
)
async def file(request: Request, report: Annotated[str, Path(max_length=40)]) -> Response:
    """The sealed PDF, byte for byte as it was issued."""
    pdf = await of_station(request, lambda station: station.reports.pdf(report))
    name = {"Content-Disposition": f'attachment; filename="vistobueno-{report}.pdf"', "Cache-Control": "private"}
    return Response(pdf, headers=name, media_type=PDF)


def _told(report: IssuedReport, public: str) -> dict[str, object]:
    told = {name: getattr(report, name) for name in ("number", "lot", "language", "sha256", "seal_key")}
    address = f"{public.rstrip('/')}/verify/{report.code}"
    return told | {"at": report.at.isoformat(), "by": report.actor.name, "verification": address}
