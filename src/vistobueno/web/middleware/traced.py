"""Where traces are made: one span for each request, named by its route, below the caller's trace where there is one."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ... import tracing
from .request_log import GONE, QUIET, method_of, route_of


class Traced:
    """Stands before the log, so that the log knows the trace; afterwards the trace knows the request's number."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on within a span; what machines ask every few seconds has none, nor has a websocket, which never ends."""
        path = scope.get("path", "")
        if not tracing.is_on() or scope["type"] != "http" or path in QUIET or path.startswith("/static/"):
            await self.app(scope, receive, send)
            return
        status = GONE

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with tracing.request(Headers(scope=scope)) as span:
            await self.app(scope, receive, watched)
            method, route = method_of(scope), route_of(scope)
            span.update_name(f"{method} {route}")
            span.set_attributes(
                {
                    "http.request.method": method,
                    "http.route": route,
                    "http.response.status_code": status,
                    "vistobueno.request_id": scope["state"]["request_id"],
                }
            )
            if status >= 500:
                tracing.failed(span, str(status))
