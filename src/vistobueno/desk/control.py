"""Control: the share unfit on a control chart, what breaks a rule in words, defects by weight, each line's rates over time."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import get_args

import streamlit as st
from markupsafe import Markup

from ..core.control.asked import Asked, By, Limits
from ..core.inspection import ActorKind
from ..i18n import say
from ..services.control import MOST_DAYS, Control
from . import control_charts
from .hypertext import Deed, h, hypertext, join
from .pieces import choice, field, product
from .visit import Visit, go

_FIELDS = ("since", "until", "by", "line", "product", "packer", "who", "limits")
_LINES = 4  # whose rates are drawn


def show(visit: Visit) -> None:
    """The page."""
    given = {name: st.query_params[name] for name in _FIELDS if st.query_params.get(name)}
    _act(hypertext(_page(visit, given), "control"))


def _act(deed: Deed) -> None:
    if deed.name == "filter":
        go("control", **{name: deed.fields[name].strip() for name in _FIELDS if deed.fields.get(name, "").strip()})
    if deed.name == "clear":
        go("control")


def _page(visit: Visit, given: Mapping[str, str]) -> Markup:
    language, asked = visit.language, asked_of(given)
    view = visit.station.control.view(asked)
    parts = [control_charts.shares(view, asked, visit)]
    if any(each.n for each in view.chart.points):
        if asked.ordered:
            parts.append(control_charts.average(view, asked, visit))
        parts.append(control_charts.defects(view, asked, visit))
    parts += [control_charts.line_rates(place, each, asked, visit) for place, each in enumerate(view.lines[:_LINES])]
    if len(view.lines) > _LINES:
        parts.append(h('<p class="muted">{0}</p>', say(language, "control_more_lines", lines=_LINES)))
    return h(
        '<div class="head"><div><h1>{title}</h1><p class="lead">{lead}</p></div></div>{filters}{parts}<p class="muted">{days}</p>',
        title=say(language, "ui_page_control"),
        lead=say(language, "control_lead"),
        filters=_filters(visit, asked, given),
        parts=join(parts),
        days=say(language, "control_days"),
    )


def asked_of(given: Mapping[str, str]) -> Asked:
    """What the address asks for; what cannot be understood is not asked."""
    first, last = Control.usual_days()
    until = _day(given.get("until")) or last
    since = _day(given.get("since")) or min(first, until)
    if not 0 <= (until - since).days <= MOST_DAYS:
        since, until = first, last
    by: By = given["by"] if given.get("by") in get_args(By) else "week"  # type: ignore[assignment]
    limits: Limits = "laney" if given.get("limits") == "laney" else "binomial"
    kind, _, number = given.get("who", "").partition("-")
    known = kind in get_args(ActorKind) and number.isdecimal() and len(number) < 19
    who: tuple[ActorKind, int] | None = (kind, int(number)) if known else None  # type: ignore[assignment]
    return Asked(since, until, by, given.get("line"), given.get("product"), given.get("packer"), who, limits)


def _filters(visit: Visit, asked: Asked, given: Mapping[str, str]) -> Markup:
    language, everything = visit.language, ("", say(visit.language, "ui_all"))
    groups = [(each, say(language, f"control_by_{each}")) for each in get_args(By)]
    limits = [(each, say(language, f"control_limits_{each}")) for each in get_args(Limits)]
    lines = [(each.name, each.name) for each in visit.station.lines.all()]
    products = [(each, product(each, language)) for each in visit.station.lines.products()]
    packers = [(each, each) for each in visit.station.control.packers()]

    def chosen(name: str, options: Sequence[tuple[str, str]]) -> Markup:
        return choice(name, [everything, *options], given.get(name, ""), submits=True)

    def day(name: str, value: date) -> Markup:
        return h('<input type="date" name="{0}" id="f-{0}" value="{1}">', name, value.isoformat())

    fields = [
        field(say(language, "control_by"), choice("by", groups, asked.by, submits=True)),
        field(say(language, "ui_since"), day("since", asked.since)),
        field(say(language, "ui_until"), day("until", asked.until)),
        field(say(language, "ui_product"), chosen("product", products)),
    ]
    if len(lines) > 1:
        fields.append(field(say(language, "ui_line"), chosen("line", lines)))
    if packers:
        fields.append(field(say(language, "control_packer"), chosen("packer", packers)))
    if visit.identity.may("people"):
        people = [(f"person-{each.id}", each.name or each.email) for each in visit.access.people.all()]
        machines = [(f"key-{each.id}", each.name) for each in visit.access.keys.all()]
        fields.append(field(say(language, "control_inspector"), chosen("who", [*people, *machines])))
    if asked.ordered:
        fields.append(field(say(language, "control_limits"), choice("limits", limits, asked.limits, submits=True)))
    clear = h('<button type="button" class="button small" data-act="clear">{0}</button>', say(language, "ui_clear"))
    return h(
        '<details class="wide"><summary>{0}</summary><section><form data-act="filter" aria-label="{1}">'
        '<div class="filters">{2}</div><div class="row"><button class="button small primary" type="submit">{1}</button>{3}</div>'
        "</form></section></details>",
        say(language, "ui_history_filters"),
        say(language, "ui_filter"),
        join(fields),
        clear if given else "",
    )


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None
