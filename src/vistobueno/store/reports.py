"""Inspection reports that were issued: rows that nothing changes, each with its PDF."""

from typing import Any

from sqlalchemy import Connection, Row, insert, select

from ..core.composed import composed, flat
from ..core.events import report_issued
from ..core.lots.issued import IssuedReport
from .errors import NotFound
from .outbox import tell
from .schema import reports
from .writes import one_after_another

_TOLD = [each for each in reports.c if each.name != "pdf"]


def keep(connection: Connection, report: IssuedReport, pdf: bytes) -> IssuedReport:
    """Keep one, if there is none of its number yet; returns the one that is kept."""
    one_after_another(connection)
    found = _first(connection, reports.c.number == report.number)
    if found is None:
        connection.execute(insert(reports).values(**flat(report), pdf=pdf))
        tell(connection, "report.issued", lambda: report_issued(report))
    return found or report


def one(connection: Connection, number: str) -> IssuedReport | None:
    """The one of a number."""
    return _first(connection, reports.c.number == number)


def by_code(connection: Connection, code: str) -> IssuedReport | None:
    """The one whose public address ends so."""
    return _first(connection, reports.c.code == code)


def by_sha256(connection: Connection, sha256: str) -> IssuedReport | None:
    """The one whose PDF has this hash."""
    return _first(connection, reports.c.sha256 == sha256)


def of_lot(connection: Connection, lot: int) -> tuple[IssuedReport, ...]:
    """A lot's, the oldest first."""
    rows = connection.execute(select(*_TOLD).where(reports.c.lot == lot).order_by(reports.c.at, reports.c.number))
    return tuple(map(_report, rows))


def pdf(connection: Connection, number: str) -> bytes:
    """A report's PDF, as it was issued.

    Raises:
        NotFound: ``no_report``.
    """
    found: bytes | None = connection.execute(select(reports.c.pdf).where(reports.c.number == number)).scalar()
    if found is None:
        raise NotFound(
            "no_report",
            es=f"No hay ningún informe {number}. Vuelva a cargar el lote: allí están sus informes.",
            en=f"There is no report {number}. Load the lot again: its reports are there.",
        )
    return found


def _first(connection: Connection, where: Any) -> IssuedReport | None:
    row = connection.execute(select(*_TOLD).where(where)).first()
    return _report(row) if row is not None else None


def _report(row: Row[Any]) -> IssuedReport:
    return composed(IssuedReport, dict(row._mapping))
