"""The pages in front of the station: sign in and out, one-time links, change of password. No script, both languages."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from urllib.parse import parse_qsl

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from ...accounts import (
    AccessRefused,
    Accounts,
    Identity,
    LinkRefused,
    PasswordRefused,
    SignInRefused,
    Throttled,
    cookie_name,
    running_accounts,
)
from ...accounts.passwords import LONGEST, SHORTEST
from ...accounts.tokens import new_token, same
from ...core.errors import VistoBuenoError
from ...desk import palette
from ...desk.logo import logo
from ...i18n import LANGUAGES, say
from ...services import running_station
from .. import headers
from ..api.request_body import read_body
from ..error_page import error_page, templates
from ..field import pages
from ..middleware.guard import address_of, is_secure
from ..problems import LANGUAGE_COOKIE, headers_of, page_language, problem_of, refuse, status_of

FORM_COOKIE, DEVICE_COOKIE = "vistobueno_form", "vistobueno_device"
YEAR = 365 * 24 * 3600
MOST_FORM = 20_000  # bytes
_DEVICES = 4  # accounts that one browser is known to: a phone beside the line is passed on
_HASHING = CapacityLimiter(2)  # a crowd waits here without a thread each
_STATUS: tuple[tuple[type[VistoBuenoError], int], ...] = (
    (Throttled, 429), (SignInRefused, 401), (LinkRefused, 404), (PasswordRefused, 422), (AccessRefused, 422),
)  # fmt: skip


@dataclass(frozen=True)
class Visit:
    """One request to these pages: the access it asks, its language, and the secret of its forms."""

    request: Request
    access: Accounts
    language: str
    form: str

    @property
    def address(self) -> str:
        """Where it comes from."""
        return address_of(self.request)

    @property
    def agent(self) -> str:
        """What the browser calls itself."""
        return self.request.headers.get("user-agent", "")

    @property
    def token(self) -> str:
        """The session's token that the browser holds."""
        return self.request.cookies.get(cookie_name(is_secure(self.request)), "")

    @property
    def next(self) -> str:
        """Where to go afterwards."""
        return safe_next(self.request.query_params.get("next", ""))

    def csrf(self) -> str:
        """What a form of this browser must bring back."""
        return self.access.forms.get_signature(self.form).decode()


Handler = Callable[[Visit], Awaitable[Response]]


