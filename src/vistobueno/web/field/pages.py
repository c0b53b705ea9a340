"""The shells of the field's pages, their parts, the service worker, and the session that a page kept offline asks for."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from functools import cache, partial
from importlib.resources import files
from typing import Any, get_args

from anyio import to_thread
from jinja2 import Environment, PackageLoader
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from ...accounts import running_accounts
from ...accounts.identity import Identity
from ...core.inspection import LONGEST_NOTE, Inspection, ReviewAnswer
from ...core.line import Line
from ...core.lots.standard import severities_asked
from ...desk import palette
from ...desk.bar import bar_html
from ...desk.icons import icon
from ...desk.pieces import answer, photo_url
from ...i18n import LANGUAGES, certainty, say, texts
from ...services import Station, table
from ...services.lots import OpenLot
from ..api.context import allowed, identity_of, may_answer, open_station
from ..api.derived import plain
from ..api.request_body import read_body
from ..api.schemas import inspection_as, waiting_as
from ..error_page import shown
from ..problems import refuse

ACCEPTED = (
    "image/jpeg,image/png,image/webp,image/heic,image/heif,image/avif,.jfif,.heic,.heif,.hif,.avif,.zip,application/zip"
)
_SIGNS = ("fit", "unfit", "review", "other", "retake", "broken")
_TEXTS = ("fit", "unfit", "review", "other", "retake", "apple", "banana", "orange",
          "field_", "ui_capture_", "ui_inspect_", "ui_reason_", "ui_why_",
          "ui_words_", "ui_fact_", "ui_photo", "ui_heat_map", "ui_source", "ui_kind_", "ui_who", "ui_product", "ui_number",
          "ui_unknown_product", "ui_unmeasured", "ui_fitted", "camera_unmeasured", "camera_commissioned",
          "count_", "ui_no_photograph", "ui_probability_unfit", "ui_of_at_most", "ui_page_review")  # fmt: skip
_KINDS = {".js": "text/javascript", ".css": "text/css"}
_FIRST = 5  # of what waits, that come with the page
_MOST = 1_000  # bytes of a choice of language
_FOREVER = "public, max-age=31536000, immutable"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "media-src 'self' blob:; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""Our own modules and nothing else: no script and no style is written into these pages."""


async def inspect(request: Request) -> Response:
    """Camera, files, ZIP: one card answers for the photograph that was taken last."""
    identity = allowed(request, "inspect")
    station = open_station()
    products = {each.product for each in station.models.active.bundle.classes}
    told = {**await _taking(identity, station), **await _defects(station, products)}
    words = ("defect_", "severity_")
    return _page(request, identity, station, "inspect", "inspect", more=told, words=words, accepted=ACCEPTED)


async def one(request: Request) -> Response:
    """One inspection, whole."""
    identity, station = allowed(request, "read"), open_station()
    found = await to_thread.run_sync(partial(station.inspections.one, _number(request)))
    language = identity.language
    names = {each.key: each.names.get(language, each.key) for each in station.models.active.bundle.classes}
    return _page(
        request, identity, station, "one", "history",
        more={**await _session(identity, station), "inspection": inspection_as(found), "classes": names,
              "facts": _facts(found, language), "of": await to_thread.run_sync(_offered_of, station, found)},
        words=("defect_", "severity_"),
        title=say(language, "ui_number", number=found.number),
        picture=photo_url(found.number) if found.has_photograph else "",
        may_answer=may_answer(identity, station, found),
        may_name=identity.may("answer"),
        lot=found.lot,
        undecided=found.verdict.answer == "review" and not found.reviews,
        longest_note=LONGEST_NOTE,
    )  # fmt: skip


def _facts(found: Inspection, language: str) -> list[tuple[str, object]]:
    """Every fact by its name in the language; the page writes numbers and moments as its reader does."""
    told = dict(table.facts(found, language)) | {
        "probability_unfit": certainty(found.verdict.probability_unfit, language)
    }
    return [(say(language, f"inspection_{name}"), plain(value)) for name, value in told.items()]


async def review(request: Request) -> Response:
    """What waits for a person, one photograph at a time."""
    identity, station = allowed(request, "review"), open_station()
    products = {each.product for each in station.models.active.bundle.classes}
    waiting = await to_thread.run_sync(partial(station.reviews.waiting, limit=_FIRST, actor=identity.actor))
    first = waiting.items[0] if waiting.items else None
    return _page(
        request, identity, station, "review", "review",
        more={**await _taking(identity, station), "waiting": waiting_as(waiting), **await _defects(station, products)},
        words=("defect_", "severity_"),
        picture=photo_url(first.number) if first and first.has_photograph else "",
    )  # fmt: skip


