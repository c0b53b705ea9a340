"""Pieces that several pages are made of: an answer, a row of an inspection, a verdict, a form's field."""

from collections.abc import Iterable, Mapping

from markupsafe import Markup

from ..model.bundle import Bundle
from ..records.values import Inspection
from ..texts import certainty, say
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
    """The product's name; a product of a stranger's model is called what its bundle calls it, none is not recognised."""
    if name is None:
        return say(language, "ui_unknown_product")
    return say(language, name) if name in PRODUCTS else name


def product_of(inspection: Inspection, language: str) -> str:
    """The product of an inspection; what looks like none of them is not called by the name of one."""
    return product(inspection.recognised_product, language)


def class_name(key: str, bundle: Bundle, language: str) -> str:
    """A class as its bundle names it in this language, if it does: a stranger's may name it anyhow."""
    names = next((each.names for each in bundle.classes if each.key == key), None)
    name = names.get(language) if isinstance(names, Mapping) else None
    return name if isinstance(name, str) else str(key)


def photo_url(number: int, what: str = "photo") -> str:
    """Where the browser gets a picture: ``photo``, ``heat-map`` or ``thumbnail``."""
    return f"/api/v1/inspections/{number}/{what}"


def thumbnail(inspection: Inspection) -> Markup:
    """The small picture; decoration, since the words beside it say all."""
    if not inspection.has_photograph:
        return Markup('<span class="none"></span>')
    return h('<img src="{0}" alt="" width="60" height="60" loading="lazy">', photo_url(inspection.number, "thumbnail"))


def inspection_row(inspection: Inspection, visit: Visit) -> Markup:
    """One line of a list: picture, what, answer; it leads to the whole."""
    language = visit.language
    said = [say(language, f"ui_why_{each}") if each in REASONS else each for each in inspection.reasons]
    reviewed = inspection.reviews[-1] if inspection.reviews else None
    about = " · ".join([formats.lately(inspection.at, visit.zone, language), *said])
    file = h('<span class="file"> · {0}</span>', inspection.filename) if inspection.filename else ""
    return h(
        '<li><a class="line" href="/history?n={n}" data-act="open" data-value="{n}">{picture}'
        '<span class="what"><b>{number} · {product}</b><small>{about}{file}</small></span>'
        '<span class="side">{answer}<small>{beside}</small></span></a></li>',
        n=inspection.number,
        picture=thumbnail(inspection),
        number=inspection_number(inspection.number, language),
        product=product_of(inspection, language),
        about=about,
        file=file,
        answer=answer(inspection.answer, language),
        beside=say(language, "ui_reviewed_as", answer=say(language, reviewed.answer)) if reviewed else "",
    )


def inspection_number(number: int, language: str) -> str:
    """N.º 1.234."""
    return say(language, "ui_number", number=formats.number(number, language))


def reasons(inspection: Inspection, language: str) -> Markup:
    """Why a person must look, and what that person can do, one sentence each."""
    if not inspection.reasons:
        return Markup()
    items = join(
        h("<li>{0}</li>", say(language, f"ui_reason_{each}") if each in REASONS else each)
        for each in inspection.reasons
    )
    return h('<ul class="reasons">{0}</ul>', items)


def in_words(inspection: Inspection, language: str) -> str:
    """The verdict as a sentence: how sure, of what."""
    share = inspection.probability_unfit
    if inspection.recognised_product is None:
        return say(language, "ui_words_stranger")
    values = {
        "product": product(inspection.product, language),
        "fit": certainty(1 - share, language),
        "unfit": certainty(share, language),
    }
    if inspection.answer == "fit":
        return say(language, "ui_words_fit", product=values["product"], fit=values["fit"])
    if inspection.answer == "unfit":
        return say(language, "ui_words_unfit", product=values["product"], unfit=values["unfit"])
    return say(language, "ui_words_review", product=values["product"], unfit=values["unfit"])


def verdict(inspection: Inspection, visit: Visit, heading: str = "h2") -> Markup:
    """The answer, so big that it is read at arm's length in the sun."""
    language = visit.language
    return h(
        '<section class="verdict {name}" role="status" aria-live="assertive" data-number="{n}">'
        "<{level} class='word' style='color:#fff'>{sign}<span>{word}</span></{level}><p>{words}</p>"
        '<p class="facts">{number} · {product} · {at} · {unmeasured}</p></section>',
        name=inspection.answer,
        n=inspection.number,
        level=Markup(heading),  # noqa: S704 h1 or h2
        sign=_knocked_out(inspection.answer),
        word=say(language, inspection.answer),
        words=in_words(inspection, language),
        number=inspection_number(inspection.number, language),
        product=product_of(inspection, language),
        at=formats.moment(inspection.at, visit.zone, language),
        unmeasured=say(language, "ui_unmeasured"),
    )


def meter(inspection: Inspection, bundle: Bundle, language: str) -> Markup:
    """The probability on a line with the three zones of the model that judged, and that nobody has measured it here.

    Zones only where that model is active.
    """
    share = inspection.probability_unfit
    zones = Markup()
    if bundle.digest == inspection.model_digest:
        low, high = (min(1.0, max(0.0, each)) for each in (bundle.policy.fit_below, bundle.policy.unfit_above))
        zones = h(
            '<span class="zone fit" style="width:{0:.2f}%"></span>'
            '<span class="zone review" style="left:{0:.2f}%;right:{1:.2f}%"></span>'
            '<span class="zone unfit" style="width:{1:.2f}%"></span>',
            low * 100,
            (1 - high) * 100,
        )
    side = f"left:{share * 100:.2f}%" if share < 0.5 else f"right:{(1 - share) * 100:.2f}%"
    return h(
        '<div class="meter" role="img" aria-label="{label}: {value}">{zones}<span class="mark" style="left:{place:.2f}%"></span>'
        '<span class="value" style="{side}">{value}</span>'
        '<span class="ends"><span>{fit}</span><span>{unfit}</span></span></div><p class="muted">{unmeasured}</p>',
        label=say(language, "ui_probability_unfit"),
        value=certainty(share, language),
        zones=zones,
        place=share * 100,
        side=Markup(side),  # noqa: S704 a number
        fit=say(language, "fit"),
        unfit=say(language, "unfit"),
        unmeasured=say(language, "camera_unmeasured"),
    )


def pictures(inspection: Inspection, language: str) -> Markup:
    """The photograph, and beside it where the model looked."""
    if not inspection.has_photograph:
        return h('<p class="notice">{0}</p>', say(language, "ui_no_photograph"))
    shown = [_figure(inspection, "photo", say(language, "ui_photo"), say(language, "ui_photo_caption"))]
    if inspection.has_heat_map:
        caption = say(language, "ui_heat_map_caption")
        shown.append(_figure(inspection, "heat-map", say(language, "ui_heat_map"), caption))
    return h('<div class="pictures">{0}</div>', join(shown))


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


def _figure(inspection: Inspection, what: str, alt: str, caption: str) -> Markup:
    address = photo_url(inspection.number, what)
    return h(
        '<figure><a href="{0}" target="_blank" rel="noopener"><img src="{0}" alt="{1}" width="640" height="480"></a>'
        "<figcaption>{2}</figcaption></figure>",
        address,
        alt,
        caption,
    )


def _knocked_out(name: str) -> Markup:
    """The sign in white with the mark in the card's own colour."""
    ground = {"fit": "var(--leaf)", "unfit": "var(--red)", "review": "var(--amber-deep)"}.get(name, "var(--ink)")
    return h('<span style="--sign:{0};display:inline-flex">{1}</span>', ground, icon(name))
