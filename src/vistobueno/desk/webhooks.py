"""Webhooks: programs that are told what happens, their secrets, and what they could not be told."""

from datetime import UTC, datetime

import streamlit as st
from markupsafe import Markup

from ..core.errors import VistoBuenoError
from ..core.events import EVENTS, DeadLetter, Endpoint
from ..i18n import say
from ..jobs.delivery import try_out
from ..jobs.sending import told
from ..services.webhooks import OVERLAP
from . import formats
from .hypertext import Deed, h, hypertext, join
from .pieces import empty, field, notice, sure
from .visit import Visit


def show(visit: Visit) -> None:
    """The part of the page."""
    said = st.session_state.pop("webhooks_said", Markup())
    _act(hypertext(said + _page(visit), "webhooks"), visit)


def _act(deed: Deed, visit: Visit) -> None:
    if not deed.name:
        return
    try:
        said = _done(deed, visit)
    except VistoBuenoError as error:
        said = notice(error.message(visit.language), "bad")
    st.session_state["webhooks_said"] = said
    st.rerun()


def _done(deed: Deed, visit: Visit) -> Markup:
    language, webhooks, by = visit.language, visit.station.webhooks, visit.identity.actor
    if deed.name == "add":
        _, secret, _ = webhooks.add(deed.fields.get("url", ""), deed.fields.get("events", "").split(), by)
        return _secret(secret, "", language)
    number, _, letter = deed.value.partition(":")
    if not number.isdecimal() or len(number) > 18 or (letter and not letter.isdecimal()):
        return Markup()
    if deed.name == "test":
        if problem := try_out(webhooks, int(number)).problem:
            return notice(say(language, "ui_webhooks_not_taken", problem=told(problem, language)), "bad")
        return notice(say(language, "ui_webhooks_tested"))
    if deed.name == "rotate":
        secret = webhooks.rotate(int(number), by)
        until = formats.moment(datetime.now(UTC) + OVERLAP, visit.zone, language)
        return _secret(secret, say(language, "ui_webhooks_both", until=until), language)
    if deed.name == "replay":
        count = webhooks.replay(int(number), by, int(letter[:18]) if letter else None)
        return notice(say(language, "ui_webhooks_replayed", count=count))
    if deed.name == "remove":
        webhooks.remove(int(number), by)
        return notice(say(language, "ui_webhooks_removed"))
    return Markup()


def _secret(secret: str, both: str, language: str) -> Markup:
    return h(
        '<section role="status"><h2>{title}</h2><p>{once} {both}</p><pre id="secret">{secret}</pre>'
        '<p><button type="button" class="button small" data-copy="secret" data-done="{done}">{copy}</button></p></section>',
        title=say(language, "ui_webhooks_secret"),
        once=say(language, "ui_webhooks_once"),
        both=both,
        secret=secret,
        done=say(language, "ui_copied"),
        copy=say(language, "ui_copy"),
    )


def _page(visit: Visit) -> Markup:
    language = visit.language
    which = join(
        h(
            '<label class="check"><input type="checkbox" name="events" value="{0}"><span>{1}</span></label>',
            each,
            event_name(each, language),
        )
        for each in EVENTS
    )
    form = h(
        '<section><h2>{title}</h2><form data-act="add"><div class="filters">{url}</div>'
        "<fieldset><legend>{legend}</legend>{which}</fieldset>"
        '<div class="row"><button class="button primary" type="submit">{add}</button></div></form></section>',
        title=say(language, "ui_webhooks_new"),
        url=field(
            say(language, "ui_webhooks_url"),
            Markup(
                '<input type="text" inputmode="url" name="url" id="f-url" required autocomplete="off" placeholder="https://…">'
            ),
        ),
        legend=say(language, "ui_webhooks_which"),
        which=which,
        add=say(language, "ui_webhooks_add"),
    )
    found = visit.station.webhooks.all()
    listed = (
        h('<ul class="list">{0}</ul>', join(_endpoint(each, visit) for each in found))
        if found
        else empty(say(language, "ui_webhooks_none"))
    )
    dead = visit.station.webhooks.dead() if any(each.dead for each in found) else []
    letters = h(
        '<section><h2>{0}</h2><ul class="list">{1}</ul></section>',
        say(language, "ui_webhooks_dead"),
        join(_letter(each, visit) for each in dead),
    )
    title = say(language, "ui_part_webhooks")
    return h("{0}<section><h2>{1}</h2>{2}</section>{3}", form, title, listed, letters if dead else "")


def event_name(event: str, language: str) -> str:
    """What an event is called for people."""
    return say(language, f"ui_event_{event.replace('.', '_')}")


def _endpoint(each: Endpoint, visit: Visit) -> Markup:
    language = visit.language
    last = formats.moment(each.delivered_at, visit.zone, language) if each.delivered_at else say(language, "ui_never")
    events = ", ".join(event_name(event, language) for event in each.events) or say(language, "webhook_all_events")
    replay = _button("replay", each.id, language) if each.dead or each.stopped_at else ""
    chip = h(' <span class="chip off">{0}</span>', say(language, "ui_webhooks_stopped"))
    return h(
        '<li><div class="person"><div class="what"><b>{url}</b>{chip}<small>{events} · {counts} · {last}</small></div>'
        '<div class="row">{test}{replay}{rotate}{remove}</div></div>{why}</li>',
        url=each.url,
        events=events,
        counts=say(language, "ui_webhooks_counts", waiting=each.waiting, dead=each.dead),
        last=say(language, "ui_webhooks_last", when=last),
        chip=chip if each.stopped_at else "",
        why=notice(say(language, "ui_webhooks_why_stopped"), "warn") if each.stopped_at else "",
        test=_button("test", each.id, language),
        replay=replay,
        rotate=_button("rotate", each.id, language, say(language, "ui_webhooks_rotate_sure")),
        remove=_button("remove", each.id, language, say(language, "ui_webhooks_remove_sure", url=each.url), "danger"),
    )


def _letter(each: DeadLetter, visit: Visit) -> Markup:
    language = visit.language
    return h(
        '<li><div class="person"><div class="what"><b>{event}</b> {problem}<small><code>{message}</code> · {tries}</small>'
        "</div>{replay}</div></li>",
        event=event_name(each.type, language),
        problem=told(each.problem, language),
        message=each.message,
        tries=say(
            language,
            "ui_webhooks_tries",
            attempts=each.attempts,
            when=formats.moment(each.at, visit.zone, language),
        ),
        replay=_button("replay", f"{each.endpoint}:{each.id}", language),
    )


def _button(name: str, value: object, language: str, question: str = "", kind: str = "") -> Markup:
    words = say(language, f"ui_webhooks_{name}")
    return h(
        '<button type="button" class="button small {3}" data-act="{0}" data-value="{1}"{4}>{2}</button>',
        name,
        value,
        words,
        kind,
        sure(question, words, language) if question else "",
    )
