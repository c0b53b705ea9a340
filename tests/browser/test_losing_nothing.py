import json
import re
from collections.abc import Callable

from driving import LUIS, PASSWORD, PHONE, Running, jpeg, settled, sign_in, upload, zipped
from playwright.sync_api import Page, Route, expect

from vistobueno.records.values import SYSTEM

OpenPage = Callable[..., Page]
FILES = ".capture .files input"
SENT = "**/api/v1/inspections"


def test_the_answer_on_top_is_that_of_the_last_fruit_and_not_the_last_that_came(open_page: OpenPage) -> None:
    page, held = open_page(LUIS, "/inspect", PHONE, ready=".capture"), []

    def slowly(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    page.route(SENT, slowly)
    page.set_input_files(FILES, [upload("primera.jpg", jpeg("apple_fit", 11))])
    page.wait_for_function("() => document.querySelector('.item.sending progress')")
    page.set_input_files(FILES, [upload("segunda.jpg", jpeg("banana_unfit", 12))])
    verdict = page.locator(".verdict")
    number = verdict.get_attribute("data-number")
    held[0].continue_()
    expect(page.locator(".line")).to_have_count(1)  # the first has come, and stands among the earlier ones
    settled(page)
    assert verdict.get_attribute("data-number") == number


def test_a_photograph_that_is_not_sent_yet_stays_while_other_pages_are_looked_at(open_page: OpenPage) -> None:
    page = open_page(LUIS, "/inspect", PHONE, ready=".capture")
    page.route(SENT, lambda route: route.fulfill(status=401, body="{}"))
    page.set_input_files(FILES, [upload("espera.jpg", jpeg("banana_fit", 13))])
    item = page.locator(".item.failed")
    expect(item).to_contain_text("Su sesión terminó. La foto sigue aquí")
    again = item.get_by_role("button", name="Enviar otra vez").first
    again.focus()
    page.set_input_files(FILES, [upload("otra.jpg", jpeg("banana_fit", 17))])
    expect(item).to_have_count(2)
    expect(again).to_be_focused()  # whatever others do
    page.get_by_role("link", name="Inicio").click()
    expect(page.get_by_role("heading", name="Hola")).to_be_visible()
    page.get_by_role("link", name="Inspeccionar", exact=True).click()
    expect(item.first).to_contain_text("espera.jpg")
    assert page.evaluate(
        "() => !dispatchEvent(new Event('beforeunload', { cancelable: true }))"
    )  # the browser asks first
    page.unroute(SENT)
    page.evaluate("() => dispatchEvent(new Event('online'))")  # nobody has to tap each one
    expect(page.locator(".verdict")).to_be_visible()
    expect(page.locator(".item")).to_have_count(0)
    assert page.evaluate("() => dispatchEvent(new Event('beforeunload', { cancelable: true }))")


def test_photographs_outlive_the_session_and_go_out_once_it_is_back(open_page: OpenPage, station: Running) -> None:
    person = station.access.add_person("ivan@frutas.example", "Ivan Soto", "inspector", SYSTEM, password=PASSWORD)
    page = open_page(None, "/login")
    sign_in(page, station.url, person.email)
    settled(page)
    page.goto(f"{station.url}/inspect")
    settled(page, ".capture")
    page.route(SENT, lambda route: route.fulfill(status=401, body="{}"))
    page.set_input_files(FILES, [upload("una.jpg", jpeg("banana_fit", 18)), upload("dos.jpg", jpeg("apple_fit", 19))])
    expect(page.locator(".item.failed")).to_have_count(2)
    page.unroute(SENT)
    station.access.end_sessions(person.id, SYSTEM)
    banner = page.locator("#vb-offline")
    expect(banner).to_contain_text("Su sesión terminó. Las fotos sin enviar siguen en esta página")
    with page.context.expect_page() as waited:
        banner.get_by_role("link", name="Entrar en otra pestaña").click()
    expect(page).to_have_url(f"{station.url}/inspect")
    expect(page.locator(".item.failed")).to_have_count(2)
    sign_in(waited.value, station.url, person.email)
    settled(waited.value)
    expect(page.locator(".item")).to_have_count(0)
    expect(page.locator("a.line")).to_have_count(2)
    expect(banner).to_have_count(0)
    station.access.end_sessions(person.id, SYSTEM)
    expect(page).to_have_url(f"{station.url}/login?said=again&next=%2Finspect")  # nothing is held any more


def test_a_session_that_ends_before_a_deed_keeps_the_photographs_too(open_page: OpenPage, station: Running) -> None:
    person = station.access.add_person("olga@frutas.example", "Olga Ruiz", "inspector", SYSTEM, password=PASSWORD)
    page = open_page(None, "/login")
    sign_in(page, station.url, person.email)
    settled(page)
    page.goto(f"{station.url}/inspect")
    settled(page, ".capture")
    page.route(SENT, lambda route: route.fulfill(status=403, json={"detail": "El formulario es de otra sesión."}))
    page.set_input_files(FILES, [upload("tres.jpg", jpeg("banana_fit", 20))])
    expect(page.locator(".item.failed")).to_contain_text("El formulario es de otra sesión.")
    page.unroute(SENT)
    station.access.end_sessions(person.id, SYSTEM)
    page.evaluate("document.querySelector('.bar [data-act=language]').click()")
    expect(page.locator("#vb-offline")).to_contain_text(re.compile("Su sesión terminó"))
    other = page.context.new_page()
    sign_in(other, station.url, person.email)
    settled(other)
    expect(page.locator(".verdict")).to_be_visible()
    expect(page.locator(".item")).to_have_count(0)


def test_a_camera_that_was_taken_away_gives_no_old_picture(open_page: OpenPage, station: Running) -> None:
    page, sent = open_page(LUIS, "/inspect", PHONE, ready=".capture"), []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.get_by_role("button", name="Abrir la cámara").click()
    page.wait_for_function("() => document.querySelector('.finder video').videoWidth > 0")
    state = "document.querySelector('.finder video').srcObject?.getTracks()[0].readyState"
    page.evaluate("document.querySelector('.finder video').srcObject.getTracks()[0].stop()")
    page.get_by_role("button", name="Tomar la foto").click()
    page.wait_for_function(f"() => {state} === 'live' && document.querySelector('.finder video').videoWidth > 0")
    assert [each for each in sent if each.endswith("/inspections")] == []
    page.get_by_role("button", name="Tomar la foto").click()
    expect(page.locator(".verdict")).to_be_visible()


def test_who_has_scrolled_on_is_left_there(open_page: OpenPage) -> None:
    page = open_page(LUIS, "/inspect", PHONE, ready=".capture")
    page.set_input_files(FILES, [upload("abajo.jpg", jpeg("orange_fit", 14))])
    page.wait_for_selector(".verdict")
    settled(page)
    place = "document.querySelector('.stMain').scrollTop"
    page.evaluate(f"{place} = 400")
    before = page.evaluate(place)
    page.evaluate("document.querySelector('.bar [data-act=language]').click()")
    expect(page.get_by_role("heading", name="Probability of not fit")).to_be_visible()
    settled(page)
    after = page.evaluate(place)
    page.evaluate("document.querySelector('.bar [data-act=language]').click()")
    expect(page.get_by_role("heading", name="Probabilidad de no apto")).to_be_visible()
    assert before > 100
    assert abs(after - before) < 50


def test_every_file_of_a_large_zip_is_counted(open_page: OpenPage) -> None:
    page = open_page(LUIS, "/inspect", ready=".capture")
    problem = {"code": "not_a_photo", "status": 422, "detail": "El archivo no es una foto."}
    lines = [{"name": f"{place}.jpg", "inspection": None, "problem": problem} for place in range(700)]
    body = "".join(json.dumps(line) + "\n" for line in lines)
    page.route("**/api/v1/batches", lambda route: route.fulfill(status=200, body=body))
    page.set_input_files(FILES, [upload("lote.zip", zipped({"0.jpg": b"not a photograph"}))])
    expect(page.locator(".batch h2")).to_have_text("700 fotos recibidas")


def test_who_opens_one_of_an_older_page_comes_back_to_that_page(open_page: OpenPage, station: Running) -> None:
    page = open_page(LUIS, "/inspect", ready=".capture")
    page.set_input_files(
        FILES, [upload("vieja.jpg", jpeg("apple_fit", 15)), upload("nueva.jpg", jpeg("apple_fit", 16))]
    )
    expect(page.locator("a.line")).to_have_count(2)
    newest = page.request.get(f"{station.url}/api/v1/inspections?limit=1").json()
    page.goto(f"{station.url}/history?after={newest['next']}")
    settled(page)
    page.locator("a.line").first.click()
    page.locator("a[data-act=back]").click()
    expect(page.get_by_role("button", name="Volver a las últimas")).to_be_visible()
