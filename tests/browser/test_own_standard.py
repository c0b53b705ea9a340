"""A supervisor copies a standard for a customer, changes a limit and judges a lot's form by it."""

from collections.abc import Iterator

import pytest
from driving import DESK, PHONE, SOFIA, Running, context_for, running, settled, shot, sign_in
from playwright.sync_api import Browser, expect


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("standards"), (SOFIA,)) as started:
        yield started


def test_a_customer_s_standard_is_made_on_the_desk(browser: Browser, station: Running) -> None:
    page = context_for(browser, DESK).new_page()
    sign_in(page, station.url, SOFIA.email)
    settled(page)
    page.goto(f"{station.url}/lots")
    settled(page)
    page.get_by_role("link", name="Ver o cambiar las normas").click()
    page.get_by_role("link", name="Manzana, CEPE-ONU FFV-50").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Manzana, CEPE-ONU FFV-50")
    page.get_by_label("Nombre", exact=True).fill("Manzana, cliente Norte")
    page.get_by_label("Clave").fill("cliente norte")
    page.locator("summary").filter(has_text="Límites por categoría").click()
    page.get_by_label("defectos en total, I", exact=True).fill("4")
    page.get_by_role("button", name="Guardar norma").click()
    expect(page.locator(".notice.bad")).to_contain_text("key")
    page.get_by_label("Clave").fill("cliente-norte")
    expect(page.get_by_label("Nombre", exact=True)).to_have_value("Manzana, cliente Norte")
    page.get_by_role("button", name="Guardar norma").click()
    expect(page.locator(".notice").filter(has_text="versión 1")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Manzana, cliente Norte")
    expect(page.locator("tr").filter(has_text="defectos en total").first).to_contain_text("4 % *")
    shot(page, "standard-desk-es")
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    page.goto(f"{station.url}/lots")
    settled(page)
    expect(page.get_by_label("Manzana, cliente Norte")).to_be_visible()
    page.context.close()
