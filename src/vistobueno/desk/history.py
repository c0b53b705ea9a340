"""Historial: every inspection, filtered and paged; what is filtered as a table to take along."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, get_args
from urllib.parse import quote, urlencode

import streamlit as st
from markupsafe import Markup

from ..core.inspection import ActorKind, Filter, Inspection, Page, Source
from ..core.verdict import Answer, Reason
from ..i18n import counted, say
from ..services import CursorRefused
from ..store.days import midnight
from ..store.lists import LOOKED_THROUGH
from . import formats
from .hypertext import Deed, h, hypertext, join
from .pieces import choice, empty, field, inspection_row, product, shots, views
from .visit import Visit, go

_LIMIT = 24
_COUNTED = 10_000  # of more it is only said that there are more
_DIGITS = 18  # of a number in the address; no row has more
_NAMES = {
    "answer": "ui_answer", "product": "ui_product", "reason": "ui_reason", "who": "ui_who", "since": "ui_since",
    "until": "ui_until", "text": "ui_search", "source": "ui_source", "waiting": "ui_home_waiting",
    "line": "ui_line",
    "lot": "inspection_lot",
}  # fmt: skip
_FIELDS = tuple(_NAMES)


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
    if deed.name == "without" and deed.value in _FIELDS:
        go("history", **{name: value for name, value in _asked().items() if name != deed.value})
    if deed.name in ("all", "waiting"):
        go("history", **_among(deed.name, _asked()))
    if deed.name in ("disagreements", "lots"):
        go(deed.name)
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
    page = found(visit, filter_, asked)
    return h(
        '<div class="head"><div><h1>{title}</h1><p class="lead">{lead}</p></div>{tables}</div>{filters}'
        '<div class="found"><p role="status"><b>{count}</b></p>{chips}{views}</div>{listed}'
        '<p class="row">{newest}{older}</p>',
        title=say(language, "ui_page_history"),
        lead=say(language, "ui_history_lead"),
        tables=tables(visit, filter_),
        filters=_filters(visit, asked),
        count=count_of(visit, filter_),
        chips=_chips(visit, asked),
        views=views(language),
        listed=by_day(page.items, visit) if page.items else nothing(language),
        newest=step("newest", "", say(language, "ui_newest")) if "after" in asked else "",
        older=step("older", page.next, say(language, "ui_older")) if page.next else "",
    )


def tables(visit: Visit, filter_: Filter) -> Markup:
    """What is listed, as a file: for Excel, for a spreadsheet that takes the comma for the decimal sign, for programs."""
    language, day = visit.language, f"{datetime.now(visit.zone):%Y-%m-%d}"
    query, zone = table_query(filter_, language), quote(str(visit.zone))
    ways = (
        ("xlsx", f"inspections.xlsx?{query}&zone={zone}", f"vistobueno-{day}.xlsx"),
        ("csv_es", f"inspections.csv?{query}&format=es&zone={zone}", f"vistobueno-{day}.csv"),
        ("csv", f"inspections.csv?{query}", f"vistobueno-{day}.csv"),
    )
    link = '<a class="button small" href="/api/v1/{0}" download="{1}">{2}</a>'
    links = join(h(link, address, file, say(language, f"ui_history_{name}")) for name, address, file in ways)
    return h(
        '<details class="wide"><summary>{0}</summary><div class="row">{1}</div></details>',
        say(language, "ui_history_download"),
        links,
    )


def count_of(visit: Visit, filter_: Filter) -> str:
    """How many inspections a filter lets through, in words."""
    many, language = visit.station.inspections.count(filter_, _COUNTED + 1), visit.language
    if many is None:
        return say(language, "ui_history_few_letters", count=formats.number(LOOKED_THROUGH, language))
    if many > _COUNTED:
        return say(language, "ui_history_more", count=formats.number(_COUNTED, language))
    return counted(language, "inspections", many, formats.number(many, language))


def _chips(visit: Visit, asked: Mapping[str, str]) -> Markup:
    """What narrows the list; each goes by a click."""
    language = visit.language
    used = [name for name in _FIELDS if name in asked and name != "waiting"]
    said = join(
        h(
            '<a class="chip on" href="/history{0}" data-act="without" data-value="{1}">{2}: {3}'
            '<span aria-hidden="true">×</span><span class="only-heard">{4}</span></a>',
            address_of({other: asked[other] for other in _FIELDS if other in asked and other != name}),
            name,
            say(language, _NAMES[name]),
            _said(name, asked[name], visit),
            say(language, "ui_history_without"),
        )
        for name in used
    )
    return said + (step("clear", "", say(language, "ui_clear")) if used else Markup())


def _said(name: str, value: str, visit: Visit) -> str:
    """A filter's value as a person says it."""
    language = visit.language
    if name in ("answer", "reason") and value in (*get_args(Answer), *get_args(Reason)):
        return say(language, value)
    if name == "product":
        return product(value, language)
    if name in ("since", "until") and (day := _day(value)) is not None:
        return formats.day(day, language)
    if name == "source" and value in get_args(Source):
        return say(language, f"ui_source_{value}")
    if name == "who":
        return next((words for option, words in _people(visit) if option == value), value)
    return value


