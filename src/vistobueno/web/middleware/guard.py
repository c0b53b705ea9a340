"""Stands before pages, API and websocket: finds out who asks, asks the table whether they may, refuses the rest."""

import asyncio
from functools import partial
from urllib.parse import quote

from anyio import to_thread
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ...accounts import Accounts, Identity, cookie_name, running_accounts
from ...accounts.audit_log import ADDRESS_HEADER, REQUEST_HEADER, coming_from
from ...accounts.errors import access_refused
from ...accounts.tokens import KEY_START, same
from ...core.errors import VistoBuenoError
from ...settings import Settings
from ..error_page import accepts_html, error_page, told
from ..problems import language_of, problem, problem_of
from ..rules import READS, Rule, rule_for
from .methods import allowed_methods
from .proxies import parse, within

RECHECK = 0.75  # seconds until an open websocket learns that its session has ended
ENDED = 4401  # close code of a websocket whose session has ended
_LOOPBACK = parse("127.0.0.0/8, ::1")
_BEARER = {"WWW-Authenticate": "Bearer"}


class Guard:
    """The ASGI layer before all that answers. It needs `running_accounts`; until that is open, all is refused."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through, or refuse."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["identity"] = None
        with coming_from(address_of(HTTPConnection(scope)), state.get("request_id")):
            await (self._http if scope["type"] == "http" else self._websocket)(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = HTTPConnection(scope)
        refusal = await self._refusal(connection, rule_for(scope["method"], scope["path"]))
        await (refusal or self.app)(scope, receive, send)

    async def _refusal(self, connection: HTTPConnection, rule: Rule) -> Response | None:
        """Why a request may not pass; None when it may."""
        scope = connection.scope
        if b"%00" in scope.get("query_string", b""):  # PostgreSQL has no such text, and nobody means it
            return told(connection, 400)
        unsafe = scope["method"] not in READS | {"OPTIONS"}
        key = api_key_of(connection)
        if unsafe and key is None and is_cross_site(connection):
            return refused(
                connection,
                403,
                access_refused("proxy_unknown" if untrusted_tls_proxy(connection) else "cross_site"),
            )
        if rule.who == "all":
            return None
        if rule.who == "nobody" and is_open(scope["path"]):
            return method_not_allowed(connection)
        try:
            access = running_accounts()
        except RuntimeError:
            return away(connection, None)
        if rule.permission == "metrics":
            may_read = may_read_metrics(connection, key, access.settings)
            return None if may_read else problem(connection, 401, headers=_BEARER)
        try:
            identity = await identify(connection, access, key)
        except VistoBuenoError as error:
            return away(connection, error)
        scope["state"]["identity"] = identity
        if identity is None:
            return to_sign_in(connection) if is_navigation(connection) else problem(connection, 401, headers=_BEARER)
        if rule.who == "nobody":
            return method_not_allowed(connection)
        if (rule.who == "people" and identity.session is None) or not may(identity, rule.permission):
            return told(connection, 403)
        if unsafe and identity.session is not None and not has_csrf_token(connection, identity, rule):
            return refused(connection, 403, access_refused("cross_site"))
        return None

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = HTTPConnection(scope)
        rule = rule_for("WEBSOCKET", scope["path"])
        identity, token = None, connection.cookies.get(cookie_name(is_secure(connection)), "")
        if rule.who == "people" and connection.headers.get("origin") and not is_cross_site(connection):
            try:
                identity = await identify(connection, running_accounts(), None)
            except (RuntimeError, VistoBuenoError):
                identity = None
        if identity is None or not may(identity, rule.permission):
            await receive()  # websocket.connect
            await send({"type": "websocket.close", "code": ENDED, "reason": ""})
            return
        scope["state"]["identity"] = identity
        told = {ADDRESS_HEADER: address_of(connection), REQUEST_HEADER: scope["state"].get("request_id", "")}
        await SessionBoundWebSocket(token, rule.permission, receive, send).run(self.app, telling(scope, told))


def telling(scope: Scope, told: dict[str, str]) -> Scope:
    """The scope with these headers, whatever the client said in them."""
    ours = [(name.encode(), value.encode("latin-1", "replace")) for name, value in told.items()]
    names = {name for name, _ in ours}
    return {**scope, "headers": [each for each in scope["headers"] if each[0].lower() not in names] + ours}


class SessionBoundWebSocket:
    """An open websocket: it ends seconds after its session does."""

    def __init__(self, token: str, permission: str, receive: Receive, send: Send) -> None:
        self._token, self._permission = token, permission
        self._receive, self._send = receive, send
        self._over, self._used = asyncio.Event(), False

    async def run(self, app: ASGIApp, scope: Scope) -> None:
        """Serve it, and look again and again whether the session is still open."""
        watch = asyncio.create_task(self._watch())
        try:
            await app(scope, self._guarded_receive, self._guarded_send)
        finally:
            watch.cancel()

    async def _watch(self) -> None:
        while not self._over.is_set():
            await asyncio.sleep(RECHECK)
            used, self._used = self._used, False
            try:
                identity = await to_thread.run_sync(
                    partial(running_accounts().authentication.identify_session, self._token, seen=used)
                )
            except VistoBuenoError:  # the database is away: nothing can be read or written either
                self._used = self._used or used
                continue
            except Exception:  # the station is closing, or is broken: whom nobody can ask about does not stay
                identity = None
            if identity is None or not may(identity, self._permission):
                self._over.set()
                await self._send({"type": "websocket.close", "code": ENDED, "reason": ""})

    async def _guarded_receive(self) -> Message:
        if self._over.is_set():
            return {"type": "websocket.disconnect", "code": ENDED, "reason": ""}
        coming = asyncio.ensure_future(self._receive())
        ending = asyncio.ensure_future(self._over.wait())
        try:
            await asyncio.wait({coming, ending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ending.cancel()
            if not coming.done():
                coming.cancel()
        if self._over.is_set() or not coming.done():
            return {"type": "websocket.disconnect", "code": ENDED, "reason": ""}
        message = coming.result()
        self._used = self._used or message["type"] == "websocket.receive"
        return message

    async def _guarded_send(self, message: Message) -> None:
        if self._over.is_set():
            raise OSError("the session has ended")  # what Starlette takes for a line that was cut
        await self._send(message)


async def identify(connection: HTTPConnection, access: Accounts, key: str | None) -> Identity | None:
    """Who asks: a key where one is sent, and then no session counts; else the session of the cookie."""
    if key is not None:
        return await to_thread.run_sync(access.authentication.identify_key, key, address_of(connection))
    token = connection.cookies.get(cookie_name(is_secure(connection)), "")
    return await to_thread.run_sync(access.authentication.identify_session, token) if token else None


def api_key_of(connection: HTTPConnection) -> str | None:
    """The API key that a request carries."""
    kind, _, value = connection.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    return connection.headers.get("x-api-key") or (value if value.startswith(KEY_START) else None)


def may(identity: Identity, permission: str) -> bool:
    """Whether they have the permission."""
    return not permission or identity.may(permission)


def is_secure(connection: HTTPConnection) -> bool:
    """Whether the browser speaks TLS to the outermost proxy; in production it must."""
    if connection.scope.get("scheme") in ("https", "wss"):
        return True
    try:
        return running_accounts().settings.env == "production"
    except RuntimeError:
        return False


def address_of(connection: HTTPConnection) -> str:
    """The client's address."""
    return connection.client.host if connection.client else ""


