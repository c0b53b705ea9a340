import re
from collections.abc import Callable

from driving import ANA, EMMA, LUIS, PASSWORD, PHONE, Running, jpeg, settled, shot
from playwright.sync_api import Browser, Page, expect

OpenPage = Callable[..., Page]


def test_an_invited_person_sets_a_password_and_is_in(open_page: OpenPage, browser: Browser, station: Running) -> None:
    page = open_page(ANA, "/administration")
    page.get_by_label("Correo").fill("rita@frutas.example")
    page.get_by_label("Nombre").fill("Rita Mena")
    page.get_by_label("Rol").first.select_option("supervisor")
    page.get_by_role("button", name="Crear el enlace").click()
    link = page.locator("#link")
    expect(link).to_have_text(re.compile(re.escape(station.url) + "/login/link/"))
    shot(page, "people-desk-es")
    guest = open_page(None, link.inner_text().removeprefix(station.url))
    for each in guest.locator("input[type=password]").all():
        each.fill(PASSWORD)
    guest.locator("form button[type=submit]").first.click()
    settled(guest)
    expect(guest.get_by_role("heading", level=1)).to_have_text("Hola, Rita Mena")
    page.reload()
    settled(page)
    expect(page.locator("#link")).to_have_count(0)  # it was shown once
    expect(page.get_by_text("rita@frutas.example")).to_be_visible()


def test_a_pending_invitation_is_listed_and_revoked(open_page: OpenPage, station: Running) -> None:
    page = open_page(ANA, "/administration", PHONE)
    page.get_by_label("Correo").fill("saul@frutas.example")
    page.get_by_label("Nombre").fill("Saúl Ríos")
    page.get_by_role("button", name="Crear el enlace").click()
    link = page.locator("#link").inner_text()
    row = page.locator("li").filter(has_text="saul@frutas.example")
    expect(row).to_contain_text("inspector")
    shot(page, "invited-phone-es")
    row.get_by_role("button", name="Anular la invitación").click()
    expect(row.get_by_role("alert")).to_contain_text("Saúl Ríos")
    assert [
        each.email for each in station.access.people.invitations() if each.email.startswith("saul@")
    ]  # not by one click
    row.get_by_role("button", name="Sí, anular la invitación").click()
    expect(page.locator(".notice")).to_contain_text("saul@frutas.example")
    expect(row).to_have_count(0)
    guest = open_page(None, link.removeprefix(station.url))
    expect(guest.get_by_role("heading", level=1)).to_have_text("El enlace no sirve")
    expect(guest.locator("main")).to_contain_text("se anuló")


def test_a_wrong_invitation_is_refused_in_words(open_page: OpenPage) -> None:
    page = open_page(ANA, "/administration")
    page.get_by_label("Correo").fill(LUIS.email)
    page.get_by_label("Nombre").fill("Otro Luis")
    page.get_by_role("button", name="Crear el enlace").click()
    expect(page.locator(".notice.bad")).to_be_visible()


def test_access_is_taken_away_and_given_back(open_page: OpenPage, station: Running) -> None:
    from vistobueno.core.inspection import SYSTEM

    person = station.access.people.add("tomas@frutas.example", "Tomas Gil", "inspector", SYSTEM, password=PASSWORD)
    page = open_page(ANA, "/administration", PHONE)
    row = page.locator("li").filter(has_text="tomas@frutas.example")
    row.get_by_role("button", name="Quitar acceso").click()
    expect(row.get_by_role("alert")).to_contain_text("Tomas Gil")
    assert station.access.people.by_email(person.email).disabled_at is None  # one click takes nothing away
    row.get_by_role("button", name="No, dejarlo como está").click()
    expect(row.get_by_role("alert")).to_have_count(0)
    row.get_by_role("button", name="Quitar acceso").click()
    row.get_by_role("button", name="Sí, quitar acceso").click()
    expect(row).to_contain_text("sin acceso")
    assert station.access.people.by_email(person.email).disabled_at is not None
    row.get_by_role("button", name="Devolver acceso").click()
    expect(row.get_by_role("button", name="Quitar acceso")).to_be_visible()
    row.get_by_role("combobox").select_option("admin")
    row.get_by_role("button", name="No, dejarlo como está").click()
    expect(row.get_by_role("combobox")).to_have_value("inspector")
    row.get_by_role("combobox").select_option("supervisor")
    row.get_by_role("button", name="Sí, cambiar el rol").click()
    expect(page.locator(".notice")).to_contain_text("El rol cambió")
    assert station.access.people.by_email(person.email).role == "supervisor"
    shot(page, "people-phone-es")


