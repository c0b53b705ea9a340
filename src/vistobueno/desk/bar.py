"""The bar above every page, and on a phone the tabs below: the desk's pages and the field's show the same."""

from dataclasses import dataclass

from markupsafe import Markup

from ..accounts.identity import Identity
from ..i18n import LANGUAGES, say
from .hypertext import h, join
from .icons import icon
from .logo import logo

BRAND = "Visto Bueno"


@dataclass(frozen=True)
class Tab:
    """A page that the bar leads to: its address, the permission it asks for, and whether Streamlit shows it."""

    address: str
    permission: str
    desk: bool = True


TABS = (
    Tab("home", "read"),
    Tab("inspect", "inspect", desk=False),
    Tab("review", "review", desk=False),
    Tab("history", "read"),
    Tab("control", "review"),
    Tab("model", "read"),
    Tab("administration", "people"),
)


def bar_html(identity: Identity, here: str, demo: bool) -> Markup:
    """The bar for one person on the page ``here``, with a place to count photographs that are not sent yet.

    Args:
        demo: say above it that the station is a demonstration.
    """
    language = identity.language
    other = next(each for each in LANGUAGES if each != language)
    tabs = join(
        h(
            '<a href="/{path}"{act}{current}>{icon}{name}</a>',
            path="" if each.address == "home" else each.address,
            act=h(' data-act="go" data-value="{0}"', each.address) if each.desk else "",
            current=Markup(' aria-current="page"') if each.address == here else "",
            icon=icon("review-tab" if each.address == "review" else each.address),
            name=_tab_name(each, language),
        )
        for each in TABS
        if identity.may(each.permission)
    )
    return h(
        '<a class="skip button" href="#main">{skip}</a>{mark}<header class="bar">'
        '<a class="brand" href="/" data-act="go" data-value="home">{sign}<span>{brand}</span></a>'
        '<nav class="tabs" aria-label="{pages}">{tabs}</nav><div class="me">'
        '<a class="pending" id="pending" href="/inspect" hidden></a>'
        '<button class="plain" type="button" data-act="language" data-value="{other}" lang="{other}">{other_name}</button>'
        '<a class="who" href="/account" data-act="go" data-value="account"{current}>'
        '<span aria-hidden="true">{letter}</span><span class="only-heard">{account}: {name}</span></a></div></header>'
        '<div id="main" tabindex="-1"></div>',
        skip=say(language, "ui_skip"),
        mark=h('<p class="demo" role="note">{0}</p>', say(language, "demo_strip")) if demo else "",
        sign=logo(),
        brand=BRAND,
        pages=say(language, "ui_pages"),
        tabs=tabs,
        other=other,
        other_name=say(other, "ui_language_name"),
        current=Markup(' aria-current="page"') if here == "account" else "",
        letter=(identity.actor.name.strip() or "·")[0].upper(),
        account=say(language, "ui_page_account"),
        name=identity.actor.name,
    )


def _tab_name(tab: Tab, language: str) -> Markup:
    """The page's name; a long one has a short form where the screen is narrow."""
    name = say(language, f"ui_page_{tab.address}")
    if tab.address != "administration":
        return h("<span>{0}</span>", name)
    short = say(language, "ui_tab_administration")
    return h('<span class="long">{0}</span><span class="short" aria-hidden="true">{1}</span>', name, short)
