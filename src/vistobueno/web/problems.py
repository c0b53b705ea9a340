"""Errors as RFC 9457 problem documents: one shape, both languages, each with its code, its request and what to do."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.requests import HTTPConnection
from starlette.responses import Response

from ..accounts import running_accounts
from ..core.defects import DefectRefused
from ..core.errors import BundleRefused, DataRefused, DownloadFailed, PhotoRefused, VistoBuenoError
from ..core.events import WebhookRefused
from ..core.line import LineRefused
from ..core.lots.errors import LotRefused
from ..i18n import LANGUAGES, say
from ..report.report import ReportRefused
from ..services import Busy, Conflict, CursorRefused, NotFound, Unavailable
from ..services.calibrations import CommissioningRefused

MEDIA_TYPE = "application/problem+json"
LANGUAGE_COOKIE = "vistobueno_language"
RETRY_UNAVAILABLE = 5  # seconds until a database or a store that went away is worth asking again
_BY_CODE = {
    "file_too_large": 413,
    "zip_too_large": 413,
    "too_many_photos": 413,
    "not_a_zip": 415,
    "zip_empty": 422,
    "not_a_photo": 415,
    "unsupported_format": 415,
    "line_taken": 409,
    "lot_closed": 409,
    "lot_open": 409,
    "lot_undecided": 409,
    "package_full": 409,
    "standard_version": 409,
    "report_undecided": 409,
    "seal_timestamp": 503,
    "seal_key_missing": 503,
    "seal_key_invalid": 503,
    "seal_key_expired": 503,
    "too_many_requests": 429,
    "too_many_attempts": 429,
}
_BY_KIND: tuple[tuple[type[VistoBuenoError], int], ...] = (
    (Busy, 503),
    (Unavailable, 503),
    (NotFound, 404),
    (Conflict, 409),
    (CursorRefused, 400),
    (PhotoRefused, 422),
    (LineRefused, 422),
    (CommissioningRefused, 409),
    (LotRefused, 422),
    (DefectRefused, 422),
    (ReportRefused, 422),
    (WebhookRefused, 422),
    (BundleRefused, 422),
    (DataRefused, 422),
    (DownloadFailed, 502),
)
_CODES = {400: "bad_request", 401: "not_signed_in", 403: "not_allowed", 404: "not_found", 405: "method_not_allowed",
          408: "too_slow", 413: "too_large", 414: "address_too_long", 415: "wrong_media_type", 422: "invalid",
          429: "too_many_requests", 431: "headers_too_large", 500: "internal_error", 503: "unavailable"}  # fmt: skip


class RequestRefused(VistoBuenoError):
    """A request that the web refuses before it reaches the station; ``status`` says how."""

    def __init__(self, code: str, *, es: str, en: str, status: int = 400, headers: Mapping[str, str] = {}) -> None:
        super().__init__(code, es=es, en=en)
        self.status, self.headers = status, dict(headers)


def refuse(
    status: int, code: str, key: str = "", headers: Mapping[str, str] | None = None, **values: object
) -> RequestRefused:
    """The refusal whose sentence is the text ``web_KEY`` (by default the code's)."""
    es, en = (say(language, f"web_{key or code}", **values) for language in LANGUAGES)
    return RequestRefused(code, es=es, en=en, status=status, headers=headers or {})


def status_of(error: VistoBuenoError) -> int:
    """The HTTP status of an error of ours."""
    if isinstance(error, RequestRefused):
        return error.status
    if error.code in _BY_CODE:
        return _BY_CODE[error.code]
    return next((status for kind, status in _BY_KIND if isinstance(error, kind)), 400)


def headers_of(error: VistoBuenoError) -> dict[str, str]:
    """What else an answer with this error says."""
    if isinstance(error, RequestRefused):
        return error.headers
    after = getattr(error, "retry_after", RETRY_UNAVAILABLE if isinstance(error, Unavailable) else None)
    return {} if after is None else {"Retry-After": str(after)}


def language_of(connection: HTTPConnection, *, own_first: bool = False) -> str:
    """What Accept-Language asks for; without it the asker's own language, then DEFAULT_LANGUAGE.

    With ``own_first`` a person's language counts first: they chose it, and a browser's was chosen by nobody.
    """
    if own_first and (persons := _persons_language(connection)):
        return persons
    identity = connection.scope.get("state", {}).get("identity")
    own = identity.language if identity is not None else _default_language()
    wishes = []
    for place, part in enumerate(connection.headers.get("accept-language", "").split(",")):
        name, _, weight = part.strip().partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            continue
        language = name.strip().lower().partition("-")[0]
        if language in LANGUAGES and quality > 0:
            wishes.append((-quality, place, language))
    return min(wishes)[2] if wishes else own


def page_language(connection: HTTPConnection) -> str:
    """Of a page: the person's, then what was chosen in this browser, then DEFAULT_LANGUAGE. What it prefers by itself
    was chosen by nobody.
    """
    chosen = _persons_language(connection) or connection.cookies.get(LANGUAGE_COOKIE, "")
    return chosen if chosen in LANGUAGES else _default_language()


def _persons_language(connection: HTTPConnection) -> str:
    identity = connection.scope.get("state", {}).get("identity")
    return str(identity.language) if identity is not None and identity.actor.kind == "person" else ""


def _default_language() -> str:
    try:
        return running_accounts().settings.default_language
    except RuntimeError:  # it is being opened, or closed
        return "es"


def problem(
    connection: HTTPConnection,
    status: int,
    code: str = "",
    detail: str = "",
    headers: Mapping[str, str] | None = None,
    errors: Iterable[Mapping[str, Any]] = (),
) -> Response:
    """The problem document for one request. Without ``code`` and ``detail`` it says what the status means."""
    language, known = language_of(connection), known_status(status)
    document = {
        "type": f"urn:vistobueno:problem:{code or _CODES[known]}",
        "title": title_of(status, language),
        "status": status,
        "detail": detail or say(language, f"web_status_{known}"),
        "instance": connection.scope["path"],
        "code": code or _CODES[known],
        "request_id": connection.scope.get("state", {}).get("request_id", ""),
    }
    if connection.scope["path"].startswith("/v2"):
        document["error"] = document["detail"]  # where clients of the Open Inference Protocol look
    if listed := list(errors):
        document["errors"] = listed
    return Response(
        json.dumps(document, ensure_ascii=False),
        status,
        {"Cache-Control": "no-store", "Content-Language": language, "Vary": "Accept-Language", **(headers or {})},
        MEDIA_TYPE,
    )


def title_of(status: int, language: str) -> str:
    """What a status means, in a few words."""
    return say(language, f"web_title_{known_status(status)}")


def known_status(status: int) -> int:
    """The nearest status that we have words for."""
    return status if status in _CODES else 400 if status < 500 else 500


def problem_of(connection: HTTPConnection, error: VistoBuenoError) -> Response:
    """The problem document for an error of ours."""
    detail = error.message(language_of(connection))
    return problem(connection, status_of(error), error.code, detail, headers_of(error))
