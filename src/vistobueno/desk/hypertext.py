"""Pages as HTML of our own, shown and listened to by one component: what a person does on them comes back as a `Deed`.

Plain links, buttons and forms are the browser's own: they speak the person's language, fit a thumb, and every keyboard
and screen reader knows them. ``data-act="NAME"`` on a link or button, or a form's ``data-act``, names what it does;
what `pieces.sure` adds to one of them asks before.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import streamlit as st
from markupsafe import Markup


@dataclass(frozen=True)
class Deed:
    """What was done on a page: its name, what it was done to, and what the form held."""

    name: str
    value: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


NOTHING = Deed("")


def hypertext(html: Markup, key: str) -> Deed:
    """Show ``html``; the deed that was done on it since the last run, or `NOTHING`."""
    result = component("hypertext")(key=key, data={"html": str(html)}, on_deed_change=_nothing)
    return deed_of(result.get("deed"))


def deed_of(raw: object) -> Deed:
    """A deed as the browser sent it: anybody may have sent anything."""
    if not isinstance(raw, Mapping) or not isinstance(raw.get("name"), str):
        return NOTHING
    fields = raw.get("fields")
    kept = {str(name): str(text) for name, text in fields.items()} if isinstance(fields, Mapping) else {}
    return Deed(raw["name"], str(raw.get("value") or ""), kept)


@cache
def component(name: str) -> Any:
    """A component of ours, ``assets/NAME.js``; registered once a process."""
    return st.components.v2.component(f"vistobueno.{name}", js=f"{name}.js", isolate_styles=False)


def h(template: str, *values: object, **named: object) -> Markup:
    """HTML with values put in; what is not `Markup` already is escaped."""
    return Markup(template).format(*values, **named)  # noqa: S704 templates are written here, values are escaped


def join(parts: Iterable[Markup], between: str = "") -> Markup:
    """Pieces one after another."""
    return Markup(between).join(parts)  # noqa: S704 as above


def _nothing() -> None:
    """A component that has a trigger must name somebody to call."""
