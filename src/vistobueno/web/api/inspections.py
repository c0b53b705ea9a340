"""Inspections over HTTP: make one, find it again, see its evidence, review it."""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, Literal

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Path, Query, Request
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from ...core.inspection import Disagreement, Filter
from ...core.line import LONGEST_LINE
from ...services import Review, Station
from ...services.lots import Place
from ..metrics import count
from ..problems import refuse
from .context import allowed, line_of, may_answer, open_station, owner_of, source_of
from .request_body import BoundedRoute, read_photo, received
from .schemas import (
    ROOT,
    Answer,
    InspectionOut,
    NamedDefectsIn,
    NamedDefectsOut,
    ProblemOut,
    ReviewIn,
    ReviewOut,
    inspection_as,
    named_as,
    review_as,
)

router = APIRouter(tags=["inspections"], route_class=BoundedRoute)
LONGEST_KEY = 255
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_JUDGED_AT_ONCE = CapacityLimiter(64)  # threads that wait for the pool; places bound them, this only keeps them ours


def _written(value: object) -> object:
    """A date as ISO 8601 writes it. Pydantic would take 20261125 for seconds since 1970, and nobody would notice."""
    if isinstance(value, str) and not re.match(r"\d{4}-\d\d-\d\d", value):
        raise PydanticCustomError("date_not_iso", "not a date of ISO 8601")
    return value


ISO_8601 = BeforeValidator(_written)
OnLine = Annotated[
    str | None,
    Query(
        max_length=LONGEST_LINE,
        description="The line it was taken on, see `/lines`; by default the key's own, else `principal`.",
    ),
]
InLot = Annotated[
    int | None,
    Query(ge=1, le=2**53, description="The open lot the fruit belongs to, see `/lots`; give `package` too."),
]
InPackage = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Its package, one of those drawn.")]
OfFruit = Annotated[
    int | None,
    Query(
        ge=1,
        le=2**31 - 1,
        description="Its number in the package; by default the next. All photographs of one fruit share it.",
    ),
]
Number = Annotated[int, Path(ge=1, le=2**53, description="The inspection's number.")]


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Documentation of the problems that an operation may answer with."""
    always = {400, 401, 403, 500, 503}  # 400: HTTP itself was not understood
    return {
        status: {"model": ProblemOut, "description": "Problem", "content": {"application/problem+json": {}}}
        for status in sorted(always | set(statuses))
    }


def as_json(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer; its values are plain already."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return Response(text, status, {"Cache-Control": "no-store", **(headers or {})}, "application/json")


def idempotency_key(request: Request) -> str | None:
    """The caller's own name for a write."""
    key = request.headers.get("idempotency-key")
    if key is not None and not 0 < len(key) <= LONGEST_KEY:
        raise refuse(400, "key_invalid", most=LONGEST_KEY)
    return key


def key_parameter(description: str) -> dict[str, Any]:
    """Documentation of the header that every write takes."""
    schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY}
    return {"name": "Idempotency-Key", "in": "header", "schema": schema, "description": description}


def photo_body(description: str) -> dict[str, Any]:
    """How a body that is a photograph is documented."""
    form = {"type": "object", "required": ["photo"], "properties": {"photo": _BINARY["schema"]}}
    kinds = {f"image/{each}": _BINARY for each in ("jpeg", "png", "webp", "heic", "avif")}
    return {
        "required": True,
        "description": description,
        "content": {"multipart/form-data": {"schema": form}, **kinds},
    }


def _place(lot: int | None, package: int | None, fruit: int | None) -> Place | None:
    """Where a fruit was taken from: lot and package are said, or nothing."""
    if lot is None and package is None and fruit is None:
        return None
    if lot is None or package is None:
        raise refuse(422, "place_incomplete")
    return Place(lot, package, fruit)


