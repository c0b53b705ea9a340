"""The page of control in a browser: what breaks a rule is told, filters go by a choice, and a chart is kept as a picture."""

import io
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from driving import DESK, LUIS, PHONE, SOFIA, Running, settled, shot
from PIL import Image
from playwright.sync_api import Page, expect
from sqlalchemy import insert

from vistobueno.store.database import open_database, writing
from vistobueno.store.schema import control_answers, control_counts

OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def half_a_year(station: Running) -> None:
    """Twenty-four weeks on a line of its own, the last but two of which is bad."""
    rng, today = random.Random(1), datetime.now(UTC).date()
    key = {"line": "Mesa 9", "product": "banana", "actor_kind": "person", "actor_id": 1}
    counts, answers = [], []
    for week in range(24):
        day = today - timedelta(days=7 * week)
        for packer, n in (("El Oro", 300), ("Valle", 200)):
            unfit = round(n * (0.25 if week == 2 else rng.uniform(0.08, 0.12)))
            place = {**key, "day": day, "packer": packer}
            for answer, count in (("unfit", unfit), ("fit", n - unfit), ("review", 40)):
                counts.append({**place, "answer": answer, "said": "", "count": count})
            audited = {**place, "chance": 0.05, "second": "unfit", "defects": "bruise", "first": "unfit"}
            answers.append({**audited, "answer": "unfit", "count": 9})
            answers.append({**audited, "answer": "fit", "count": 1})
            answers.append({**audited, "answer": "fit", "first": "fit", "second": "fit", "defects": "", "count": 40})
    with writing(open_database(f"sqlite:///{station.log.parent / 'data' / 'vistobueno.sqlite'}")) as connection:
        connection.execute(insert(control_counts), counts)
        connection.execute(insert(control_answers), answers)


@pytest.mark.usefixtures("half_a_year")
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_bad_week_is_told_and_its_chart_taken_along(open_page: OpenPage, size: tuple[int, int]) -> None:
    page = open_page(SOFIA, "/control?line=Mesa+9", size, ready="#chart-shares")
    expect(page.locator("#chart-shares .broken")).to_have_count(1)
    expect(page.locator(".notice.bad .told li").first).to_contain_text("25,0")
    for chart in (
        "#chart-ewma",
        "#chart-0-review",
        "#chart-0-escapes",
        "#chart-0-overkill",
        "#chart-0-kappa",
        "#chart-0-people",
    ):
        expect(page.locator(chart)).to_be_visible()
    shot(page, f"charts-{'phone' if size == PHONE else 'desk'}")
    with page.expect_download() as kept:
        page.locator("[data-png=chart-shares]").click()
    with Image.open(io.BytesIO(kept.value.path().read_bytes())) as picture:
        assert picture.format == "PNG" and picture.width > 1200
        assert len(picture.convert("RGB").getcolors(1 << 20) or ()) > 20, "it is drawn upon"
    for name in ("shares", "lines"):
        with page.expect_download() as table:
            page.locator(f"a[href*='/control/{name}.xlsx']").first.click()
        assert table.value.path().read_bytes()[:2] == b"PK"


@pytest.mark.usefixtures("half_a_year")
def test_suppliers_are_compared_by_a_choice(open_page: OpenPage) -> None:
    page = open_page(SOFIA, "/control?line=Mesa+9", ready="#chart-shares")
    page.locator("#f-by").select_option("packer")
    expect(page.locator("#chart-shares text.name")).to_contain_text(["El Oro", "Valle"])  # and what is of no lot
    expect(page.locator("#chart-ewma")).to_have_count(0)
    page.locator("[data-act=clear]").click()
    expect(page.locator("#f-by")).to_have_value("week")


def test_an_inspector_has_no_such_page(open_page: OpenPage) -> None:
    page = open_page(LUIS, "/control")
    settled(page)
    expect(page.locator("[role=alert]")).to_be_visible()
    expect(page.locator(".bar a[href='/control']")).to_have_count(0)
