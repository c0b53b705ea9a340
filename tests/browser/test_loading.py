"""The pages of the field open soon on a slow line, and bring little; the figures stand in benchmarks/pages.py."""

import sys
from pathlib import Path

from driving import Running
from playwright.sync_api import Browser

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
from pages import PLACES, loads

MOST_PAINT = 2.5  # seconds; a busy machine of ours gets twice that
MOST_SIZE = 120_000  # bytes of the first load, without the photograph that a page is about
FIELD = {name: PLACES[name] for name in ("sign-in", "inspect", "review", "one")}


def test_the_field_opens_soon_on_a_slow_line(browser: Browser, station: Running) -> None:
    found = {each.name: each for each in loads(browser, station, FIELD)}
    assert {name: each.paint for name, each in found.items() if each.paint > 2 * MOST_PAINT} == {}
    assert {name: found[name].size for name in ("sign-in", "inspect") if found[name].size > MOST_SIZE} == {}
