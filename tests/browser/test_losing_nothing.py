import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from driving import FILES, LUIS, PASSWORD, PHONE, Running, chromium, free_port, jpeg, running, settled, sign_in, upload
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from vistobueno.core.inspection import SYSTEM

OpenPage = Callable[..., Page]
SENT = "**/api/v1/inspections*"
READY = "html[data-ready]"


def numbers(page: Page, url: str) -> list[int]:
    """What the station has, newest first."""
    return [each["number"] for each in page.request.get(f"{url}/api/v1/inspections?limit=200").json()["items"]]


def pending(page: Page, count: int) -> None:
    """Wait until so many are told to wait."""
    badge = page.locator("#pending")
    if count:
        expect(badge).to_have_text(f"{count} sin enviar")
    else:
        expect(badge).to_be_hidden()


def test_the_answer_on_top_is_that_of_the_last_fruit_and_not_the_last_that_came(open_page: OpenPage) -> None:
    page, held = open_page(LUIS, "/inspect", PHONE, ready=".capture"), []

    def slowly(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    page.route(SENT, slowly)
    page.set_input_files(FILES, [upload("primera.jpg", jpeg("apple_fit", 11))])
    page.wait_for_selector(".item.sending")
    page.set_input_files(FILES, [upload("segunda.jpg", jpeg("banana_unfit", 12))])
    page.wait_for_selector(".inspection[data-number]")
    number = page.locator(".inspection").get_attribute("data-number")
    held[0].continue_()
    expect(page.locator("#earlier .line")).to_have_count(1)  # the first has come, and stands among the earlier ones
    assert page.locator(".inspection").get_attribute("data-number") == number


def test_photographs_taken_without_a_network_outlive_a_closed_tab_and_go_out_once(
    open_page: OpenPage, station: Running
) -> None:
    page = open_page(LUIS, "/inspect", PHONE, ready=".capture")
    page.evaluate("() => navigator.serviceWorker.ready")
    page.reload()  # from now on the page that is kept can stand in for the network
    page.wait_for_selector(READY)
    before = numbers(page, station.url)
    page.context.set_offline(True)
    for place in range(3):
        page.set_input_files(FILES, [upload(f"sin-red-{place}.jpg", jpeg("banana_fit", 40 + place))])
    pending(page, 3)
    expect(page.locator("#banner")).to_contain_text("Sin conexión")
    page.close()
    again = page.context.new_page()
    again.goto(f"{station.url}/inspect")
    again.wait_for_selector(READY)
    pending(again, 3)
    page.context.set_offline(False)
    pending(again, 0)
    assert len(numbers(again, station.url)) == len(before) + 3
    expect(again.locator("#earlier .line")).to_have_count(2)
    expect(again.locator(".inspection[data-number]")).to_have_count(1)


def test_a_line_cut_in_the_middle_of_an_answer_keeps_the_photograph_once(open_page: OpenPage, station: Running) -> None:
    page, cut = open_page(LUIS, "/inspect", PHONE, ready=".capture"), []
    before = numbers(page, station.url)

    def kept_but_not_told(route: Route) -> None:
        if cut:
            route.continue_()
        else:
            cut.append(route.fetch())  # the station has it; the browser never hears of it
            route.abort()

    page.route(SENT, kept_but_not_told)
    page.set_input_files(FILES, [upload("cortada.jpg", jpeg("banana_fit", 50))])
    page.wait_for_selector(".inspection[data-number]")
    assert len(numbers(page, station.url)) == len(before) + 1


def test_a_session_that_ended_keeps_the_photographs_and_they_go_out_once_it_is_back(
    open_page: OpenPage, station: Running
) -> None:
    person = station.access.people.add("ivan@frutas.example", "Ivan Soto", "inspector", SYSTEM, password=PASSWORD)
    page = open_page(None, "/login")
    sign_in(page, station.url, person.email)
    settled(page)
    page.goto(f"{station.url}/inspect")
    settled(page, ".capture")
    station.access.sessions.end_all(person.id, SYSTEM)
    page.set_input_files(FILES, [upload("una.jpg", jpeg("banana_fit", 18)), upload("dos.jpg", jpeg("apple_fit", 19))])
    pending(page, 2)
    way = page.locator("#banner").get_by_role("link", name="Entrar")
    expect(way).to_be_visible()
    way.click()
    page.locator("input[name=email]").fill(person.email)
    page.locator("input[type=password]").fill(PASSWORD)
    page.locator("form button[type=submit]").click()
    expect(page).to_have_url(f"{station.url}/inspect")  # back where the photographs are
    pending(page, 0)
    expect(page.locator(".batch a.line, #earlier a.line")).to_have_count(2)


def test_another_person_s_photographs_wait_until_they_are_taken_over(open_page: OpenPage, station: Running) -> None:
    first = station.access.people.add("turno.uno@frutas.example", "Zoila Ruiz", "inspector", SYSTEM, password=PASSWORD)
    second = station.access.people.add("turno.dos@frutas.example", "Pia Luna", "inspector", SYSTEM, password=PASSWORD)
    page = open_page(None, "/login")
    sign_in(page, station.url, first.email)
    settled(page)
    page.goto(f"{station.url}/inspect")
    settled(page, ".capture")
    page.route(SENT, lambda route: route.abort())
    page.set_input_files(FILES, [upload("ajena.jpg", jpeg("banana_fit", 20))])
    pending(page, 1)
    page.goto(f"{station.url}/account")
    settled(page)
    pending(page, 1)  # the desk tells it too
    page.goto(f"{station.url}/logout")
    expect(page.locator("#unsent")).to_contain_text("1 foto sin enviar")
    page.locator("form button[type=submit]").click()
    page.unroute(SENT)
    sign_in(page, station.url, second.email)
    settled(page)
    before = numbers(page, station.url)
    page.goto(f"{station.url}/inspect")
    settled(page, ".capture")
    expect(page.locator("#others")).to_contain_text("1 foto sin enviar es de otra persona")
    assert numbers(page, station.url) == before
    page.locator("#others button").click()
    pending(page, 0)
    newest = page.request.get(f"{station.url}/api/v1/inspections?limit=1").json()["items"][0]
    assert newest["actor"]["name"] == "Pia Luna"
    page.goto(f"{station.url}/logout")
    page.wait_for_selector(READY)
    expect(page.locator("#unsent")).to_be_hidden()  # nothing waits any more


def test_a_camera_that_was_taken_away_gives_no_old_picture(open_page: OpenPage, station: Running) -> None:
    page, sent = open_page(LUIS, "/inspect", PHONE, ready=".capture"), []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.get_by_role("button", name="Abrir la cámara").click()
    page.wait_for_function("() => document.querySelector('.finder video').videoWidth > 0")
    page.evaluate("document.querySelector('.finder video').srcObject.getTracks()[0].stop()")
    page.get_by_role("button", name="Tomar la foto").click()
    page.wait_for_function(
        """() => document.querySelector('.finder video').srcObject?.getTracks()[0].readyState === 'live'
                 && document.querySelector('.finder video').videoWidth > 0"""
    )
    assert [each for each in sent if each.endswith("/inspections")] == []
    page.get_by_role("button", name="Tomar la foto").click()
    page.wait_for_selector(".inspection[data-number]")


@pytest.fixture
def profile(browser: Browser, tmp_path: Path) -> Iterator[Callable[[], BrowserContext]]:
    """A Chromium that keeps its profile: it can be killed and started again."""
    opened: list[BrowserContext] = []

    def start() -> BrowserContext:
        context = browser.browser_type.launch_persistent_context(
            tmp_path / "profile", executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"], locale="es-PE"
        )
        context.set_default_timeout(30_000)
        opened.append(context)
        return context

    yield start
    opened[-1].close()


def kill_browser_of(folder: Path) -> None:
    """SIGKILL for every process of the browser with this profile, as a phone without memory does it."""
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            if f"--user-data-dir={folder}".encode() in each.read_bytes():
                os.kill(int(each.parent.name), signal.SIGKILL)


def test_photographs_outlive_a_killed_browser_and_a_killed_station(
    profile: Callable[[], BrowserContext], tmp_path: Path
) -> None:
    folder, port = tmp_path / "station", free_port()
    folder.mkdir()
    context = profile()
    page = context.pages[0]
    with running(folder, [LUIS], port) as station:
        sign_in(page, station.url, LUIS.email)
        settled(page)
        page.goto(f"{station.url}/inspect")
        page.wait_for_selector(READY)
        page.evaluate("() => navigator.serviceWorker.ready")
        os.kill(station.pid, signal.SIGKILL)
        page.set_input_files(FILES, [upload(f"muerta-{n}.jpg", jpeg("apple_fit", 60 + n)) for n in range(2)])
        pending(page, 2)
    kill_browser_of(tmp_path / "profile")
    context = profile()
    page = context.pages[0]
    with running(folder, [LUIS], port) as station:
        page.goto(f"{station.url}/inspect")
        if "/login" in page.url:  # a browser that is killed soon after may not have kept who was signed in
            page.locator("input[name=email]").fill(LUIS.email)
            page.locator("input[type=password]").fill(PASSWORD)
            page.locator("form button[type=submit]").click()
        page.wait_for_selector(READY)
        pending(page, 0)
        assert len(numbers(page, station.url)) == 2
