"""Historial: every inspection, filtered and paged; what is filtered as CSV."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, get_args
from urllib.parse import urlencode

import streamlit as st
from markupsafe import Markup

from ..core.inspection import ActorKind, Filter, Inspection, Page, Source
from ..core.verdict import Answer, Reason
from ..i18n import say
from ..services import CursorRefused
from ..store.days import midnight
from .hypertext import Deed, h, hypertext, join
from .pieces import choice, empty, field, inspection_row, product
from .visit import Visit, go

_LIMIT = 25
_DIGITS = 18  # of a number in the address; no row has more
_FIELDS = ("answer", "product", "reason", "who", "since", "until", "text", "source", "waiting")


def show(visit: Visit) -> None:
    """The page."""
    asked = {name: st.query_params[name] for name in (*_FIELDS, "after") if st.query_params.get(name)}
    _act(hypertext(_page(visit, asked), "history"))


def _act(deed: Deed) -> None:
    if deed.name == "filter":
        given = {name: deed.fields[name].strip() for name in _FIELDS if deed.fields.get(name, "").strip()}
        go("history", **given)
    if deed.name == "clear":
        go("history", **({"waiting": "1"} if "waiting" in _asked() else {}))
    if deed.name in ("all", "waiting"):
        go("history", **_among(deed.name, _asked()))
    if deed.name == "older":
        go("history", **_asked(), after=deed.value)
    if deed.name == "newest":
        go("history", **_asked())


def _asked() -> dict[str, str]:
    return {name: st.query_params[name] for name in _FIELDS if st.query_params.get(name)}


def _among(which: str, asked: Mapping[str, str]) -> dict[str, str]:
    """The same filters among all, or among those that wait: their answer is known."""
    kept = {name: value for name, value in asked.items() if name in _FIELDS and name != "waiting"}
    if which == "all":
        return kept
    return {**{name: value for name, value in kept.items() if name != "answer"}, "waiting": "1"}


def _page(visit: Visit, asked: Mapping[str, str]) -> Markup:
    language = visit.language
    filter_ = filter_of(asked, visit)
    page = _found(visit, filter_, asked)
    rows = join(inspection_row(each, visit) for each in page.items)
    listed = h('<ul class="list">{0}</ul>', rows) if page.items else empty(say(language, "ui_history_none"))
    return h(
        '<div class="head"><div><h1>{title}</h1><p class="lead">{lead}</p></div>'
        '<a class="button small" href="/api/v1/inspections.csv?{query}" download="{file}">{csv}</a></div>'
        "{filters}<section>{listed}<p class='row' style='margin-top:14px'>{newest}{older}</p></section>",
        title=say(language, "ui_page_history"),
        lead=say(language, "ui_history_lead"),
        query=csv_query(filter_, language),
        file=f"vistobueno-{datetime.now(visit.zone):%Y-%m-%d}.csv",
        csv=say(language, "ui_history_csv"),
        filters=_filters(visit, asked),
        listed=listed,
        newest=_step("newest", "", say(language, "ui_newest")) if "after" in asked else "",
        older=_step("older", page.next, say(language, "ui_older")) if page.next else "",
    )


def _found(visit: Visit, filter_: Filter, asked: Mapping[str, str]) -> Page[Inspection]:
    try:
        return visit.station.inspections.page(filter_, asked.get("after"), _LIMIT)
    except CursorRefused:  # an address that somebody wrote by hand
        return visit.station.inspections.page(filter_, None, _LIMIT)


def filter_of(asked: Mapping[str, str], visit: Visit) -> Filter:
    """What the address asks for; what cannot be understood is not asked."""
    since, until = _day(asked.get("since")), _day(asked.get("until"))
    (kind, who), waiting = _who(asked.get("who", "")), "waiting" in asked
    return Filter(
        answer="review" if waiting else _one_of(asked.get("answer"), get_args(Answer)),
        product=asked.get("product"),
        reason=_one_of(asked.get("reason"), get_args(Reason)),
        text=asked.get("text"),
        actor_id=who,
        source=_one_of(asked.get("source"), get_args(Source)),
        since=midnight(since, visit.zone) if since else None,
        until=midnight(until + timedelta(days=1), visit.zone) if until else None,
        reviewed=False if waiting else None,
        actor_kind=kind,
    )


def _who(asked: str) -> tuple[ActorKind | None, int | None]:
    """Whose: ``key`` asks for every machine's, ``key-7`` for one's; a number alone is a person's."""
    kind, _, number = f"person-{asked}".partition("-") if asked.isdecimal() else asked.partition("-")
    known: ActorKind | None = _one_of(kind, get_args(ActorKind))
    if known is None or (number and not number.isdecimal()):
        return None, None
    return known, int(number[:_DIGITS]) if number else None


