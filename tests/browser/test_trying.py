"""The page where a model is tried: any of the station's beside the active one, and nothing kept. And the themes."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from driving import ANA, DESK, EMMA, LUIS, PHONE, SOFIA, Person, Running, jpeg, settled, shot, upload
from playwright.sync_api import Page, expect

from altered_bundle import rewritten
from vistobueno.core.inspection import SYSTEM
from vistobueno.core.policy import Policy
from vistobueno.desk import palette
from vistobueno.model.bundle import read_bundle
from vistobueno.model.runtime import shipped_bundle
from vistobueno.services.shelf import Shelf
from vistobueno.store.database import open_database

OpenPage = Callable[..., Page]
TABLET, WIDE = (820, 1100), (1366, 900)


@pytest.fixture(scope="module", autouse=True)
def other(station: Running, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A second model at the station, which says of everything that a person must look; its digest."""
    bundle = rewritten(
        read_bundle(shipped_bundle()), tmp_path_factory.mktemp("other") / "b", version="9", policy=Policy()
    )
    settings = station.access.settings
    engine = open_database(f"sqlite:///{settings.data_dir.resolve() / 'vistobueno.sqlite'}")
    return Shelf(engine, settings).add(bundle.path, SYSTEM).digest


def kept(station: Running) -> list[Path]:
    return sorted((station.access.settings.data_dir / "evidence").rglob("*.jpg"))


def newest(page: Page, station: Running) -> list[dict[str, object]]:
    found: list[dict[str, object]] = page.request.get(f"{station.url}/api/v1/inspections?limit=1").json()["items"]
    return found


def test_a_photograph_is_judged_by_both_and_nothing_of_it_is_kept(
    open_page: OpenPage, station: Running, other: str
) -> None:
    page = open_page(SOFIA, "/model", WIDE)
    page.get_by_role("link", name="Probar").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Probar")
    expect(page.get_by_label("Modelo que se prueba")).to_have_value(other)  # the newest is what one wants to try
    before = newest(page, station), kept(station)
    page.set_input_files("input[type=file]", [upload("fruta.jpg", jpeg("banana_fit", 1))])
    cards = page.locator(".trial")
    expect(cards).to_have_count(2)
    expect(cards.nth(0)).to_contain_text("en uso")
    expect(cards.nth(0).locator(".said .answer")).to_have_text("APTO")
    expect(cards.nth(1).locator(".said .answer")).to_have_text("REVISAR")
    expect(cards.nth(1).get_by_text(re.compile("%")).first).to_be_visible()
    settled(page)
    shot(page, "try-desk-es")
    assert (newest(page, station), kept(station)) == before
    page.get_by_label("Modelo que se prueba").select_option(index=1)  # the active one itself: judged once
    expect(cards).to_have_count(1)


def test_what_is_no_photograph_is_said_in_words(open_page: OpenPage) -> None:
    page = open_page(EMMA, "/try", TABLET)
    page.set_input_files("input[type=file]", [upload("fruit.jpg", b"no photograph at all")])
    expect(page.locator(".notice.bad")).to_be_visible()
    page.set_input_files("input[type=file]", [upload("fruit.jpg", jpeg("orange_fit", 1))])
    expect(page.locator(".trial")).to_have_count(2)


@pytest.mark.parametrize("person", [ANA, EMMA], ids=lambda person: person.language)
def test_the_camera_gives_one_too(open_page: OpenPage, person: Person) -> None:
    page = open_page(person, "/try?with=camera", PHONE)
    page.locator(".st-key-try_camera video").wait_for()
    page.wait_for_function("() => document.querySelector('.st-key-try_camera video').videoWidth > 0")
    shot(page, f"try-camera-phone-{person.language}")
    page.locator(".st-key-try_camera button").last.click()
    expect(page.locator(".trial")).to_have_count(2)
    settled(page)
    shot(page, f"try-phone-{person.language}")


def test_who_may_not_try_is_not_led_there(open_page: OpenPage) -> None:
    page = open_page(LUIS, "/model")
    expect(page.get_by_role("link", name="Probar")).to_have_count(0)
    page = open_page(LUIS, "/try")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator("input[type=file]")).to_have_count(0)


def test_a_theme_is_chosen_for_this_browser_and_every_page_comes_in_it(open_page: OpenPage, station: Running) -> None:
    page = open_page(LUIS, "/account", DESK)
    ground = "getComputedStyle(document.querySelector('.vb')).color"
    seen = {}
    for words, name in (("Oscuro", "dark"), ("Alto contraste", "contrast"), ("Claro", "light")):
        page.get_by_role("button", name=words).click()
        expect(page.get_by_role("button", name=words)).to_have_attribute("aria-pressed", "true")
        seen[name] = page.evaluate(ground)
        for address in ("/history", "/inspect", "/login"):
            page.goto(station.url + address)
            expect(page.locator(f"html[data-theme={name}]")).to_have_count(1)
        page.goto(f"{station.url}/account")
        settled(page)
    wanted = {name: palette.PALETTES[name][0]["ink"] for name in seen}
    assert seen == {
        name: f"rgb({', '.join(str(int(ink[at : at + 2], 16)) for at in (1, 3, 5))})" for name, ink in wanted.items()
    }
    page.get_by_role("button", name="Como el sistema").click()
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(ground) == seen["dark"]
    page.emulate_media(color_scheme="light", contrast="more")
    assert page.evaluate(ground) == seen["contrast"]
