"""The public pages that check an inspection report: what its paper says, and whether a file is the one that was issued."""

import hashlib
from functools import partial

from anyio import to_thread
from python_multipart.multipart import parse_options_header
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from ..desk import palette
from ..desk.logo import logo
from ..i18n import LANGUAGES, say
from ..i18n.written import day
from ..services.reports import Verified
from . import headers
from .api.context import open_station
from .api.request_body import form_chunks
from .error_page import shown, templates
from .problems import LANGUAGE_COOKIE, RequestRefused, page_language, refuse

MOST_FILE = 5_000_000  # bytes of a copy that is checked; a report has some 90,000
_YEAR = 365 * 24 * 3600
_ALONE = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}  # who has the address may see it, nobody else


async def page(request: Request) -> Response:
    """What the paper of a report says; or the form that checks a copy."""
    code = request.path_params.get("code", "")
    return _page(request, await to_thread.run_sync(open_station().reports.public, code) if code else None)


async def check(request: Request) -> Response:
    """Whether a file is a report of this station, byte for byte."""
    try:
        sha256 = await _hash_of(request)
    except RequestRefused as error:
        return _page(request, None, refused=error.message(_language(request)), status=error.status)
    found = await to_thread.run_sync(open_station().reports.of_file, sha256)
    return _page(request, found, checked="same" if found else "unknown")


async def _hash_of(request: Request) -> str:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data":
        raise refuse(415, "wrong_media_type", "status_415")
    whole, size = hashlib.sha256(), 0
    async for piece in form_chunks(request, options, "report", lambda _: None, MOST_FILE, None):
        whole.update(piece)
        size += len(piece)
    if not size:
        raise refuse(422, "report_missing")
    return whole.hexdigest()


def _page(
    request: Request, found: Verified | None, *, checked: str = "", refused: str = "", status: int = 200
) -> Response:
    language = _language(request)
    replaced = ""
    if found is not None and found.replaced_at is not None:
        replaced = say(language, "verify_replaced", at=day(found.replaced_at.date(), language))
    other = next(each for each in LANGUAGES if each != language)
    html = (
        templates()
        .get_template("verify.html")
        .render(
            t=lambda key, **values: say(language, f"verify_{key}", **values),
            paper=partial(_paper, found.report.language) if found else None,
            report=found.report if found else None,
            said=found.report.shown if found else None,
            replaced=replaced,
            checked=checked,
            refused=refused,
            language=language,
            theme=palette.chosen(request.cookies),
            logo=logo(),
            other=other,
            other_name=say(language, "entry_sign_in_other_language"),
            here=request.url.path,
            next="",
            demo=say(language, "demo_strip") if open_station().demonstration else "",
        )
    )
    told = {"Content-Security-Policy": headers.OURS, "Cache-Control": "no-store", "Content-Language": language}
    response = HTMLResponse(html, status, told | _ALONE)
    if request.query_params.get("language") in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, language, max_age=_YEAR, path="/", httponly=True, samesite="lax")
    return response


def _paper(language: str, key: str, **values: object) -> str:
    """A word of the paper, in the report's language."""
    return say(language, f"paper_{key}", **values)


def _language(request: Request) -> str:
    asked = request.query_params.get("language", "")
    return asked if asked in LANGUAGES else page_language(request)


routes = [
    Route("/verify", shown(page)),
    Route("/verify", shown(check), methods=["POST"]),
    Route("/verify/{code}", shown(page)),
]
