"""What happens to a station while people look at it: another model, a restart. Each has a station of its own."""

from collections.abc import Callable
from pathlib import Path

import pytest
from driving import (
    ANA,
    DESK,
    FILES,
    LUIS,
    Person,
    Running,
    context_for,
    free_port,
    jpeg,
    running,
    settled,
    shot,
    sign_in,
    upload,
)
from playwright.sync_api import Browser, Page, Route, expect

from vistobueno.core.inspection import SYSTEM
from vistobueno.model.bundle import Bundle
from vistobueno.services.shelf import Shelf
from vistobueno.store.database import open_database

PageOf = Callable[[Running, Person, str], Page]


@pytest.fixture
def page_of(browser: Browser) -> PageOf:
    """A page of somebody who just signed in."""

    def opened(station: Running, person: Person, address: str) -> Page:
        page = context_for(browser, DESK).new_page()
        sign_in(page, station.url, person.email)
        settled(page)
        page.goto(station.url + address)
        settled(page, ".capture" if address == "/inspect" else "h1")
        return page

    return opened


def test_a_second_model_is_made_active_judges_and_is_rolled_back(
    page_of: PageOf, small_bundle: Bundle, tmp_path: Path
) -> None:
    with running(tmp_path, (ANA,)) as station:
        settings = station.access.settings
        engine = open_database(f"sqlite:///{settings.data_dir.resolve() / 'vistobueno.sqlite'}")
        Shelf(engine, settings).add(small_bundle.path, SYSTEM)
        engine.dispose()
        page = page_of(station, ANA, "/model")
        first, second = (page.locator("li").filter(has_text=name) for name in ("vistobueno-", "small 0"))
        expect(first.locator(".chip.on")).to_have_text("en uso")
        expect(page.get_by_text("no hay a cuál volver")).to_be_visible()  # there is another, and it was never used
        expect(page.get_by_role("button", name="Volver al anterior")).to_have_count(0)
        second.get_by_role("button", name="Usar este").click()
        second.get_by_role("button", name="Sí, usar este").click()
        expect(second.locator(".chip.on")).to_have_text("en uso")
        expect(first.get_by_role("button", name="Usar este")).to_be_visible()
        expect(page.get_by_text("small 0").first).to_be_visible()
        settled(page)
        shot(page, "model-second-desk-es")
        page.get_by_role("link", name="Inspeccionar").click()
        page.wait_for_selector(".capture")
        page.set_input_files(FILES, [upload("banano.jpg", jpeg("banana_fit", 1))])
        page.wait_for_selector(".inspection[data-number]")
        (kept,) = page.request.get(f"{station.url}/api/v1/inspections").json()["items"]
        assert kept["model"]["name"] == "small"
        page.goto(f"{station.url}/model")
        page.get_by_role("button", name="Volver al anterior").click()
        page.get_by_role("button", name="Sí, volver al anterior").click()
        expect(first.locator(".chip.on")).to_have_text("en uso")
        expect(second.locator(".chip.on")).to_have_count(0)
        page.context.close()


def test_a_photograph_whose_answer_was_lost_in_a_restart_is_kept_once_and_its_verdict_comes(
    page_of: PageOf, tmp_path: Path
) -> None:
    port, keys, back = free_port(), [], []

    def through(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if back:
            route.continue_()
            return
        if len(keys) == 1:
            assert route.fetch().status == 201  # it is kept, and nobody hears of it
        route.abort()

    with running(tmp_path, (LUIS,), port) as station:
        page = page_of(station, LUIS, "/inspect")
        page.route("**/api/v1/inspections*", through)
        page.set_input_files(FILES, [upload("resiste.jpg", jpeg("banana_fit", 3))])
        expect(page.locator("#banner")).to_contain_text("Sin conexión")
    with running(tmp_path, (LUIS,), port) as station:
        back.append(True)
        expect(page.locator(".verdict:not(.looking)")).to_have_attribute("data-number", "1")
        expect(page.locator("#banner")).to_be_hidden()
        assert len(set(keys)) == 1 < len(keys)
        assert len(page.request.get(f"{station.url}/api/v1/inspections").json()["items"]) == 1
        page.context.close()
