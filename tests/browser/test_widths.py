"""The pages of the field at every width that people have, in both languages: nothing is cut, nothing is wider than the screen.

The pictures stay in artefacts/screenshots, for people with eyes.
"""

from collections.abc import Callable

import pytest
from driving import ANA, EMMA, FILES, Running, jpeg, settled, shot, upload
from playwright.sync_api import Page

OpenPage = Callable[..., Page]
SIZES = ((320, 640), (390, 844), (820, 1180), (1366, 768))
WIDER = "() => document.documentElement.scrollWidth - innerWidth"
CUT = """() => [...document.querySelectorAll('main button, main a.button, main label.button, main .word, main .notice')]
  .filter((each) => each.checkVisibility() && !each.querySelector('.only-heard') && each.scrollWidth > each.clientWidth + 1)
  .map((each) => each.outerHTML.slice(0, 160))"""
SMALL = """() => [...document.querySelectorAll('.sources .button, .shutter, #answers .button, .chips .button, .says .button')]
  .filter((each) => each.checkVisibility())
  .map((each) => [each.getBoundingClientRect(), each.textContent.trim()])
  .filter(([box]) => box.height < 63.5 || box.width < 63.5).map(([, words]) => words)"""


def looked_at(page: Page, name: str) -> None:
    """Keep its picture, and see what can be seen without eyes."""
    settled(page, "main")
    shot(page, name)
    assert page.evaluate(WIDER) <= 0, name
    assert page.evaluate(CUT) == [], name
    assert page.evaluate(SMALL) == [], name


@pytest.mark.parametrize("person", [ANA, EMMA], ids=["es", "en"])
@pytest.mark.parametrize("size", SIZES, ids=[str(width) for width, _ in SIZES])
def test_the_field_fits_every_screen(
    open_page: OpenPage, station: Running, person: object, size: tuple[int, int]
) -> None:
    def kind(name: str) -> str:
        return f"field-{name}-{size[0]}-{page.locator('html').get_attribute('lang')}"

    page = open_page(person, "/inspect", size, ready=".capture")
    looked_at(page, kind("begin"))
    for name, key, seed in (("fit", "banana_fit", 1), ("unfit", "banana_unfit", 6), ("review", "other", 1)):
        before = page.locator(".verdict[data-number]").get_attribute("data-number") if name != "fit" else None
        page.set_input_files(FILES, [upload(f"{key}.jpg", jpeg(key, seed))])
        page.wait_for_selector(f".verdict[data-number]:not([data-number='{before}'])")
        looked_at(page, kind(name))
    page.set_input_files(FILES, [upload("notes.jpg", b"hello")])
    page.wait_for_selector(".verdict.broken")
    looked_at(page, kind("broken"))
    page.set_input_files(FILES, [upload(f"{seed}.jpg", jpeg("banana_unfit", seed)) for seed in (6, 9, 6)])
    page.wait_for_function("() => document.querySelectorAll('.batch a.line').length === 3")
    looked_at(page, kind("batch"))
    page.locator("#open").click()
    page.wait_for_function("() => document.querySelector('.finder video').videoWidth > 0")
    looked_at(page, kind("camera"))
    page.locator("#close").click()
    page.locator(".batch a.line").first.click()
    page.wait_for_selector("#facts dd")
    looked_at(page, kind("one"))
    page.goto(f"{station.url}/review")
    settled(page, "#judge")
    looked_at(page, kind("to-review"))
    page.locator("#answers [data-give=unfit]").click()
    looked_at(page, kind("defects"))
    page.locator(".chips button").first.click()
    looked_at(page, kind("given"))
    page.keyboard.press("z")
