"""Defects named with one thumb: on a photograph that waits for a network, on a card, in a review, and from a lot's page."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from driving import FILES, LUIS, PATIENCE, PHONE, SOFIA, Running, context_for, jpeg, running, settled, sign_in, upload
from playwright.sync_api import Browser, Page, expect

READY = "html[data-ready]"
LOT = {"code": "L-7", "packer": "El Oro", "origin": "Ecuador", "product": "banana", "grade": "I", "packages": 12,
       "standards": ["codex-cxs-205"], "opened": 1, "fruit": 3, "package_fruit": 100}  # fmt: skip


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("naming"), (LUIS, SOFIA)) as started:
        yield started


def written(page: Page, station: Running, path: str, said: dict[str, object]) -> dict[str, Any]:
    csrf = page.request.get(f"{station.url}/field/session").json()["csrf"]
    headers = {"X-CSRF-Token": csrf, "Origin": station.url}
    answer = page.request.post(f"{station.url}/api/v1/{path}", headers=headers, data=said)
    assert answer.status == 201, answer.text()
    made: dict[str, Any] = answer.json()
    return made


def named(page: Page, station: Running, number: int) -> list[tuple[list[str], dict[str, str]]]:
    told = page.request.get(f"{station.url}/api/v1/inspections/{number}").json()["named"]
    return [(each["defects"], each["severities"]) for each in told]


def told_of(page: Page, station: Running, number: int, count: int) -> list[tuple[list[str], dict[str, str]]]:
    """What was named, as soon as it has arrived."""
    end = time.monotonic() + PATIENCE / 1000
    while len(found := named(page, station, number)) < count and time.monotonic() < end:
        page.wait_for_timeout(200)
    return found


def tap(page: Page, *values: str) -> None:
    for value in values:
        page.locator(f".naming button[value={value}]").click()


def test_named_at_the_line_completed_from_the_lot_and_the_lot_is_decided(browser: Browser, station: Running) -> None:
    page = context_for(browser, PHONE).new_page()
    sign_in(page, station.url, LUIS.email)
    lot = written(page, station, "lots", LOT)["number"]
    for _ in range(2):  # the second is the worker's
        page.goto(f"{station.url}/inspect")
        page.wait_for_selector(READY)
        page.evaluate("() => navigator.serviceWorker.ready")
    page.select_option("#lot-which", label="L-7 · El Oro")
    page.set_input_files(FILES, [upload("6.jpg", jpeg("banana_unfit", 6))])
    page.wait_for_selector(".inspection.unfit[data-number='1']")
    tap(page, "bruise")
    expect(page.locator(".naming button")).to_have_count(3)  # how bad it is
    expect(page.locator(".naming button[value=slight]")).to_contain_text("2 cm²")
    tap(page, "moderate", "scarring", "slight")
    page.get_by_role("button", name="Listo").click()
    assert told_of(page, station, 1, 1) == [(["bruise", "scarring"], {"bruise": "moderate", "scarring": "slight"})]

    page.context.set_offline(True)
    page.set_input_files(FILES, [upload("9.jpg", jpeg("banana_unfit", 9))])
    page.get_by_role("button", name="Nombrar el defecto").click()
    tap(page, "bruise", "slight")
    tap(page, "bruise", "bruise", "moderate")  # it was another
    page.reload()  # what was named and the photograph outlive the page
    page.wait_for_selector(READY)
    expect(page.locator("#pending")).to_have_text("1 sin enviar")
    page.context.set_offline(False)
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#pending")).to_be_hidden()
    assert told_of(page, station, 2, 1) == [(["bruise"], {"bruise": "moderate"})]

    page.set_input_files(FILES, [upload("32.jpg", jpeg("banana_unfit", 32))])
    page.wait_for_selector(".inspection[data-number='3']")
    boss = context_for(browser, PHONE).new_page()
    sign_in(boss, station.url, SOFIA.email)
    settled(boss)
    written(boss, station, "inspections/3/reviews", {"answer": "unfit"})
    boss.goto(f"{station.url}/lots?lot={lot}")
    settled(boss)
    boss.get_by_role("link", name="Bulto").click()
    boss.wait_for_selector(READY)
    tap(boss, "bruise", "moderate")
    boss.get_by_role("button", name="Guardar los defectos").click()
    expect(boss.locator("#reviews .list li")).to_have_count(2)
    expect(boss.locator("#keep-defects")).to_be_disabled()
    boss.get_by_role("link", name="Ir al lote").click()
    settled(boss)
    expect(boss.locator("section").filter(has_text="Banano, Codex").first).to_contain_text("se acepta en categoría II")
    assert boss.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    boss.context.close()

    page.reload()
    page.wait_for_selector(READY)
    told = page.request.get(f"{station.url}/field/lots/{lot}").json()
    assert (told["decision"], told["early"], told["lacking"]) == ("lower_class", False, [])
    page.context.close()


def test_a_review_asks_how_bad_it_is_and_takes_several(browser: Browser, station: Running) -> None:
    page = context_for(browser, PHONE).new_page()
    sign_in(page, station.url, SOFIA.email)
    settled(page)
    csrf = page.request.get(f"{station.url}/field/session").json()["csrf"]
    headers = {"X-CSRF-Token": csrf, "Origin": station.url}
    for seed in (1, 2):  # which the model leaves to a person
        photo = {"photo": upload(f"{seed}.jpg", jpeg("other", seed))}
        sent = page.request.post(f"{station.url}/api/v1/inspections", headers=headers, multipart=photo).json()
        assert sent["answer"] == "review"
    page.goto(f"{station.url}/review")
    settled(page, "#judge")
    number = int(page.locator("#card .inspection").get_attribute("data-number") or 0)
    page.locator("#answers [data-give=unfit]").click()
    page.locator("#several").click()
    first, second = (page.locator(".naming .chips button").nth(place) for place in (0, 1))
    first.click()
    second.click()
    page.locator("#named").click()
    page.wait_for_selector(f"#card .inspection:not([data-number='{number}'])")
    page.locator("#undo").click()  # both defects are taken back with the answer
    page.wait_for_selector(f"#card .inspection[data-number='{number}']")
    page.locator("#answers [data-give=unfit]").click()
    page.locator("#several").click()
    first.click()
    second.click()
    page.locator("#named").click()
    page.goto(f"{station.url}/inspections/{number}")  # whoever leaves is sure
    end = time.monotonic() + PATIENCE / 1000
    while not page.request.get(f"{station.url}/api/v1/inspections/{number}").json()["reviews"]:
        assert time.monotonic() < end
        page.wait_for_timeout(200)
    page.reload()
    page.wait_for_selector(READY)
    expect(page.locator("#reviews .list li")).to_have_count(1)
    (said,) = page.request.get(f"{station.url}/api/v1/inspections/{number}").json()["reviews"]
    assert (said["answer"], len(said["defects"])) == ("unfit", 2)
    page.context.close()


def test_a_clock_that_is_set_back_holds_nothing_up(browser: Browser, station: Running) -> None:
    page = context_for(browser, PHONE).new_page()
    sign_in(page, station.url, LUIS.email)
    lot = written(page, station, "lots", LOT | {"code": "L-8"})["number"]
    for _ in range(2):
        page.goto(f"{station.url}/inspect")
        page.wait_for_selector(READY)
        page.evaluate("() => navigator.serviceWorker.ready")
    page.select_option("#lot-which", label="L-8 · El Oro")
    page.context.set_offline(True)
    page.set_input_files(FILES, [upload("6.jpg", jpeg("banana_unfit", 6))])
    page.get_by_role("button", name="Nombrar el defecto").click()
    tap(page, "decay")
    expect(page.locator(".item.waiting")).to_have_count(1)
    page.evaluate("() => { const real = Date.now; Date.now = () => real() - 86400000 }")  # a day back
    page.set_input_files(FILES, [upload("9.jpg", jpeg("banana_unfit", 9))])
    page.context.set_offline(False)
    expect(page.locator("#pending")).to_be_hidden()
    found = page.request.get(f"{station.url}/api/v1/inspections", params={"lot": lot}).json()["items"]
    assert sorted(each["fruit"] for each in found) == [1, 2]
    numbers = {
        each["filename"]: each["number"] for each in found
    }  # both are sent at once: either may be the first fruit
    assert told_of(page, station, numbers["6.jpg"], 1) == [(["decay"], {})]
    expect(page.locator("#card .inspection")).to_have_attribute("data-number", str(numbers["9.jpg"]))
    page.context.close()
