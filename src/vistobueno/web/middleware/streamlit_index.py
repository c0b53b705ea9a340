"""The HTML document that Streamlit's program runs in, and its icon, as ours: title, language and sign from the first moment."""

import re
from functools import cache, partial
from importlib.resources import files

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ...desk.logo import logo, logo_png
from ...desk.palette import chosen, css
from ...i18n import say
from ..error_page import told
from ..problems import page_language
from ..rules import rule_for

PAGES = "/*"  # the rule of what Streamlit answers with its document, whatever the page's name
_STREAMLITS = (PAGES, "/static/", "/_stcore/", "/media/", "/component/", "/app/static/")
_OF_THE_OTHER = ("content-length", "content-encoding", "etag", "last-modified", "accept-ranges")
_LATE = """html,body,.stApp{background:var(--paper)!important}\
#vb-late{position:fixed;inset:auto 16px 16px;z-index:1003;max-width:520px;margin:auto;padding:14px 18px;\
font:600 16px/1.5 system-ui,sans-serif;text-align:center;border-radius:12px;background:var(--ink);color:var(--card);\
visibility:hidden;animation:vb-late 0s 10s forwards}#vb-late a{color:inherit;display:inline-block;padding:10px 0}\
@keyframes vb-late{to{visibility:visible}}body:has(.stDialog) #vb-late{visibility:visible}\
body:has(.vb) #vb-late,.stDialog{display:none!important}"""
_KEPT = {"Cache-Control": "public, max-age=86400"}


class StreamlitIndex:
    """Gives our document where Streamlit gives its own, which it does at every address: at those of our pages alone. A
    problem, a redirect and every other answer pass as they are.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""
        rule = rule_for(scope["method"], scope["path"]).path if scope["type"] == "http" else ""
        if not rule.startswith(_STREAMLITS):
            await self.app(scope, receive, send)
            return
        if rule == PAGES and not is_page(scope["path"]):
            await told(HTTPConnection(scope), 404)(scope, receive, send)
            return
        text: bytes | None = None

        async def ours(message: Message) -> None:
            nonlocal text
            if message["type"] == "http.response.start" and is_document(message):
                if rule != PAGES:  # a file of Streamlit's that is not there
                    message = {**message, "status": 404, "headers": []}
                    await send(message)
                    return
                connection = HTTPConnection(scope)
                text = document(page_language(connection), chosen(connection.cookies))
                headers = MutableHeaders(raw=list(message["headers"]))
                for name in _OF_THE_OTHER:
                    del headers[name]
                headers["Content-Length"] = str(len(text))
                message = {**message, "headers": headers.raw}
            elif message["type"] == "http.response.body" and text is not None:
                if message.get("more_body"):
                    return  # theirs; ours goes with the last piece of it
                message = {**message, "body": b"" if scope["method"] == "HEAD" else text}
            await send(message)

        await self.app(scope, receive, ours)


def is_page(path: str) -> bool:
    """Whether one of our pages has this address."""
    return (path.rstrip("/") or "/") in _addresses()


@cache
def _addresses() -> frozenset[str]:
    from ...desk.shell import PLACES  # when a person comes: a machine's station has no need of what the pages need

    return frozenset("/" if each is PLACES[0] else f"/{each.address}" for each in PLACES)


def is_document(message: Message) -> bool:
    """Whether an answer begins a page."""
    kind = MutableHeaders(raw=list(message.get("headers", ()))).get("content-type", "")
    return message["status"] == 200 and kind.startswith("text/html")


@cache
def document(language: str, theme: str = "") -> bytes:
    """Streamlit's document with our title, icon, colours and words in this language. Its script stays as the content policy
    knows it.
    """
    text = files("streamlit").joinpath("static", "index.html").read_text(encoding="utf-8")
    icons = '<link rel="icon" href="/favicon.svg" type="image/svg+xml" /><link rel="apple-touch-icon" href="/favicon.png" />'
    for pattern, instead in (
        (r'<html lang="[^"]*"', f'<html lang="{language}"' + (f' data-theme="{theme}"' if theme else "")),
        (r"<title>.*?</title>", "<title>Visto Bueno</title>"),
        (r'<link rel="shortcut icon"[^>]*>', icons),
        (r'<link\s+rel="preload"[^>]*as="font"[^>]*>', ""),  # ours are the system's
        (r'(<!--(?:(?!-->).)*-->\s*)?<link rel="service-desc"[^>]*>', ""),  # of what the guard lets nobody use
        (r'(?=<div id="root">)', _late(language)),
        (r"<noscript>.*?</noscript>", f"<noscript><p>{say(language, 'web_needs_script')}</p></noscript>"),
    ):
        text = re.sub(pattern, instead, text, count=1, flags=re.DOTALL)
    return text.encode()


def _late(language: str) -> str:
    """What is said where no page comes, and the way back by the sign-in: our own frame only comes by the websocket.

    Streamlit would show the answer that it got, in a dialog that makes all but such layers inert.
    """
    text, again = say(language, "web_late"), say(language, "web_late_again")
    said = f'<p id="vb-late" role="status" data-react-aria-top-layer="true">{text} <a href="">{again}</a></p>'
    return f"<style>{css()}\n{_LATE}</style>{said}"


def icon(request: Request) -> Response:
    """The sign as a drawing."""
    return Response(str(logo()), headers=_KEPT, media_type="image/svg+xml")


def icon_in_pixels(request: Request, side: int = 180) -> Response:
    """The same for what knows no drawings, and for a phone's first screen."""
    return Response(logo_png(side), headers=_KEPT, media_type="image/png")


routes = [
    Route("/favicon.svg", icon),
    Route("/favicon.png", icon_in_pixels),
    Route("/favicon.ico", icon_in_pixels),
    *(Route(f"/icon-{side}.png", partial(icon_in_pixels, side=side)) for side in (192, 512)),
]
