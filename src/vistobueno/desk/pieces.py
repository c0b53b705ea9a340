"""Pieces that several pages are made of: an answer, a row of an inspection, a verdict, a form's field."""

from collections.abc import Iterable, Mapping

from markupsafe import Markup

from ..core.inspection import Inspection
from ..i18n import say
from ..model.bundle import Bundle
from . import formats
from .hypertext import h, join
from .icons import icon
from .visit import Visit

PRODUCTS = ("apple", "banana", "orange")
REASONS = ("uncertain", "out_of_scope", "poor_photo")


def answer(name: str, language: str) -> Markup:
    """✔ APTO, in its colour and shape."""
    return h('<span class="answer {0}">{1}<span>{2}</span></span>', name, icon(name), say(language, name))


def product(name: str | None, language: str) -> str:
    """The product's name; a product of a foreign model is called what its bundle calls it, none is not recognised."""
    if name is None:
        return say(language, "ui_unknown_product")
    return say(language, name) if name in PRODUCTS else name


def product_of(inspection: Inspection, language: str) -> str:
    """The product of an inspection; what looks like none of them is not called by the name of one."""
    return product(inspection.verdict.recognised_product, language)


def class_name(key: str, bundle: Bundle, language: str) -> str:
    """A class as its bundle names it in this language, if it does: a foreign one may name it anyhow."""
    names = next((each.names for each in bundle.classes if each.key == key), None)
    name = names.get(language) if isinstance(names, Mapping) else None
    return name if isinstance(name, str) else str(key)


def photo_url(number: int, what: str = "photo") -> str:
    """Where the browser gets a picture: ``photo``, ``heat-map`` or ``thumbnail``."""
    return f"/api/v1/inspections/{number}/{what}"


def thumbnail(inspection: Inspection, language: str) -> Markup:
    """The small picture, decoration, since the words beside it say all; or that none is kept here."""
    if not inspection.has_photograph:
        return h('<span class="none">{0}</span>', say(language, "ui_no_thumbnail"))
    picture = photo_url(inspection.number, "thumbnail")
    return h('<img src="{0}?side=256" alt="" width="256" height="192" loading="lazy">', picture)


def inspection_row(inspection: Inspection, visit: Visit, *, clock: bool = False) -> Markup:
    """One of a list: picture, what, answer; it leads to the whole. ``clock``: the day is known, the time is told."""
    language = visit.language
    when = formats.clock(inspection.at, visit.zone) if clock else formats.lately(inspection.at, visit.zone, language)
    said = [say(language, f"ui_why_{each}") if each in REASONS else each for each in inspection.verdict.reasons]
    reviewed = inspection.reviews[-1] if inspection.reviews else None
    about = " · ".join([when, *said])
    file = h('<span class="file"> · {0}</span>', inspection.filename) if inspection.filename else ""
    return h(
        '<li><a class="line" href="/inspections/{n}">{picture}'
        '<span class="what"><b>{number} · {product}</b><small>{about}{file}</small></span>'
        '<span class="side">{answer}<small>{beside}</small></span></a></li>',
        n=inspection.number,
        picture=thumbnail(inspection, language),
        number=inspection_number(inspection.number, language),
        product=product_of(inspection, language),
        about=about,
        file=file,
        answer=answer(inspection.verdict.answer, language),
        beside=say(language, "ui_reviewed_as", answer=say(language, reviewed.answer)) if reviewed else "",
    )


def question_row(inspection: Inspection, visit: Visit) -> Markup:
    """One that waits in the blind audit: nothing tells what the model said, and who may answer is led to where it is asked."""
    language = visit.language
    told = h(
        '{picture}<span class="what"><b>{number}</b><small>{when}</small></span>'
        '<span class="side"><small>{blind}</small></span>',
        picture=thumbnail(inspection, visit.language),
        number=inspection_number(inspection.number, language),
        when=formats.lately(inspection.at, visit.zone, language),
        blind=say(language, "ui_blind_audit"),
    )
    leads = visit.identity.may("review")
    return h(
        '<li><a class="line" href="/review">{0}</a></li>' if leads else '<li><span class="line">{0}</span></li>', told
    )


def shots(rows: Iterable[Markup]) -> Markup:
    """A list of inspections: as a grid of pictures or line by line, whichever this browser was told; see style.css."""
    return h('<ul class="list shots">{0}</ul>', join(rows))


def views(language: str) -> Markup:
    """The switch between the two."""
    button = '<button type="button" class="button small" data-keep="view" data-kept="{0}">{1}</button>'
    both = join(h(button, each, say(language, f"ui_view_{each or 'grid'}")) for each in ("", "list"))
    return h('<div class="row views" role="group" aria-label="{0}">{1}</div>', say(language, "ui_view"), both)


def inspection_number(number: int, language: str) -> str:
    """N.º 1.234."""
    return say(language, "ui_number", number=formats.number(number, language))


def empty(text: str) -> Markup:
    """A list that has nothing says so."""
    return h('<p class="empty">{0}</p>', text)


def notice(text: str, kind: str = "") -> Markup:
    """What just happened (``""``, ``warn`` or ``bad``)."""
    return h('<p class="notice {0}" role="status">{1}</p>', kind, text)


def field(label: str, control: Markup) -> Markup:
    """A form's field with its label."""
    return h('<label class="field"><span>{0}</span>{1}</label>', label, control)


def choice(
    name: str, options: Mapping[str, str] | Iterable[tuple[str, str]], chosen: str = "", submits: bool = False
) -> Markup:
    """A list to choose from: value → words."""
    pairs = options.items() if isinstance(options, Mapping) else options
    items = join(
        h('<option value="{0}"{2}>{1}</option>', value, words, Markup(" selected") if value == chosen else "")
        for value, words in pairs
    )
    return h('<select name="{0}" id="f-{0}"{2}>{1}</select>', name, items, Markup(" data-submits") if submits else "")


def label_reader(language: str) -> Markup:
    """In a form: a photograph of a label fills the fields that are called as `LabelFacts` calls them."""
    control = h(
        '<input type="file" id="f-label" accept="image/*" data-label data-language="{0}" data-reading="{1}" data-read="{2}" '
        'data-away="{3}">',
        language,
        say(language, "ui_label_reading"),
        say(language, "ui_label_read"),
        say(language, "ui_label_away"),
    )
    return field(say(language, "ui_label_photo"), control) + Markup(
        '<p class="muted" role="status" data-label-said></p>'
    )


def sure(question: str, deed: str, language: str) -> Markup:
    """Of a button or form: what it does waits for a second button, which says it."""
    return h(
        ' data-sure="{0}" data-yes="{1}" data-no="{2}"',
        question,
        say(language, "ui_sure_yes", deed=deed[:1].lower() + deed[1:]),
        say(language, "ui_sure_no"),
    )


def facts(pairs: Iterable[tuple[str, object]]) -> Markup:
    """Names and values, one below another."""
    return h('<dl class="facts-list">{0}</dl>', join(h("<dt>{0}</dt><dd>{1}</dd>", *pair) for pair in pairs))
