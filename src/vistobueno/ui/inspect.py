"""Inspeccionar: camera, files or a ZIP; a verdict that is read at arm's length; the next photograph one tap away."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import get_args

import streamlit as st
from markupsafe import Markup

from ..records.values import Inspection
from ..texts import counted, say
from ..verdict import Answer
from . import formats
from .hypertext import component, h, hypertext, join
from .icons import icon
from .pieces import answer, inspection_row, meter, pictures, reasons, verdict
from .visit import Visit, go

_TEXTS = ("open", "close", "shoot", "finder", "phone", "files", "hint", "drop", "insecure", "refused", "missing", "waits", "sends",
          "judges", "busy", "offline", "failed", "signed_out", "again")  # fmt: skip
_SHOWN = 200  # rows of a batch
Found = Mapping[int | None, Inspection]
"""By number; one that the browser made up is not there."""


@dataclass(frozen=True)
class Outcome:
    """What became of one file: the number of its inspection, or the sentence of its error."""

    group: str
    of: int
    name: str
    number: int | None
    error: str


def show(visit: Visit) -> None:
    """The page. The browser sends photographs to the API, each under a name of its own; here only answers are shown."""
    language = visit.language
    with st.container(key="inspect"):
        above = st.container(key="inspect-above")
        sent = component("capture")(
            key="capture",
            data={  # flat: Streamlit loads pandas (60 MB) to look whether what is nested may be a table
                "language": language,
                **{name: say(language, f"ui_capture_{name}") for name in _TEXTS},
                "inspections": "/api/v1/inspections",
                "batches": "/api/v1/batches",
                "csrf": visit.identity.csrf or "",
                "person": str(visit.identity.actor.id),
            },
            on_outcomes_change=lambda: None,
        )
        below = st.container(key="inspect-below")
    outcomes = outcomes_of(sent.get("outcomes"))
    latest = [each for each in outcomes if each.group == outcomes[-1].group] if outcomes else []
    found = visit.station.several(each.number for each in outcomes if each.number is not None)
    with above:
        hypertext(_above(latest, found, visit), "above")
    with below:
        deed = hypertext(_below(latest, outcomes, found, visit), "below")
    if deed.name == "open":
        go("history", n=deed.value)


def outcomes_of(raw: object) -> list[Outcome]:
    """What the browser told, each file once; anything that is no outcome is left out."""
    found: dict[str, Outcome] = {}
    for each in raw if isinstance(raw, list) else []:
        if not isinstance(each, Mapping) or not isinstance(each.get("id"), str):
            continue
        number = each.get("number")
        found[each["id"]] = Outcome(
            group=str(each.get("group")),
            of=each["of"] if isinstance(each.get("of"), int) else 1,
            name=str(each.get("name") or ""),
            number=number if isinstance(number, int) else None,
            error=str(each.get("error") or ""),
        )
    return list(found.values())


def _above(latest: list[Outcome], found: Found, visit: Visit) -> Markup:
    language = visit.language
    if not latest:
        tips = join(h("<li>{0}</li>", say(language, f"ui_inspect_tip_{each}")) for each in ("alone", "light", "sides"))
        return h(
            '<div class="head"><div><h1>{0}</h1><p class="lead">{1}</p></div></div><ol class="tips">{2}</ol>',
            say(language, "ui_page_inspect"),
            say(language, "ui_inspect_lead"),
            tips,
        )
    title = h('<h1 class="only-heard">{0}</h1>', say(language, "ui_page_inspect"))
    if latest[0].of > 1:
        shown = _summary(latest, found, visit)
    elif inspection := found.get(latest[0].number):
        shown = verdict(inspection, visit)
    else:
        shown = _broken(latest[0].error, language)
    return title + h('<div data-scroll="{0}" style="scroll-margin-top:76px">{1}</div>', latest[0].group, shown)


def _below(latest: list[Outcome], outcomes: list[Outcome], found: Found, visit: Visit) -> Markup:
    language = visit.language
    if not latest:
        return Markup()
    before = [each for each in outcomes if each.group != latest[0].group]
    earlier = _list(reversed(before[-12:]), found, visit, say(language, "ui_inspect_earlier")) if before else Markup()
    if latest[0].of > 1:
        return _list(latest[:_SHOWN], found, visit, say(language, "ui_inspect_these")) + earlier
    inspection = found.get(latest[0].number)
    if inspection is None:
        return earlier
    return _details(inspection, visit) + earlier


def _details(inspection: Inspection, visit: Visit) -> Markup:
    language = visit.language
    return h(
        '<section><div class="reasons-box">{why}</div>{meter}{pictures}'
        '<p style="margin-top:14px"><a class="button small" href="/history?n={n}" data-act="open" data-value="{n}">'
        "{whole}</a></p></section>",
        why=reasons(inspection, language),
        meter=h(
            "<h3>{0}</h3>{1}",
            say(language, "ui_probability_unfit"),
            meter(inspection, visit.station.model.bundle, language),
        ),
        pictures=pictures(inspection, language),
        n=inspection.number,
        whole=say(language, "ui_inspect_whole"),
    )


def _summary(latest: list[Outcome], found: Found, visit: Visit) -> Markup:
    language = visit.language
    answers = Counter(found[each.number].answer if each.number in found else None for each in latest)
    counts, broken = {name: answers[name] for name in get_args(Answer)}, answers[None]
    tiles = join(
        h('<div class="tile {0}"><b>{1}</b>{2}</div>', name, formats.number(count, language), answer(name, language))
        for name, count in counts.items()
    )
    return h(
        '<section role="status" class="batch"><h2>{title}</h2><div class="tiles">{tiles}</div>{broken}</section>',
        title=counted(language, "received", len(latest), formats.number(len(latest), language)),
        tiles=tiles,
        broken=h(
            '<p class="notice bad" style="margin:12px 0 0">{0}</p>',
            say(language, "ui_inspect_broken", count=formats.number(broken, language)),
        )
        if broken
        else "",
    )


def _list(outcomes: Iterable[Outcome], found: Found, visit: Visit, title: str) -> Markup:
    rows = []
    for each in outcomes:
        if inspection := found.get(each.number):
            rows.append(inspection_row(inspection, visit))
        else:
            rows.append(
                h(
                    '<li><div class="line broken"><span class="none"></span><span class="what"><b>{0}</b>'
                    '<small class="said">{1}</small></span><span></span></div></li>',
                    each.name,
                    each.error,
                )
            )
    return h('<section><h2>{0}</h2><ul class="list">{1}</ul></section>', title, join(rows))


def _broken(error: str, language: str) -> Markup:
    return h(
        '<section class="verdict broken" role="alert"><h2 class="word" style="color:#fff">{0}<span>{1}</span></h2>'
        "<p>{2}</p></section>",
        icon("broken"),
        say(language, "ui_inspect_not_judged"),
        error,
    )