def may_read_metrics(connection: HTTPConnection, key: str | None, settings: Settings) -> bool:
    """Whether METRICS_KEY is sent, or it comes from METRICS_FROM; from this machine through no proxy on it."""
    if key is not None and settings.metrics_key and same(key, settings.metrics_key):
        return True
    state, address = connection.scope["state"], address_of(connection)
    if not state.get("address_known") or (state["proxied"] and within(address, _LOOPBACK)):
        return False
    return within(address, parse(settings.metrics_from, "METRICS_FROM"))


def is_cross_site(connection: HTTPConnection) -> bool:
    """Whether another site's page made the browser ask."""
    if connection.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return True
    origin = connection.headers.get("origin")
    if origin is None:
        return False
    if origin == "null":  # a browser that hides where a form comes from still says whether it was from here
        return connection.headers.get("sec-fetch-site") != "same-origin"
    scheme = "https" if connection.scope.get("scheme") in ("https", "wss") else "http"
    return origin.lower() != f"{scheme}://{connection.headers.get('host', '')}".lower()


def untrusted_tls_proxy(connection: HTTPConnection) -> bool:
    """Whether our own page asks over TLS and it comes here without: a proxy ends it that is not in TRUSTED_PROXIES."""
    over_tls = f"https://{connection.headers.get('host', '')}".lower() == connection.headers.get("origin", "").lower()
    return over_tls and connection.scope.get("scheme") in ("http", "ws")


def has_csrf_token(connection: HTTPConnection, identity: Identity, rule: Rule) -> bool:
    """Whether our own page asked: what changes something carries the session's token, or Streamlit's own, in a header.

    A form carries it as a field, which the page that takes the form looks at.
    """
    if rule.path.startswith("/_stcore/"):
        return bool(connection.headers.get("x-xsrftoken"))  # Streamlit compares it with its cookie
    if rule.path == "/password":
        return True
    return same(connection.headers.get("x-csrf-token", ""), identity.csrf or "\0")


def is_navigation(connection: HTTPConnection) -> bool:
    """Whether a person opens a page, and may be shown another one."""
    return connection.scope["method"] in READS and accepts_html(connection)


def away(connection: HTTPConnection, error: VistoBuenoError | None) -> Response:
    """That nobody can be asked who this is: a page to a person who opens one, else a problem."""
    if is_navigation(connection):
        return error_page(connection, error)
    return problem(connection, 503, headers={"Retry-After": "2"}) if error is None else problem_of(connection, error)


def to_sign_in(connection: HTTPConnection) -> Response:
    """The page to sign in, which leads back here."""
    query = connection.scope["query_string"].decode("latin-1")
    asked = connection.scope["path"] + (f"?{query}" if query else "")
    where = "/login" if asked == "/" else f"/login?next={quote(asked, safe='/')}"
    return RedirectResponse(where, 303, {"Cache-Control": "no-store", "Vary": "Cookie"})


def is_open(path: str) -> bool:
    """Whether everybody may read there: then nobody is asked to sign in for what nobody gets."""
    return rule_for("GET", path).who == "all"


def method_not_allowed(connection: HTTPConnection) -> Response:
    """That there is nothing here, or nothing by this method."""
    methods = allowed_methods(connection.scope)
    return told(connection, 405, {"Allow": ", ".join(methods)}) if methods else told(connection, 404)


def refused(connection: HTTPConnection, status: int, error: VistoBuenoError) -> Response:
    """The problem document of an error, with this status."""
    return problem(connection, status, error.code, error.message(language_of(connection)))
