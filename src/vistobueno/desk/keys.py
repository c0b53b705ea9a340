"""Keys of machines: made with scopes, shown once with a command to try, revoked."""

from datetime import UTC, datetime, timedelta

import streamlit as st
from markupsafe import Markup

from ..accounts import SCOPES
from ..accounts.keys import ApiKey
from ..core.errors import VistoBuenoError
from ..i18n import counted, say
from . import formats
from .hypertext import Deed, h, hypertext, join
from .pieces import choice, empty, field, notice, sure
from .visit import Visit, base_url

_DAYS = ("90", "365", "")  # until a key ends; the last never does


def show(visit: Visit) -> None:
    """The part of the page."""
    said = st.session_state.pop("keys_said", Markup())
    _act(hypertext(said + _page(visit), "keys"), visit)


def _act(deed: Deed, visit: Visit) -> None:
    language, access, by = visit.language, visit.access, visit.identity
    try:
        if deed.name == "make":
            days = deed.fields.get("days", "")
            expires = datetime.now(UTC) + timedelta(days=int(days)) if days in _DAYS and days else None
            scopes = frozenset(deed.fields.get("scopes", "").split()) & frozenset(SCOPES)
            line = deed.fields.get("line") or None
            _, secret = access.keys.make(deed.fields.get("name", ""), scopes, by, expires, line)
            said = _secret(secret, visit)
        elif deed.name == "revoke" and deed.value.isdecimal():
            access.keys.revoke(int(deed.value[:18]), by.actor)
            said = notice(say(language, "ui_keys_revoked"))
        else:
            return
    except VistoBuenoError as error:
        said = notice(error.message(language), "bad")
    st.session_state["keys_said"] = said
    st.rerun()


def _secret(secret: str, visit: Visit) -> Markup:
    language = visit.language
    curl = (
        f"curl -H 'Authorization: Bearer {secret}' \\\n     -F photo=@banana.jpg {base_url(visit)}/api/v1/inspections"
    )
    button = '<button type="button" class="button small" data-copy="{0}" data-done="{1}">{2}</button>'
    words = (say(language, "ui_copied"), say(language, "ui_copy"))
    return h(
        '<section role="status"><h2>{title}</h2><p>{once}</p><pre id="secret">{secret}</pre><p>{copy}</p>'
        '<h3>{try_it}</h3><pre id="curl">{curl}</pre><p>{copy_curl}</p></section>',
        title=say(language, "ui_keys_made"),
        once=say(language, "ui_keys_once"),
        secret=secret,
        copy=h(button, "secret", *words),
        try_it=say(language, "ui_keys_try"),
        curl=curl,
        copy_curl=h(button, "curl", *words),
    )


def _page(visit: Visit) -> Markup:
    language = visit.language
    scopes = join(
        h(
            '<label class="check"><input type="checkbox" name="scopes" value="{0}"{2}><span>{1}</span></label>',
            each,
            say(language, f"ui_scope_{each}"),
            Markup(" checked") if each in ("inspect", "read") else "",
        )
        for each in SCOPES
    )
    days = [(each, counted(language, "days", int(each)) if each else say(language, "ui_keys_never")) for each in _DAYS]
    lines = [(each.name, each.name) for each in visit.station.lines.in_use()]
    form = h(
        '<section><h2>{title}</h2><form data-act="make"><div class="filters">{name}{days}{line}</div>'
        "<fieldset><legend>{may}</legend>{scopes}</fieldset>"
        '<div class="row"><button class="button primary" type="submit">{make}</button></div></form></section>',
        title=say(language, "ui_keys_new"),
        name=field(
            say(language, "ui_keys_name"),
            Markup('<input type="text" name="name" id="f-name" required autocomplete="off">'),
        ),
        days=field(say(language, "ui_keys_until"), choice("days", days, "365")),
        line=field(say(language, "ui_keys_line"), choice("line", lines)) if len(lines) > 1 else "",
        may=say(language, "ui_keys_may"),
        scopes=scopes,
        make=say(language, "ui_keys_make"),
    )
    found = visit.access.keys.all()
    listed = (
        h('<ul class="list">{0}</ul>', join(_key(each, visit) for each in found))
        if found
        else empty(say(language, "ui_keys_none"))
    )
    return h("{0}<section><h2>{1}</h2>{2}</section>", form, say(language, "ui_part_keys"), listed)


def _key(key: ApiKey, visit: Visit) -> Markup:
    language, zone = visit.language, visit.zone
    used = formats.moment(key.used_at, zone, language) if key.used_at else say(language, "ui_never")
    ends = formats.moment(key.expires_at, zone, language) if key.expires_at else say(language, "ui_keys_never")
    button = h(
        '<button type="button" class="button small danger" data-act="revoke" data-value="{0}"{1}>{2}</button>',
        key.id,
        sure(say(language, "ui_keys_revoke_sure", name=key.name), say(language, "ui_keys_revoke"), language),
        say(language, "ui_keys_revoke"),
    )
    if key.expires_at is not None and key.expires_at <= datetime.now(UTC):
        button = h('<span class="chip off">{0}</span>', say(language, "ui_keys_is_expired"))
    if key.revoked_at is not None:
        button = h('<span class="chip off">{0}</span>', say(language, "ui_keys_is_revoked"))
    return h(
        '<li><div class="person"><div class="what"><b>{name}</b> <code>vb_{prefix}…</code>'
        "<small>{scopes}{line} · {used} · {ends}</small></div>{button}</div></li>",
        name=key.name,
        prefix=key.prefix,
        scopes=", ".join(say(language, f"ui_scope_{each}") for each in SCOPES if each in key.scopes),
        line=f" · {say(language, 'field_line', line=key.line)}" if key.line else "",
        used=say(language, "ui_keys_used", when=used),
        ends=say(language, "ui_keys_ends", when=ends),
        button=button,
    )
