"""Pictures of every page for the documents, in both languages, on phone and desk: python tests/browser/screenshots.py FOLDER.

The station is a new one, its fruit is drawn by the project, its people do not exist.
"""

import sys
import tempfile
from pathlib import Path

import driving
from driving import (
    ANA,
    DESK,
    EMMA,
    FILES,
    PHONE,
    Person,
    Running,
    chromium,
    context_for,
    jpeg,
    launched,
    running,
    settled,
    shot,
    sign_in,
    upload,
)
from playwright.sync_api import Browser, Page, sync_playwright

FRUIT = (("banana_fit", 1), ("apple_fit", 1), ("orange_fit", 1), ("banana_unfit", 6), ("orange_unfit", 4), ("banana_fit", 5),
         ("apple_fit", 6), ("apple_unfit", 2), ("orange_fit", 7), ("banana_unfit", 9), ("other", 3), ("apple_fit", 7))  # fmt: skip
PLACES = {"home": "/", "history": "/history", "waiting": "/history?waiting=1", "one": "/inspections/4", "model": "/model",
          "try": "/try", "people": "/administration", "keys": "/administration?part=keys",
          "webhooks": "/administration?part=webhooks", "audit": "/administration?part=audit",
          "storage": "/administration?part=storage", "account": "/account"}  # fmt: skip


def main(folder: Path) -> None:
    """Write the pictures to ``folder``."""
    driving.ARTEFACTS = folder
    path = chromium()
    if path is None:
        sys.exit("There is no Chromium on this machine. On Debian and Ubuntu: apt-get install chromium")
    with tempfile.TemporaryDirectory() as place, running(Path(place)) as station, sync_playwright() as playwright:
        browser = launched(playwright, path)
        for person in (ANA, EMMA):
            for size, name in ((DESK, "desk"), (PHONE, "phone")):
                _of_person(browser, station, person, size, f"{name}-{person.language}")
        browser.close()


def _of_person(browser: Browser, station: Running, person: Person, size: tuple[int, int], kind: str) -> None:
    context = context_for(browser, size)
    page = context.new_page()
    page.goto(f"{station.url}/login?language={person.language}")
    shot(page, f"sign-in-{kind}")
    sign_in(page, station.url, person.email)
    settled(page)
    _inspected(page, station, kind)
    for name, address in PLACES.items():
        page.goto(station.url + address)
        settled(page)
        shot(page, f"{name}-{kind}")
    context.close()


def _inspected(page: Page, station: Running, kind: str) -> None:
    page.goto(f"{station.url}/inspect")
    settled(page, ".capture")
    page.set_input_files(FILES, [upload(f"{key}-{seed}.jpg", jpeg(key, seed)) for key, seed in FRUIT])
    page.wait_for_function("(all) => document.querySelectorAll('a.line').length === all", arg=len(FRUIT))
    settled(page)
    shot(page, f"batch-{kind}")
    for name, key, seed in (("fit", "banana_fit", 1), ("unfit", "banana_unfit", 6), ("review", "other", 1)):
        numbered = page.locator(".verdict[data-number]")
        before = numbered.get_attribute("data-number") if numbered.count() else None
        page.set_input_files(FILES, [upload(f"{key}.jpg", jpeg(key, seed))])
        page.wait_for_selector(f".verdict[data-number]:not([data-number='{before}'])")
        settled(page)
        shot(page, f"{name}-{kind}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else driving.ARTEFACTS)
