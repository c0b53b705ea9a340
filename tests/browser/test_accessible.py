"""What an automatic look can find: names, labels, sizes, overflow, contrast, keyboard. People with eyes look at the pictures."""

import re
from collections.abc import Callable

import pytest
from driving import ANA, EMMA, LUIS, PHONE, Running, jpeg, settled, shot, upload
from playwright.sync_api import Page, expect

from vistobueno.desk import palette

OpenPage = Callable[..., Page]
PLACES = {
    "home": "/",
    "inspect": "/inspect",
    "review": "/review",
    "history": "/history",
    "disagreements": "/disagreements",
    "control": "/control",
    "model": "/model",
    "try": "/try",
    "lines": "/lines",
    "commissioning": "/commissioning",
    "lots": "/lots",
    "standards": "/standards?standard=unece-ffv-50",
    "people": "/administration",
    "keys": "/administration?part=keys",
    "webhooks": "/administration?part=webhooks",
    "audit": "/administration?part=audit",
    "storage": "/administration?part=storage",
    "account": "/account",
}
FOREIGN_WORDS = (
    "Deploy",
    "Streamlit",
    "Running",
    "Browse files",
    "Upload",
    "per file",
    "Drag and drop",
    "Take Photo",
    "Rerun",
    "Skip to main",
)
TOUCHED = ", ".join(
    f".vb {each}"
    for each in (
        "button", "a.button", "a.line", ".tabs a", ".subtabs a", "select", "summary", "label.button", "label.check", "textarea",
        "input[type=text]", "input[type=search]", "input[type=email]", "input[type=date]",
    )
)  # fmt: skip
NAMED = ".vb a, .vb button, .vb input:not([type=hidden]), .vb select, .vb textarea, .vb img"
SEEN = "(selector) => [...document.querySelectorAll(selector)].filter((each) => each.checkVisibility())"
NAMELESS = f"""() => ({SEEN})('{NAMED}').filter((each) => {{
    if (each.tagName === 'IMG') return !each.hasAttribute('alt')
    const labels = [...(each.labels ?? [])].map((label) => label.textContent).join('')
    return !(each.textContent.trim() || labels.trim() || each.getAttribute('aria-label'))
  }}).map((each) => each.outerHTML.slice(0, 120))"""
SMALL = f"""() => ({SEEN})('{TOUCHED}').filter((each) => !each.matches('.skip')).filter((each) => {{
    const box = each.getBoundingClientRect()
    return box.width > 0 && (box.height < 43.5 || box.width < 43.5)
  }}).map((each) => each.outerHTML.slice(0, 120))"""
PALE = """() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number)
  const linear = (part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  const light = (colour) => {
    const [r, g, b] = parts(colour).map((part) => linear(part / 255))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const ground = (each) => {
    for (let up = each; up; up = up.parentElement) {
      const colour = getComputedStyle(up).backgroundColor
      if ((parts(colour)[3] ?? 1) > 0.99) return colour
    }
    return 'rgb(255, 255, 255)'
  }
  const found = []
  for (const each of document.querySelectorAll('.vb *')) {
    const words = [...each.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())
    if (!words || !each.checkVisibility() || each.closest('[disabled], svg, .only-heard, .finder')) continue
    const [a, b] = [light(getComputedStyle(each).color), light(ground(each))].sort((x, y) => y - x)
    if ((a + 0.05) / (b + 0.05) < 4.5) found.push(each.outerHTML.slice(0, 120))
  }
  return found
}"""
TWICE = """() => {
  const ids = [...document.querySelectorAll('.vb [id]')].map((each) => each.id)
  return ids.filter((id, place) => ids.indexOf(id) !== place)
}"""
WIDER = """() => [document.documentElement, document.querySelector('.stMain') ?? document.body]
  .map((each) => each.scrollWidth).filter((width) => width > innerWidth)"""
OUTSIDE = """() => [...document.querySelectorAll('.vb .bar a, .vb .bar button')].filter((each) => {
    if (!each.checkVisibility()) return false
    const box = each.getBoundingClientRect()
    const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2]
    return box.left < 0 || box.right > innerWidth || box.top < 0 || box.bottom > innerHeight
      || !each.contains(document.elementFromPoint(x, y))
  }).map((each) => each.textContent.trim())"""
