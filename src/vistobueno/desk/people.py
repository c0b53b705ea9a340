"""People: invite with a link that is shown once, revoke that, role, disable, reset, end sessions."""

from collections.abc import Sequence

import streamlit as st
from markupsafe import Markup

from ..accounts import ROLES
from ..accounts.directory import Person
from ..core.errors import VistoBuenoError
from ..i18n import say
from . import formats
from .hypertext import Deed, h, hypertext, join
from .pieces import choice, field, notice, sure
from .visit import Visit, base_url


def show(visit: Visit) -> None:
    """The part of the page."""
    said = st.session_state.pop("people_said", Markup())
    _act(hypertext(said + _page(visit), "people"), visit)


def _act(deed: Deed, visit: Visit) -> None:
    language, access, by = visit.language, visit.access, visit.identity.actor
    number = int(deed.value[:18]) if deed.value.isdecimal() else 0
    try:
        if deed.name == "invite":
            link = access.people.invite(
                deed.fields.get("email", ""),
                deed.fields.get("name", ""),
                deed.fields.get("role", ""),
                by,
                base_url(visit),
            )
            said = _link(link, say(language, "ui_people_invited", email=deed.fields.get("email", "")), language)
        elif deed.name == "revoke":
            access.people.revoke_invitation(deed.value, by)
            said = notice(say(language, "ui_people_revoked", email=deed.value))
        elif deed.name == "reset":
            said = _link(
                access.people.reset_link(number, by, base_url(visit)), say(language, "ui_people_reset_made"), language
            )
        elif deed.name == "role":
            access.people.set_role(number, deed.fields.get("role", ""), by)
            said = notice(say(language, "ui_people_role_set"))
        elif deed.name == "disable":
            access.people.disable(number, by)
            said = notice(say(language, "ui_done"))
        elif deed.name == "enable":
            access.people.enable(number, by)
            said = notice(say(language, "ui_done"))
        elif deed.name == "end":
            access.sessions.end_all(number, by)
            said = notice(say(language, "ui_people_ended"))
        else:
            return
    except VistoBuenoError as error:
        said = notice(error.message(language), "bad")
    st.session_state["people_said"] = said
    st.rerun()


def _link(link: str, words: str, language: str) -> Markup:
    return h(
        '<section role="status"><h2>{words}</h2><p>{once}</p><pre id="link">{link}</pre>'
        '<button type="button" class="button" data-copy="link" data-done="{done}">{copy}</button></section>',
        words=words,
        once=say(language, "ui_people_once"),
        link=link,
        copy=say(language, "ui_copy"),
        done=say(language, "ui_copied"),
    )


def _page(visit: Visit) -> Markup:
    language = visit.language
    roles = [(each, say(language, f"ui_role_{each}")) for each in ROLES]
    form = h(
        '<section><h2>{title}</h2><form data-act="invite"><div class="filters">{email}{name}{role}</div>'
        '<div class="row"><button class="button primary" type="submit">{invite}</button></div></form></section>',
        title=say(language, "ui_people_invite"),
        email=field(
            say(language, "ui_email"),
            Markup('<input type="email" name="email" id="f-email" required autocomplete="off">'),
        ),
        name=field(
            say(language, "ui_name"), Markup('<input type="text" name="name" id="f-name" required autocomplete="off">')
        ),
        role=field(say(language, "ui_role"), choice("role", roles)),
        invite=say(language, "ui_people_make_link"),
    )
    rows = join(_person(each, visit, roles) for each in visit.access.people.all())
    people = h('<section><h2>{0}</h2><ul class="list">{1}</ul></section>', say(language, "ui_part_people"), rows)
    return form + _invitations(visit) + people


def _invitations(visit: Visit) -> Markup:
    """Those that were invited and have not come yet; their links were shown once, and can only be revoked."""
    language = visit.language
    rows = join(
        h(
            '<li><div class="person"><div class="what"><b>{name}</b><small>{email} · {role} · {until}</small></div>'
            '<div class="row">{button}</div></div></li>',
            name=each.name,
            email=each.email,
            role=say(language, f"ui_role_{each.role}"),
            until=say(
                language, "ui_people_invited_until", moment=formats.moment(each.expires_at, visit.zone, language)
            ),
            button=_button("revoke", each.email, each.name, "ui_people_revoke", language, asks=True, kind=" danger"),
        )
        for each in visit.access.people.invitations()
    )
    title = say(language, "ui_people_pending")
    return h('<section><h2>{0}</h2><ul class="list">{1}</ul></section>', title, rows) if rows else Markup()


def _person(person: Person, visit: Visit, roles: Sequence[tuple[str, str]]) -> Markup:
    language = visit.language
    mine = person.id == visit.identity.actor.id
    off, name = person.disabled_at is not None, person.name or person.email
    state = h('<span class="chip off">{0}</span>', say(language, "ui_people_disabled")) if off else Markup()
    buttons = [
        _button("reset", person.id, name, "ui_people_reset", language),
        _button("end", person.id, name, "ui_people_end", language, asks=True),
    ]
    if not mine:
        buttons.append(
            _button("enable", person.id, name, "ui_people_enable", language)
            if off
            else _button("disable", person.id, name, "ui_people_disable", language, asks=True, kind=" danger")
        )
    options = join(
        h('<option value="{0}"{2}>{1}</option>', value, words, Markup(" selected") if value == person.role else "")
        for value, words in roles
    )
    role = h(
        '<form data-act="role" data-value="{0}" class="inline"{5}><label class="field"><span class="only-heard">{1}: {2}</span>'
        '<select name="role" data-submits{4}>{3}</select></label></form>',
        person.id,
        say(language, "ui_role"),
        person.name,
        options,
        Markup(" disabled") if mine else "",
        sure(say(language, "ui_people_role_sure", name=name), say(language, "ui_people_role_change"), language),
    )
    return h(
        '<li><div class="person"><div class="what"><b>{name}</b> {state}<small>{email} · {since}</small></div>'
        '{role}<div class="row">{buttons}</div></div></li>',
        name=name,
        state=state,
        email=person.email,
        since=say(
            language, "ui_people_since", day=formats.day(person.created_at.astimezone(visit.zone).date(), language)
        ),
        role=role,
        buttons=join(buttons),
    )


def _button(
    act: str, value: object, name: str, words: str, language: str, *, asks: bool = False, kind: str = ""
) -> Markup:
    deed = say(language, words)
    return h(
        '<button type="button" class="button small{3}" data-act="{0}" data-value="{1}"{4}>{2}</button>',
        act,
        value,
        deed,
        kind,
        sure(say(language, f"ui_sure_{act}", name=name), deed, language) if asks else "",
    )
