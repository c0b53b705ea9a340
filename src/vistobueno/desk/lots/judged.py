"""What each standard says of a lot: its decision, why, each limit, and what nobody said of which fruit."""

from collections.abc import Sequence

from markupsafe import Markup

from ...core.lots.judging import Judgement, LimitResult, Reason
from ...core.lots.lacking import Lacking
from ...core.lots.standard import Standard
from ...i18n import say, word
from .. import formats
from ..hypertext import h, join

_MOST_LISTED = 60


def judgement(found: Judgement, standard: Standard, language: str) -> Markup:
    """What a standard says: the decision, its reasons, and each limit of the declared class."""
    said = say(language, f"ui_lot_says_{found.decision}", grade=found.accepted_as or "")
    rows = join(_limit(each, language) for shown in found.classes[:1] for each in shown.limits)
    said_why = dict.fromkeys(_reason(each, found, language) for each in found.reasons[:6])
    reasons = join(h("<p>{0}</p>", each) for each in said_why)
    doubt = Markup() if found.confirmed else h('<p class="muted">{0}</p>', say(language, "ui_lot_doubt"))
    heads = join(
        h(
            '<th scope="col"{0}>{1}</th>',
            Markup(' class="n"') if each != "limit" else "",
            say(language, f"ui_lot_head_{each}"),
        )
        for each in ("limit", "count", "most")
    )
    return h(
        "<section><h2>{name}</h2><p><b>{said}</b></p>{reasons}"
        '<div class="scroll"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>{doubt}</section>',
        name=standard.name.said(language),
        said=said,
        reasons=reasons,
        heads=heads,
        rows=rows,
        doubt=doubt,
    )


def _limit(found: LimitResult, language: str) -> Markup:
    tally = found.lot
    share = f" ({formats.percent(tally.share, language)})" if tally.of else ""
    return h(
        '<tr><th scope="row">{0}</th><td class="n">{1} / {2}{3}</td><td class="n">{4} ({5})</td></tr>',
        found.limit.name.said(language),
        formats.number(tally.count, language),
        formats.number(tally.of, language),
        share,
        formats.number(tally.most, language),
        formats.percent(found.figure.share, language),
    )


def _reason(reason: Reason, found: Judgement, language: str) -> str:
    limits = {each.limit.key: each.limit.name.said(language) for shown in found.classes for each in shown.limits}
    where = ""
    if reason.package is not None:
        where = " " + say(language, "ui_lot_in_package", package=formats.number(reason.package, language))
    return say(
        language,
        f"ui_lot_reason_{reason.cause}",
        limit=limits.get(reason.limit or "", reason.limit or ""),
        grade=reason.class_key or "",
        where=where,
    )


def unsaid(lacking: Sequence[Lacking], language: str) -> Markup:
    """The fruit of which something is to be said before the lot can be decided, each with the way to where it is said."""
    if not lacking:
        return Markup()
    rows = join(
        h(
            '<li><a class="line two" href="/inspections/{0}#defects"><span class="what"><b>{1}</b><small>{2}</small></span>'
            '<span class="side"><span class="chip off">{3}</span></span></a></li>',
            each.inspection,
            say(
                language,
                "ui_lot_of_fruit",
                package=formats.number(each.package, language),
                fruit=formats.number(each.fruit, language),
            ),
            say(language, f"ui_lot_unsaid_{each.what}", defect=_named(each.defect, language)),
            say(language, "ui_number", number=formats.number(each.inspection, language)),
        )
        for each in lacking[:_MOST_LISTED]
    )
    more = len(lacking) - _MOST_LISTED
    rest = (
        h("<p>{0}</p>", say(language, "ui_lot_unsaid_more", count=formats.number(more, language))) if more > 0 else ""
    )
    return h(
        '<section><h2>{0}</h2><p>{1}</p><ul class="list">{2}</ul>{3}</section>',
        say(language, "ui_lot_unsaid"),
        say(language, "ui_lot_unsaid_lead"),
        rows,
        rest,
    )


def _named(defect: str | None, language: str) -> str:
    """A defect of the standard's own has no text here."""
    return word(language, f"defect_{defect}", defect) if defect else ""