def csv_query(filter_: Filter, language: str) -> str:
    """The same filter for the API, which streams the CSV."""
    named = {name: value for name, value in vars(filter_).items() if value is not None}
    texts = {name: value.isoformat() if isinstance(value, datetime) else str(value) for name, value in named.items()}
    return urlencode({**texts, "language": language})


def _filters(visit: Visit, asked: Mapping[str, str]) -> Markup:
    language = visit.language
    everything = ("", say(language, "ui_all"))
    bundle = visit.station.models.active.bundle
    products = sorted({each.product for each in bundle.classes if each.product})
    answers = [everything, *((each, say(language, each)) for each in ("fit", "unfit", "review"))]
    reasons = [everything, *((each, say(language, each)) for each in ("uncertain", "out_of_scope", "poor_photo"))]
    waiting = "waiting" in asked
    fields = [
        Markup('<input type="hidden" name="waiting" value="1">')
        if waiting
        else field(say(language, "ui_answer"), choice("answer", answers, asked.get("answer", ""), submits=True)),
        field(
            say(language, "ui_product"),
            choice("product", [everything, *((each, product(each, language)) for each in products)], asked.get("product", ""),
                   submits=True),
        ),
        field(say(language, "ui_reason"), choice("reason", reasons, asked.get("reason", ""), submits=True)),
        field(say(language, "ui_since"), _date("since", asked)),
        field(say(language, "ui_until"), _date("until", asked)),
    ]  # fmt: skip
    if visit.identity.may("people"):
        fields.append(field(say(language, "ui_who"), _whose(visit, asked.get("who", ""))))
    search = h('<input type="search" name="text" id="f-text" value="{0}" placeholder="{1}">', asked.get("text", ""),
               say(language, "ui_search_hint"))  # fmt: skip
    fields.append(field(say(language, "ui_search"), search))
    used = any(name in asked for name in _FIELDS if name != "waiting")
    toggle = h(
        '<nav class="subtabs" aria-label="{which}">{all}{waiting}</nav>',
        which=say(language, "ui_history_which"),
        all=_tab("all", asked, say(language, "ui_history_all"), here=not waiting),
        waiting=_tab("waiting", asked, say(language, "ui_home_waiting"), here=waiting),
    )
    form = h(
        '<section><form data-act="filter" aria-label="{filter}"><div class="filters">{fields}</div><div class="row">'
        '<button class="button small primary" type="submit">{filter}</button>{clear}</div></form></section>',
        filter=say(language, "ui_filter"),
        fields=join(fields),
        clear=_step("clear", "", say(language, "ui_clear")) if used else "",
    )
    folded = h(
        "<details{0}><summary>{1}</summary>{2}</details>",
        Markup(" open") if used else "",
        say(language, "ui_filter"),
        form,
    )
    return toggle + folded


def _whose(visit: Visit, chosen: str) -> Markup:
    """People and machines apart: they may have the same name, and the same number."""
    language, keys = visit.language, visit.access.keys.all()
    people = [(f"person-{each.id}", each.name or each.email) for each in visit.access.people.all()]
    machines = [(f"key-{each.id}", each.name) for each in keys]
    options = [
        ("", say(language, "ui_all")),
        ("person", say(language, "ui_who_people")),
        *((value, f"{name} ({say(language, 'ui_kind_person')})") for value, name in people),
        ("key", say(language, "ui_who_keys")),
        *((value, f"{name} ({say(language, 'ui_kind_key')})") for value, name in machines),
    ]
    return choice("who", options, f"person-{chosen}" if chosen.isdecimal() else chosen, submits=True)


def _tab(which: str, asked: Mapping[str, str], words: str, *, here: bool) -> Markup:
    query = urlencode(_among(which, asked))
    return h(
        '<a href="/history{0}" data-act="{1}"{2}>{3}</a>',
        f"?{query}" if query else "",
        which,
        Markup(' aria-current="page"') if here else "",
        words,
    )


def _date(name: str, asked: Mapping[str, str]) -> Markup:
    return h('<input type="date" name="{0}" id="f-{0}" value="{1}">', name, asked.get(name, ""))


def _step(act: str, value: str | None, words: str) -> Markup:
    return h(
        '<button type="button" class="button small" data-act="{0}" data-value="{1}">{2}</button>',
        act,
        value or "",
        words,
    )


def _day(text: str | None) -> date | None:
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return None
    return day if date.min < day < date.max - timedelta(days=1) else None  # its midnights are moments in every zone


def _one_of(value: str | None, known: tuple[Any, ...]) -> Any:
    return value if value in known else None
