"""Inspeccionar: camera, files or a ZIP; a verdict that is read at arm's length; the next photograph one tap away."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import streamlit as st
from markupsafe import Markup

from ..records.values import Inspection
from ..station import NotFound
from ..texts import say
from . import formats
from .hypertext import component, h, hypertext, join
from .icons import icon
from .pieces import answer, inspection_row, meter, pictures, reasons, verdict
from .visit import Visit, go

_TEXTS = ("open", "close", "shoot", "finder", "phone", "files", "hint", "drop", "insecure", "refused", "missing", "waits", "sends",
          "judges", "busy", "offline", "failed", "again")  # fmt: skip
_SHOWN = 200  # rows of a batch


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
                "sign_in": "/login",
                "csrf": visit.identity.csrf or "",
            },
            on_outcomes_change=lambda: None,
        )
        below = st.container(key="inspect-below")
    outcomes = outcomes_of(sent.get("outcomes"))
    latest = [each for each in outcomes if each.group == outcomes[-1].group] if outcomes else []
    with above:
        hypertext(_above(latest, visit), "above")
    with below:
        deed = hypertext(_below(latest, outcomes, visit), "below")
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


def _above(latest: list[Outcome], visit: Visit) -> Markup:
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
        return title + _summary(latest, visit)
    inspection = _found(latest[0], visit)
    if inspection is None:
        return title + _broken(latest[0].error, language)
    return title + h('<div data-scroll="{0}">{1}</div>', inspection.number, verdict(inspection, visit))


def _below(latest: list[Outcome], outcomes: list[Outcome], visit: Visit) -> Markup:
    language = visit.language
    if not latest:
        return Markup()
    before = [each for each in outcomes if each.group != latest[0].group]
    earlier = _list(reversed(before[-12:]), visit, say(language, "ui_inspect_earlier")) if before else Markup()
    if latest[0].of > 1:
        return _list(latest[:_SHOWN], visit, say(language, "ui_inspect_these")) + earlier
    inspection = _found(latest[0], visit)
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


def _summary(latest: list[Outcome], visit: Visit) -> Markup:
    language = visit.language
    found = [_found(each, visit) for each in latest]
    counts = {
        name: sum(each is not None and each.answer == name for each in found) for name in ("fit", "unfit", "review")
    }
    broken = sum(each is None for each in found)
    tiles = join(
        h('<div class="tile {0}"><b>{1}</b>{2}</div>', name, formats.number(count, language), answer(name, language))
        for name, count in counts.items()
    )
    return h(
        '<section role="status" data-scroll="{n}" class="batch" style="scroll-margin-top:76px"><h2>{title}</h2>'
        '<div class="tiles">{tiles}</div>{broken}</section>',
        n=latest[0].group,
        title=say(language, "ui_inspect_batch", count=formats.number(len(latest), language)),
        tiles=tiles,
        broken=h(
            '<p class="notice bad" style="margin:12px 0 0">{0}</p>',
            say(language, "ui_inspect_broken", count=formats.number(broken, language)),
        )
        if broken
        else "",
    )


def _list(outcomes: Iterable[Outcome], visit: Visit, title: str) -> Markup:
    rows = []
    for each in outcomes:
        inspection = _found(each, visit)
        if inspection is not None:
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
        '<section class="verdict broken" role="alert" data-scroll="1"><h2 class="word" style="color:#fff">{0}<span>{1}</span></h2>'
        "<p>{2}</p></section>",
        icon("broken"),
        say(language, "ui_inspect_not_judged"),
        error,
    )


def _found(outcome: Outcome, visit: Visit) -> Inspection | None:
    if outcome.number is None:
        return None
    try:
        return visit.station.inspection(outcome.number)
    except NotFound:  # a number that the browser made up
        return None
