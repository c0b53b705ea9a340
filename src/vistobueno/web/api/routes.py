"""The API, version 1: assembled, documented, and with every error as a problem document."""

from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from ...core.errors import VistoBuenoError
from ...core.version import __version__
from ...i18n import say
from ..metrics import REFUSALS
from ..problems import language_of, problem, problem_of
from . import batches, control, epcis, inspections, labels, lines, lists, lots, reports, webhooks
from .context import identity_of
from .docs import page
from .schemas import ROOT

_DESCRIPTION = """
Photographs of fruit in, verdicts with evidence out. Every call carries a key, `Authorization: Bearer vb_…`, which an
administrator creates under *Administration → Keys*; people who are signed in may call it from their browser.

Errors are problem documents (RFC 9457) with a stable `code`, in Spanish or English by `Accept-Language`.
Every answer carries `X-Request-ID`; send your own to find it in the log. `503` and `429` say in `Retry-After` when to
try again. A write with an `Idempotency-Key` may be sent again after any failure: it is done only once.
"""


def make_api() -> FastAPI:
    """The application that is mounted at `ROOT`."""
    api = FastAPI(
        title="Visto Bueno",
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        servers=[{"url": ROOT}],
        root_path_in_servers=False,
        exception_handlers=HANDLERS,
        redirect_slashes=False,
        telemetry={
            "tracing": False,
            "metrics": False,
            "logs": False,
        },  # ours reach all routes, and tell no query or body
    )
    for router in (
        inspections.router,
        batches.router,
        lists.router,
        lines.router,
        lots.router,
        labels.router,
        reports.router,
        epcis.router,
        control.router,
        webhooks.router,
    ):
        api.include_router(router)

    async def openapi(request: Request) -> Response:
        _known_as(request, "openapi.json")
        return JSONResponse(described(api))

    async def docs(request: Request) -> Response:
        _known_as(request, "docs")
        return page(described(api), language_of(request))

    api.router.routes += [Route("/openapi.json", openapi), Route("/docs", docs)]
    return api


def _known_as(request: Request, name: str) -> None:
    """For those who are known alone; counted under its own name."""
    identity_of(request)
    request.scope["state"]["route"] = f"{ROOT}/{name}"


def described(api: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with what all operations share."""
    document = api.openapi()
    document.setdefault("components", {})["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "An API key, vb_…"},
        "session": {"type": "apiKey", "in": "cookie", "name": "vistobueno_session"},
    }
    document["security"] = [{"key": []}, {"session": []}]
    return document


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, VistoBuenoError)  # noqa: S101 what the table of handlers says
    REFUSALS.labels(error.code).inc()
    return problem_of(request, error)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    answer = problem(request, error.status_code, headers=error.headers)
    REFUSALS.labels(f"http_{error.status_code}").inc()
    return answer


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    language = language_of(request)
    found = [
        {
            "in": str(each["loc"][0]),
            "field": ".".join(str(part) for part in each["loc"][1:]),
            "detail": say(language, f"web_invalid_{_kind(each['type'])}"),
        }
        for each in error.errors()
    ]
    REFUSALS.labels("invalid").inc()
    return problem(request, 422, errors=found)


def _kind(kind: str) -> str:
    """Which of our sentences says what pydantic found."""
    if kind == "missing":
        return "missing"
    if kind.startswith(("int_", "float_", "greater_than", "less_than")):
        return "number"
    if kind.startswith(("date", "datetime", "timezone")):
        return "moment"
    if kind in ("literal_error", "bool_parsing", "enum"):
        return "choice"
    if kind.startswith("string_"):
        return "text"
    return "json" if kind.startswith(("json_", "model_", "dict_")) else "unknown"


async def _gone(request: Request, error: Exception) -> Response:
    return Response(status_code=400)  # nobody reads it


HANDLERS: dict[Any, Any] = {
    VistoBuenoError: _ours,
    HTTPException: _http,
    RequestValidationError: _invalid,
    ClientDisconnect: _gone,
}


async def _nothing_here(scope: Any, receive: Any, send: Any) -> None:
    await problem(Request(scope), 404)(scope, receive, send)


def routes() -> list[Mount]:
    """The API, and a problem document for everything else below /api."""
    return [Mount(ROOT, make_api()), Mount("/api", _nothing_here)]
