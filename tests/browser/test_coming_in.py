import re
from collections.abc import Callable

from driving import ANA, DESK, LUIS, PASSWORD, PHONE, SOFIA, Person, Running, context_for, settled, shot, sign_in
from playwright.sync_api import Browser, Page, expect

from vistobueno.core.inspection import SYSTEM

OpenPage = Callable[..., Page]


def newcomer(station: Running, name: str, role: str = "inspector") -> Person:
    """A person of this test alone: what is done to them is done to nobody else."""
    person = Person(name, role)
    station.access.people.add(person.email, person.name, role, SYSTEM, password=PASSWORD)
    return person


def test_who_is_not_signed_in_is_asked_to_and_comes_back_to_the_page(open_page: OpenPage, station: Running) -> None:
    page = open_page(None, "/history")
    expect(page).to_have_url(re.compile("/login"))
    shot(page, "sign-in-desk-es")
    page.locator("input[name=email]").fill(LUIS.email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    settled(page)
    expect(page).to_have_url(re.compile("/history$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Historial")


def test_a_wrong_password_lets_nobody_in_and_does_not_say_which_was_wrong(
    open_page: OpenPage, station: Running
) -> None:
    page = open_page(None, "/login", PHONE)
    sign_in(page, station.url, "marta@frutas.example", "no es esta frase")
    expect(page).to_have_url(re.compile("/login"))
    expect(page.locator("main")).not_to_contain_text("marta@frutas.example no")
    expect(page.locator("input[name=email]")).to_have_value("marta@frutas.example")
    shot(page, "wrong-password-phone-es")


def test_english_is_one_click_away_and_remembered(open_page: OpenPage, browser: Browser, station: Running) -> None:
    lena = newcomer(station, "Lena Voss")
    page = open_page(None, "/login")
    sign_in(page, station.url, lena.email)
    settled(page)
    expect(page.locator("html")).to_have_attribute("lang", "es")
    expect(page.get_by_role("heading", level=1)).to_have_text("Hola, Lena Voss")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hello, Lena Voss")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hello, Lena Voss")
    other = context_for(browser, DESK)
    again = other.new_page()
    sign_in(again, station.url, lena.email)
    settled(again)
    expect(again.get_by_role("heading", level=1)).to_have_text("Hello, Lena Voss")
    other.close()


def test_an_inspector_sees_no_administration_and_cannot_open_it(open_page: OpenPage) -> None:
    page = open_page(LUIS, "/administration")
    expect(page.get_by_role("alert")).to_contain_text("Su rol no permite abrir esta página.")
    expect(page.get_by_role("navigation", name="Páginas").get_by_role("link")).to_have_count(4)
    expect(page.get_by_text("Invitar a una persona")).to_have_count(0)
    shot(page, "refused-desk-es")


def test_a_supervisor_reviews_and_does_not_administer(open_page: OpenPage) -> None:
    page = open_page(SOFIA, "/administration?part=keys")
    expect(page.get_by_role("alert")).to_contain_text("Su rol no permite abrir esta página.")
    expect(page.get_by_text("Clave nueva")).to_have_count(0)


def test_a_session_that_is_ended_ends_while_its_page_is_open(open_page: OpenPage, station: Running) -> None:
    nora = newcomer(station, "Nora Paz")
    page = open_page(None, "/login")
    sign_in(page, station.url, nora.email)
    settled(page)
    number = station.access.people.by_email(nora.email).id
    page.goto(f"{station.url}/history?answer=review&text=ñandú")
    settled(page)
    station.access.sessions.end_all(number, SYSTEM)
    expect(page).to_have_url(re.compile("/login"))
    expect(page.locator("main")).to_contain_text("Su sesión terminó")
    page.locator("input[name=email]").fill(nora.email)
    page.locator("input[name=password]").fill("no es esta frase")
    page.keyboard.press("Enter")  # who mistypes is led back all the same
    page.locator("input[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    settled(page)
    expect(page).to_have_url(re.compile(r"/history\?answer=review&text=%C3%B1and%C3%BA$"))
    expect(page.locator("#f-text")).to_have_value("ñandú")


def test_a_page_whose_line_is_refused_at_once_offers_the_way_back(open_page: OpenPage, station: Running) -> None:
    vera = newcomer(station, "Vilma Roca")
    page = open_page(None, "/login")
    sign_in(page, station.url, vera.email)
    settled(page)
    expect(page.locator("#vb-late")).not_to_be_visible()
    page.route_web_socket("**/_stcore/stream", lambda line: line.close(code=4401))
    page.goto(f"{station.url}/model")
    station.access.sessions.end_all(station.access.people.by_email(vera.email).id, SYSTEM)
    page.get_by_role("link", name="Abrir otra vez").click()
    expect(page).to_have_url(re.compile(r"/login\?next=/model$"))


def test_a_deed_after_the_session_has_ended_does_nothing_but_lead_to_the_sign_in(
    open_page: OpenPage, station: Running
) -> None:
    otto = newcomer(station, "Otto Lang", "admin")
    page = open_page(None, "/login")
    sign_in(page, station.url, otto.email)
    settled(page)
    page.goto(f"{station.url}/administration")
    settled(page)
    page.get_by_label("Correo").fill("nadie@frutas.example")
    page.get_by_label("Nombre").fill("Nadie")
    station.access.sessions.end_all(station.access.people.by_email(otto.email).id, SYSTEM)
    page.get_by_role("button", name="Crear el enlace").click()
    expect(page).to_have_url(re.compile("/login"))
    assert not [each for each in station.access.audit_log.page().items if each.subject == "nadie@frutas.example"]


def test_whoever_signs_out_is_out(open_page: OpenPage, station: Running) -> None:
    page = open_page(None, "/login", PHONE)
    sign_in(page, station.url, newcomer(station, "Pia Soto").email)
    settled(page)
    page.get_by_role("link", name="Mi cuenta").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mi cuenta")
    settled(page)
    shot(page, "account-phone-es")
    page.get_by_role("button", name="Cerrar sesión").click()
    expect(page).to_have_url(re.compile("/login"))
    page.goto(f"{station.url}/account")
    expect(page).to_have_url(re.compile("/login"))


def test_an_address_that_does_not_exist_says_so_and_leads_home(open_page: OpenPage, station: Running) -> None:
    page = open_page(ANA)
    answer = page.goto(f"{station.url}/nonsense")
    assert answer is not None and answer.status == 404
    expect(page.get_by_role("heading", level=1)).to_have_text("No existe")
    page.get_by_role("link", name="Inicio").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hola, Ana Quispe")


def test_a_number_in_the_address_that_no_number_is_breaks_no_page(open_page: OpenPage) -> None:
    for query in ("n=" + "9" * 5000, "who=" + "9" * 5000, "who=key-" + "9" * 5000):
        page = open_page(ANA, f"/history?{query}")
        expect(page.get_by_role("heading", level=1)).to_have_text("Historial")
