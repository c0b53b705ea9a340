"""A photograph and the heat map over it are made larger together: fingers, taps, wheel, buttons, keys."""

import re
from collections.abc import Callable

from driving import FILES, LUIS, PHONE, jpeg, upload
from playwright.sync_api import Page, expect

OpenPage = Callable[..., Page]
SCALE = "() => new DOMMatrix(getComputedStyle(document.querySelector('#card .pane')).transform).a"
TOGETHER = """() => {
  const [photo, heat] = [...document.querySelectorAll('#card .pane img')].map((each) => each.getBoundingClientRect())
  return [photo.left - heat.left, photo.top - heat.top, photo.width - heat.width, photo.height - heat.height]
}"""


def judged(open_page: OpenPage, size: tuple[int, int]) -> Page:
    """A card with its heat map switched on."""
    page = open_page(LUIS, "/inspect", size, ready=".capture")
    page.set_input_files(FILES, [upload("a.jpg", jpeg("banana_unfit", 6))])
    page.wait_for_selector(".verdict[data-number]")
    page.locator("#card .switch").click()
    expect(page.locator("#card .heat")).to_be_visible()
    return page


def together(page: Page) -> bool:
    return all(abs(each) < 1 for each in page.evaluate(TOGETHER))


def test_by_key_button_and_wheel_on_a_desk(open_page: OpenPage) -> None:
    page = judged(open_page, (1366, 900))
    box = page.locator("#card .zoom")
    assert page.evaluate(SCALE) == 1 and together(page)
    box.focus()
    page.keyboard.press("+")
    page.keyboard.press("+")
    near = page.evaluate(SCALE)
    assert near > 2 and together(page)
    moved = page.evaluate(TOGETHER.replace("photo.left - heat.left", "photo.left"))[0]
    page.keyboard.press("ArrowRight")
    assert page.evaluate(TOGETHER.replace("photo.left - heat.left", "photo.left"))[0] < moved
    page.keyboard.press("0")
    assert page.evaluate(SCALE) == 1
    more, less = (page.get_by_role("button", name=name) for name in ("Más grande", "Más pequeña"))
    more.focus()
    page.keyboard.press("Enter")
    expect(more).to_be_focused()
    assert page.evaluate(SCALE) > 1
    less.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(less).to_be_focused()  # at its end a button still keeps the focus
    assert page.evaluate(SCALE) == 1
    page.evaluate("() => document.activeElement.blur()")
    box.hover()
    page.mouse.wheel(0, -120)
    page.wait_for_timeout(50)
    assert page.evaluate(SCALE) == 1  # who scrolls the page does not make things larger
    box.click()
    page.mouse.wheel(0, -240)
    page.wait_for_function(f"() => ({SCALE})() > 1")
    assert together(page)
    page.locator("#card .switch").click()
    expect(page.locator("#card .heat")).to_be_hidden()
    assert page.evaluate(SCALE) > 1  # the same place, without the map


def test_by_fingers_on_a_phone_and_the_next_fruit_is_whole_again(open_page: OpenPage) -> None:
    page = judged(open_page, PHONE)
    page.locator("#card .zoom").scroll_into_view_if_needed()
    place = page.locator("#card .zoom").bounding_box()
    assert place is not None
    x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    page.touchscreen.tap(x, y)
    page.touchscreen.tap(x, y)
    page.wait_for_function(f"() => ({SCALE})() > 2")
    assert together(page)
    page.wait_for_timeout(400)  # two taps more are no four
    page.touchscreen.tap(x, y)
    page.touchscreen.tap(x, y)
    page.wait_for_function(f"() => ({SCALE})() === 1")
    line = page.context.new_cdp_session(page)
    for apart, kind in ((20, "touchStart"), (40, "touchMove"), (60, "touchMove"), (80, "touchMove")):
        points = [{"x": x - apart, "y": y, "id": 0}, {"x": x + apart, "y": y, "id": 1}]
        line.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    line.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_function(f"() => ({SCALE})() > 2")
    assert together(page)
    assert page.evaluate("() => visualViewport.scale") == 1  # the page itself stays as it is
    number = page.locator("#card .verdict").get_attribute("data-number")
    page.set_input_files(FILES, [upload("b.jpg", jpeg("apple_fit", 3))])
    page.wait_for_selector(f".verdict[data-number]:not([data-number='{number}'])")
    assert page.evaluate(SCALE) == 1
    expect(page.locator("#card .heat")).to_be_hidden()
    expect(page.locator("#card .switch")).to_have_attribute("aria-checked", re.compile("false"))
