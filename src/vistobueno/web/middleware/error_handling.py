"""What every answer has, whoever makes it: protecting headers, and errors as problem documents or, for people, as pages."""

import logging
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ...core.errors import VistoBuenoError
from .. import headers
from ..error_page import error_page, told
from ..metrics import REFUSALS
from ..rules import rule_for
from ..shutdown import within_drain
from .guard import is_secure

_IN_WORDS = ("text/html", "application/json", "application/problem+json")
_KEPT = ("allow", "retry-after", "www-authenticate", "content-range", "connection", "accept-encoding", "set-cookie")
_trouble = logging.getLogger("vistobueno.web")


class ErrorHandling:
    """The layer outside of the guard: what goes wrong further in, in our code or another's, is told as every error is."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and see to the answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        connection, begun, replaced = HTTPConnection(scope), False, False

        async def protected(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message["headers"] = list(message.get("headers", ()))
                _protect(connection, message)
            await send(message)

        async def in_words(message: Message) -> None:
            nonlocal replaced
            if (
                message["type"] == "http.response.start"
                and (answer := replacement_for(connection, message)) is not None
            ):
                replaced = True
                await answer(scope, receive, protected)
            elif not replaced:
                await protected(message)

        try:
            async with within_drain():
                await self.app(scope, receive, in_words)
        except ClientDisconnect:  # nobody reads an answer
            return
        except Exception as error:
            answer = _failed(connection, error)
            if not begun:
                await answer(scope, receive, protected)


def replacement_for(connection: HTTPConnection, message: Message) -> Response | None:
    """Our answer in place of an error that another program tells in its own words."""
    given = Headers(raw=list(message.get("headers", ())))
    if message["status"] < 400 or given.get("content-type", "").startswith(_IN_WORDS):
        return None
    return told(connection, message["status"], headers=_kept(given))


def _kept(given: Headers) -> Mapping[str, str]:
    return {name: given[name] for name in _KEPT if name in given}


def _failed(connection: HTTPConnection, error: Exception) -> Response:
    if isinstance(error, VistoBuenoError):
        REFUSALS.labels(error.code).inc()
        return error_page(connection, error)
    _trouble.error("a request failed", exc_info=error)
    return told(connection, 500)


def _protect(connection: HTTPConnection, message: Message) -> None:
    scope = connection.scope
    public = rule_for(scope["method"], scope["path"]).who == "all"
    host = connection.headers.get("host", "")
    headers.protect(message, host=host, secure=is_secure(connection), public=public)
