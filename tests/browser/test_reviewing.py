"""Review: by key and by a push aside, the defect as a second tap, the next photograph there already, and what is taken back."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from driving import ANA, PASSWORD, PHONE, SOFIA, Person, Running, jpeg, settled
from playwright.sync_api import Page, Route, expect

from vistobueno.accounts import COOKIE

OpenPage = Callable[..., Page]
SOON = 100  # milliseconds from an answer to the next photograph; a busy machine of ours gets five times that
WHEN = """(key) => new Promise((done) => {
  const before = document.querySelector('#card article').dataset.number, begun = performance.now()
  new MutationObserver((_, seen) => {
    const article = document.querySelector('#card article')
    if (article?.dataset.number === before) return
    seen.disconnect()
    const picture = article.querySelector('img'), whole = picture.complete && picture.naturalWidth > 0
    requestAnimationFrame(() => done({ whole, after: performance.now() - begun }))
  }).observe(document.querySelector('#card'), { childList: true })
  dispatchEvent(new KeyboardEvent('keydown', { key }))
})"""
KEPT = "() => Object.keys(localStorage).filter((each) => each.startsWith('vb-answer-')).length"


@pytest.fixture(autouse=True)
def waiting(station: Running) -> list[int]:
    """Eight that wait, the newest first, sent as a machine sends them."""
    _, secret = station.access.keys.make("revisar", ("inspect",), station.access.people.by_email(ANA.email))
    found = []
    for seed in range(8):
        answer = httpx.post(
            f"{station.url}/api/v1/inspections",
            files={"photo": ("x.jpg", jpeg("other", 200 + seed), "image/jpeg")},
            headers={"Authorization": f"Bearer {secret}"},
            timeout=60,
        )
        assert answer.json()["answer"] == "review"
        found.append(int(answer.json()["number"]))
    return found[::-1]


def shown(page: Page, number: int) -> None:
    expect(page.locator("#card article")).to_have_attribute("data-number", str(number))


def reviews_of(page: Page, station: Running, number: int) -> list[dict[str, Any]]:
    """What is written, once it is."""
    for _ in range(200):
        found: list[dict[str, Any]] = page.request.get(f"{station.url}/api/v1/inspections/{number}").json()["reviews"]
        if found:
            return found
        page.wait_for_timeout(50)
    return []


def test_one_after_another_by_key_and_one_is_taken_back(
    open_page: OpenPage, station: Running, waiting: list[int]
) -> None:
    page = open_page(SOFIA, "/review", ready="#judge")
    first, second, third, fourth, fifth, sixth, *_ = waiting
    shown(page, first)
    page.keyboard.press("a")
    shown(page, second)
    page.keyboard.press("z")  # taken back before it was written
    shown(page, first)
    page.keyboard.press("n")
    expect(page.locator("#defects")).to_be_visible()
    shown(page, first)  # it is still this one that is spoken of
    page.keyboard.press("z")
    expect(page.locator("#answers")).to_be_visible()
    page.keyboard.press("n")
    page.keyboard.press("2")
    shown(page, second)
    page.keyboard.press("o")
    page.keyboard.press("s")  # the third is for later
    page.keyboard.press("r")
    page.keyboard.press("n")
    page.keyboard.press("n")
    shown(page, sixth)
    wanted = {first: ("unfit", 1), second: ("other", 0), fourth: ("retake", 0), fifth: ("unfit", 0)}
    for number, (answer, defects) in wanted.items():
        (said,) = reviews_of(page, station, number)
        assert (said["answer"], len(said["defects"])) == (answer, defects), number
    assert page.request.get(f"{station.url}/api/v1/inspections/{third}").json()["reviews"] == []
    page.wait_for_function(f"() => !({KEPT})()")


def test_the_next_photograph_is_there_at_once(open_page: OpenPage) -> None:
    page = open_page(SOFIA, "/review", ready="#judge")
    told = []
    for _ in range(5):
        page.wait_for_timeout(500)  # nobody looks at a fruit for less
        told.append(page.evaluate(WHEN, "s"))
    assert all(each["whole"] for each in told)
    assert sorted(each["after"] for each in told)[2] < 5 * SOON, told


def test_a_push_aside_answers_and_up_and_down_does_not(
    open_page: OpenPage, station: Running, waiting: list[int]
) -> None:
    page = open_page(SOFIA, "/review", PHONE, ready="#judge")
    expect(page.locator("#hint")).to_be_visible()
    line = page.context.new_cdp_session(page)

    def pushed(right: int, lower: int = 0) -> None:
        box = page.locator("#card .zoom").bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        steps = [{"x": x + right * step / 5, "y": y + lower * step / 5} for step in range(6)]
        for kind, place in zip(("touchStart", *["touchMove"] * 5), steps, strict=True):
            line.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [place]})
        line.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        page.wait_for_timeout(500)  # a touch on what still moves only stops it

    shown(page, waiting[0])
    pushed(30)
    pushed(0, -120)
    shown(page, waiting[0])
    pushed(150)
    shown(page, waiting[1])
    page.locator("#undo").click()
    shown(page, waiting[0])
    pushed(150)
    shown(page, waiting[1])
    pushed(-150)
    page.locator("#defects .chips button").first.click()
    shown(page, waiting[2])
    assert [each["answer"] for each in reviews_of(page, station, waiting[0])] == ["fit"]
    (said,) = reviews_of(page, station, waiting[1])
    assert (said["answer"], len(said["defects"])) == ("unfit", 1)


@contextmanager
def cut(page: Page) -> Iterator[None]:
    """No answer reaches the station meanwhile."""

    def away(route: Route) -> None:
        route.abort()

    page.route("**/reviews", away)
    yield
    page.unroute("**/reviews")


def test_answers_given_without_a_network_are_kept_and_sent_by_the_next_page(
    open_page: OpenPage, station: Running, waiting: list[int]
) -> None:
    page = open_page(SOFIA, "/review", ready="#judge")
    with cut(page):
        page.keyboard.press("a")
        page.keyboard.press("o")
        expect(page.locator("#banner")).to_be_visible()
        shown(page, waiting[2])  # nothing comes back under the finger
        page.goto(f"{station.url}/history")
    assert page.evaluate(KEPT) == 2
    page.goto(f"{station.url}/review")
    settled(page, "#judge")
    shown(page, waiting[2])  # what was answered is not asked again
    for number, answer in zip(waiting, ("fit", "other"), strict=False):
        assert [each["answer"] for each in reviews_of(page, station, number)] == [answer]
    page.wait_for_function(f"() => !({KEPT})()")


def test_a_page_that_was_drawn_before_an_answer_was_kept_knows_it(
    open_page: OpenPage, station: Running, waiting: list[int]
) -> None:
    page = open_page(SOFIA, "/review", ready="#judge")
    pages = [f"{station.url}{path}" for path in ("/review", f"/inspections/{waiting[0]}")]
    drawn = {url: page.request.get(url).text() for url in pages}
    with page.expect_response("**/reviews"):
        page.keyboard.press("a")
        page.keyboard.press("r")  # and the one before it is on its way
    for url in pages:
        page.route(url, lambda route: route.fulfill(body=drawn[route.request.url], content_type="text/html"))
        page.goto(url)
        if url.endswith("/review"):
            settled(page, "#judge")
            shown(page, waiting[2])
        else:
            settled(page)
            expect(page.locator("#reviews li")).to_have_count(1)
    assert [each["answer"] for each in reviews_of(page, station, waiting[0])] == ["fit"]


def test_who_leaves_at_once_has_answered(open_page: OpenPage, station: Running, waiting: list[int]) -> None:
    page = open_page(SOFIA, "/review", ready="#judge")
    shown(page, waiting[0])
    page.keyboard.press("a")
    shown(page, waiting[1])
    page.goto(f"{station.url}/inspect")
    last = time.monotonic() + 20  # what a page that goes away sends arrives when it can
    while [each["answer"] for each in reviews_of(page, station, waiting[0])] != ["fit"]:
        assert time.monotonic() < last
        time.sleep(0.2)


def test_the_last_one_s_answer_is_taken_back_by_key_too(open_page: OpenPage, station: Running) -> None:
    page = open_page(SOFIA, "/inspect", ready="#card")
    page.route("**/api/v1/waiting*", lambda route: route.fulfill(json={"items": [], "next": None}))
    page.goto(f"{station.url}/review")
    settled(page, "#judge")
    for key in "ssss":
        page.keyboard.press(key)
    last = int(page.locator("#card article").get_attribute("data-number") or 0)
    for undo in ("z", "Escape"):
        page.keyboard.press("a")
        expect(page.locator("#empty")).to_be_visible()
        page.keyboard.press("n")  # nobody is there to be answered
        page.keyboard.press(undo)
        shown(page, last)
        assert page.evaluate(KEPT) == 0


def test_another_tab_does_not_send_what_can_be_taken_back(
    open_page: OpenPage, station: Running, waiting: list[int]
) -> None:
    page = open_page(SOFIA, "/review", ready="#judge")
    page.keyboard.press("a")
    second = page.context.new_page()
    second.clock.install()
    second.goto(f"{station.url}/review")
    settled(second, "#judge")
    shown(second, waiting[1])
    second.keyboard.press("z")  # what was given there is taken back there
    assert page.evaluate(KEPT) == 1
    page.keyboard.press("z")
    shown(page, waiting[0])
    second.clock.fast_forward(10_000)
    second.keyboard.press("o")
    second.clock.fast_forward(10_000)
    assert [each["answer"] for each in reviews_of(page, station, waiting[1])] == ["other"]
    assert page.request.get(f"{station.url}/api/v1/inspections/{waiting[0]}").json()["reviews"] == []


def becomes(page: Page, station: Running, person: Person) -> None:
    """What signing out and in again in another tab does."""
    token, _ = station.access.authentication.sign_in(person.email, PASSWORD, "127.0.0.1")
    page.context.add_cookies([{"name": COOKIE, "value": token, "url": station.url}])


def test_answers_outlive_another_session_and_another_person_s(
    open_page: OpenPage, station: Running, waiting: list[int]
) -> None:
    page = open_page(SOFIA, "/review", ready="#judge")
    becomes(page, station, ANA)
    page.keyboard.press("a")
    page.keyboard.press("o")
    expect(page.locator("#banner a")).to_be_visible()
    assert page.evaluate(KEPT) == 2
    becomes(page, station, SOFIA)
    for number, answer in zip(waiting, ("fit", "other"), strict=False):
        (said,) = reviews_of(page, station, number)
        assert (said["answer"], said["actor"]["name"]) == (answer, SOFIA.name)


def test_an_answer_that_a_proxy_refuses_is_asked_again_and_the_next_goes_through(
    open_page: OpenPage, station: Running, waiting: list[int]
) -> None:
    page = open_page(SOFIA, "/review", ready="#judge")
    page.route(
        f"**/{waiting[0]}/reviews", lambda route: route.fulfill(status=404, body="<html>", content_type="text/html")
    )
    page.keyboard.press("a")
    page.keyboard.press("o")
    expect(page.locator("#banner")).to_be_visible()
    page.keyboard.press("s")
    shown(page, waiting[0])
    page.keyboard.press("s")
    page.keyboard.press("r")
    assert [each["answer"] for each in reviews_of(page, station, waiting[1])] == ["other"]
    page.goto(f"{station.url}/inspections/{waiting[0]}")
    settled(page)
    page.locator("#review-form button[value=fit]").click()
    expect(page.locator("#review-problem")).not_to_be_empty()


def test_leaving_says_which_answers_are_not_sent_and_sends_them(
    open_page: OpenPage, station: Running, waiting: list[int]
) -> None:
    page = open_page(SOFIA, "/review", ready="#judge")
    with cut(page):
        page.keyboard.press("a")
        page.keyboard.press("o")
        page.goto(f"{station.url}/logout")
        expect(page.locator("#unsent")).to_contain_text("2 respuestas")
    expect(page.locator("#unsent")).to_be_hidden()
    assert [each["answer"] for each in reviews_of(page, station, waiting[0])] == ["fit"]
