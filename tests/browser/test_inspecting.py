import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from driving import ANA, FILES, LUIS, PHONE, Running, berry, jpeg, settled, shot, upload, zipped
from playwright.sync_api import Page, Route, expect

OpenPage = Callable[..., Page]
SENT = "**/api/v1/inspections*"
ANSWERS = re.compile("^(APTO|NO APTO|REVISAR)$")


def answering(inspection: dict[str, Any]) -> Callable[[Route], None]:
    """An API that answers every photograph with this."""
    return lambda route: route.fulfill(status=201, json=inspection)


def newest(page: Page, station: Running) -> int:
    """The number of the newest inspection."""
    found = page.request.get(f"{station.url}/api/v1/inspections?limit=1").json()["items"]
    return int(found[0]["number"]) if found else 0


def test_one_photograph_gets_a_verdict_in_words_colour_and_sign(open_page: OpenPage) -> None:
    page = open_page(LUIS, "/inspect", ready=".capture")
    page.set_input_files(FILES, [upload("banano.jpg", jpeg("banana_fit", 1))])
    verdict = page.locator(".verdict")
    expect(verdict.locator(".word span").last).to_have_text(ANSWERS)
    expect(verdict.locator(".word svg")).to_be_visible()
    expect(verdict).to_have_class(re.compile("fit|unfit|review"))
    expect(verdict).to_contain_text("N.º")
    expect(page.locator(".meter .value")).to_contain_text("%")
    settled(page)
    shot(page, "inspect-desk-es")
    looked = page.get_by_role("switch", name="Dónde miró")
    looked.click()
    expect(page.locator("img.heat")).to_be_visible()
    assert page.locator("img.heat").evaluate("(each) => each.naturalWidth > 100")
    looked.click()
    expect(page.locator("img.heat")).to_be_hidden()


def test_the_verdict_is_read_at_arm_s_length_on_a_phone(open_page: OpenPage) -> None:
    page = open_page(LUIS, "/inspect", PHONE, ready=".capture")
    page.set_input_files(FILES, [upload("naranja.jpg", jpeg("orange_fit", 1))])
    word = page.locator(".verdict:not(.looking) .word")
    word.wait_for()
    settled(page)
    assert float(word.evaluate("(each) => parseFloat(getComputedStyle(each).fontSize)")) >= 40
    expect(word).to_be_in_viewport()
    shot(page, "inspect-phone-es")


def test_no_verdict_ever_stands_over_another_fruit(open_page: OpenPage) -> None:
    """What the card shows is looked at before and after each change of the page, while two answers are held back."""
    page, held = open_page(LUIS, "/inspect", PHONE, ready=".capture"), []
    page.evaluate(
        """() => {
          window.shown = []
          const look = () => {
            const card = document.querySelector('#card article')
            window.shown.push([card?.dataset.number ?? null, card?.querySelector('.word')?.textContent ?? '',
                               card?.querySelector('img:not(.heat)')?.src ?? ''])
          }
          new MutationObserver(look).observe(document.querySelector('#card'),
                                             { childList: true, subtree: true, attributes: true })
        }"""
    )
    page.set_input_files(FILES, [upload("buena.jpg", jpeg("apple_fit", 31))])
    page.wait_for_selector(".inspection[data-number]")
    page.route(SENT, lambda route: held.append(route))
    for name in ("mala.jpg", "otra.jpg"):
        page.set_input_files(FILES, [upload(name, jpeg("banana_unfit", 32))])
        expect(page.locator(".verdict.looking")).to_be_visible()  # before any answer: no word of the fruit before
        assert page.locator("#card .fit, #card .unfit, #card .review").count() == 0
    for _ in range(100):
        if len(held) == 2:
            break
        page.wait_for_timeout(50)
    for route in held:
        route.continue_()
    page.wait_for_selector(".inspection[data-number]")
    expect(page.locator("#earlier .line")).to_have_count(2)
    by_number: dict[str, set[tuple[str, str]]] = {}
    for number, word, photo in page.evaluate("window.shown"):
        if number:
            by_number.setdefault(number, set()).add((word, photo))
    assert len(by_number) == 2  # the first and the last; the one between stands in the list
    assert all(len(seen) == 1 for seen in by_number.values())  # a number never had another word or photograph
    assert len({photo for seen in by_number.values() for _, photo in seen}) == 2


