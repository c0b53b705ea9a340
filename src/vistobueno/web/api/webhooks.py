"""Webhooks over HTTP, for administrators: which programs are told what happens, and what they could not be told."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field, create_model
from starlette.responses import Response

from ...core.events import DeadLetter, Endpoint, EventType
from .context import allowed
from .derived import model_of, plain
from .inspections import as_json, idempotency_key, key_parameter, of_station, problems
from .request_body import BoundedRoute

router = APIRouter(tags=["webhooks"], route_class=BoundedRoute)
Number = Annotated[int, Path(ge=1, le=2**53, description="The webhook's number.")]
_KEY = {"parameters": [key_parameter("Your own name for this. Sent again, it is done once.")]}
_ADDED = {408, 409, 413, 422}
_MAY = "webhooks"


class WebhookIn(BaseModel):
    """A program that is told what happens."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"url": "https://erp.example.com/events", "events": ["lot.decided"]}]},
    )
    url: str = Field(max_length=2000, description="The receiving address.")
    events: list[EventType] = Field(default=[], max_length=20, description="Events it is told of; empty: all.")


class RotationIn(BaseModel):
    """For how long the secret before signs too."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"hours": 24}]})
    hours: int = Field(default=24, ge=0, le=720, description="Hours that the old secret also signs; 0 if it leaked.")


class ReplayIn(BaseModel):
    """Which dead letters are sent again."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"id": None}]})
    id: int | None = Field(default=None, ge=1, le=2**53, description="One dead letter; null: all of the webhook's.")


class ReplayOut(BaseModel):
    """How many are sent again."""

    count: int


class SecretOut(BaseModel):
    """A secret, shown this once."""

    secret: str = Field(description="In the form that Standard Webhooks libraries accept: `whsec_…`.")


WebhookOut = model_of(
    Endpoint,
    "WebhookOut",
    example={
        "id": 1,
        "url": "https://erp.example.com/events",
        "events": ["lot.decided"],
        "created_at": "2026-11-29T10:00:00+00:00",
        "actor": {"kind": "person", "id": 1, "name": "Rosa Quispe"},
        "previous_until": None,
        "stopped_at": None,
        "delivered_at": "2026-11-29T11:00:00+00:00",
        "waiting": 0,
        "dead": 0,
    },
)
AddedOut = create_model(
    "WebhookAddedOut", webhook=(WebhookOut, Field()), secret=(str, Field(description="Shown only this once."))
)
DeadLetterOut = model_of(DeadLetter, "DeadLetterOut")


def _made(model: Any) -> dict[int | str, dict[str, Any]]:
    again = {"model": model, "description": "The same call was made before; this is what it made."}
    return {200: again, **problems(404, *_ADDED)}


@router.get("/webhooks", response_model=list[WebhookOut], summary="Webhooks", responses=problems())  # type: ignore[valid-type]
async def webhooks(request: Request) -> Response:
    """All webhooks, oldest first, with how many messages are waiting for each and how many are dead letters."""
    return as_json([plain(each) for each in await of_station(request, lambda station: station.webhooks.all(), _MAY)])


@router.post(
    "/webhooks",
    status_code=201,
    response_model=AddedOut,
    summary="Add a webhook",
    responses=_made(AddedOut),
    openapi_extra=_KEY,
)
async def add(request: Request, said: WebhookIn) -> Response:
    """Notify a program from now on, signed as the Standard Webhooks specification says. The secret is shown only this
    once. For administrators, signed in.
    """
    actor, key = allowed(request, _MAY).actor, idempotency_key(request)
    added, secret, replayed = await of_station(
        request, lambda station: station.webhooks.add(said.url, said.events, actor, idempotency_key=key), _MAY
    )
    return as_json({"webhook": plain(added), "secret": secret}, 200 if replayed else 201)


@router.delete("/webhooks/{number}", status_code=204, summary="Remove a webhook", responses=problems(404, 422))
async def remove(request: Request, number: Number) -> Response:
    """Nothing more is sent to it; waiting messages and its dead letters are lost."""
    actor = allowed(request, _MAY).actor
    await of_station(request, lambda station: station.webhooks.remove(number, actor), _MAY)
    return Response(status_code=204)


@router.post(
    "/webhooks/{number}/rotate",
    response_model=SecretOut,
    summary="Rotate its secret",
    responses=problems(404, *_ADDED),
    openapi_extra=_KEY,
)
async def rotate(request: Request, number: Number, said: RotationIn) -> Response:
    """The new secret is shown only this once; until the hours are over, messages are signed with both."""
    actor, key = allowed(request, _MAY).actor, idempotency_key(request)
    overlap = timedelta(hours=said.hours)
    secret = await of_station(
        request, lambda station: station.webhooks.rotate(number, actor, overlap, idempotency_key=key), _MAY
    )
    return as_json({"secret": secret})


@router.get(
    "/webhooks/{number}/dead",
    response_model=list[DeadLetterOut],  # type: ignore[valid-type]
    summary="A webhook's dead letters",
    responses=problems(404, 422),
)
async def dead(request: Request, number: Number) -> Response:
    """What could not be delivered, newest first, at most two hundred. `problem` is the status it answered with, or
    what happened instead.
    """
    return as_json(
        [plain(each) for each in await of_station(request, lambda station: station.webhooks.dead(number), _MAY)]
    )


@router.post(
    "/webhooks/{number}/replay",
    response_model=ReplayOut,
    summary="Send dead letters again",
    responses=problems(404, *_ADDED),
    openapi_extra=_KEY,
)
async def replay(request: Request, number: Number, said: ReplayIn) -> Response:
    """All of them, or one; a stopped webhook resumes."""
    actor, key = allowed(request, _MAY).actor, idempotency_key(request)
    count = await of_station(
        request, lambda station: station.webhooks.replay(number, actor, said.id, idempotency_key=key), _MAY
    )
    return as_json({"count": count})