def page(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """A handler with its visit made, its language remembered, and errors outside of a form in words."""

    async def answer(request: Request) -> Response:
        try:
            access = running_accounts()
        except RuntimeError:
            return error_page(request, None)
        asked = request.query_params.get("language", "")
        language = asked if asked in LANGUAGES else page_language(request)
        form = request.cookies.get(FORM_COOKIE) or new_token()
        visit = Visit(request, access, language, form)
        try:
            response = await handler(visit)
        except VistoBuenoError as error:
            unavailable = status_of(error) == 503
            response = error_page(request, error, language) if unavailable else problem_of(request, error)
        if asked in LANGUAGES:
            remember(visit, response, LANGUAGE_COOKIE, asked, YEAR)
        if request.cookies.get(FORM_COOKIE) != form:
            remember(visit, response, FORM_COOKIE, form, None)
        return response

    return answer


async def sign_in(visit: Visit) -> Response:
    """The login page, and what comes from it."""
    if visit.request.method != "POST":
        if await identity_of(visit):
            return see(visit.next)
        said = visit.request.query_params.get("said", "")
        notice = say(visit.language, f"entry_sign_in_{said}") if said in ("signed_out", "again") else ""
        return sign_in_page(visit, notice=notice)
    fields = await fields_of(visit)
    email = fields.get("email", "")
    where = safe_next(fields.get("next", ""))
    if not is_ours(visit, fields):
        return sign_in_page(visit, email, where, stale(visit), 400)
    marks = visit.request.cookies.get(DEVICE_COOKIE, "").split("~")[:_DEVICES]
    plain = email.strip().lower()
    device = next((mark for mark in marks if mark and visit.access.authentication.knows_device(plain, mark)), "")
    try:
        token, identity = await to_thread.run_sync(
            partial(
                visit.access.authentication.sign_in, email, fields.get("password", ""), visit.address, visit.agent,
                device=device, replaces=visit.token,
            ),
            limiter=_HASHING,
        )  # fmt: skip
    except AccessRefused as error:
        return sign_in_page(visit, email, where, error.message(visit.language), status(error), extra(error))
    return come_in(visit, token, identity, where)


async def link(visit: Visit) -> Response:
    """A one-time link: choose a password and come in."""
    token = visit.request.path_params["token"]
    try:
        found = await to_thread.run_sync(visit.access.authentication.link, token, visit.address)
    except AccessRefused as error:
        return closed_link(visit, error)
    if visit.request.method != "POST":
        return link_page(visit, found.purpose, found.email or "", found.name or "")
    fields = await fields_of(visit)
    email, name = found.email or fields.get("email", ""), fields.get("name", found.name or "")
    show = partial(link_page, visit, found.purpose, found.email or "", name, typed=email)
    if not is_ours(visit, fields):
        return show(error=stale(visit), code=400)
    if fields.get("password") != fields.get("repeat"):
        return show(error=say(visit.language, "entry_password_differ"), code=422)
    try:
        session, identity = await to_thread.run_sync(
            partial(
                visit.access.authentication.use_link, token, fields.get("password", ""), email=email, name=name,
                language=visit.language, address=visit.address, agent=visit.agent, replaces=visit.token,
            ),
            limiter=_HASHING,
        )  # fmt: skip
    except LinkRefused as error:
        return closed_link(visit, error)
    except AccessRefused as error:
        return show(error=error.message(visit.language), code=status(error))
    return come_in(visit, session, identity, "/")


async def password(visit: Visit) -> Response:
    """Change one's own password."""
    identity = await identity_of(visit)
    if identity is None:
        return see("/login")
    if visit.request.method != "POST":
        return password_page(visit, identity)
    fields = await fields_of(visit)
    if not same(fields.get("csrf", ""), identity.csrf or "\0"):
        return password_page(visit, identity, stale(visit), 400)
    if fields.get("new") != fields.get("repeat"):
        return password_page(visit, identity, say(visit.language, "entry_password_differ"), 422)
    change = partial(
        visit.access.authentication.change_password,
        identity,
        fields.get("old", ""),
        fields.get("new", ""),
        visit.address,
    )
    try:
        await to_thread.run_sync(change, limiter=_HASHING)
    except SignInRefused:
        return password_page(visit, identity, say(visit.language, "entry_password_old_wrong"), 401)
    except AccessRefused as error:
        return password_page(visit, identity, error.message(visit.language), status(error), extra(error))
    return password_page(visit, identity, done=say(visit.language, "entry_sign_in_password_changed"))


async def sign_out(visit: Visit) -> Response:
    """Leave: at once when one of our forms says so, else after asking."""
    identity = await identity_of(visit)
    if identity is None:
        return leave(visit)
    if visit.request.method != "POST":
        return sign_out_page(visit, identity)
    fields = await fields_of(visit)
    if not same(fields.get("csrf", ""), identity.csrf or "\0"):
        return sign_out_page(visit, identity, stale(visit), 400)
    await to_thread.run_sync(visit.access.authentication.sign_out, visit.token)
    return leave(visit)


async def style(request: Request) -> Response:
    """The one style sheet of these pages."""
    return Response(_style(), media_type="text/css", headers={"Cache-Control": "public, max-age=3600"})


def sign_in_page(
    visit: Visit, email: str = "", where: str = "", error: str = "", code: int = 200,
    more: Mapping[str, str] | None = None, notice: str = "",
) -> Response:  # fmt: skip
    """The login page as it is after an attempt."""
    provider = bool(visit.access.settings.oidc_issuer)
    return render(
        visit, "sign_in.html", code, more,
        email=email, next=where or visit.next, error=error, notice=notice, provider=provider,
    )  # fmt: skip


def link_page(
    visit: Visit, purpose: str, email: str, name: str, *, typed: str = "", error: str = "", code: int = 200
) -> Response:
    """The page of a one-time link."""
    return render(
        visit, "link.html", code,
        purpose=purpose, email=email, typed=typed, name=name, error=error,
    )  # fmt: skip


def password_page(
    visit: Visit, identity: Identity, error: str = "", code: int = 200, more: Mapping[str, str] | None = None,
    done: str = "",
) -> Response:  # fmt: skip
    """The page to change a password."""
    return render(visit, "password.html", code, more, csrf=identity.csrf, email=identity.email, error=error, done=done)


def sign_out_page(visit: Visit, identity: Identity, error: str = "", code: int = 200) -> Response:
    """The page that asks before leaving, and says what this browser has not sent yet."""
    policy = {"Content-Security-Policy": pages.POLICY}
    return render(
        visit, "sign_out.html", code, policy, csrf=identity.csrf, error=error, **pages.leaving(identity, visit.language)
    )


def closed_link(visit: Visit, error: AccessRefused) -> Response:
    """What is said of a link that does not open."""
    return render(visit, "closed.html", status(error), extra(error), error=error.message(visit.language))


def render(
    visit: Visit, template: str, code: int = 200, more: Mapping[str, str] | None = None, **values: object
) -> Response:
    """One of our pages."""
    other = next(each for each in LANGUAGES if each != visit.language)
    shown = (
        templates()
        .get_template(template)
        .render(
            t=lambda key: say(visit.language, f"entry_{key}"),
            language=visit.language,
            theme=palette.chosen(visit.request.cookies),
            logo=logo(),
            other=other,
            other_name=say(visit.language, "entry_sign_in_other_language"),
            here=visit.request.url.path,
            shortest=SHORTEST,
            longest=LONGEST,
            demo=say(visit.language, "demo_strip") if running_station().demonstration else "",
            **{"csrf": visit.csrf(), "next": visit.next, **values},
        )
    )
    told = {"Content-Security-Policy": headers.OURS, "Cache-Control": "no-store", "Content-Language": visit.language}
    return HTMLResponse(shown, code, told | dict(more or {}))


def come_in(visit: Visit, token: str, identity: Identity, where: str) -> Response:
    """Give the browser its session, and mark it as one that this account knows."""
    response = see(where)
    lasts = max(1, visit.access.settings.session_hours) * 3600
    remember(visit, response, cookie_name(is_secure(visit.request)), token, lasts)
    email = identity.email or ""
    others = [each for each in visit.request.cookies.get(DEVICE_COOKIE, "").split("~") if each]
    kept = [each for each in others if not visit.access.authentication.knows_device(email, each)]
    remember(
        visit,
        response,
        DEVICE_COOKIE,
        "~".join([visit.access.authentication.device_mark(email), *kept][:_DEVICES]),
        YEAR,
    )
    return response


def leave(visit: Visit) -> Response:
    """Back to the login page, without the session's cookie."""
    response = see("/login?said=signed_out")
    secure = is_secure(visit.request)
    response.delete_cookie(cookie_name(secure), path="/", secure=secure, httponly=True, samesite="lax")
    return response


def remember(visit: Visit, response: Response, name: str, value: str, lasts: int | None) -> None:
    """A cookie that no script reads and no other site sends along."""
    secure = is_secure(visit.request)
    response.set_cookie(name, value, max_age=lasts, path="/", secure=secure, httponly=True, samesite="lax")


def see(where: str) -> Response:
    """Go there with GET."""
    return RedirectResponse(where, 303, {"Cache-Control": "no-store"})


def safe_next(where: str) -> str:
    """A path of this station, or its first page: nothing that a browser could take for another host."""
    local = where.startswith("/") and not where.startswith(("//", "/\\")) and "\\" not in where
    inside = not where.startswith(("/login", "/logout"))
    return where if local and inside and where.isprintable() and where.isascii() and len(where) <= 500 else "/"


async def identity_of(visit: Visit) -> Identity | None:
    """Who is signed in already."""
    return await to_thread.run_sync(visit.access.authentication.identify_session, visit.token) if visit.token else None


async def fields_of(visit: Visit) -> dict[str, str]:
    """The fields of a form; the last of one name counts."""
    body = await read_body(visit.request, MOST_FORM)
    if b"%00" in body or b"\0" in body:  # PostgreSQL has no such text
        raise refuse(400, "bad_request", "status_400")
    try:
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20))
    except ValueError:  # more fields than any form of ours has
        raise refuse(400, "bad_request", "status_400") from None