def test_no_card_is_surer_than_two_digits_nor_names_a_product_that_was_not_recognised(open_page: OpenPage) -> None:
    page = open_page(LUIS, "/inspect", ready=".capture")
    page.set_input_files(FILES, [upload("una.jpg", jpeg("apple_fit", 33))])
    page.wait_for_selector(".inspection[data-number]")
    number = page.locator(".inspection").get_attribute("data-number")
    made = page.evaluate("(n) => fetch(`/api/v1/inspections/${n}`).then((answer) => answer.json())", number)
    for place, (probability, shown) in enumerate(
        [(0.0, "1"), (0.0004, "1"), (0.634, "63"), (0.9996, "99"), (1.0, "99")]
    ):
        told = {
            **made,
            "number": 9_000 + place,
            "probability_unfit": probability,
            "answer": "unfit",
            "product": "apple",
        }
        page.route(SENT, answering(told))
        page.set_input_files(FILES, [upload("otra.jpg", jpeg("apple_fit", 34))])
        page.wait_for_selector(f".inspection[data-number='{9_000 + place}']")
        assert re.findall(r"[\d.,<>]+\s?%", page.locator(".inspection").inner_text()) == [f"{shown}\u00a0%"] * 2
        expect(page.locator(".facts")).to_contain_text("cámara sin medir")
        page.unroute(SENT)
    elsewhere = {**made, "number": 9_100, "answer": "review", "reasons": ["out_of_scope"], "product": None}
    page.route(SENT, answering(elsewhere))
    page.set_input_files(FILES, [upload("botella.jpg", jpeg("other", 1))])
    page.wait_for_selector(".inspection[data-number='9100']")
    words = page.locator(".inspection").inner_text().lower()
    assert not [each for each in ("manzana", "banano", "naranja") if f"es {each}" in words or f"· {each}" in words]


def test_the_camera_takes_one_photograph_after_another_a_tap_each(open_page: OpenPage) -> None:
    page = open_page(LUIS, "/inspect", PHONE, ready=".capture")
    page.get_by_role("button", name="Abrir la cámara").click()
    page.wait_for_function("() => document.querySelector('.finder video').videoWidth > 0")
    shutter = page.get_by_role("button", name="Tomar la foto")
    size = shutter.bounding_box()
    assert size is not None and min(size["width"], size["height"]) >= 64
    shutter.click()
    page.wait_for_selector(".inspection[data-number]")
    first = page.locator(".inspection").get_attribute("data-number")
    shutter.click()
    page.wait_for_selector(f".inspection[data-number]:not([data-number='{first}'])")
    expect(page.locator("#earlier .line")).to_have_count(1)
    settled(page)
    shot(page, "camera-phone-es")


def test_twelve_files_fill_a_list_the_worst_first_and_a_broken_one_is_named_and_loses_nothing(
    open_page: OpenPage, station: Running
) -> None:
    page = open_page(LUIS, "/inspect", ready=".capture")
    before = newest(page, station)
    keys = ("apple_fit", "banana_fit", "orange_fit", "banana_unfit", "apple_unfit", "orange_unfit")
    files = [upload(f"foto-{place:02d}.jpg", jpeg(keys[place % 6], place + 1)) for place in range(10)]
    page.set_input_files(FILES, [*files[:5], upload("rota.jpg", b"not a photograph"), *files[5:], files[0]])
    expect(page.locator(".batch h2")).to_have_text("12 fotos recibidas")
    broken = page.locator(".batch .line.broken")
    expect(broken).to_have_count(1)
    expect(broken).to_contain_text("rota.jpg")
    expect(broken).to_contain_text("El archivo no es una foto.")
    lines = page.locator(".batch a.line")
    expect(lines).to_have_count(11)
    order = ["unfit", "review", "fit"]
    places = [order.index(each) for each in lines.evaluate_all("(all) => all.map((each) => each.dataset.answer)")]
    assert places == sorted(places)
    expect(page.locator(".batch").get_by_text("la misma foto")).to_have_count(1)
    assert newest(page, station) == before + 11
    assert sum(int(count) for count in page.locator(".batch .tile b").all_inner_texts()) == 11
    settled(page)
    shot(page, "twelve-desk-es")
    lines.first.click()
    expect(page.locator("h1.word")).to_be_visible()
    page.go_back()
    expect(page.locator(".batch a.line")).to_have_count(11)  # back, and nothing was judged again
    assert newest(page, station) == before + 11


def test_the_other_language_shows_the_same_and_judges_nothing_again(open_page: OpenPage, station: Running) -> None:
    page = open_page(LUIS, "/inspect", ready=".capture")
    page.set_input_files(FILES, [upload("uno.jpg", jpeg("apple_fit", 2))])
    page.wait_for_selector(".inspection[data-number]")
    number = newest(page, station)
    page.get_by_role("button", name="English").click()
    expect(page.locator(".verdict .word span").last).to_have_text(re.compile("^(FIT|NOT FIT|REVIEW)$"))
    page.get_by_role("button", name="Español").click()
    expect(page.locator(".verdict .word span").last).to_have_text(ANSWERS)
    assert newest(page, station) == number


def test_a_zip_is_opened_and_each_of_its_files_has_its_line(open_page: OpenPage) -> None:
    page = open_page(LUIS, "/inspect", PHONE, ready=".capture")
    files = {
        "a.jpg": jpeg("apple_fit", 1),
        "b.jpg": jpeg("banana_fit", 2),
        "c.jpg": b"broken",
        "d.jpg": jpeg("orange_fit", 3),
    }
    page.set_input_files(FILES, [upload("lote.zip", zipped(files))])
    expect(page.locator(".batch h2")).to_have_text("4 fotos recibidas")
    expect(page.locator(".batch a.line")).to_have_count(3)
    expect(page.locator(".batch .line.broken")).to_contain_text("c.jpg")
    settled(page)
    shot(page, "zip-phone-es")