async def session(request: Request) -> Response:
    """Who this browser is now, and the lines there are: what a page that was kept for want of a network cannot know."""
    told = await _taking(identity_of(request), open_station())
    return JSONResponse(told, headers={"Cache-Control": "no-store"})


async def lot(request: Request) -> Response:
    """Where an open lot stands, as far as the phone tells it: whether its decision can still change, and what is not said."""
    allowed(request, "inspect")
    number, station = _number(request), open_station()
    found = await to_thread.run_sync(partial(station.lots.status, number))
    said = found.judgements[0]
    told = {
        "number": number,
        "closed": bool(found.verdicts),
        "decision": said.decision,
        "early": said.ended_early,
        "lacking": [plain(each) for each in found.lacking],
    }
    return JSONResponse(told, headers={"Cache-Control": "no-store"})


async def language(request: Request) -> Response:
    """Choose the language that this person reads."""
    identity = identity_of(request)
    try:
        chosen = json.loads(await read_body(request, _MOST))["language"]
    except (ValueError, KeyError, TypeError):
        chosen = None
    if chosen not in LANGUAGES:
        raise refuse(400, "bad_request", "status_400")
    await to_thread.run_sync(running_accounts().people.set_language, identity, chosen)
    return Response(status_code=204)


async def part(request: Request) -> Response:
    """A module or the style, under the name of its version: it never changes there."""
    of, _, name = request.path_params["path"].partition("/")
    if of != version() or name not in _parts():
        raise refuse(404, "not_found", "status_404")
    kind = _KINDS[name[name.rindex(".") :]]
    return Response(_parts()[name], media_type=kind, headers={"Cache-Control": _FOREVER})


async def worker(request: Request) -> Response:
    """The service worker: it says by its content which version of the parts to keep."""
    paths = sorted(f"{_static()}/{name}" for name in _parts())
    text = files(__package__).joinpath("static", "sw.js").read_text("utf-8")
    text = text.replace("{version}", version()).replace("{parts}", json.dumps(paths))
    return Response(text, media_type="text/javascript", headers={"Cache-Control": "no-cache"})


async def manifest(request: Request) -> Response:
    """What a phone needs to put the page on its first screen."""
    paper = palette.LIGHT["paper"]
    icons = [
        {"src": "/favicon.svg", "sizes": "any", "type": "image/svg+xml", "purpose": "any"},
        *(
            {"src": f"/icon-{side}.png", "sizes": f"{side}x{side}", "type": "image/png", "purpose": "any maskable"}
            for side in (192, 512)
        ),
    ]
    return JSONResponse(
        {
            "name": "Visto Bueno", "short_name": "Visto Bueno", "id": "/inspect", "start_url": "/inspect", "scope": "/",
            "display": "standalone", "background_color": paper, "theme_color": paper, "icons": icons,
        },
        media_type="application/manifest+json",
        headers={"Cache-Control": "public, max-age=3600"},
    )  # fmt: skip


@cache
def version() -> str:
    """Of all parts together: the first digits of their hash."""
    whole = hashlib.sha256()
    for name, content in sorted(_parts().items()):
        whole.update(f"{name}\n".encode() + content)
    return whole.hexdigest()[:12]


@cache
def _parts() -> dict[str, bytes]:
    """Every module and the style, by name; the look is that of every page, with what the field adds."""
    folder = files(__package__).joinpath("static")
    found = {
        each.name: each.read_bytes() for each in folder.iterdir() if each.name.endswith(".js") and each.name != "sw.js"
    }
    look = files("vistobueno.desk").joinpath("style.css").read_bytes()
    colours = f"{palette.css()}\n".encode()
    return found | {"style.css": colours + look + folder.joinpath("field.css").read_bytes()}


@cache
def _modules(name: str) -> tuple[str, ...]:
    """The modules that a page's own leads to, so that the browser asks for all of them at once."""
    found, asked = set[str](), [name]
    while asked:
        text = _parts()[asked.pop()].decode()
        new = set(re.findall(r'(?:from|import) "\./([\w.]+)"', text)) - found
        found |= new
        asked += new
    return tuple(sorted(found))


def leaving(identity: Identity, language: str) -> dict[str, object]:
    """What the page to sign out needs to send answers and to say what is not sent yet: its module, and the words."""
    words = texts(language, ("count_leaving", "field_answer_refused"))
    told = {**_person(identity), "language": language, "texts": words}
    return {"page": _as_data(told), "module": f"{_static()}/leaving.js"}


def _static() -> str:
    return f"/field/{version()}"


