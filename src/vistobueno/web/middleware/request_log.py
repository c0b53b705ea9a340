"""Every request gets a number, is timed, counted and written down. Query strings and secrets are not."""

import logging
import re
import time
from contextvars import ContextVar
from uuid import uuid4

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..metrics import HTTP_REQUESTS, HTTP_SECONDS
from ..problems import problem
from ..rules import rule_for

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
GONE = 499  # nginx's number for a client that hung up
_SANE = re.compile(r"[A-Za-z0-9._:-]{1,64}")
QUIET = ("/healthz", "/readyz", "/metrics", "/_stcore/health", "/static/*")
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "WEBSOCKET"}
_log = logging.getLogger("vistobueno.access")
_trouble = logging.getLogger("vistobueno.web")


class RequestLog:
    """The outermost layer: nothing answers without its number."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and write down what became of it."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        asked = connection.headers.get("x-request-id", "")
        number = asked if _SANE.fullmatch(asked) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = number
        token = REQUEST_ID.set(number)
        start, status = time.perf_counter(), 0

        async def numbered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", number.encode())]
            elif message["type"] in ("websocket.accept", "websocket.close") and not status:
                status = 101 if message["type"] == "websocket.accept" else 403
            await send(message)

        try:
            await self.app(scope, receive, numbered)
        except Exception:
            _trouble.exception("a request failed")
            if not status and scope["type"] == "http":
                await problem(connection, 500)(scope, receive, numbered)
        finally:
            _written(scope, status or GONE, time.perf_counter() - start)
            REQUEST_ID.reset(token)


class Routed:
    """The innermost layer: notes which route answers, where the outermost finds it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; a router says in the scope what it chose."""
        try:
            await self.app(scope, receive, send)
        finally:
            if scope["type"] == "http" and (route := getattr(scope.get("route"), "path", None)):
                root = str(scope.get("root_path", ""))
                scope["state"].setdefault("route", route if route.startswith(root) else f"{root}{route}")


def route_of(scope: Scope) -> str:
    """The template of the route that answered, else the guard's rule: a known word, whatever a client asks for."""
    if named := scope.get("state", {}).get("route"):
        return str(named)
    rule = rule_for(method_of(scope), scope.get("path", ""))
    return "other" if rule.who == "nobody" else rule.path


def method_of(scope: Scope) -> str:
    """The method, where it is a known one."""
    method = str(scope.get("method", "WEBSOCKET"))
    return method if method in _METHODS else "other"


def _written(scope: Scope, status: int, seconds: float) -> None:
    route, method = route_of(scope), method_of(scope)
    if scope["type"] == "http":
        HTTP_REQUESTS.labels(method, route, str(status)).inc()
        HTTP_SECONDS.labels(route).observe(seconds)
    identity = scope.get("state", {}).get("identity")
    level = logging.DEBUG if route in QUIET else logging.INFO
    _log.log(
        level,
        "%s %s %s",
        method,
        route,
        status,
        extra={
            "method": method,
            "route": route,
            "status": status,
            "seconds": round(seconds, 4),
            "actor_kind": identity.actor.kind if identity is not None else None,
            "actor_id": identity.actor.id if identity is not None else None,
        },
    )
