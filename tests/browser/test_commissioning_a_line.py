"""A supervisor puts a line in service on its page, sees what changes, makes it count, and goes back."""

from collections.abc import Iterator

import pytest
from driving import DESK, FILES, LUIS, PHONE, SOFIA, Running, context_for, jpeg, running, settled, sign_in, upload
from playwright.sync_api import Browser, Page, expect

ANSWERS = {"banana_fit": "fit", "banana_unfit": "unfit", "other": "other"}


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("commissioning"), (LUIS, SOFIA)) as started:
        yield started


def supervisor(browser: Browser, station: Running, size: tuple[int, int]) -> Page:
    page = context_for(browser, size).new_page()
    sign_in(page, station.url, SOFIA.email)
    settled(page)
    return page


def answer_some(page: Page, station: Running, each: int) -> None:
    csrf = page.request.get(f"{station.url}/field/session").json()["csrf"]
    for key, said in ANSWERS.items():
        for seed in range(each):
            headers = {"X-CSRF-Token": csrf, "Origin": station.url}
            photo = {"photo": upload(f"{key}-{seed}.jpg", jpeg(key, 40 + seed))}
            kept = page.request.post(f"{station.url}/api/v1/inspections", headers=headers, multipart=photo).json()
            review = f"{station.url}/api/v1/inspections/{kept['number']}/reviews"
            assert page.request.post(review, headers=headers, data={"answer": said}).status == 201


def test_a_line_is_put_in_service_and_taken_out_of_it(browser: Browser, station: Running) -> None:
    page = supervisor(browser, station, DESK)
    page.goto(f"{station.url}/lines")
    settled(page)
    page.locator("li").filter(has_text="principal").get_by_role("link", name="Puesta en servicio").click()
    expect(page.locator(".notice.warn")).to_contain_text("sin medir")
    expect(page.get_by_role("button", name="Poner en servicio")).to_have_count(0)  # nobody answered anything
    answer_some(page, station, 6)
    page.reload()
    settled(page)
    expect(page.locator("tr").filter(has_text="banano apto")).to_contain_text("6")
    page.get_by_role("button", name="Poner en servicio").click()
    version = page.locator("details").filter(has_text="Calibración 1")
    expect(version).to_contain_text("a revisión")
    expect(page.locator(".notice.warn")).to_contain_text("sin medir")  # it does not count yet
    version.get_by_role("button", name="Activar").click()
    version.get_by_role("button", name="Sí, activar").click()
    expect(version.locator(".chip.on")).to_be_visible()
    expect(page.locator(".notice.warn")).to_have_count(0)

    phone = context_for(browser, PHONE).new_page()
    sign_in(phone, station.url, LUIS.email)
    phone.goto(f"{station.url}/inspect")
    phone.wait_for_selector("html[data-ready]")
    phone.set_input_files(FILES, [upload("1.jpg", jpeg("banana_fit", 60))])
    facts = phone.locator(".inspection[data-number] .facts")
    expect(facts).not_to_contain_text("sin medir")
    expect(facts).to_contain_text("línea principal")

    page.get_by_role("button", name="Volver a lo anterior").click()
    page.get_by_role("button", name="Sí, volver a lo anterior").click()
    expect(page.locator(".notice.warn")).to_contain_text("sin medir")
    expect(version.get_by_role("button", name="Activar")).to_be_visible()
    phone.set_input_files(FILES, [upload("2.jpg", jpeg("banana_fit", 61))])
    expect(facts).to_contain_text("sin medir")
    phone.context.close()
    page.context.close()


def test_an_inspector_sees_the_page_and_changes_nothing(browser: Browser, station: Running) -> None:
    page = context_for(browser, PHONE).new_page()
    sign_in(page, station.url, LUIS.email)
    page.goto(f"{station.url}/commissioning?line=principal")
    settled(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Puesta en servicio")
    expect(page.get_by_role("button", name="Poner en servicio")).to_have_count(0)
    expect(page.get_by_role("button", name="Activar")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    page.context.close()