COUNTED = """(words) => {
  const badge = document.querySelector('#pending')
  badge.textContent = words
  badge.hidden = !words
}"""
FOREIGN = f"""() => ({SEEN})('[data-testid]').map((each) => each.dataset.testid)
  .filter((each) => /Toolbar|Header|Status|Deploy|MainMenu|Decoration|Footer|Sidebar|Skip/.test(each))"""


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize(("person", "size"), [(ANA, PHONE), (EMMA, (1280, 860))], ids=["phone-es", "desk-en"])
def test_every_page_can_be_used_by_everybody(
    open_page: OpenPage, name: str, person: object, size: tuple[int, int]
) -> None:
    page = open_page(person, PLACES[name], size, ready=".capture" if name == "inspect" else "h1")
    kind = "phone-es" if size == PHONE else "desk-en"
    shot(page, f"{name}-{kind}")
    assert page.evaluate(NAMELESS) == []
    assert page.evaluate(SMALL) == []
    assert page.evaluate(PALE) == []
    assert page.evaluate(TWICE) == []
    assert page.evaluate(WIDER) == []
    assert page.locator(".vb h1").count() == 1
    expect(page.locator("html")).to_have_attribute("lang", kind[-2:])
    assert page.title().endswith("Visto Bueno")
    assert page.evaluate(FOREIGN) == []
    words = page.locator("body").inner_text()
    assert [each for each in FOREIGN_WORDS if each in words] == []


@pytest.mark.timeout(600)
def test_words_are_read_in_every_theme(open_page: OpenPage, station: Running) -> None:
    page = open_page(ANA, "/", (820, 1000))
    for theme in ("dark", "contrast"):
        page.context.add_cookies([{"name": palette.COOKIE, "value": theme, "url": station.url}])
        for name, address in PLACES.items():
            page.goto(station.url + address)
            settled(page, ".capture" if name == "inspect" else "h1")
            shot(page, f"{name}-{theme}")
            assert page.evaluate(PALE) == [], (theme, name)


@pytest.mark.parametrize("person", [ANA, EMMA], ids=["es", "en"])
def test_language_and_account_are_in_reach_at_every_width(open_page: OpenPage, person: object) -> None:
    page = open_page(person, "/")
    for width in (320, 360, 390, 480, 600, 760, 761, 768, 820, 900, 1000, 1024, 1050, 1100, 1151, 1152, 1280, 1366):
        page.set_viewport_size({"width": width, "height": 800})
        for waits in ("", "12 sin enviar"):
            page.wait_for_selector("#pending", state="attached")
            page.evaluate(COUNTED, waits)
            assert page.evaluate(OUTSIDE) == [], (width, waits)
            assert page.evaluate(WIDER) == [], (width, waits)


def test_the_keyboard_alone_is_enough_to_inspect(open_page: OpenPage) -> None:
    page = open_page(LUIS, "/")
    page.keyboard.press("Tab")  # the scrolled part of the window, which Streamlit lets have the focus
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Ir al contenido")).to_be_focused()
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.textContent.trim()") == "Inspeccionar fruta":
            break
    assert page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.wait_for_selector(".capture")
    settled(page, ".capture")
    page.get_by_role("button", name="Abrir la cámara").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('.finder video').videoWidth > 0")
    expect(page.get_by_role("button", name="Tomar la foto")).to_be_focused()
    page.keyboard.press("Space")
    page.wait_for_selector(".inspection[data-number]")
    expect(page.get_by_role("button", name="Tomar la foto")).to_be_focused()  # the next one is one key away


def test_a_verdict_is_told_to_who_cannot_see_it(open_page: OpenPage, station: Running) -> None:
    page = open_page(LUIS, "/inspect", ready=".capture")
    page.set_input_files(".capture .files input", [upload("oye.jpg", jpeg("banana_fit", 1))])
    expect(page.get_by_role("status").filter(has_text="N.º")).to_have_text(re.compile("^(APTO|NO APTO|REVISAR)"))
    expect(page.get_by_role("img", name="Probabilidad de no apto")).to_be_visible()
    expect(page.get_by_role("img", name="La fotografía inspeccionada")).to_be_visible()
