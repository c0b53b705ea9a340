"""A model card's Markdown → HTML. A card may come with a foreign model: it brings no HTML, no link and no picture along."""

from functools import cache

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markupsafe import Markup


def card_html(text: str) -> Markup:
    """Headings a level down, for the page has a title; tables that scroll, by keyboard too."""
    return Markup(_reader().render(text))  # noqa: S704 HTML is off in it: all that a card says is escaped


@cache
def _reader() -> MarkdownIt:
    reader = MarkdownIt("js-default").disable(["link", "image", "autolink", "reference"])
    reader.core.ruler.push("page", _fit_page)
    reader.add_render_rule("table_open", lambda *_: '<div class="scroll" tabindex="0"><table>')
    reader.add_render_rule("table_close", lambda *_: "</table></div>")
    return reader


def _fit_page(state: StateCore) -> None:
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 1)}"
        elif token.type == "th_open":
            token.attrSet("scope", "col")
