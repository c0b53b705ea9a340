"""The audit trail, newest first, a page at a time: what was done, by whom, to what, from where."""

from typing import Any

import streamlit as st
from markupsafe import Markup

from ..texts import say
from . import formats
from .hypertext import h, hypertext, join
from .pieces import empty
from .visit import Visit, go

_LIMIT = 50


def show(visit: Visit) -> None:
    """This part of the page."""
    deed = hypertext(_page(visit, st.query_params.get("after")), "audit")
    if deed.name == "older":
        go("administration", part="audit", after=deed.value)
    if deed.name == "newest":
        go("administration", part="audit")


def _page(visit: Visit, after: str | None) -> Markup:
    language = visit.language
    page = visit.access.audit_page(after, _LIMIT)
    names = [say(language, f"ui_audit_{each}") for each in ("at", "who", "action", "subject", "address")]
    heads = join(h('<th scope="col">{0}</th>', each) for each in names)
    rows = join(_row(each, visit, names) for each in page.items)
    table = h('<table class="stack"><thead><tr>{0}</tr></thead><tbody>{1}</tbody></table>', heads, rows)
    button = '<button type="button" class="button small" data-act="{0}" data-value="{1}">{2}</button>'
    return h(
        '<section><h2>{0}</h2>{1}<p class="row" style="margin-top:14px">{2}{3}</p></section>',
        say(language, "ui_part_audit"),
        table if page.items else empty(say(language, "ui_audit_none")),
        h(button, "newest", "", say(language, "ui_newest")) if after else "",
        h(button, "older", page.next, say(language, "ui_older")) if page.next else "",
    )


def _row(entry: Any, visit: Visit, names: list[str]) -> Markup:
    cells = (
        formats.moment(entry.at, visit.zone, visit.language),
        entry.actor_name,
        h("<code>{0}</code>", entry.action),
        entry.subject or "—",
        entry.address or "—",
    )
    shown = join(h('<td data-label="{0}">{1}</td>', name, cell) for name, cell in zip(names, cells, strict=True))
    return h("<tr>{0}</tr>", shown)
