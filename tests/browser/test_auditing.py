"""The blind audit on the review page: nothing tells what the model said, and the second person is another than the first."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from driving import (
    ANA,
    DESK,
    FILES,
    LUIS,
    PHONE,
    SOFIA,
    Person,
    Running,
    context_for,
    jpeg,
    running,
    settled,
    shot,
    sign_in,
    upload,
)
from playwright.sync_api import Browser, Page, expect

GIVES_AWAY = ("reason", "heat_map", "heat-map", "verdict", "_unfit", "_fit", "probability", "dudosa", "banan")
PHOTOS = ("banana_fit", "other", "banana_unfit")


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One that asks about all, of two people, and has three photographs."""
    folder = tmp_path_factory.mktemp("auditing")
    with running(folder, (ANA, SOFIA, LUIS), AUDIT_FIRST="100", AUDIT_SECOND="1") as started:
        _, secret = started.access.keys.make("belt", ("inspect",), started.access.people.by_email(ANA.email))
        for seed, name in enumerate(PHOTOS):
            answer = httpx.post(
                f"{started.url}/api/v1/inspections",
                files={"photo": ("x.jpg", jpeg(name, 300 + seed), "image/jpeg")},
                headers={"Authorization": f"Bearer {secret}"},
                timeout=60,
            )
            assert answer.status_code == 201
        yield started


def page_of(browser: Browser, station: Running, person: Person, size: tuple[int, int]) -> Page:
    page = context_for(browser, size).new_page()
    sign_in(page, station.url, person.email)
    return page


def asked(page: Page, station: Running) -> None:
    """The page that asks; what the browser was given for it, and what it fetched, tells nothing."""
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.goto(f"{station.url}/review")
    settled(page, "#judge")
    items = page.evaluate("() => JSON.parse(document.querySelector('#page').textContent).waiting.items")
    told = str(
        [(name, value) for each in items for name, value in each.items() if value is not None and value is not False]
    )
    assert told != "[]"
    for text in (told, *fetched, page.locator("#card").inner_html()):
        assert not any(word in text for word in GIVES_AWAY), text


def shown(page: Page, number: int) -> None:
    expect(page.locator("#card article")).to_have_attribute("data-number", str(number))
    expect(page.locator("#card .blind")).to_be_visible()
    assert page.locator("#card .look button[role=switch], #card .verdict, #card .reasons, #card .meter").count() == 0


def reviews(page: Page, station: Running) -> list[list[tuple[str, str, bool]]]:
    found = (page.request.get(f"{station.url}/api/v1/inspections/{number}").json() for number in (1, 2, 3))
    return [[(each["actor"]["name"], each["answer"], each["blind"]) for each in one["reviews"]] for one in found]


def test_one_answers_by_key_and_another_by_thumb_and_neither_sees_a_verdict_before(
    browser: Browser, station: Running
) -> None:
    first = page_of(browser, station, SOFIA, DESK)
    settled(first, ".shots li")  # home: how many wait, and of none what the model said
    waiting = first.locator("section", has=first.locator(".shots"))
    expect(waiting).to_contain_text("3 son de la auditoría ciega")
    assert waiting.locator(".answer").count() == 0 and waiting.locator("a[href='/review']").count() == 3
    asked(first, station)
    for number, key in ((3, "n"), (2, "o"), (1, "a")):
        shown(first, number)
        first.keyboard.press(key)
        if key == "n":
            expect(first.locator("#defects")).to_be_visible()
            first.keyboard.press("1")
    expect(first.locator("#empty")).to_be_visible()
    first.goto(f"{station.url}/review")  # what is on its way is sent when the page is left
    settled(first, "#empty")
    expect(first.locator("#empty")).to_be_visible()
    assert reviews(first, station) == [[(SOFIA.name, answer, True)] for answer in ("fit", "other", "unfit")]

    second = page_of(browser, station, ANA, PHONE)
    asked(second, station)
    shot(second, "auditing-phone-es")
    for number, give in ((3, "fit"), (2, "other"), (1, "retake")):
        shown(second, number)
        second.locator(f"#answers [data-give={give}]").click()
    expect(second.locator("#empty")).to_be_visible()
    second.goto(f"{station.url}/review")
    settled(second, "#empty")
    assert [[answer for _, answer, _ in each] for each in reviews(second, station)] == [
        ["fit", "retake"], ["other", "other"], ["unfit", "fit"],
    ]  # fmt: skip
    for page in (first, second):
        page.context.close()


@pytest.mark.parametrize("lets", ["off", "own"])
def test_the_card_of_what_went_to_review_takes_an_inspector_s_answer_or_says_who_decides(
    browser: Browser, tmp_path: Path, lets: str
) -> None:
    with running(tmp_path, (ANA, LUIS), INSPECTORS_REVIEW=lets) as station:
        page = page_of(browser, station, LUIS, PHONE)
        page.goto(f"{station.url}/inspect")
        settled(page, "#card")
        page.set_input_files(FILES, [upload("x.jpg", jpeg("other", 310))])
        expect(page.locator("#card .verdict.review")).to_be_visible()
        if lets == "off":
            expect(page.locator("#card .decides")).to_be_visible()
            assert page.locator("#card .deciding").count() == 0
            return
        page.locator("#card .deciding [value=fit]").click()
        page.locator("#card .deciding .small").click()  # taken back
        page.locator("#card .deciding [value=other]").click()
        expect(page.locator("#card .deciding .answer.other")).to_be_visible()
        shot(page, "answering-phone-es")
        page.reload()
        settled(page, "#card")
        expect(page.locator("#card .deciding .answer.other")).to_be_visible()
        page.goto(f"{station.url}/inspections/1")
        settled(page)
        expect(page.locator("#reviews li")).to_have_count(1)
        expect(page.locator("#review-form")).to_be_visible()
        page.context.close()
