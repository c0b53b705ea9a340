"""`vistobueno demo`: a month that never was, in a fresh station alone, and told as such wherever it is shown."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from command_line import Run, vistobueno
from drawn_photos import PHOTO
from people_at import browser, signed_in
from serving import Served, serving
from test_api import API
from vistobueno.cli.demo import fill
from vistobueno.core.inspection import SYSTEM, Filter, Inspection
from vistobueno.core.lots.lot import LotFacts
from vistobueno.i18n import say
from vistobueno.services import Station
from vistobueno.settings import Settings

__all__ = ["vistobueno"]

NOW = datetime(2026, 11, 29, 20, tzinfo=UTC)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of a station that the command filled, judged by the shipped model."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("demo") / "data")
    month = fill(settings, 1, "en", NOW)
    assert month is not None and month.lots == 17
    return settings


@pytest.fixture
def station(filled: Settings) -> Iterator[Station]:
    """It, open."""
    opened = Station.open(filled)
    yield opened
    opened.close()


def every(station: Station) -> list[Inspection]:
    found, after = list[Inspection](), None
    while True:
        page = station.inspections.page(Filter(), after, 200)
        found += page.items
        if (after := page.next) is None:
            return found[::-1]


def test_a_month_passes_in_the_order_of_time(station: Station) -> None:
    inspections = every(station)
    moments = [each.at for each in inspections]
    assert moments == sorted(moments) and moments[-1] <= NOW and moments[0] > NOW - timedelta(days=31)
    assert [each.number for each in inspections] == list(range(1, len(inspections) + 1))
    assert len({each.at.date() for each in inspections}) > 20
    for each in inspections:
        assert all(each.at <= review.at <= NOW for review in each.reviews)
    days = station.inspections.day_counts((NOW - timedelta(days=31)).date(), NOW.date())
    assert sum(each.count for each in days) == len(inspections)


def test_a_visitor_finds_something_on_every_page(station: Station) -> None:
    inspections = every(station)
    assert {each.verdict.answer for each in inspections} == {"fit", "unfit", "review"}
    assert {each.verdict.product for each in inspections} >= {"banana", "apple", "orange"}
    assert any(review.defects for each in inspections for review in each.reviews)
    assert station.reviews.count() >= 3 and station.reviews.count(blind=True) and station.reviews.disagreements()
    lots = station.lots.page()
    assert all(lot.demo for lot in lots) and len(station.lots.open_ones()) == 2
    decisions = Counter(
        status.verdicts[-1].decision for lot in lots if (status := station.lots.status(lot.number)).verdicts
    )
    assert set(decisions) == {"accepted", "lower_class", "refused"}
    assert max(len(station.lots.status(lot.number).verdicts) for lot in lots) == 2
    lines = {each.name: each for each in station.lines.in_use() if each.products}
    assert len(lines) == 3 and sum(each.measured for each in lines.values()) == 1
    audits = [station.audits.of(name) for name in lines]
    assert all(each.answered > 30 and each.fit and each.unfit for each in audits)
    assert any(each.kappa.n for each in audits)


def test_the_same_seed_gives_the_same_month(filled: Settings, station: Station, tmp_path: Path) -> None:
    again = Settings(data_dir=tmp_path)
    assert fill(again, 1, "en", NOW)
    other = Station.open(again)
    try:
        told = [
            [
                (each.at, each.line, each.photo.sha256, each.verdict.answer, each.package, len(each.reviews))
                for each in every(one)
            ]
            for one in (station, other)
        ]
        assert told[0] == told[1]
        assert [lot.plan for lot in other.lots.page()] == [lot.plan for lot in station.lots.page()]
    finally:
        other.close()


def test_it_is_filled_once_and_never_where_something_real_is(
    filled: Settings, vistobueno: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fill(filled, 2, "en", NOW) is None
    served: list[Settings] = []
    monkeypatch.setattr("vistobueno.cli.demo.run_serve", lambda settings, language: served.append(settings))
    monkeypatch.setenv("DATA_DIR", str(filled.data_dir))
    assert vistobueno("demo", "--serve", "--port", "8123").code == 0 and served[0].port == 8123
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    running = Station.open(Settings(data_dir=tmp_path))
    assert vistobueno("demo").code == 3, "a station runs"
    running.inspections.inspect(PHOTO, SYSTEM, source="api")
    running.close()
    said = vistobueno("demo", "-l", "en")
    assert said.code == 3 and "DATA_DIR" in said.err
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEMO", "true")
        assert vistobueno("serve").code == 3
    station = Station.open(Settings(data_dir=tmp_path))
    assert not station.demonstration and station.inspections.count(Filter(), 9) == 1
    station.close()


def test_what_a_visitor_adds_is_part_of_the_demonstration(station: Station) -> None:
    facts = LotFacts("L-1", "Packer", "Here", "banana", "I", packages=3)
    lot, _ = station.lots.open(facts, ["codex-cxs-205"], SYSTEM, opened=1, fruit=1)
    assert lot.demo and station.demonstration


def test_every_page_and_export_says_what_it_is(filled: Settings, station: Station) -> None:
    station.close()
    with serving(filled.data_dir.parent) as served:
        shown(served)


def shown(served: Served) -> None:
    strips = [say(language, "demo_strip") for language in ("es", "en")]
    with browser(served.url) as stranger:
        assert any(each in stranger.get("/login").text for each in strips)
        assert stranger.get("/readyz").json()["demo"] is True
    with signed_in(served, "supervisor") as person:
        for page in ("/inspect", "/review", "/inspections/1", "/verify"):
            assert any(each in person.get(page).text for each in strips), page
        table = person.get(f"{API}/inspections.csv", params={"language": "en"})
        assert "demo" in table.headers["content-disposition"]
        rows = list(csv.reader(io.StringIO(table.text)))[1:]
        assert rows and all("demo" in " ".join(row) for row in rows)
        assert all(
            lot["demo"] and "demo" in lot["facts"]["packer"] for lot in person.get(f"{API}/lots").json()["items"][1:]
        )


def test_decided_lots_have_reports_that_say_what_they_are(station: Station) -> None:
    found = [each for lot in station.lots.page(limit=50) for each in station.reports.of_lot(lot.number)]
    assert len(found) >= 3 and any(each.number.endswith("-2-EN") for each in found)
    assert all(each.shown["demonstration"] and each.at <= NOW for each in found)