def test_every_file_of_a_large_zip_is_counted(open_page: OpenPage) -> None:
    page = open_page(LUIS, "/inspect", ready=".capture")
    problem = {"code": "not_a_photo", "status": 422, "detail": "El archivo no es una foto."}
    lines = [{"name": f"{place}.jpg", "inspection": None, "problem": problem} for place in range(700)]
    body = "".join(json.dumps(line) + "\n" for line in lines)
    page.route("**/api/v1/batches*", lambda route: route.fulfill(status=200, body=body))
    page.set_input_files(FILES, [upload("lote.zip", zipped({"0.jpg": b"not a photograph"}))])
    expect(page.locator(".batch h2")).to_have_text("700 fotos recibidas")


def test_a_broken_file_alone_says_what_happened_and_what_to_do(open_page: OpenPage) -> None:
    page = open_page(LUIS, "/inspect", PHONE, ready=".capture")
    page.set_input_files(FILES, [upload("pequeña.jpg", jpeg("apple_fit", 1, (60, 60)))])
    expect(page.locator(".verdict.broken")).to_contain_text("Acérquese.")
    expect(page.get_by_role("status").filter(has_text="No se pudo inspeccionar")).to_contain_text("Acérquese.")
    shot(page, "broken-phone-es")


def test_a_fruit_that_the_model_never_learnt_goes_to_a_person(open_page: OpenPage) -> None:
    page = open_page(LUIS, "/inspect", PHONE, ready=".capture")
    page.set_input_files(FILES, [upload("mora.jpg", berry())])
    expect(page.locator(".verdict .word span").last).to_have_text("REVISAR")
    expect(page.locator(".reasons li").first).to_be_visible()
    settled(page)
    shot(page, "out-of-distribution-phone-es")


@pytest.mark.parametrize("status", [503, 0])
def test_a_busy_station_or_a_cut_line_is_said_calmly_and_the_photograph_is_sent_again(
    open_page: OpenPage, station: Running, status: int
) -> None:
    page = open_page(LUIS, "/inspect", ready=".capture")
    before, keys = newest(page, station), []

    def answer(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) > 1:
            route.continue_()
        elif status:
            route.fulfill(status=status, headers={"Retry-After": "1"}, body="{}")
        else:
            route.abort()

    page.route(SENT, answer)
    page.set_input_files(FILES, [upload("paciencia.jpg", jpeg("banana_fit", 3))])
    expect(page.locator(".looking p")).to_contain_text("ocupada" if status else "Sin conexión")
    page.wait_for_selector(".inspection[data-number]")
    assert len(keys) == 2 and keys[0] == keys[1]
    assert newest(page, station) == before + 1


def test_the_server_never_loads_what_only_tables_of_streamlit_need(open_page: OpenPage, station: Running) -> None:
    maps = Path(f"/proc/{station.pid}/maps")
    if not maps.is_file():
        pytest.skip("this system does not tell what a process has loaded")
    page = open_page(ANA)
    for address in ("/inspect", "/history", "/model", "/administration"):
        page.goto(station.url + address)
        settled(page, ".capture" if address == "/inspect" else "h1")
    loaded = maps.read_text()
    assert "numpy" in loaded
    assert [name for name in ("pandas", "pyarrow", "altair") if f"/{name}/" in loaded] == []


def test_files_that_are_dropped_on_the_page_are_inspected(open_page: OpenPage) -> None:
    page = open_page(ANA, "/inspect", ready=".capture")
    page.evaluate(
        """async (bytes) => {
          const files = new DataTransfer()
          files.items.add(new File([new Uint8Array(bytes)], 'soltada.jpg', { type: 'image/jpeg' }))
          document.querySelector('.capture').dispatchEvent(new DragEvent('drop', { dataTransfer: files, bubbles: true }))
        }""",
        list(jpeg("apple_fit", 6)),
    )
    expect(page.locator(".verdict:not(.looking) .word span").last).to_have_text(ANSWERS)


def test_what_is_loaded_first_is_small_and_comes_compressed(open_page: OpenPage, station: Running) -> None:
    """Everything that the first visit to Inspect fetches before a photograph is taken, as it crosses the line."""
    page = open_page(LUIS, "/inspect", PHONE, ready=".capture")
    fetched = page.evaluate(
        """() => [performance.getEntriesByType('navigation')[0], ...performance.getEntriesByType('resource')]
             .map((each) => [each.name, each.transferSize, each.decodedBodySize])"""
    )
    assert sum(size for _, size, _ in fetched) <= 120_000, fetched
    for name, size, whole in fetched:
        assert size < whole * 0.7 or whole < 2_000, name
