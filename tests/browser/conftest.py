"""One station and one Chromium for all browser tests; a page of a person is one call away, and none may complain."""

from collections.abc import Callable, Iterator

import pytest

playwright_api = pytest.importorskip("playwright.sync_api")

from driving import DESK, PASSWORD, PATIENCE, Person, Running, chromium, context_for, launched, running, settled  # noqa: E402
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright  # noqa: E402

from vistobueno.accounts import COOKIE  # noqa: E402

OpenPage = Callable[..., Page]
KNOWN = ("Failed to load resource", "The page that you have requested does not seem to exist",
         "Connection failed with status 401", "Client Error: response received with status 401")  # fmt: skip
"""What a browser and Streamlit tell the console of a status of 400 and more; the tests look at what people see of it."""

expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.timeout(180))
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        pytest.skip("there is no Chromium on this machine")
    with sync_playwright() as playwright:
        opened = launched(playwright, path)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def station(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("station"), WEBHOOK_NETWORKS="127.0.0.0/8") as server:
        yield server


@pytest.fixture(scope="session")
def cookies(station: Running) -> Callable[[Person], object]:
    """A person's open session, one for all tests; those of coming in go through the page."""
    kept: dict[str, object] = {}

    def of(person: Person) -> object:
        if person.email not in kept:
            token, _ = station.access.authentication.sign_in(person.email, PASSWORD, "127.0.0.1")
            cookie = {"name": COOKIE, "value": token, "domain": "127.0.0.1", "path": "/", "expires": -1, "httpOnly": True,
                      "secure": False, "sameSite": "Lax"}  # fmt: skip
            kept[person.email] = {"cookies": [cookie], "origins": []}
        return kept[person.email]

    return of


@pytest.fixture
def open_page(browser: Browser, station: Running, cookies: Callable[[Person], object]) -> Iterator[OpenPage]:
    """Open an address as a person, or as nobody. In the end no page may have complained on its console."""
    contexts, complaints = [], []

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(KNOWN):
            complaints.append(message.text)

    def opened(person: Person | None, address: str = "/", size: tuple[int, int] = DESK, *, ready: str = "h1") -> Page:
        state = {"storage_state": cookies(person)} if person else {}
        context = context_for(browser, size, **state)
        contexts.append(context)
        page = context.new_page()
        page.on("console", heard)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "response",
            lambda answer: complaints.append(f"{answer.status} {answer.url}") if answer.status == 500 else None,
        )
        page.goto(station.url + address)
        if person:
            settled(page, ready)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