def is_ours(visit: Visit, fields: Mapping[str, str]) -> bool:
    """Whether the form was made for this browser."""
    sent = visit.request.cookies.get(FORM_COOKIE, "")
    return bool(sent) and visit.access.forms.verify_signature(sent, fields.get("csrf", ""))


def stale(visit: Visit) -> str:
    """What is said of a form that is not, or no longer, ours; or of a browser that keeps no secure cookie without TLS."""
    kept = FORM_COOKIE in visit.request.cookies
    plain = visit.request.url.scheme == "http" and is_secure(visit.request)
    return say(visit.language, "access_needs_tls" if plain and not kept else "access_form_stale")


def status(error: VistoBuenoError) -> int:
    """The HTTP status of a refusal on these pages."""
    return next((code for kind, code in _STATUS if isinstance(error, kind)), status_of(error))


def extra(error: VistoBuenoError) -> dict[str, str]:
    """What else its answer says."""
    return headers_of(error)


@cache
def _style() -> str:
    return f"{palette.css()}\n{templates().get_template('style.css').render()}"


routes = [
    Route("/login", page(sign_in), methods=["GET", "POST"]),
    Route("/login/style.css", style),
    Route("/login/link/{token}", page(link), methods=["GET", "POST"]),
    Route("/logout", page(sign_out), methods=["GET", "POST"]),
    Route("/password", page(password), methods=["GET", "POST"]),
]