def _page(
    request: Request, identity: Identity, station: Station, name: str, here: str, *, more: Mapping[str, Any],
    words: tuple[str, ...] = (), **values: object,
) -> Response:  # fmt: skip
    language, model = identity.language, station.models.active
    told = {
        "may": sorted(identity.scopes),
        "answers": "any" if identity.may("review") else station.settings.inspectors_review,
        "texts": texts(language, _TEXTS + words),
        "model": {
            "digest": model.bundle.digest,
        },
        **more,
    }
    html = (
        _templates()
        .get_template(f"{name}.html")
        .render(
            t=partial(say, language),
            language=language,
            static=_static(),
            script=name,
            modules=_modules(f"{name}.js"),
            theme=palette.chosen(request.cookies),
            papers=[palette.LIGHT["paper"], palette.DARK["paper"]],
            bar=bar_html(identity, here, station.demonstration),
            signs={each: icon(each) for each in _SIGNS},
            answers={each: answer(each, language) for each in get_args(ReviewAnswer)},
            page=_as_data(told),
            **values,
        )
    )
    told_headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store", "Content-Language": language}
    return HTMLResponse(html, headers=told_headers)


async def _defects(station: Station, products: Iterable[str | None]) -> dict[str, Any]:
    """What may be named of an unfit fruit, and of what of it is asked how bad it is, by product; under "" of any other."""
    return {"offered": await to_thread.run_sync(_offered, station, (None, *products))}


def _offered(station: Station, products: Iterable[str | None]) -> dict[str, dict[str, Any]]:
    named = station.defects.of(products)
    standards = station.lots.standards.all()
    return {
        each: {"defects": defects, "severities": severities_asked(one for one in standards if each in one.products)}
        for each, defects in named.items()
    }


def _offered_of(station: Station, found: Inspection) -> dict[str, Any]:
    """The same of one fruit: in a lot its product and its standards count."""
    product = found.verdict.recognised_product or ""
    if found.lot is None:
        return _offered(station, (product,))[product]
    lot, standards = station.lots.judged_by(found.lot)
    return {
        "defects": station.defects.of((lot.facts.product,))[lot.facts.product],
        "severities": severities_asked(standards),
    }


async def _session(identity: Identity, station: Station) -> dict[str, Any]:
    lines = await to_thread.run_sync(station.lines.all)
    return {**_person(identity), "lines": [_line(each, station) for each in lines]}


async def _taking(identity: Identity, station: Station) -> dict[str, Any]:
    """The same for who takes photographs: with the lots that are open."""
    lots = await to_thread.run_sync(station.lots.open_ones)
    return {**await _session(identity, station), "lots": [_lot(each) for each in lots]}


def _lot(found: OpenLot) -> dict[str, Any]:
    """An open lot, as the phone offers it: the packages that were drawn, and how far each is."""
    facts = found.lot.facts
    return {
        "number": found.lot.number,
        "code": facts.code,
        "packer": facts.packer,
        "product": facts.product,
        "severities": severities_asked(found.standards),
        "fruit": found.lot.plan.fruit,
        "packages": [{"number": each, "looked": found.looked_at.get(each, 0)} for each in found.lot.draw.numbers],
    }


def _line(line: Line, station: Station) -> dict[str, Any]:
    """A line, and the thresholds that judge it now."""
    model = station.models.judging(line.name)
    return {
        "name": line.name,
        "products": line.products,
        "retired": line.retired_at is not None,
        "measured": line.measured,
        "calibration": model.calibration_digest,
        "low": model.policy.fit_below,
        "high": model.policy.unfit_above,
    }


def _person(identity: Identity) -> dict[str, Any]:
    return {"person": identity.actor.id, "csrf": identity.csrf, "language": identity.language}


def _as_data(value: object) -> Markup:
    """JSON that no browser takes for the end of its element."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return Markup(text.replace("<", "\\u003c").replace("&", "\\u0026"))  # noqa: S704 neither a tag nor an entity is left


def _number(request: Request) -> int:
    given = request.path_params["number"]
    if not given.isdecimal() or not given.isascii() or len(given) > 16:
        raise refuse(404, "not_found", "status_404")
    return int(given)


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("vistobueno.web.field"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )


routes = [
    Route("/inspect", shown(inspect)),
    Route("/inspections/{number}", shown(one)),
    Route("/review", shown(review)),
    Route("/field/session", shown(session)),
    Route("/field/lots/{number}", shown(lot)),
    Route("/field/language", shown(language), methods=["POST"]),
    Route("/field/{path:path}", shown(part)),
    Route("/sw.js", worker),
    Route("/app.webmanifest", manifest),
]
