"""A lot's decisions for the repositories of others, as EPCIS 2.0 has them."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from ...services import Station
from .inspections import of_station, problems
from .request_body import BoundedRoute

router = APIRouter(tags=["lots"], route_class=BoundedRoute)
JSON_LD = "application/ld+json"


@router.get(
    "/lots/{number}/epcis",
    response_class=Response,
    summary="A lot's decisions as EPCIS",
    responses={
        200: {"description": "An EPCIS 2.0 document with an ObjectEvent for each decision.", "content": {JSON_LD: {}}},
        **problems(404, 409, 422),
    },
)
async def epcis(
    request: Request, number: Annotated[int, Path(ge=1, le=2**53, description="The lot's number.")]
) -> Response:
    """The lot's decisions as an EPCIS 2.0 document (JSON-LD): one `ObjectEvent` each, business step `inspecting`,
    disposition `conformant` or `non_conformant`. The lot is identified by GS1 Digital Links if it has a GTIN with its
    AI (10), or an SSCC; otherwise by its address on this station. An event keeps its `eventID`: captured again, it is
    the same one.
    """
    own = f"{request.url.scheme}://{request.url.netloc}"

    def told(station: Station) -> dict[str, Any]:
        address = (station.settings.public_url or own).rstrip("/")
        return station.lots.epcis(number, address)

    document = await of_station(request, told)
    return Response(json.dumps(document, ensure_ascii=False), media_type=JSON_LD)
