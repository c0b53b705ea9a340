"""Reports of a station's lots: issued once, sealed, kept for ever as they were, and known again by their bytes."""

import hashlib
import io
import json
from zoneinfo import ZoneInfo

import pikepdf
import pytest

from kept import ANA
from opened import Open, open_station, station
from test_station_lots import look_at, opened
from vistobueno.core.lots.lot import Lot
from vistobueno.report.report import ReportRefused
from vistobueno.report.seal import check
from vistobueno.services import NotFound, Station

__all__ = ["open_station", "station"]

LIMA = ZoneInfo("America/Lima")


def looked_at(station: Station) -> Lot:
    """A lot of three packages with two fruit each, one of them unfit."""
    lot = opened(station, boxes=3, fruit=2)
    for seed, package in enumerate(lot.draw.numbers):
        for fruit in (1, 2):
            unfit = (seed, fruit) == (0, 1)
            defects = ("bruise",) if unfit else ()
            look_at(station, lot, package, fruit, "unfit" if unfit else "fit", seed=seed, defects=defects)
    return lot


def evidence_in(pdf: bytes) -> dict[str, object]:
    with pikepdf.open(io.BytesIO(pdf)) as opened_pdf:
        found: dict[str, object] = json.loads(opened_pdf.attachments["evidence.json"].get_file().read_bytes())
    return found


def test_a_decision_has_one_sealed_report_in_each_language_that_never_changes(open_station: Open) -> None:
    station = open_station(public_url="https://station.example/")
    lot = looked_at(station)
    with pytest.raises(ReportRefused, match="report_undecided"):
        station.reports.issue(lot.number, "es", ANA, LIMA)
    station.lots.decide(lot.number, "refused", ANA, reason="lluvia")
    made, was_there = station.reports.issue(lot.number, "es", ANA, LIMA)
    pdf = station.reports.pdf(made.number)
    assert (made.number, was_there) == ("1-1-ES", False)
    assert hashlib.sha256(pdf).hexdigest() == made.sha256
    assert check(pdf).state == "whole" and check(pdf).fingerprint == made.seal_key
    assert made.shown["verification"] == f"https://station.example/verify/{made.code}"
    assert made.shown["decision"]["reason"] == "lluvia" and made.shown["decision"]["against"]
    again = open_station(public_url="https://elsewhere.example")
    assert again.reports.issue(lot.number, "es", ANA, LIMA) == (made, True)
    assert again.reports.pdf(made.number) == pdf
    english, _ = again.reports.issue(lot.number, "en", ANA, LIMA)
    assert english.seal_key == made.seal_key and again.reports.of_lot(lot.number) == (made, english)
    for number in ("1-2-ES", "x"):
        with pytest.raises(NotFound, match="no_report"):
            again.reports.pdf(number)
    with pytest.raises(NotFound, match="no_lot"):
        again.reports.issue(9, "es", ANA, LIMA)


def test_a_report_tells_what_its_decision_rested_on_whatever_comes_later(station: Station) -> None:
    lot = looked_at(station)
    station.lots.decide(lot.number, "refused", ANA, reason="lluvia")
    late = station.inspections.page().items[0]
    station.reviews.give(late.number, ANA, "unfit", defects=("scarring",))
    made, _ = station.reports.issue(lot.number, "es", ANA, LIMA)
    assert [row[2] for row in made.shown["packages"]] == ["1", "0", "0"]
    assert [row[1] for row in made.shown["defects"]] == ["1"]
    told = evidence_in(station.reports.pdf(made.number))
    inspections = told["inspections"]
    assert isinstance(inspections, list) and len(inspections) == 6
    assert {each["number"]: len(each["reviews"]) for each in inspections}[late.number] == 1
    station.lots.decide(lot.number, "refused", ANA, reason="una fruta más")
    newer, _ = station.reports.issue(lot.number, "es", ANA, LIMA)
    assert newer.number == "1-2-ES" and "1-1-ES" in newer.shown["decision"]["replaces"]
    assert sum(int(row[2]) for row in newer.shown["packages"]) == 2
    verified = station.reports.public(made.code)
    assert verified.report == made and verified.replaced_at == station.lots.status(lot.number).verdicts[-1].at
    assert station.reports.public(newer.code).replaced_at is None


def test_a_photograph_that_retention_took_is_left_out_of_the_report(station: Station) -> None:
    lot = looked_at(station)
    for each in station.inspections.page().items:
        station.evidence.delete(each.evidence)
    station.lots.decide(lot.number, "refused", ANA, reason="lluvia")
    made, _ = station.reports.issue(lot.number, "es", ANA, LIMA)
    assert made.shown["photographs"] == [] and made.shown["defects"]


def test_a_file_is_known_by_its_bytes_alone(station: Station) -> None:
    lot = looked_at(station)
    station.lots.decide(lot.number, "refused", ANA, reason="lluvia")
    made, _ = station.reports.issue(lot.number, "es", ANA, LIMA)
    pdf = station.reports.pdf(made.number)
    found = station.reports.of_file(hashlib.sha256(pdf).hexdigest())
    assert found is not None and found.report == made
    assert station.reports.of_file(hashlib.sha256(pdf + b"\n").hexdigest()) is None
    for code in ("", "x", made.number):
        with pytest.raises(NotFound, match="no_report"):
            station.reports.public(code)


def test_a_lot_without_any_fruit_has_no_report(station: Station) -> None:
    lot = opened(station)
    station.lots.decide(lot.number, "refused", ANA, reason="no llegó")
    with pytest.raises(ReportRefused, match="report_empty"):
        station.reports.issue(lot.number, "es", ANA, LIMA)
