"""Labels over HTTP: what the barcodes of a box or a pallet say of its lot. Nothing of them is kept."""

from dataclasses import asdict

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request
from starlette.responses import Response

from ...core.lots.gs1 import label_facts
from ...services.labels import read_label
from .context import allowed, open_station
from .inspections import as_json, photo_body, problems
from .lot_schemas import LabelIn, LabelOut
from .request_body import BoundedRoute, read_photo, received

router = APIRouter(tags=["lots"], route_class=BoundedRoute)
_READ_AT_ONCE = CapacityLimiter(1)  # the others wait without a thread


@router.post(
    "/labels",
    response_model=LabelOut,
    summary="Read a label",
    responses=problems(408, 413, 415, 422, 429),
    openapi_extra={"requestBody": photo_body("A photograph of the label, as for `/inspections`.")},
)
async def label(request: Request) -> Response:
    """What the barcodes in a photograph say about a lot: GTIN, lot, SSCC, packages, net weight. GS1-128, DataBar, Data Matrix,
    QR, GS1 Digital Link, EAN and ITF are read.
    """
    allowed(request, "inspect")
    with received(request, open_station()) as share:
        upload = await read_photo(request, share)
        found = await to_thread.run_sync(read_label, upload.data, limiter=_READ_AT_ONCE)
    return as_json(asdict(found))


@router.post("/labels/codes", response_model=LabelOut, summary="Parse codes", responses=problems(408, 413, 422))
async def codes(request: Request, said: LabelIn) -> Response:
    """The same for codes that a scanner or a browser has already read."""
    allowed(request, "inspect")
    return as_json(asdict(label_facts(tuple(said.codes))))
