"""Mi cuenta: who this is, language, password, open sessions, and the way out."""

import streamlit as st
from markupsafe import Markup

from ..accounts.sessions import Session
from ..i18n import LANGUAGES, say
from . import formats
from .hypertext import Deed, h, hypertext, join
from .pieces import facts, notice
from .visit import Visit


def show(visit: Visit) -> None:
    """The page."""
    said = st.session_state.pop("account_said", Markup())
    _act(hypertext(said + _page(visit), "account"), visit)


def _act(deed: Deed, visit: Visit) -> None:
    identity = visit.identity
    if deed.name == "language" and deed.value in LANGUAGES:
        visit.access.people.set_language(identity, deed.value)
        st.rerun()
    if deed.name == "end" and identity.actor.id is not None:
        visit.access.sessions.end_all(identity.actor.id, identity.actor, but=identity.session)
        st.session_state["account_said"] = notice(say(visit.language, "ui_account_ended"))
        st.rerun()


def _page(visit: Visit) -> Markup:
    language, identity = visit.language, visit.identity
    button = (
        '<button type="button" class="button{2}" data-act="language" data-value="{0}" lang="{0}" '
        'aria-pressed="{3}">{1}</button>'
    )
    languages = join(
        h(button, each, say(each, "ui_language_name"), *((" primary", "true") if each == language else ("", "false")))
        for each in LANGUAGES
    )
    named: list[tuple[str, object]] = [
        (say(language, "ui_name"), identity.actor.name),
        (say(language, "ui_email"), identity.email or "—"),
        (say(language, "ui_role"), say(language, f"ui_role_{identity.role}")),
    ]
    return h(
        '<div class="head"><h1>{title}</h1></div><div class="grid"><section>{facts}</section>'
        '<section><h2>{language}</h2><div class="row">{languages}</div></section></div>{sessions}'
        '<section><div class="row"><a class="button" href="/password">{password}</a>'
        '<form method="post" action="/logout" class="inline"><input type="hidden" name="csrf" value="{csrf}">'
        '<button class="button danger" type="submit">{out}</button></form></div></section>',
        title=say(language, "ui_page_account"),
        facts=facts(named),
        language=say(language, "ui_language"),
        languages=languages,
        sessions=_sessions(visit),
        password=say(language, "ui_change_password"),
        csrf=identity.csrf or "",
        out=say(language, "ui_sign_out"),
    )


def _sessions(visit: Visit) -> Markup:
    language, identity = visit.language, visit.identity
    found = visit.access.sessions.of(identity.actor.id) if identity.actor.id is not None else ()
    button = Markup()
    if len(found) > 1:
        button = h(
            '<p><button type="button" class="button small" data-act="end">{0}</button></p>',
            say(language, "ui_account_end_others"),
        )
    return h(
        '<section style="margin-top:16px"><h2>{0}</h2><ul class="list">{1}</ul>{2}</section>',
        say(language, "ui_account_sessions"),
        join(_session(each, visit) for each in found),
        button,
    )


def _session(session: Session, visit: Visit) -> Markup:
    language = visit.language
    here = session.id == visit.identity.session
    return h(
        '<li><div class="line two"><span class="what"><b>{0}</b><small>{1}</small></span>{2}</div></li>',
        session.address or "—",
        say(language, "ui_account_seen", when=formats.lately(session.seen_at, visit.zone, language)),
        h('<span class="chip on">{0}</span>', say(language, "ui_account_here")) if here else "",
    )
