"""The audit log, newest first, a page at a time: what was done, by whom, to what, from where."""

import streamlit as st
from markupsafe import Markup

from ..accounts.audit_log import Event
from ..i18n import say
from . import formats
from .hypertext import h, hypertext, join
from .pieces import empty
from .visit import Visit, go

_LIMIT = 50
_ACTIONS = (
    "signed_in",
    "signed_out",
    "sign_in_failed",
    "throttled",
    "link_used",
    "link_refused",
    "provider_linked",
    "provider_refused",
    "provider_failed",
    "key_refused",
    "password_changed",
    "password_change_failed",
    "invited",
    "reset_link_made",
    "role_changed",
    "invitation_revoked",
    "person_added",
    "person_disabled",
    "person_enabled",
    "session_ended",
    "sessions_ended",
    "key_made",
    "key_revoked",
    "first_admin_link_made",
    "webhook_added",
    "webhook_rotated",
    "webhook_removed",
    "webhook_replayed",
    "nightly_done",
    "webhook_stopped",
    "restored",
)


def show(visit: Visit) -> None:
    """The part of the page."""
    deed = hypertext(_page(visit, st.query_params.get("after")), "audit")
    if deed.name == "older":
        go("administration", part="audit", after=deed.value)
    if deed.name == "newest":
        go("administration", part="audit")


def _page(visit: Visit, after: str | None) -> Markup:
    language = visit.language
    page = visit.access.audit_log.page(after, _LIMIT)
    listed = h('<ul class="list">{0}</ul>', join(_event(each, visit) for each in page.items))
    button = '<button type="button" class="button small" data-act="{0}" data-value="{1}">{2}</button>'
    return h(
        '<section><h2>{0}</h2>{1}<p class="row" style="margin-top:14px">{2}{3}</p></section>',
        say(language, "ui_part_audit"),
        listed if page.items else empty(say(language, "ui_audit_none")),
        h(button, "newest", "", say(language, "ui_newest")) if after else "",
        h(button, "older", page.next, say(language, "ui_older")) if page.next else "",
    )


def _event(event: Event, visit: Visit) -> Markup:
    at = formats.moment(event.at, visit.zone, visit.language)
    from_where = [event.actor.name, at, *([event.address] if event.address else [])]
    return h(
        '<li><div class="line plain-line"><span class="what"><b>{0} {1}</b><small>{2}</small></span></div></li>',
        _action(event.action, visit.language),
        event.subject or "",
        " · ".join(from_where),
    )


def _action(name: str, language: str) -> Markup:
    """What was done, in words; what has no words here is called by its name."""
    return h("{0}", say(language, f"ui_action_{name}")) if name in _ACTIONS else h("<code>{0}</code>", name)
