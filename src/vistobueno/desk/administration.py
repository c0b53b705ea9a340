"""Administración: people, keys, audit, storage; one at a time, as the address says."""

import streamlit as st
from markupsafe import Markup

from ..i18n import say
from . import audit, keys, people, storage, webhooks
from .hypertext import h, hypertext, join
from .visit import Visit, go

_PARTS = {
    "people": people.show,
    "keys": keys.show,
    "webhooks": webhooks.show,
    "audit": audit.show,
    "storage": storage.show,
}


def show(visit: Visit) -> None:
    """The page."""
    asked = st.query_params.get("part", "people")
    part = asked if asked in _PARTS else "people"
    deed = hypertext(_head(visit, part), "administration")
    if deed.name == "part" and deed.value in _PARTS:
        go("administration", part=deed.value)
    _PARTS[part](visit)


def _head(visit: Visit, part: str) -> Markup:
    language = visit.language
    links = join(
        h(
            '<a href="/administration?part={0}" data-act="part" data-value="{0}"{2}>{1}</a>',
            each,
            say(language, f"ui_part_{each}"),
            Markup(' aria-current="page"') if each == part else "",
        )
        for each in _PARTS
    )
    title = say(language, "ui_page_administration")
    return h('<div class="head"><h1>{0}</h1></div><nav class="subtabs" aria-label="{0}">{1}</nav>', title, links)
