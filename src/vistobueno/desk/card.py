"""A model card's Markdown → HTML: the few forms that our cards use; everything else is shown as it is written."""

import re

from markupsafe import Markup, escape

from .hypertext import h, join

_INLINE = (
    (re.compile(r"`([^`]+)`"), r"<code>\1</code>"),
    (re.compile(r"\*\*([^*]+)\*\*"), r"<b>\1</b>"),
)


def card_html(text: str) -> Markup:
    """Headings, paragraphs, tables, code blocks, `code` and **bold**; a card may come with a foreign model, so all is escaped."""
    blocks = re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip())
    return join(_block(block) for block in blocks)


def _block(block: str) -> Markup:
    lines, heads = block.split("\n"), []
    while lines and (heading := re.fullmatch(r"(#{1,4}) +(.*)", lines[0])):
        level = min(4, len(heading[1]) + 1)
        heads.append(h(f"<h{level}>{{0}}</h{level}>", _inline(heading[2])))
        del lines[0]
    return join(heads) + _text(lines) if lines else join(heads)


def _text(lines: list[str]) -> Markup:
    if lines[0].startswith("```"):
        return h("<pre>{0}</pre>", "\n".join(line for line in lines if not line.startswith("```")))
    if lines[0].startswith("|"):
        return _table(lines)
    if all(line.startswith(("- ", "* ")) for line in lines):
        return h("<ul>{0}</ul>", join(h("<li>{0}</li>", _inline(line[2:])) for line in lines))
    return h("<p>{0}</p>", _inline(" ".join(lines)))


def _table(lines: list[str]) -> Markup:
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    body = [row for row in rows[1:] if not all(re.fullmatch(r":?-+:?", cell) for cell in row)]
    head = join(h('<th scope="col">{0}</th>', _inline(cell)) for cell in rows[0])
    shown = join(h("<tr>{0}</tr>", join(h("<td>{0}</td>", _inline(cell)) for cell in row)) for row in body)
    return h(
        '<div class="scroll" tabindex="0"><table><thead><tr>{0}</tr></thead><tbody>{1}</tbody></table></div>',
        head,
        shown,
    )


def _inline(text: str) -> Markup:
    safe = str(escape(text))
    for pattern, shape in _INLINE:
        safe = pattern.sub(shape, safe)
    return Markup(safe)  # noqa: S704 escaped above, before anything was marked