def by_day(items: Iterable[Inspection], visit: Visit) -> Markup:
    """The inspections of each day under its name."""
    days = groupby(items, lambda each: each.at.astimezone(visit.zone).date())
    return join(
        h(
            '<section class="day"><h2>{0}</h2>{1}</section>',
            formats.named_day(day, visit.zone, visit.language),
            shots(inspection_row(each, visit, clock=True) for each in of_day),
        )
        for day, of_day in days
    )


def nothing(language: str) -> Markup:
    """There is none."""
    return h("<section>{0}</section>", empty(say(language, "ui_history_none")))


def found(visit: Visit, filter_: Filter, asked: Mapping[str, str]) -> Page[Inspection]:
    """The page of the list that the address asks for."""
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
        line=asked.get("line"),
        lot=int(asked["lot"]) if asked.get("lot", "").isdecimal() else None,
    )


def _who(asked: str) -> tuple[ActorKind | None, int | None]:
    """Whose: ``key`` asks for every machine's, ``key-7`` for one's; a number alone is a person's."""
    kind, _, number = f"person-{asked}".partition("-") if asked.isdecimal() else asked.partition("-")
    known: ActorKind | None = _one_of(kind, get_args(ActorKind))
    if known is None or (number and not number.isdecimal()):
        return None, None
    return known, int(number[:_DIGITS]) if number else None


def table_query(filter_: Filter, language: str) -> str:
    """The same filter for the API, which makes the tables."""
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
    if "lot" in asked:
        fields.append(h('<input type="hidden" name="lot" value="{0}">', asked["lot"]))
    lines = [(each.name, each.name) for each in visit.station.lines.all()]
    if len(lines) > 1:
        fields.append(
            field(say(language, "ui_line"), choice("line", [everything, *lines], asked.get("line", ""), submits=True))
        )
    if visit.identity.may("people"):
        fields.append(field(say(language, "ui_who"), _whose(visit, asked.get("who", ""))))
    search = h('<input type="search" name="text" id="f-text" value="{0}" placeholder="{1}">', asked.get("text", ""),
               say(language, "ui_search_hint"))  # fmt: skip
    fields.append(field(say(language, "ui_search"), search))
    form = h(
        '<section><form data-act="filter" aria-label="{filter}"><div class="filters">{fields}</div><div class="row">'
        '<button class="button small primary" type="submit">{filter}</button></div></form></section>',
        filter=say(language, "ui_filter"),
        fields=join(fields),
    )
    return which(visit, asked, "waiting" if waiting else "all") + h(
        '<details class="wide"><summary>{0}</summary>{1}</details>', say(language, "ui_history_filters"), form
    )


def _whose(visit: Visit, chosen: str) -> Markup:
    options = [("", say(visit.language, "ui_all")), *_people(visit)]
    return choice("who", options, f"person-{chosen}" if chosen.isdecimal() else chosen, submits=True)


def _people(visit: Visit) -> list[tuple[str, str]]:
    """People and machines apart: they may have the same name, and the same number."""
    language = visit.language
    if not visit.identity.may("people"):
        return []
    keys = visit.access.keys.all()
    people = [(f"person-{each.id}", each.name or each.email) for each in visit.access.people.all()]
    machines = [(f"key-{each.id}", each.name) for each in keys]
    return [
        ("person", say(language, "ui_who_people")),
        *((value, f"{name} ({say(language, 'ui_kind_person')})") for value, name in people),
        ("key", say(language, "ui_who_keys")),
        *((value, f"{name} ({say(language, 'ui_kind_key')})") for value, name in machines),
    ]


def which(visit: Visit, asked: Mapping[str, str], here: str) -> Markup:
    """The lists that there are: all inspections, those that wait, and, for who reviews, those that people call wrong."""
    language = visit.language
    tabs = [
        ("all", f"/history{address_of(_among('all', asked))}", "ui_history_all"),
        ("waiting", f"/history{address_of(_among('waiting', asked))}", "ui_home_waiting"),
    ]
    if visit.identity.may("review"):
        tabs.append(("disagreements", "/disagreements", "ui_page_disagreements"))
    tabs.append(("lots", "/lots", "ui_page_lots"))
    links = join(
        h(
            '<a href="{0}" data-act="{1}"{2}>{3}</a>',
            address,
            name,
            Markup(' aria-current="page"') if name == here else "",
            say(language, words),
        )
        for name, address, words in tabs
    )
    return h('<nav class="subtabs" aria-label="{0}">{1}</nav>', say(language, "ui_history_which"), links)


def address_of(asked: Mapping[str, str]) -> str:
    """What follows the page's address to ask for these filters."""
    return f"?{urlencode(asked)}" if asked else ""


def _date(name: str, asked: Mapping[str, str]) -> Markup:
    return h('<input type="date" name="{0}" id="f-{0}" value="{1}">', name, asked.get(name, ""))


def step(act: str, value: str | None, words: str) -> Markup:
    """A button that turns the page."""
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