@router.post(
    "/inspections",
    status_code=201,
    response_model=InspectionOut,
    summary="Inspect a photograph",
    responses={
        200: {"model": InspectionOut, "description": "The same call was made before; this is what it made."},
        **problems(404, 408, 409, 413, 415, 422, 429),
    },
    openapi_extra={
        "parameters": [
            key_parameter("Your own name for this photograph. Sent again after a failure, it is kept once.")
        ],
        "requestBody": photo_body(
            "JPEG, PNG, WebP, HEIC or AVIF, at most 15 MB and 50 megapixels, fewer where they take more memory."
        ),
    },
)
async def inspect(
    request: Request, line: OnLine = None, lot: InLot = None, package: InPackage = None, fruit: OfFruit = None
) -> Response:
    """Judge one photograph and keep it. When this answers, verdict and photograph are durable.

    `curl -H "Authorization: Bearer $KEY" -F photo=@banana.jpg …/api/v1/inspections`, or the bare picture:
    `curl -H "Authorization: Bearer $KEY" -H "Content-Type: image/jpeg" --data-binary @banana.jpg …`
    """
    identity, station, key = allowed(request, "inspect"), open_station(), idempotency_key(request)
    where = _place(lot, package, fruit)
    with received(request, station) as share:
        upload = await read_photo(request, share)
        with station.judging.admit(owner_of(request)) as place:
            work = partial(
                station.inspections.inspect,
                upload.data,
                identity.actor,
                source=source_of(identity),
                line=line_of(identity, line),
                place=where,
                filename=upload.name,
                idempotency_key=key,
                admitted=place,
            )
            del upload
            kept = await to_thread.run_sync(work, limiter=_JUDGED_AT_ONCE)
    if not kept.replayed:
        count(kept.inspection)
    headers = {"Location": f"{ROOT}/inspections/{kept.inspection.number}"}
    return as_json(inspection_as(kept.inspection), 200 if kept.replayed else 201, headers)


class Asked:
    """The filters of a list, from the query string."""

    def __init__(
        self,
        answer: Annotated[Answer | None, Query()] = None,
        product: Annotated[str | None, Query(max_length=64)] = None,
        reason: Annotated[Literal["uncertain", "out_of_scope", "poor_photo"] | None, Query()] = None,
        since: Annotated[
            datetime | None, ISO_8601, Query(description="From this moment on; UTC unless it has an offset.")
        ] = None,
        until: Annotated[datetime | None, ISO_8601, Query(description="Before this moment.")] = None,
        text: Annotated[
            str | None,
            Query(
                max_length=255,
                description="Part of the file name. Fewer than three letters: a page looks through 100,000 names at most, "
                "and may have fewer items than asked for, or none, although there is a `next`.",
            ),
        ] = None,
        actor_kind: Annotated[
            Literal["person", "key", "system"] | None,
            Query(description="Inspected by a person or by a machine's key."),
        ] = None,
        actor_id: Annotated[
            int | None,
            Query(
                ge=1, le=2**53, description="Number of a person or key; give `actor_kind` too, since both count from 1."
            ),
        ] = None,
        source: Annotated[Literal["page", "api", "bulk"] | None, Query()] = None,
        reviewed: Annotated[bool | None, Query(description="Whether a person has answered it.")] = None,
        line: Annotated[str | None, Query(max_length=LONGEST_LINE, description="Only this line.")] = None,
        lot: Annotated[int | None, Query(ge=1, le=2**53, description="Only this lot.")] = None,
        disagrees: Annotated[
            bool | None, Query(description="Whether a person's last answer contradicts the model's.")
        ] = None,
        disagreement: Annotated[
            Disagreement | None,
            Query(
                description="How it does: `escape` (model fit, person unfit), `overkill` (unfit, fit), `other` (none of "
                "the products), `forced` (the model asked for a review, and tended to the wrong answer)."
            ),
        ] = None,
    ) -> None:
        self.filter = Filter(
            answer, product, reason, in_utc(since), in_utc(until), text or None, actor_id, source, reviewed, actor_kind,
            line, disagrees, disagreement, lot,
        )  # fmt: skip


def in_utc(moment: datetime | None) -> datetime | None:
    """A moment that was asked for; where no zone was said, UTC is meant."""
    if moment is None:
        return None
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:  # the year 1, an hour east of Greenwich
        raise refuse(422, "invalid", "status_422") from None


async def of_station(request: Request, ask: Callable[[Station], Any], permission: str = "read") -> Any:
    """Ask the station in a thread, for somebody who may."""
    allowed(request, permission)
    return await to_thread.run_sync(partial(ask, open_station()))


