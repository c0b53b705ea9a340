"""The frame around every page: who looks, what they may see, the bar, the language, and errors in words."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import streamlit as st
from markupsafe import Markup

from ..accounts import COOKIE, Accounts, running_accounts
from ..accounts.identity import Identity
from ..core.errors import VistoBuenoError
from ..i18n import LANGUAGES, say, texts
from ..services import running_station
from . import (
    account,
    administration,
    commissioning,
    control,
    disagreements,
    history,
    home,
    lines,
    lots,
    model,
    palette,
    standards,
    trial,
)
from .bar import BRAND, bar_html
from .hypertext import component, deed_of, h, hypertext
from .visit import Visit, go, where_from, zone_named

log = logging.getLogger(__name__)
SIGN_IN = "/login"


@dataclass(frozen=True)
class Place:
    """A page of Streamlit's: its address, the permission it asks for, and what shows it. `bar.TABS` leads to it."""

    address: str
    permission: str
    show: Callable[[Visit], None]
    tab: str = ""  # the tab of the bar that it stands behind, where it has none of its own


PLACES = (
    Place("home", "read", home.show),
    Place("history", "read", history.show),
    Place("disagreements", "review", disagreements.show, tab="history"),
    Place("lots", "read", lots.show, tab="history"),
    Place("standards", "read", standards.show, tab="history"),
    Place("control", "review", control.show),
    Place("model", "read", model.show),
    Place("try", "try", trial.show, tab="model"),
    Place("lines", "read", lines.show, tab="model"),
    Place("commissioning", "read", commissioning.show, tab="model"),
    Place("administration", "people", administration.show),
    Place("account", "read", account.show),
)


def show() -> None:
    """One run of the script: one page for one person."""
    with where_from():
        _show()


def _show() -> None:
    st.set_page_config(page_title=BRAND, layout="wide")
    st.html(_style())
    access, language = running_accounts(), running_station().settings.default_language
    try:
        identity = _who(access)
    except VistoBuenoError as error:  # the database is away: nobody can be known now
        component("shell")(key="shell", data=_frame(language, _error_card(language, error.message(language))))
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
            key="shell",
            data=_frame(
                visit.language, bar_html(visit.identity, here.tab or here.address, visit.station.demonstration)
            ),
            on_deed_change=lambda: None,
        ).get("deed")
    )
    if deed.name == "go" and deed.value in pages:
        go(deed.value)
    if deed.name == "language" and deed.value in LANGUAGES:
        visit.access.people.set_language(visit.identity, deed.value)
        st.rerun()


def _frame(language: str, html: Markup, leave: str = "") -> dict[str, str]:
    return {
        "language": language,
        "html": str(html),
        "leave": leave,
        "me": "/api/v1/me",
        "sign_in": SIGN_IN,
        "offline": say(language, "ui_offline"),
        **texts(language, ("count_pending",)),
    }


def _who(access: Accounts) -> Identity | None:
    cookies = st.context.cookies
    token = next((cookies[name] for name in (f"__Host-{COOKIE}", COOKIE) if name in cookies), None)
    return access.authentication.identify_session(token) if token else None


def _refused(visit: Visit) -> None:
    _notice(visit, say(visit.language, "ui_refused"))


def _notice(visit: Visit, text: str) -> None:
    hypertext(_error_card(visit.language, text), "notice")


def _error_card(language: str, text: str) -> Markup:
    return h(
        '<section role="alert"><h1>{title}</h1><p>{text}</p><p><a class="button" href="/">{home}</a></p></section>',
        title=say(language, "ui_not_now"),
        text=text,
        home=say(language, "ui_page_home"),
    )


@cache
def _style() -> str:
    rules = files(__package__).joinpath("style.css").read_text(encoding="utf-8")
    return f"<style>{palette.css()}\n{rules}</style>"
