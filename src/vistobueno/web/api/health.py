"""Is the process alive, is the station ready: what a load balancer and an orchestrator ask."""

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from ...services import running_station

_NEVER_KEPT = {"Cache-Control": "no-store"}


async def alive(request: Request) -> JSONResponse:
    """200 as long as the process answers."""
    return JSONResponse({"status": "alive"}, headers=_NEVER_KEPT)


async def ready(request: Request) -> JSONResponse:
    """200 when database, evidence and a proved model are there; else 503 and what is missing.

    ``warnings`` tells what does not keep it from inspecting: the active model cannot be loaded here, another goes on.
    ``demo`` is there, and true, where all that it keeps is a demonstration.
    """
    try:
        readiness = await to_thread.run_sync(running_station().ready)
    except RuntimeError:  # not opened yet, or closing
        return JSONResponse({"status": "starting", "checks": {}}, 503, _NEVER_KEPT)
    more: dict[str, object] = {"warnings": list(readiness.warnings)} if readiness.warnings else {}
    more |= {"demo": True} if readiness.demo else {}
    return JSONResponse(
        {"status": "ready" if readiness.ok else "not ready", "checks": dict(readiness.checks), **more},
        200 if readiness.ok else 503,
        _NEVER_KEPT,
    )


routes = [Route("/healthz", alive), Route("/readyz", ready)]
