"""Desacuerdos: the inspections whose verdict a person's last answer speaks against, by how it does."""

from collections.abc import Mapping
from typing import get_args

import streamlit as st
from markupsafe import Markup

from ..core.inspection import Disagreement, Filter
from ..i18n import say
from . import formats, history
from .hypertext import Deed, h, hypertext, join
from .pieces import views
from .visit import Visit, go


def show(visit: Visit) -> None:
    """The page."""
    kind = next((each for each in get_args(Disagreement) if each == st.query_params.get("kind")), None)
    after = {"after": st.query_params["after"]} if st.query_params.get("after") else {}
    _act(hypertext(_page(visit, kind, after), "disagreements"), {"kind": kind} if kind else {})


def _act(deed: Deed, chosen: Mapping[str, str]) -> None:
    if deed.name in ("all", "waiting"):
        go("history", **({"waiting": "1"} if deed.name == "waiting" else {}))
    if deed.name in ("disagreements", "lots"):
        go(deed.name)
    if deed.name == "kind":
        go("disagreements", **({"kind": deed.value} if deed.value else {}))
    if deed.name in ("older", "newest"):
        go("disagreements", **chosen, **({"after": deed.value} if deed.name == "older" else {}))


def _page(visit: Visit, kind: Disagreement | None, after: Mapping[str, str]) -> Markup:
    language = visit.language
    filter_ = Filter(disagrees=True, disagreement=kind)
    page = history.found(visit, filter_, after)
    return h(
        '<div class="head"><div><h1>{title}</h1><p class="lead">{lead}</p></div>{tables}</div>{which}'
        '<div class="found">{kinds}{views}</div>{listed}<p class="row">{newest}{older}</p>',
        title=say(language, "ui_page_disagreements"),
        lead=say(language, "ui_disagreements_lead"),
        tables=history.tables(visit, filter_),
        which=history.which(visit, {}, "disagreements"),
        kinds=_kinds(visit, kind or ""),
        views=views(language),
        listed=history.by_day(page.items, visit) if page.items else history.nothing(language),
        newest=history.step("newest", "", say(language, "ui_newest")) if after else "",
        older=history.step("older", page.next, say(language, "ui_older")) if page.next else "",
    )


def _kinds(visit: Visit, chosen: str) -> Markup:
    """How many there are of each, and the way to them."""
    language, counts = visit.language, visit.station.reviews.disagreements()
    kinds = [("", "all", sum(counts.values())), *((each, each, counts.get(each, 0)) for each in get_args(Disagreement))]
    return join(
        h(
            '<a class="chip{on}" href="/disagreements{query}" data-act="kind" data-value="{kind}"{here}>'
            "{words}: <b>{count}</b></a>",
            on=" on" if kind == chosen else "",
            query=f"?kind={kind}" if kind else "",
            kind=kind,
            here=Markup(' aria-current="true"') if kind == chosen else "",
            words=say(language, f"ui_disagreements_{name}"),
            count=formats.number(count, language),
        )
        for kind, name, count in kinds
    )
