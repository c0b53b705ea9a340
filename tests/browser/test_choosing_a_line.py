"""Lines on the phone and on the desk; they have a station of their own, since others would see a choice that they lack."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from driving import DESK, FILES, LUIS, PHONE, SOFIA, Running, context_for, jpeg, running, settled, sign_in, upload
from playwright.sync_api import Browser, Page, expect

from vistobueno.core.inspection import SYSTEM
from vistobueno.store import lines
from vistobueno.store.database import open_database, writing

READY = "html[data-ready]"
CHOICE = "#line select"


@pytest.fixture
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("lines"), (LUIS, SOFIA)) as started:
        yield started


def change(station: Running, *, add: str = "", retire: str = "") -> None:
    """What somebody else does to the station's lines."""
    database = station.access.settings.data_dir.resolve() / "vistobueno.sqlite"
    engine = open_database(f"sqlite:///{database}")
    with writing(engine) as connection:
        if add:
            lines.add(connection, add, [], datetime.now(UTC), SYSTEM)
        if retire:
            lines.retire(connection, retire, datetime.now(UTC))
    engine.dispose()


def phone_of(browser: Browser, station: Running) -> Page:
    page = context_for(browser, PHONE).new_page()
    sign_in(page, station.url, LUIS.email)
    page.goto(f"{station.url}/inspect")
    page.wait_for_selector(READY)
    return page


def take(page: Page, seed: int) -> None:
    page.set_input_files(FILES, [upload(f"{seed}.jpg", jpeg("banana_fit", seed))])


def kept(page: Page, station: Running) -> list[str]:
    """The lines of the inspections, in their order."""
    items = page.request.get(f"{station.url}/api/v1/inspections").json()["items"]
    return [each["line"] for each in reversed(items)]


def test_a_photograph_stays_on_the_line_it_was_taken_on_with_or_without_a_network(
    browser: Browser, station: Running
) -> None:
    page = phone_of(browser, station)
    expect(page.locator("#line")).to_be_hidden()  # there is nothing to choose
    take(page, 1)
    facts = page.locator(".inspection[data-number] .facts")
    expect(facts).to_contain_text("línea principal")
    expect(facts).to_contain_text("sin medir")
    change(station, add="Mesa 2")
    page.evaluate("() => navigator.serviceWorker.ready")
    page.reload()
    page.wait_for_selector(READY)
    expect(page.locator(CHOICE)).to_have_value("principal")
    expect(page.locator(CHOICE)).to_contain_text("Mesa 2 (sin medir)")
    page.context.set_offline(True)
    take(page, 2)
    expect(page.locator("#pending")).to_have_text("1 sin enviar")
    page.reload()  # the page that is kept knows the lines of then
    page.wait_for_selector(READY)
    page.select_option(CHOICE, "Mesa 2")
    take(page, 3)
    expect(page.locator("#pending")).to_have_text("2 sin enviar")
    page.select_option(CHOICE, "principal")  # what waits stays where it was taken
    page.select_option(CHOICE, "Mesa 2")
    page.close()
    again = page.context.new_page()
    again.goto(f"{station.url}/inspect")
    again.wait_for_selector(READY)
    expect(again.locator(CHOICE)).to_have_value("Mesa 2")  # the phone remembers
    again.context.set_offline(False)
    expect(again.locator("#pending")).to_be_hidden()
    assert sorted(kept(again, station)) == ["Mesa 2", "principal", "principal"]
    again.context.close()


def test_a_photograph_of_a_line_that_was_retired_is_told_and_sent_where_its_person_says(
    browser: Browser, station: Running
) -> None:
    change(station, add="Mesa 2")
    page = phone_of(browser, station)
    page.select_option(CHOICE, "Mesa 2")
    page.context.set_offline(True)
    take(page, 4)
    expect(page.locator("#pending")).to_have_text("1 sin enviar")
    change(station, retire="Mesa 2")
    page.context.set_offline(False)
    expect(page.locator(".item.failed .state")).to_contain_text("Mesa 2")
    expect(page.locator("#line-note")).to_contain_text("Mesa 2")
    expect(page.locator(CHOICE)).to_have_value("Mesa 2")  # the phone does not choose by itself
    expect(page.locator(".item.failed button")).to_be_hidden()
    page.reload()
    page.wait_for_selector(READY)
    expect(page.locator(".item.failed .state")).to_contain_text("Mesa 2")
    assert kept(page, station) == []
    page.select_option(CHOICE, "principal")
    page.get_by_role("button", name="Enviar a la línea principal").click()
    expect(page.locator("#pending")).to_be_hidden()
    assert kept(page, station) == ["principal"]
    expect(page.locator("#line")).to_be_hidden()
    page.context.close()


def test_a_supervisor_adds_a_line_finds_what_was_inspected_on_it_and_retires_it(
    browser: Browser, station: Running
) -> None:
    page = context_for(browser, DESK).new_page()
    sign_in(page, station.url, SOFIA.email)
    settled(page)
    page.goto(f"{station.url}/lines")
    settled(page)
    page.get_by_label("Nombre de la línea").fill("Mesa 2")
    page.get_by_label("banano").check()
    page.get_by_role("button", name="Añadir línea").click()
    row = page.locator("li").filter(has_text="Mesa 2")
    expect(row).to_contain_text("sin medir")
    expect(row).to_contain_text("0 inspecciones")
    csrf = page.request.get(f"{station.url}/field/session").json()["csrf"]
    for line, seed in (("Mesa 2", 5), ("principal", 6)):
        sent = page.request.post(
            f"{station.url}/api/v1/inspections",
            params={"line": line},
            headers={"X-CSRF-Token": csrf, "Origin": station.url},
            multipart={"photo": upload(f"{seed}.jpg", jpeg("banana_fit", seed))},
        )
        assert sent.status == 201
    page.reload()
    settled(page)
    row.get_by_role("link", name="1 inspección").click()
    chip = page.locator(".chip.on").filter(has_text="Mesa 2")
    expect(chip).to_be_visible()
    expect(page.locator(".shots li")).to_have_count(1)
    chip.click()
    expect(page.locator(".shots li")).to_have_count(2)
    page.goto(f"{station.url}/lines")
    settled(page)
    row.get_by_role("button", name="Retirar").click()
    row.get_by_role("button", name="Sí, retirar").click()
    expect(row).to_contain_text("retirada el")
    expect(row.get_by_role("button", name="Retirar")).to_have_count(0)
    page.locator("li").filter(has_text="principal").get_by_role("button", name="Retirar").click()
    page.get_by_role("button", name="Sí, retirar").click()
    expect(page.locator(".notice.bad")).to_contain_text("única línea")
    page.context.close()
