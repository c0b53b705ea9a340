"""What a person's browser shows where no page can be given now: the words of the problem, as a page of ours."""

from collections.abc import Awaitable, Callable, Mapping
from functools import cache

from jinja2 import Environment, PackageLoader
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, Response

from ..core.errors import VistoBuenoError
from ..desk.logo import logo
from ..desk.palette import chosen
from ..i18n import say
from . import headers
from .problems import headers_of, known_status, page_language, problem, problem_of, status_of, title_of

_MACHINES = ("/api/", "/v2", "/_stcore/", "/metrics", "/media/", "/static/")
Handler = Callable[[Request], Awaitable[Response]]
_STARTING = {"Retry-After": "2"}


def error_page(connection: HTTPConnection, error: VistoBuenoError | None, language: str = "") -> Response:
    """An error that no page could say, or (None) a station that is being opened: a page to a person, else a problem."""
    if error is None:
        return told(connection, 503, headers=_STARTING, language=language)
    if not accepts_html(connection):
        return problem_of(connection, error)
    spoken = language or page_language(connection)
    return _page(connection, status_of(error), spoken, error.message(spoken), headers_of(error))


def shown(handler: Handler) -> Handler:
    """A handler whose errors are a page to a person and a problem to a program, whatever goes wrong."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except VistoBuenoError as error:
            return error_page(request, error)

    return answer


def told(
    connection: HTTPConnection, status: int, headers: Mapping[str, str] | None = None, language: str = ""
) -> Response:
    """A status that says all: a page to a person, else a problem."""
    if not accepts_html(connection):
        return problem(connection, status, headers=headers)
    spoken = language or page_language(connection)
    key = "web_page_missing" if status == 404 else f"web_status_{known_status(status)}"
    return _page(connection, status, spoken, say(spoken, key), headers or {})


def accepts_html(connection: HTTPConnection) -> bool:
    """Whether it is a browser that shows the answer to a person; where only machines ask it never is."""
    return "text/html" in connection.headers.get("accept", "") and not connection.scope["path"].startswith(_MACHINES)


def _page(connection: HTTPConnection, status: int, language: str, detail: str, more: Mapping[str, str]) -> Response:
    shown = (
        templates()
        .get_template("error_page.html")
        .render(
            language=language,
            theme=chosen(connection.cookies),
            logo=logo(),
            title=title_of(status, language),
            detail=detail,
            here="/" if status in (403, 404, 405) else connection.scope["path"],
            again=say(language, "ui_page_home" if status in (403, 404, 405) else "entry_again"),
        )
    )
    told = {"Content-Security-Policy": headers.OURS, "Cache-Control": "no-store", "Content-Language": language,
            "Vary": "Accept, Cookie"}  # fmt: skip
    return HTMLResponse(shown, status, told | dict(more))


@cache
def templates() -> Environment:
    """The pages that we write ourselves, without a script."""
    return Environment(loader=PackageLoader("vistobueno.web"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
