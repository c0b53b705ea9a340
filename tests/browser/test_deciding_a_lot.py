"""A lot on the desk: opened, seen as it is looked at, decided with the standard or against it, and decided again."""

import re
from collections.abc import Iterator

import pytest
from driving import DESK, PHONE, SOFIA, Running, context_for, jpeg, running, settled, sign_in, upload
from playwright.sync_api import Browser, Page, expect


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("deciding"), (SOFIA,)) as started:
        yield started


def look_at(page: Page, station: Running, lot: str, said: str) -> None:
    """A fruit of each package that is opened, answered so."""
    csrf = page.request.get(f"{station.url}/field/session").json()["csrf"]
    headers = {"X-CSRF-Token": csrf, "Origin": station.url}
    for package in page.request.get(f"{station.url}/api/v1/lots/{lot}").json()["packages"]:
        photo = {"photo": upload("1.jpg", jpeg("banana_fit", package))}
        kept = page.request.post(
            f"{station.url}/api/v1/inspections",
            params={"lot": lot, "package": package},
            headers=headers,
            multipart=photo,
        ).json()
        review = f"{station.url}/api/v1/inspections/{kept['number']}/reviews"
        assert page.request.post(review, headers=headers, data={"answer": said}).status == 201


def test_a_lot_is_opened_decided_and_decided_again(browser: Browser, station: Running) -> None:
    page = context_for(browser, DESK).new_page()
    sign_in(page, station.url, SOFIA.email)
    settled(page)
    page.goto(f"{station.url}/lots")
    settled(page)
    page.get_by_label("Código del lote").fill("L-7")
    page.get_by_label("Empacador").fill("El Oro")
    page.get_by_role("textbox", name="Origen").fill("Ecuador")
    page.get_by_label("Producto").select_option("banana")
    page.get_by_label("Bultos del lote").fill("12")
    page.get_by_label("Bultos que se abren").fill("13")
    page.get_by_label("Frutas que se inspeccionan en cada uno").fill("1")
    page.get_by_label("Banano, Codex CXS 205").check()
    page.get_by_role("button", name="Abrir lote").click()
    expect(page.locator(".notice.bad")).to_contain_text("13")
    expect(page.get_by_label("Código del lote")).to_have_value("L-7")  # what was refused is still there
    page.get_by_label("Bultos que se abren").fill("2")
    page.get_by_role("button", name="Abrir lote").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Lote L-7")
    expect(page.locator("section").filter(has_text="Banano, Codex CXS 205").first).to_contain_text(
        "Todavía no se puede decidir"
    )
    look_at(page, station, "1", "fit")
    page.reload()
    settled(page)
    expect(page.locator("tr").filter(has_text="1 / 1")).to_have_count(2)
    page.get_by_role("link", name="Ver las inspecciones").click()
    expect(page.locator(".shots li")).to_have_count(2)
    page.get_by_label("Producto").select_option("banana")  # another filter stays within the lot
    expect(page).to_have_url(re.compile("lot=1"))
    page.goto(f"{station.url}/lots?lot=1")
    settled(page)
    page.get_by_role("button", name="Decidir y cerrar").click()
    page.get_by_role("button", name="Sí, decidir y cerrar").click()
    expect(page.locator(".notice").filter(has_text="Aceptado en categoría")).to_be_visible()
    page.get_by_label("Decisión").select_option("refused")
    page.get_by_role("button", name="Decidir otra vez").click()
    page.get_by_role("button", name="Sí, decidir otra vez").click()
    expect(page.locator(".notice.bad")).to_contain_text("por qué")
    page.get_by_label("Decisión").select_option("refused")
    page.get_by_label("Motivo").fill("pudrición a la llegada")
    page.get_by_role("button", name="Decidir otra vez").click()
    page.get_by_role("button", name="Sí, decidir otra vez").click()
    expect(page.locator(".notice").filter(has_text="Rechazado")).to_be_visible()
    expect(page.locator("section").filter(has_text="pudrición a la llegada")).to_be_visible()
    page.get_by_role("button", name="Emitir en español").click()
    expect(page.locator(".notice").filter(has_text="1-2-ES")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("button", name="Emitir en español")).to_have_count(0)
    with page.expect_download() as downloaded:
        page.get_by_role("link", name="Descargar PDF").click()
    assert downloaded.value.path().read_bytes().startswith(b"%PDF")
    stranger = browser.new_context().new_page()
    stranger.goto(page.get_by_role("link", name="/verify/").inner_text())
    stranger.set_input_files("#report", downloaded.value.path())
    stranger.get_by_role("button", name="Comprobar").click()
    expect(stranger.get_by_role("status")).to_contain_text("1-2-ES")
    expect(stranger.locator("article")).to_contain_text("LOTE RECHAZADO")
    stranger.context.close()
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    page.goto(f"{station.url}/lots")
    settled(page)
    expect(page.locator("li").filter(has_text="L-7")).to_contain_text("rechazado")
    page.context.close()