def test_sessions_are_ended_by_keyboard_and_not_by_one_key(open_page: OpenPage, station: Running) -> None:
    from vistobueno.core.inspection import SYSTEM

    person = station.access.people.add("tere@frutas.example", "Tere Vega", "inspector", SYSTEM, password=PASSWORD)
    station.access.authentication.sign_in(person.email, PASSWORD, "127.0.0.1")
    page = open_page(ANA, "/administration")
    row = page.locator("li").filter(has_text="tere@frutas.example")
    button = row.get_by_role("button", name="Cerrar sesiones", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(row.get_by_role("alert")).to_contain_text("¿Cerrar las sesiones de Tere Vega?")
    page.keyboard.press("Escape")
    expect(row.get_by_role("alert")).to_have_count(0)
    expect(button).to_be_focused()
    assert len(station.access.sessions.of(person.id)) == 1
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(row.get_by_role("button", name="Sí, cerrar sesiones")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".notice")).to_be_visible()
    assert station.access.sessions.of(person.id) == ()


def test_the_last_administrator_cannot_shut_themselves_out(open_page: OpenPage) -> None:
    page = open_page(ANA, "/administration")
    mine = page.locator("li").filter(has_text=ANA.email)
    expect(mine.get_by_role("combobox")).to_be_disabled()
    expect(mine.get_by_role("button", name="Quitar acceso")).to_have_count(0)


def test_a_key_is_shown_once_works_and_is_revoked(open_page: OpenPage, station: Running) -> None:
    import httpx

    page = open_page(ANA, "/administration?part=keys")
    page.get_by_label("Para qué máquina").fill("Clasificadora 3")
    page.get_by_role("button", name="Crear la clave").click()
    secret = page.locator("#secret").inner_text()
    expect(page.locator("#curl")).to_contain_text(f"{station.url}/api/v1/inspections")
    shot(page, "keys-desk-es")
    page.get_by_role("button", name="Copiar").first.click()
    expect(page.get_by_role("button", name="Copiado")).to_be_visible()
    bearer = {"Authorization": f"Bearer {secret}"}
    photo = {"photo": ("a.jpg", jpeg("apple_fit", 1), "image/jpeg")}
    assert httpx.post(f"{station.url}/api/v1/inspections", files=photo, headers=bearer, timeout=60).status_code == 201
    page.reload()
    settled(page)
    expect(page.locator("#secret")).to_have_count(0)
    key = page.locator("li").filter(has_text="Clasificadora 3")
    key.get_by_role("button", name="Revocar").click()
    key.get_by_role("button", name="Sí, revocar").click()
    expect(page.locator("li").filter(has_text="Clasificadora 3")).to_contain_text("revocada")
    assert httpx.get(f"{station.url}/api/v1/me", headers=bearer).status_code == 401


def test_the_audit_log_tells_who_did_what(open_page: OpenPage) -> None:
    page = open_page(ANA, "/administration", PHONE)
    page.get_by_label("Correo").fill("vera@frutas.example")
    page.get_by_label("Nombre").fill("Vera Luna")
    page.get_by_role("button", name="Crear el enlace").click()
    expect(page.locator("#link")).to_be_visible()
    page.get_by_role("link", name="Auditoría").click()
    line = page.locator("li").filter(has_text="vera@frutas.example")
    expect(line).to_contain_text(ANA.name)
    expect(line).to_contain_text("127.0.0.1")  # where her browser is
    expect(page.get_by_text(ANA.email).first).to_be_visible()
    shot(page, "audit-phone-es")


def test_storage_says_where_everything_lies_and_how_it_is(open_page: OpenPage) -> None:
    page = open_page(ANA, "/administration?part=storage", PHONE)
    expect(page.locator(".chip.on")).to_have_count(3)
    expect(page.get_by_text("vistobueno backup")).to_be_visible()
    shot(page, "storage-phone-es")


def test_the_model_s_page_tells_what_it_was_measured_to_do_in_both_languages(open_page: OpenPage) -> None:
    page = open_page(LUIS, "/model")
    expect(page.get_by_role("heading", name="Lo que se ha medido")).to_be_visible()
    expect(page.get_by_role("button", name="Volver al anterior")).to_have_count(0)
    page.get_by_text("Ficha completa del modelo").click()
    expect(page.get_by_role("heading", name="Lo que hace mal")).to_be_visible()
    shot(page, "model-desk-es")
    english = open_page(EMMA, "/model", PHONE)
    english.get_by_text("Full model card").click()
    expect(english.get_by_role("heading", name="What it does badly")).to_be_visible()
    shot(english, "model-phone-en")
