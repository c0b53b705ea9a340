"""How fast the pages of the field open on a slow line: `python benchmarks/pages.py`, 1.6 Mbps and 300 ms, nothing kept.

Prints the largest contentful paint, and the bytes that crossed the line. It needs Chromium and what `make setup` installs.
"""

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

sys.path.append(str(Path(__file__).parents[1] / "tests" / "browser"))
from driving import ANA, FILES, PHONE, Running, chromium, context_for, jpeg, launched, running, sign_in, upload

LATENCY, DOWN, UP = 300, 1.6e6 / 8, 0.75e6 / 8  # milliseconds, bytes a second
PLACES = {"sign-in": "/login", "inspect": "/inspect", "review": "/review", "one": "/inspections/1", "home (desk)": "/"}
_PAINTS = """new PerformanceObserver((seen) => (window.largest = seen.getEntries().at(-1).startTime))
  .observe({ type: "largest-contentful-paint", buffered: true })"""


@dataclass(frozen=True)
class Load:
    """One page, opened for the first time."""

    name: str
    paint: float  # seconds to the largest contentful paint
    size: int  # bytes that crossed the line, headers too
    requests: int


def loads(browser: Browser, station: Running, places: dict[str, str]) -> Iterator[Load]:
    """Open each page as somebody who has it for the first time, on a phone."""
    context = context_for(browser, PHONE)
    page = context.new_page()
    sign_in(page, station.url, ANA.email)
    page.wait_for_url(f"{station.url}/")
    page.goto(f"{station.url}/inspect")
    page.wait_for_selector("html[data-ready]")
    for seed in (1, 2, 3):  # what is of no product waits for a person
        before = page.locator("#card .verdict[data-number]").count() and page.locator("#card .verdict").get_attribute(
            "data-number"
        )
        page.set_input_files(FILES, [upload("other.jpg", jpeg("other", seed, (1600, 1200)))])
        page.wait_for_selector(f".verdict[data-number]:not([data-number='{before}'])")
    state = context.storage_state()
    context.close()
    for name, address in places.items():
        signed_in = {} if name == "sign-in" else {"storage_state": {**state, "origins": []}}
        yield _load(browser, name, station.url + address, signed_in)


def _load(browser: Browser, name: str, address: str, more: dict[str, Any]) -> Load:
    context = context_for(browser, PHONE, **more)
    page = context.new_page()
    page.add_init_script(_PAINTS)
    sizes: list[float] = []
    line = context.new_cdp_session(page)
    line.send("Network.enable")
    line.on("Network.loadingFinished", lambda told: sizes.append(told["encodedDataLength"]))
    shaped = {"offline": False, "latency": LATENCY, "downloadThroughput": DOWN, "uploadThroughput": UP}
    line.send("Network.emulateNetworkConditions", shaped)
    page.goto(address, wait_until="load")
    page.wait_for_selector("h1, .stMain h1", state="attached")
    page.wait_for_function("() => document.querySelector('html[data-ready], form, .stMain h1')")
    page.wait_for_load_state("networkidle")
    paint = page.evaluate("() => window.largest")
    context.close()
    return Load(name, paint / 1000, int(sum(sizes)), len(sizes))


def main() -> None:
    """Print a table."""
    path = chromium()
    if path is None:
        sys.exit("There is no Chromium on this machine. On Debian and Ubuntu: apt-get install chromium")
    with tempfile.TemporaryDirectory() as place, running(Path(place)) as station, sync_playwright() as playwright:
        browser = launched(playwright, path)
        print("page           largest paint   transferred   requests")
        for each in loads(browser, station, PLACES):
            print(f"{each.name:12} {each.paint:13.2f} s {each.size / 1e3:10.1f} kB {each.requests:10}")
        browser.close()


if __name__ == "__main__":
    main()
