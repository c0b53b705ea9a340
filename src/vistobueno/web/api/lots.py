"""Lots over HTTP: opened, looked at, judged by standards, decided; and the standards that there are."""

import json
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from ...core.lots.lot import LotFacts
from ...core.lots.standard import Standard
from .context import allowed
from .derived import plain
from .inspections import as_json, idempotency_key, key_parameter, of_station, problems
from .lot_schemas import LotIn, LotOut, LotsOut, LotStatusOut, LotVerdictIn, LotVerdictOut, StandardIn, StandardOut
from .request_body import BoundedRoute

router = APIRouter(tags=["lots"], route_class=BoundedRoute)
Number = Annotated[int, Path(ge=1, le=2**53, description="The lot's number.")]
_KEY = {"parameters": [key_parameter("Your own name for this. Sent again, it is done once.")]}
_ADDED = {408, 409, 413, 422}


@router.get("/standards", response_model=list[StandardOut], summary="Standards", responses=problems())
async def standards(request: Request) -> Response:
    """The standards that come with the program, and the newest version of each of your own. `confirmed` is false if
    any figure has not been checked against the document.
    """
    found = await of_station(request, lambda station: station.lots.standards.all())
    return as_json([_standard(each) for each in found])


@router.get("/standards/{key}", summary="A complete standard", response_model=StandardIn, responses=problems(404, 422))
async def standard(request: Request, key: Annotated[str, Path(max_length=60)]) -> Response:
    """A standard's file: copy it, change it, give it another key or a higher version, and send it."""
    return as_json(await of_station(request, lambda station: station.lots.standards.one(key).document()))


@router.post(
    "/standards",
    status_code=201,
    response_model=StandardOut,
    summary="Save a standard",
    responses=problems(*_ADDED),
    openapi_extra=_KEY,
)
async def keep_standard(request: Request, said: StandardIn) -> Response:
    """Save a standard of your own, or a new version of one. Open lots keep the version they have. Sent twice, it is
    saved once. For supervisors and administrators, signed in.
    """
    actor = allowed(request, "lines").actor
    text = json.dumps(said.model_dump())
    return as_json(
        _standard(await of_station(request, lambda station: station.lots.standards.keep(text, actor), "lines")), 201
    )


@router.get("/lots", response_model=LotsOut, summary="Find lots", responses=problems(422))
async def lots(
    request: Request,
    cursor: Annotated[int | None, Query(ge=1, le=2**53, description="`next` from the previous page.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """Lots, newest first."""
    found = await of_station(request, lambda station: station.lots.page(cursor, limit))
    more = found[-1].number if len(found) == limit and found[-1].number > 1 else None
    return as_json({"items": [plain(each) for each in found], "next": more})


@router.post(
    "/lots",
    status_code=201,
    response_model=LotOut,
    summary="Open a lot",
    responses={
        200: {"model": LotOut, "description": "The same call was made before; this is what it made."},
        **problems(*_ADDED),
    },
    openapi_extra=_KEY,
)
async def open_lot(request: Request, said: LotIn) -> Response:
    """Open a lot. The packages to inspect are drawn now; see `/lots/{number}` for their numbers. Send photographs to
    `/inspections?lot=…&package=…&fruit=…`.
    """
    actor, key = allowed(request, "inspect").actor, idempotency_key(request)
    facts = LotFacts(**said.model_dump(exclude={"standards", "opened", "fruit"}))
    lot, replayed = await of_station(
        request,
        lambda station: station.lots.open(
            facts, said.standards, actor, opened=said.opened, fruit=said.fruit, idempotency_key=key
        ),
        "inspect",
    )
    return as_json(plain(lot), 200 if replayed else 201)


@router.get("/lots/{number}", response_model=LotStatusOut, summary="Where a lot stands", responses=problems(404, 422))
async def lot(request: Request, number: Number) -> Response:
    """A lot, the packages to open, its current counts, what each of its standards says about them, and its decisions.
    `lacking`: details missing about unfit fruit that would decide the lot. `estimate`: the share of unfit fruit in
    the whole lot, corrected for its line's mistakes, or `why` there is none. `ended_early` in a judgement: the fruit
    still to come cannot change it. `changed`: answers came after the last decision.
    """
    found, estimate = await of_station(
        request, lambda station: (station.lots.status(number), station.lots.estimate(number))
    )
    return as_json(plain(found) | {"packages": list(found.lot.draw.numbers), "estimate": plain(estimate)})


@router.post(
    "/lots/{number}/decisions",
    status_code=201,
    response_model=LotVerdictOut,
    summary="Decide a lot",
    responses={
        200: {"model": LotVerdictOut, "description": "The same call was made before; this is what it made."},
        **problems(404, *_ADDED),
    },
    openapi_extra=_KEY,
)
async def decide(request: Request, number: Number, said: LotVerdictIn) -> Response:
    """Decide a lot, which closes it: it takes no more photographs. A closed lot gets another decision, with its reason,
    linked to the earlier one. For supervisors and administrators.
    """
    actor, key = allowed(request, "review").actor, idempotency_key(request)
    made, replayed = await of_station(
        request,
        lambda station: station.lots.decide(
            number, said.decision, actor, reason=said.reason, grade=said.grade, idempotency_key=key
        ),
        "review",
    )
    return as_json(plain(made), 200 if replayed else 201)


def _standard(found: Standard) -> dict[str, object]:
    classes = [each.key for each in found.classes]
    told = {
        name: getattr(found, name)
        for name in ("key", "version", "digest", "products", "source", "edition", "confirmed")
    }
    return told | {"name": {"es": found.name.es, "en": found.name.en}, "classes": classes}
