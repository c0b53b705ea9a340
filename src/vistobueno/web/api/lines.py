"""Lines over HTTP: cameras and their places, what their people's answers would carry, and their calibrations."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from ...core.line import LONGEST_LINE
from .context import allowed
from .derived import plain
from .inspections import ISO_8601, as_json, idempotency_key, in_utc, key_parameter, of_station, problems
from .line_schemas import CalibrationIn, CalibrationOut, DriftOut, LineAuditOut, LineIn, LineOut, ProspectOut
from .request_body import BoundedRoute

router = APIRouter(tags=["lines"], route_class=BoundedRoute)
Moment = Annotated[datetime, ISO_8601]
Name = Annotated[str, Path(max_length=LONGEST_LINE, description="The line's name.")]


@router.get("/lines", response_model=list[LineOut], summary="Lines", responses=problems())  # type: ignore[valid-type]
async def lines(request: Request) -> Response:
    """Cameras and their places, oldest first. One with `retired_at` takes no photographs; `measured` is false until
    a line is commissioned: nobody knows yet how often the model is right there.
    """
    return as_json([plain(each) for each in await of_station(request, lambda station: station.lines.all())])


@router.post(
    "/lines",
    status_code=201,
    response_model=LineOut,
    summary="Add a line",
    responses={
        200: {"model": LineOut, "description": "The same call was made before; this is what it made."},
        **problems(408, 409, 413, 422),
    },
    openapi_extra={"parameters": [key_parameter("Your own name for this line. Sent again, it is added once.")]},
)
async def add_line(request: Request, said: LineIn) -> Response:
    """Add a camera and its place: for supervisors and administrators, signed in."""
    actor, key = allowed(request, "lines").actor, idempotency_key(request)
    added, replayed = await of_station(
        request,
        lambda station: station.lines.add(said.name, said.products, actor, idempotency_key=key),
        "lines",
    )
    return as_json(plain(added), 200 if replayed else 201)


@router.get(
    "/lines/{name:path}/prospect",
    response_model=ProspectOut,
    summary="What a line's answers could promise",
    responses=problems(404, 422),
)
async def prospect(request: Request, name: Name) -> Response:
    """How many answered photographs of each class the line has, what that many can promise, and how many more it takes
    to promise the model's target. `missing`: groups without which nothing can be learnt.
    """
    return as_json(plain(await of_station(request, lambda station: station.calibrations.prospect(name))))


@router.get(
    "/lines/{name:path}/audit",
    response_model=LineAuditOut,
    summary="The blind audit of a line",
    responses=problems(404, 422),
)
async def audit(
    request: Request,
    name: Name,
    since: Annotated[
        Moment | None, Query(description="Only photographs from this moment on; UTC unless it has an offset.")
    ] = None,
    model: Annotated[
        str | None,
        Query(max_length=64, pattern="^[0-9a-f]*$", description="Only those judged by the model with this digest."),
    ] = None,
) -> Response:
    """Escapes of all unfit fruit, overkill of all fit fruit and the share left to people, from random photographs
    answered without seeing the verdict, each weighted by one over its probability, with 95 % intervals; `kappa` says
    how well two people agree. A share whose `n` is 0 is not known.
    """
    moment = in_utc(since)
    return as_json(plain(await of_station(request, lambda station: station.audits.of(name, since=moment, model=model))))


@router.get(
    "/lines/{name:path}/drift",
    response_model=DriftOut | None,
    summary="Whether a line has changed",
    responses=problems(404, 422),
)
async def drift(request: Request, name: Name) -> Response:
    """Watches over a line since its calibration was made active: `errors` is a CUSUM of the blind audit's answers, `scores`
    and `scope` are population stability indices of the newest photographs against the first. `raised` names those that
    warn; each gives a false alarm for an unchanged line in at most one case in twenty. `null`: the line has no calibration.
    """
    found = await of_station(request, lambda station: station.audits.drift(name))
    return as_json(None if found is None else plain(found) | {"raised": found.raised})


@router.get(
    "/lines/{name:path}/calibrations",
    response_model=list[CalibrationOut],  # type: ignore[valid-type]
    summary="A line's calibrations",
    responses=problems(404, 422),
)
async def calibrations(request: Request, name: Name) -> Response:
    """A line's calibrations, newest first. One is active; if none is, the model alone judges the line."""
    return as_json([plain(each) for each in await of_station(request, lambda station: station.calibrations.of(name))])


@router.post(
    "/lines/{name:path}/calibrations",
    status_code=201,
    response_model=CalibrationOut,
    summary="Commission a line",
    responses={
        200: {"model": CalibrationOut, "description": "The same call was made before; this is what it made."},
        **problems(404, 408, 409, 413, 422),
    },
    openapi_extra={"parameters": [key_parameter("Your own name for this. Sent again, it is done once.")]},
)
async def make(request: Request, name: Name) -> Response:
    """Fit the active model to the line from its people's answers. It takes seconds; the line is judged as before until
    the calibration is activated. For supervisors and administrators, signed in.
    """
    actor, key = allowed(request, "lines").actor, idempotency_key(request)
    kept, made = await of_station(
        request, lambda station: station.calibrations.make(name, actor, idempotency_key=key), "lines"
    )
    return as_json(plain(kept), 201 if made is not None else 200)


@router.post(
    "/lines/{name:path}/active",
    response_model=CalibrationOut,
    summary="Activate a calibration",
    responses=problems(404, 408, 409, 413, 422),
    openapi_extra={"parameters": [key_parameter("Your own name for this. Sent again, it is done once.")]},
)
async def activate(request: Request, name: Name, said: CalibrationIn) -> Response:
    """Judge the line by one of its calibrations from now on; past inspections stay as they are."""
    actor, key = allowed(request, "lines").actor, idempotency_key(request)
    now = await of_station(
        request,
        lambda station: station.calibrations.activate(said.calibration, actor, line=name, idempotency_key=key),
        "lines",
    )
    return as_json(plain(now))


@router.post(
    "/lines/{name:path}/roll-back",
    response_model=CalibrationOut | None,
    summary="Go back to the previous calibration",
    responses=problems(404, 408, 409, 413, 422),
    openapi_extra={"parameters": [key_parameter("Your own name for this. Sent again, it is done once.")]},
)
async def roll_back(request: Request, name: Name) -> Response:
    """Go back from the current calibration to the previous one or, with `null`, to the model alone."""
    actor, key = allowed(request, "lines").actor, idempotency_key(request)
    now = await of_station(
        request, lambda station: station.calibrations.roll_back(name, actor, idempotency_key=key), "lines"
    )
    return as_json(None if now is None else plain(now))
