"""The frame around every page: who looks, what they may see, the bar, the language, and errors in words."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import streamlit as st
from markupsafe import Markup

from ..access import COOKIE, Access, running_access
from ..access.identity import Identity
from ..errors import VistoBuenoError
from ..station import running_station
from ..texts import LANGUAGES, say
from . import account, administration, history, home, inspect, model, palette
from .hypertext import component, deed_of, h, hypertext, join
from .icons import icon
from .visit import Visit, go, where_from, zone_named

log = logging.getLogger(__name__)
SIGN_IN = "/login"
BRAND = "Visto Bueno"


@dataclass(frozen=True)
class Place:
    """A page: its address, the permission it asks for, what shows it, and whether the bar leads to it."""

    address: str
    permission: str
    show: Callable[[Visit], None]
    in_bar: bool = True


PLACES = (
    Place("home", "read", home.show),
    Place("inspect", "inspect", inspect.show),
    Place("history", "read", history.show),
    Place("model", "read", model.show),
    Place("administration", "people", administration.show),
    Place("account", "read", account.show, in_bar=False),
)


def show() -> None:
    """One run of the script: one page for one person."""
    with where_from():
        _show()


def _show() -> None:
    st.set_page_config(page_title=BRAND, layout="wide")
    st.html(_style())
    access, language = running_access(), running_station().settings.default_language
    try:
        identity = _who(access)
    except VistoBuenoError as error:  # the database is away: nobody can be known now
        component("shell")(key="shell", data=_frame(language, _apology(language, error.message(language))))
        return
    if identity is None:
        component("shell")(key="shell", data=_frame(language, Markup(), SIGN_IN), on_deed_change=lambda: None)
        return
    visit = Visit(identity, running_station(), access, zone_named(st.context.timezone))
    pages = {each.address: _page(each, visit) for each in PLACES}
    chosen = st.navigation(list(pages.values()), position="hidden")
    st.session_state["pages"] = pages
    here = next((each for each in PLACES if pages[each.address] is chosen), PLACES[0])
    _bar(visit, here, pages)
    chosen.run()


def _page(place: Place, visit: Visit) -> "st.Page":
    def run() -> None:
        if not visit.identity.may(place.permission):
            _refused(visit)
            return
        try:
            place.show(visit)
        except VistoBuenoError as error:
            _notice(visit, error.message(visit.language))
        except Exception:
            log.exception("page %s", place.address)
            _notice(visit, say(visit.language, "ui_page_broken"))

    title = f"{say(visit.language, f'ui_page_{place.address}')} · {BRAND}"
    return st.Page(run, title=title, url_path=place.address, default=place is PLACES[0])


def _bar(visit: Visit, here: Place, pages: Mapping[str, "st.Page"]) -> None:
    deed = deed_of(
        component("shell")(
            key="shell", data=_frame(visit.language, _bar_html(visit, here)), on_deed_change=lambda: None
        ).get("deed")
    )
    if deed.name == "go" and deed.value in pages:
        go(deed.value)
    if deed.name == "language" and deed.value in LANGUAGES:
        visit.access.set_language(visit.identity, deed.value)
        st.rerun()


def _bar_html(visit: Visit, here: Place) -> Markup:
    language = visit.language
    other = next(each for each in LANGUAGES if each != language)
    tabs = join(
        h(
            '<a href="/{path}" data-act="go" data-value="{address}"{current}>{icon}{name}</a>',
            path="" if each is PLACES[0] else each.address,
            address=each.address,
            current=Markup(' aria-current="page"') if each is here else "",
            icon=icon(each.address),
            name=_tab_name(each, language),
        )
        for each in PLACES
        if each.in_bar and visit.identity.may(each.permission)
    )
    return h(
        '<a class="skip button" href="#main">{skip}</a><header class="bar">'
        '<a class="brand" href="/" data-act="go" data-value="home">{sign}<span>{brand}</span></a>'
        '<nav class="tabs" aria-label="{pages}">{tabs}</nav><div class="me">'
        '<button class="plain" type="button" data-act="language" data-value="{other}" lang="{other}">{other_name}</button>'
        '<a class="who" href="/account" data-act="go" data-value="account"{current}>'
        '<span aria-hidden="true">{letter}</span><span class="only-heard">{account}: {name}</span></a></div></header>'
        '<div id="main" tabindex="-1"></div>',
        skip=say(language, "ui_skip"),
        sign=icon("brand"),
        brand=BRAND,
        pages=say(language, "ui_pages"),
        tabs=tabs,
        other=other,
        other_name=say(other, "ui_language_name"),
        current=Markup(' aria-current="page"') if here.address == "account" else "",
        letter=(visit.identity.actor.name.strip() or "·")[0].upper(),
        account=say(language, "ui_page_account"),
        name=visit.identity.actor.name,
    )


def _tab_name(place: Place, language: str) -> Markup:
    """The page's name; a long one has a short form where the screen is narrow."""
    name = say(language, f"ui_page_{place.address}")
    if place.address != "administration":
        return h("<span>{0}</span>", name)
    short = say(language, "ui_tab_administration")
    return h('<span class="long">{0}</span><span class="short" aria-hidden="true">{1}</span>', name, short)


def _frame(language: str, html: Markup, leave: str = "") -> dict[str, str]:
    return {
        "language": language,
        "html": str(html),
        "leave": leave,
        "me": "/api/v1/me",
        "sign_in": SIGN_IN,
        "offline": say(language, "ui_offline"),
        "signed_out": say(language, "ui_signed_out"),
        "again": say(language, "ui_sign_in_again"),
    }


def _who(access: Access) -> Identity | None:
    cookies = st.context.cookies
    token = next((cookies[name] for name in (f"__Host-{COOKIE}", COOKIE) if name in cookies), None)
    return access.identify_session(token) if token else None


def _refused(visit: Visit) -> None:
    _notice(visit, say(visit.language, "ui_refused"))


def _notice(visit: Visit, text: str) -> None:
    hypertext(_apology(visit.language, text), "notice")


def _apology(language: str, text: str) -> Markup:
    return h(
        '<section role="alert"><h1>{title}</h1><p>{text}</p><p><a class="button" href="/">{home}</a></p></section>',
        title=say(language, "ui_not_now"),
        text=text,
        home=say(language, "ui_page_home"),
    )


@cache
def _style() -> str:
    rules = files(__package__).joinpath("style.css").read_text(encoding="utf-8")
    return f"<style>:root {{ {palette.variables()} }}\n{rules}</style>"