def _evidence(data: bytes, request: Request) -> Response:
    """A JPEG that never changes, for this asker alone; 304 where the browser has it."""
    tag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, max-age=31536000, immutable", "Vary": "Cookie, Authorization"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(data, headers=headers, media_type="image/jpeg")


_JPEG: dict[int | str, dict[str, Any]] = {
    200: {"description": "The picture.", "content": {"image/jpeg": _BINARY}},
    304: {"description": "It has not changed (If-None-Match)."},
    **problems(404, 422),
}


@router.get(
    "/inspections/{number}", response_model=InspectionOut, summary="One inspection", responses=problems(404, 422)
)
async def inspection(request: Request, number: Number) -> Response:
    """One inspection with its reviews."""
    return as_json(inspection_as(await of_station(request, lambda station: station.inspections.one(number))))


@router.get(
    "/inspections/{number}/photo", response_class=Response, summary="An inspection's photograph", responses=_JPEG
)
async def photo(request: Request, number: Number) -> Response:
    """The photograph as kept: a JPEG of at most 1,024 pixels, without location or other EXIF data."""
    return _evidence(await of_station(request, lambda station: station.inspections.photograph(number)), request)


@router.get(
    "/inspections/{number}/heat-map", response_class=Response, summary="Where the model looked", responses=_JPEG
)
async def heat_map(request: Request, number: Number) -> Response:
    """The photograph overlaid with the evidence for the answer."""
    return _evidence(await of_station(request, lambda station: station.inspections.heat_map(number)), request)


@router.get("/inspections/{number}/thumbnail", response_class=Response, summary="Thumbnail", responses=_JPEG)
async def thumbnail(
    request: Request, number: Number, side: Annotated[int, Query(ge=16, le=1024, description="Pixels.")] = 160
) -> Response:
    """The photograph, small."""
    return _evidence(await of_station(request, lambda station: station.inspections.thumbnail(number, side)), request)


@router.post(
    "/inspections/{number}/reviews",
    status_code=201,
    response_model=ReviewOut,
    summary="Review an inspection",
    responses={
        200: {"model": ReviewOut, "description": "The same call was made before; this is what it made."},
        **problems(404, 408, 409, 413, 422),
    },
    openapi_extra={"parameters": [key_parameter("Your own name for this answer. Sent again, it is given once.")]},
)
async def review(request: Request, number: Number, said: ReviewIn) -> Response:
    """Set a person's answer beside the verdict. The verdict is never changed. With `INSPECTORS_REVIEW=own` an
    inspector may answer for their own inspections that went to review.
    """
    identity, key = allowed(request, "answer"), idempotency_key(request)

    def give(station: Station) -> tuple[Review, bool]:
        if not identity.may("review") and not may_answer(identity, station, station.inspections.one(number)):
            raise refuse(403, "not_allowed", "status_403")
        return station.reviews.give(
            number,
            identity.actor,
            said.answer,
            said.note,
            defects=said.defects,
            severities=said.severities,
            blind=said.blind and identity.may("review"),  # on their card inspectors have seen the verdict
            idempotency_key=key,
        )

    made, replayed = await of_station(request, give, "answer")
    return as_json(review_as(made), 200 if replayed else 201)


@router.post(
    "/inspections/{number}/defects",
    status_code=201,
    response_model=NamedDefectsOut,
    summary="Name a fruit's defects",
    responses={
        200: {"model": NamedDefectsOut, "description": "The same call was made before; this is what it made."},
        **problems(404, 408, 409, 413, 422),
    },
    openapi_extra={"parameters": [key_parameter("Your own name for this. Sent again, they are named once.")]},
)
async def name_defects(request: Request, number: Number, said: NamedDefectsIn) -> Response:
    """Name the defects of a fruit, and how bad they are, without answering whether it is fit: for anyone who inspects
    or answers. The last naming counts. A fruit passed as fit then waits for a person.
    """
    actor, key = allowed(request, "answer").actor, idempotency_key(request)
    made, replayed = await of_station(
        request,
        lambda station: station.reviews.name(number, actor, said.defects, said.severities, idempotency_key=key),
        "answer",
    )
    return as_json(named_as(made), 200 if replayed else 201)
