"""Puesta en servicio: a line's answered photographs, what they would promise, its calibrations, and the way back."""

from dataclasses import asdict
from typing import Any

import streamlit as st
from markupsafe import Markup

from ..core.errors import VistoBuenoError
from ..core.inspection import DEFAULT_LINE
from ..core.line import Line, LineCalibration
from ..core.promises import Promise
from ..i18n import counted, say
from ..services.calibrations import Prospect
from . import formats
from .calibration import calibration_html, share_cell
from .hypertext import Deed, h, hypertext, join
from .pieces import answer, choice, class_name, inspection_number, notice, photo_url, sure
from .trial import model_pages
from .visit import Visit, go


def show(visit: Visit) -> None:
    """The page."""
    lines = {each.name: each for each in visit.station.lines.all()}
    line = lines.get(st.query_params.get("line", DEFAULT_LINE)) or next(iter(lines.values()))
    said = st.session_state.pop("commissioning_said", None)
    _act(hypertext(_page(visit, line, list(lines), said), "commissioning"), visit, line)


def _act(deed: Deed, visit: Visit, line: Line) -> None:
    if deed.name == "page" and deed.value in ("model", "try", "lines"):
        go(deed.value)
    if deed.name == "line":
        go("commissioning", line=deed.fields.get("line", ""))
    if deed.name not in ("make", "activate", "roll_back") or not visit.identity.may("lines"):
        return
    language, actor, station = visit.language, visit.identity.actor, visit.station
    try:
        if deed.name == "make":
            made = _made(visit, line)
            told = say(language, "ui_commissioning_made", number=made.number)
        elif deed.name == "activate":
            number = int(deed.value) if deed.value.isdecimal() else 0
            now = station.calibrations.activate(number, actor, line=line.name)
            told = say(language, "ui_commissioning_active_now", number=now.number)
        else:
            before = station.calibrations.roll_back(line.name, actor)
            told = (
                say(language, "ui_commissioning_back_to_model")
                if before is None
                else say(language, "ui_commissioning_active_now", number=before.number)
            )
        said = (told, "")
    except VistoBuenoError as error:
        said = (error.message(language), "bad")
    st.session_state["commissioning_said"] = said
    st.rerun()


def _made(visit: Visit, line: Line) -> LineCalibration:
    """Fit, and show how far it is: it takes seconds, on a small machine a minute."""
    bar, language = st.progress(0.0, say(visit.language, "ui_commissioning_working")), visit.language

    def progress(step: str, done: int, total: int) -> None:
        bar.progress(done / max(total, 1), say(language, f"commission_step_{step}"))

    made, _ = visit.station.calibrations.make(line.name, visit.identity.actor, progress)
    return made


def _page(visit: Visit, line: Line, names: list[str], said: tuple[str, str] | None) -> Markup:
    language, calibrations = visit.language, visit.station.calibrations
    versions = calibrations.of(line.name)
    active = next((each for each in versions if each.active), None)
    return h(
        '<div class="head"><div><h1>{title}</h1><p class="lead">{lead}</p></div></div>{pages}{said}{which}{state}'
        "{measured}<section><h2>{step}</h2>{prospect}</section>{versions}",
        title=say(language, "ui_page_commissioning"),
        lead=say(language, "ui_commissioning_lead"),
        pages=model_pages(visit, "lines"),
        said=notice(*said) if said else "",
        which=_which(names, line, language),
        state=_state(visit, active, line),
        measured=_measured(visit, line) if line.measured and active is not None else "",
        step=say(language, "ui_commissioning_answers"),
        prospect=_prospect(visit, calibrations.prospect(line.name)),
        versions=_versions(visit, versions, active),
    )


def _which(names: list[str], line: Line, language: str) -> Markup:
    if len(names) < 2:
        return Markup()
    options = [(each, each) for each in names]
    label = say(language, "inspection_line")
    return h(
        '<form data-act="line" class="row"><label class="field"><span>{0}</span>{1}</label></form>',
        label[:1].upper() + label[1:],
        choice("line", options, line.name, submits=True),
    )


def _state(visit: Visit, active: LineCalibration | None, line: Line) -> Markup:
    language = visit.language
    if active is None:
        return notice(say(language, "ui_commissioning_unmeasured", line=line.name), "warn")
    if active.model_digest != visit.station.models.active.bundle.digest:
        return notice(say(language, "ui_commissioning_other_model", number=active.number, line=line.name), "warn")
    day = formats.moment(active.created_at, visit.zone, language)
    return notice(say(language, "ui_commissioning_measured", line=line.name, number=active.number, day=day))


def _measured(visit: Visit, line: Line) -> Markup:
    """What the blind audit says of the line since it was put in service, and whether it is still what it was."""
    language, audits = visit.language, visit.station.audits
    audit, drift = audits.of_calibration(line.name), audits.drift(line.name)
    if audit is None or drift is None:
        return Markup()
    warned = join(notice(say(language, f"ui_drift_{name}"), "warn") for name in drift.raised)
    rows = join(
        h(
            '<tr><th scope="row">{0}</th>{1}</tr>',
            say(language, name),
            share_cell(asdict(share) if share.n else None, language)[0],
        )
        for name, share in (
            ("commission_escapes", audit.escapes),
            ("commission_overkill", audit.overkill),
            ("commission_review", audit.review),
            ("ui_audit_kappa", audit.kappa),
        )
    )
    counts = {name: formats.number(getattr(audit, name), language) for name in ("drawn", "answered", "waiting")}
    return h(
        "<section><h2>{title}</h2>{warned}<p>{counts}</p>"
        '<div class="scroll"><table><tbody>{rows}</tbody></table></div><p class="muted">{how}</p></section>',
        title=say(language, "ui_audit_measured"),
        warned=warned,
        counts=say(language, "ui_audit_counts", **counts),
        rows=rows,
        how=say(language, "ui_audit_how"),
    )


