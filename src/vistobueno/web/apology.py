"""What a person's browser shows where no page can be given now: the words of the problem, as a page of ours."""

from collections.abc import Mapping
from functools import cache

from jinja2 import Environment, PackageLoader
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, Response

from ..errors import VistoBuenoError
from ..texts import say
from . import headers
from .problems import headers_of, language_of, page_language, problem, status_of, title_of

_STARTING = {"Retry-After": "2"}


def apology(connection: HTTPConnection, error: VistoBuenoError | None, language: str = "") -> Response:
    """An error that no page could say, or (None) a station that is being opened: a page to a person, else a problem."""
    status, more = (503, _STARTING) if error is None else (status_of(error), headers_of(error))
    if not takes_pages(connection):
        detail = error.message(language_of(connection)) if error else ""
        return problem(connection, status, error.code if error else "", detail, more)
    spoken = language or page_language(connection)
    return _page(connection, status, spoken, error.message(spoken) if error else say(spoken, "web_status_503"), more)


def takes_pages(connection: HTTPConnection) -> bool:
    """Whether it is a browser that shows the answer to a person."""
    return "text/html" in connection.headers.get("accept", "")


def _page(connection: HTTPConnection, status: int, language: str, detail: str, more: Mapping[str, str]) -> Response:
    shown = (
        templates()
        .get_template("apology.html")
        .render(
            language=language,
            title=title_of(status, language),
            detail=detail,
            here=connection.url.path,
            again=say(language, "entry_again"),
        )
    )
    told = {"Content-Security-Policy": headers.OURS, "Cache-Control": "no-store", "Content-Language": language,
            "Vary": "Accept, Cookie"}  # fmt: skip
    return HTMLResponse(shown, status, told | dict(more))


@cache
def templates() -> Environment:
    """The pages that we write ourselves, without a script."""
    return Environment(loader=PackageLoader("vistobueno.web"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
