"""A lot's inspection reports on its page: issued in a language, downloaded, and where anybody checks them."""

from markupsafe import Markup

from ..core.errors import VistoBuenoError
from ..core.lots.issued import IssuedReport
from ..core.lots.lot import Lot
from ..i18n import LANGUAGES, say
from ..services.lots import LotStatus
from . import formats
from .hypertext import Deed, h, join
from .visit import Visit, base_url


def issue(deed: Deed, lot: Lot, visit: Visit) -> tuple[str, str]:
    """Issue the report that was asked for; what to say of it, and how."""
    language = deed.value if deed.value in LANGUAGES else visit.language
    try:
        made, _ = visit.station.reports.issue(lot.number, language, visit.identity.actor, visit.zone)
    except VistoBuenoError as error:
        return error.message(visit.language), "bad"
    return say(visit.language, "ui_report_made", number=made.number), ""


def section(status: LotStatus, visit: Visit) -> Markup:
    """The reports that there are, and those that may be issued; nothing while the lot is open."""
    if not status.verdicts:
        return Markup()
    language, reports = visit.language, visit.station.reports.of_lot(status.lot.number)
    latest = status.verdicts[-1].id
    there = {each.language for each in reports if each.verdict == latest}
    buttons = join(
        h(
            '<button class="button small" type="button" data-act="report" data-value="{0}">{1}</button>',
            each,
            say(language, f"ui_report_issue_{each}"),
        )
        for each in LANGUAGES
        if each not in there and visit.identity.may("review")
    )
    return h(
        '<section><h2>{title}</h2><p class="muted">{lead}</p>{rows}{buttons}</section>',
        title=say(language, "ui_report_title"),
        lead=say(language, "ui_report_lead"),
        rows=h('<ul class="list">{0}</ul>', join(_row(each, latest, visit) for each in reversed(reports)))
        if reports
        else "",
        buttons=h('<div class="row">{0}</div>', buttons) if buttons else "",
    )


def _row(report: IssuedReport, latest: int, visit: Visit) -> Markup:
    language = visit.language
    address = f"/verify/{report.code}"
    older = h(' <span class="chip off">{0}</span>', say(language, "ui_report_replaced"))
    return h(
        '<li><div class="line two"><span class="what"><b>{number}</b>{older}<small>{who} · {when}</small>'
        '<small><a href="{address}" target="_blank" rel="noopener">{shown}</a></small></span>'
        '<a class="button small" href="/api/v1/reports/{number}.pdf" download="vistobueno-{number}.pdf">{download}</a>'
        "</div></li>",
        number=report.number,
        older=older if report.verdict != latest else "",
        who=report.actor.name,
        when=formats.moment(report.at, visit.zone, language),
        address=address,
        shown=base_url(visit) + address,
        download=say(language, "ui_report_download"),
    )
