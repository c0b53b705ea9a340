import re
from collections.abc import Callable
from pathlib import Path

import pytest
from driving import ANA, LUIS, PHONE, Running, jpeg, mango, settled, shot, upload, zipped
from playwright.sync_api import Page, expect

OpenPage = Callable[..., Page]
FILES = ".capture .files input"
ANSWERS = re.compile("^(APTO|NO APTO|REVISAR)$")


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
    expect(page.locator("figure img")).to_have_count(2)
    expect(page.locator("figure").last).to_contain_text("Dónde miró")
    settled(page)
    assert page.evaluate("[...document.querySelectorAll('figure img')].every((each) => each.naturalWidth > 100)")
    shot(page, "inspect-desk-es")


def test_the_verdict_is_read_at_arm_s_length_on_a_phone(open_page: OpenPage) -> None:
    page = open_page(LUIS, "/inspect", PHONE, ready=".capture")
    page.set_input_files(FILES, [upload("naranja.jpg", jpeg("orange_fit", 1))])
    word = page.locator(".verdict .word")
    word.wait_for()
    settled(page)
    assert float(word.evaluate("(each) => parseFloat(getComputedStyle(each).fontSize)")) >= 40
    expect(word).to_be_in_viewport()
    shot(page, "inspect-phone-es")


def test_the_camera_takes_one_photograph_after_another_a_tap_each(open_page: OpenPage) -> None:
    page = open_page(LUIS, "/inspect", PHONE, ready=".capture")
    page.get_by_role("button", name="Abrir la cámara").click()
    page.wait_for_function("() => document.querySelector('.finder video').videoWidth > 0")
    shutter = page.get_by_role("button", name="Tomar la foto")
    shutter.click()
    first = page.locator(".verdict").get_attribute("data-number")
    expect(page.locator(".finder canvas")).to_be_hidden()  # the camera is live again
    shutter.click()
    page.wait_for_selector(f".verdict:not([data-number='{first}'])")
    expect(page.locator(".line")).to_have_count(1)  # the earlier one
    settled(page)
    shot(page, "camera-phone-es")


def test_twelve_files_fill_a_list_and_a_broken_one_is_named_and_loses_nothing(
    open_page: OpenPage, station: Running
) -> None:
    page = open_page(LUIS, "/inspect", ready=".capture")
    before = newest(page, station)
    keys = ("apple_fit", "banana_fit", "orange_fit", "banana_unfit", "apple_unfit", "orange_unfit")
    files = [upload(f"foto-{place:02d}.jpg", jpeg(keys[place % 6], place + 1)) for place in range(11)]
    page.set_input_files(FILES, [*files[:5], upload("rota.jpg", b"not a photograph"), *files[5:]])
    expect(page.locator(".batch h2")).to_have_text("12 fotos recibidas")
    broken = page.locator(".line.broken")
    expect(broken).to_have_count(1)
    expect(broken).to_contain_text("rota.jpg")
    expect(broken).to_contain_text("El archivo no es una foto. Envíe una foto JPEG, PNG, WebP, HEIC o AVIF.")
    expect(page.locator("a.line")).to_have_count(11)
    assert newest(page, station) == before + 11
    assert sum(int(count) for count in page.locator(".batch .tile b").all_inner_texts()) == 11
    settled(page)
    shot(page, "twelve-desk-es")


def test_running_the_script_again_judges_nothing_again(open_page: OpenPage, station: Running) -> None:
    page = open_page(LUIS, "/inspect", ready=".capture")
    page.set_input_files(FILES, [upload("uno.jpg", jpeg("apple_fit", 2))])
    page.wait_for_selector(".verdict")
    settled(page)
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
    expect(page.locator("a.line")).to_have_count(3)
    expect(page.locator(".line.broken")).to_contain_text("c.jpg")
    settled(page)
    shot(page, "zip-phone-es")


def test_a_broken_file_alone_says_what_happened_and_what_to_do(open_page: OpenPage) -> None:
    page = open_page(LUIS, "/inspect", PHONE, ready=".capture")
    page.set_input_files(FILES, [upload("pequeña.jpg", jpeg("apple_fit", 1, (90, 90)))])
    expect(page.get_by_role("alert").filter(has_text="No se pudo inspeccionar")).to_contain_text("Acérquese.")
    shot(page, "broken-phone-es")


def test_a_fruit_that_the_model_never_learnt_goes_to_a_person(open_page: OpenPage) -> None:
    page = open_page(LUIS, "/inspect", PHONE, ready=".capture")
    page.set_input_files(FILES, [upload("mango.jpg", mango())])
    expect(page.locator(".verdict .word span").last).to_have_text("REVISAR")
    expect(page.locator(".reasons li").first).to_be_visible()
    settled(page)
    shot(page, "stranger-phone-es")


@pytest.mark.parametrize("status", [503, 0])
def test_a_busy_station_or_a_cut_line_is_said_calmly_and_the_photograph_is_sent_again(
    open_page: OpenPage, station: Running, status: int
) -> None:
    page = open_page(LUIS, "/inspect", ready=".capture")
    before, keys = newest(page, station), []

    def answer(route: object) -> None:
        keys.append(route.request.headers["idempotency-key"])  # type: ignore[attr-defined]
        if len(keys) > 1:
            route.continue_()  # type: ignore[attr-defined]
        elif status:
            route.fulfill(status=status, headers={"Retry-After": "1"}, body="{}")  # type: ignore[attr-defined]
        else:
            route.abort()  # type: ignore[attr-defined]

    page.route("**/api/v1/inspections", answer)
    page.set_input_files(FILES, [upload("paciencia.jpg", jpeg("banana_fit", 3))])
    said = "La estación está ocupada" if status else "Sin conexión"
    expect(page.locator(".item .state")).to_contain_text(said)
    page.wait_for_selector(".verdict")
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
    expect(page.locator(".verdict .word span").last).to_have_text(ANSWERS)