def _prospect(visit: Visit, found: Prospect) -> Markup:
    """How many answered photographs there are of each class, what they can promise, and what is to be done."""
    language, bundle = visit.language, visit.station.models.active.bundle
    rows = join(
        h(
            '<tr><th scope="row">{0}</th><td class="n">{1}</td></tr>',
            class_name(key, bundle, language),
            formats.number(count, language),
        )
        for key, count in found.counts.items()
    )
    promises = join(
        h("<p>{0}</p>", _promise(side, promise, language))
        for side, promise in (("escapes", found.escapes), ("overkill", found.overkill))
    )
    if found.missing:
        promises = h(
            "<p>{0}</p>", say(language, "ui_commissioning_few", missing=counted(language, "answered", found.missing))
        )
    return h(
        '<div class="scroll"><table><thead><tr><th scope="col">{what}</th><th scope="col" class="n">{photos}</th></tr>'
        "</thead><tbody>{rows}</tbody></table></div>{promises}<p class='muted'>{how}</p><div class='row'>{deed}"
        '<a class="button" href="/review">{review}</a></div>',
        what=say(language, "ui_commissioning_class"),
        photos=say(language, "ui_commissioning_photos"),
        rows=rows,
        promises=promises,
        how=say(language, "ui_commissioning_how"),
        deed=_button(visit) if visit.identity.may("lines") and not found.missing else "",
        review=say(language, "ui_page_review"),
    )


def _button(visit: Visit) -> Markup:
    words = say(visit.language, "ui_commissioning_make")
    return h('<button type="button" class="button primary" data-act="make">{0}</button>', words)


def _promise(side: str, promise: Promise, language: str) -> str:
    more = say(
        language,
        "commission_more",
        more=counted(language, "answered", promise.more, formats.number(promise.more, language)),
        wished=formats.percent(promise.wished, language),
    )
    if not promise.n:
        return f"{say(language, f'commission_no_{side}')} {more}"
    n, rate = formats.number(promise.n, language), formats.percent(promise.rate, language)
    said = say(language, f"ui_commissioning_{side}", n=n, rate=rate)
    return f"{said} {more}" if promise.more else said


def _versions(visit: Visit, versions: tuple[LineCalibration, ...], active: LineCalibration | None) -> Markup:
    if not versions:
        return Markup()
    language, may = visit.language, visit.identity.may("lines")
    shown = join(_version(each, visit, may, place == 0) for place, each in enumerate(versions))
    back = Markup()
    if may and active is not None:
        before = visit.station.calibrations.earlier(active.line)
        to = say(language, "ui_commissioning_to_model")
        if before is not None:
            to = say(language, "ui_commissioning_to", number=before.number)
        back = h(
            '<div class="row"><button type="button" class="button" data-act="roll_back"{0}>{1}</button></div>',
            sure(say(language, "ui_commissioning_back_sure", to=to), say(language, "ui_commissioning_back"), language),
            say(language, "ui_commissioning_back"),
        )
    return h("<section><h2>{0}</h2>{1}{2}</section>", say(language, "ui_commissioning_versions"), shown, back)


def _version(version: LineCalibration, visit: Visit, may: bool, opened: bool) -> Markup:
    """One calibration: what it is worth, the answers that it changes, and the button that makes it active."""
    language = visit.language
    same = version.model_digest == visit.station.models.active.bundle.digest
    chip, deed = Markup(), Markup()
    if version.active:
        chip = h('<span class="chip on">{0}</span>', say(language, "ui_commissioning_active"))
    elif not same:
        chip = h('<span class="chip off">{0}</span>', say(language, "ui_commissioning_of_another"))
    elif may:
        words = say(language, "ui_commissioning_activate")
        question = say(language, "ui_commissioning_activate_sure", number=version.number, line=version.line)
        deed = h(
            '<div class="row"><button type="button" class="button primary" data-act="activate" data-value="{0}"{1}>{2}'
            "</button></div>",
            version.number,
            sure(question, words, language),
            words,
        )
    return h(
        "<details{opened}><summary>{name} · {day} · {who} {chip}</summary>{told}{changed}{deed}</details>",
        opened=Markup(" open") if opened else "",
        name=say(language, "ui_commissioning_version", number=version.number),
        day=formats.moment(version.created_at, visit.zone, language),
        who=version.actor.name,
        chip=chip,
        told=calibration_html(version.facts, version.digest, language),
        changed=_changed(version.facts, visit),
        deed=deed,
    )


def _changed(facts: Any, visit: Visit) -> Markup:
    """The photographs that are answered otherwise than before."""
    language, bundle = visit.language, visit.station.models.active.bundle
    examples = facts.get("examples", [])
    if not examples:
        return Markup()
    rows = join(
        h(
            '<li><a class="line" href="/inspections/{number}"><img src="{picture}?side=256" alt="" width="256" '
            'height="192" loading="lazy"><span class="what"><b>{named}</b><small>{truth}</small></span>'
            '<span class="side">{before} → {after}</span></a></li>',
            number=each["number"],
            picture=photo_url(each["number"], "thumbnail"),
            named=inspection_number(each["number"], language),
            truth=say(language, "ui_commissioning_truth", label=class_name(each["label"], bundle, language)),
            before=answer(each["before"], language),
            after=answer(each["after"], language),
        )
        for each in examples
    )
    count = formats.number(facts.get("changed", len(examples)), language)
    return h('<p>{0}</p><ul class="list">{1}</ul>', say(language, "ui_commissioning_changed", count=count), rows)
