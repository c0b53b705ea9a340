"""Inspection reports: one for each decision about a lot and language, set, sealed and kept; and whether a copy is one."""

import hashlib
import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine

from ..core.clock import Clock, utc_now
from ..core.inspection import Actor, Inspection
from ..core.lots.issued import IssuedReport, report_number
from ..report.render import MOST_PHOTOGRAPHS, render
from ..report.report import Photograph
from ..report.seal import seal
from ..settings import Settings
from ..store import lots, reports
from ..store.database import reading, writing
from ..store.errors import NotFound
from ..store.photos.evidence import Evidence, EvidenceMissing
from ..store.retention import station_id
from .basis import Basis, named_defects
from .sealing import station_key


@dataclass(frozen=True)
class Verified:
    """What anybody may know of a report that was issued.

    Attributes:
        replaced_at: when the lot was decided again; None: this is of the last decision.
    """

    report: IssuedReport
    replaced_at: datetime | None


class Reports:
    """The inspection reports of a station. One is set at a time, whoever asks, so that memory stays bounded."""

    def __init__(self, engine: Engine, evidence: Evidence, settings: Settings, clock: Clock = utc_now) -> None:
        self._engine, self._evidence, self._settings = engine, evidence, settings
        self._clock = clock
        self._setting = threading.Lock()

    def issue(self, lot: int, language: str, actor: Actor, zone: ZoneInfo) -> tuple[IssuedReport, bool]:
        """The report of a lot's last decision in a language: made the first time, for ever the same.

        Args:
            zone: whose clocks its times are told by.

        Returns:
            The report, and whether it was there already.

        Raises:
            NotFound: ``no_lot``. ReportRefused: ``report_undecided`` and what `render`, `station_key` and `seal` raise.
            Unavailable: the database or the store of photographs does not answer.
        """
        with self._setting:
            with reading(self._engine) as connection:
                found = Basis.read(connection, lot)
                number = report_number(lot, len(found.verdicts), language)
                issued = reports.one(connection, number)
            if issued is not None:
                return issued, True
            key, at = station_key(self._settings), self._clock()
            code = secrets.token_hex(16)
            public = self._settings.public_url.rstrip("/")
            report = found.report(
                number,
                language,
                at=at.replace(microsecond=0),
                photographs=tuple(self._photographs(found.worst(MOST_PHOTOGRAPHS))),
                evidence=found.evidence(number, station_id(self._engine)),
            )
            report = replace(
                report,
                zone=str(zone),
                seal_key=key.fingerprint,
                verification=f"{public}/verify/{code}" if public else "",
            )
            set_ = render(report)
            pdf = seal(set_.pdf, key, self._settings.seal_tsa_url)
            made = IssuedReport(
                number,
                lot,
                found.verdict.id,
                language,
                at,
                actor,
                code,
                hashlib.sha256(pdf).hexdigest(),
                key.fingerprint,
                set_.shown,
            )
            with writing(self._engine) as connection:
                kept = reports.keep(connection, made, pdf)
            return kept, kept.sha256 != made.sha256

    def of_lot(self, lot: int) -> tuple[IssuedReport, ...]:
        """A lot's reports, the oldest first.

        Raises:
            NotFound: ``no_lot``.
        """
        with reading(self._engine) as connection:
            lots.one(connection, lot)
            return reports.of_lot(connection, lot)

    def pdf(self, number: str) -> bytes:
        """A report's file, as it was issued.

        Raises:
            NotFound: ``no_report``.
        """
        with reading(self._engine) as connection:
            return reports.pdf(connection, number)

    def public(self, code: str) -> Verified:
        """The report whose public address ends with ``code``.

        Raises:
            NotFound: ``no_report``.
        """
        with reading(self._engine) as connection:
            found = reports.by_code(connection, code)
            if found is None:
                raise NotFound(
                    "no_report",
                    es="En esta dirección no hay ningún informe. Compárela con la del código QR o del pie del informe.",
                    en="There is no report at this address. Compare it with the QR code or the foot of the report.",
                )
            return _verified(connection, found)

    def of_file(self, sha256: str) -> Verified | None:
        """The report whose PDF has this SHA-256 (hex); None: no report of this station."""
        with reading(self._engine) as connection:
            found = reports.by_sha256(connection, sha256)
            return _verified(connection, found) if found is not None else None

    def _photographs(self, of: Iterable[Inspection]) -> Iterable[Photograph]:
        """Those that are still kept."""
        for each in of:
            try:
                jpeg = self._evidence.get(each.evidence)
            except EvidenceMissing:
                continue
            yield Photograph(jpeg, each.number, str(each.package), named_defects(each))


def _verified(connection: Connection, report: IssuedReport) -> Verified:
    after = [each.at for each in lots.verdicts_of(connection, report.lot) if each.id > report.verdict]
    return Verified(report, after[0] if after else None)
