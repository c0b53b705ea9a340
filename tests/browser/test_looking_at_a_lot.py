"""A lot on the phone: which package, which fruit comes next, sides of one fruit, with and without a network."""

from collections.abc import Iterator

import pytest
from driving import FILES, LUIS, PHONE, SOFIA, Running, context_for, jpeg, running, sign_in, upload
from playwright.sync_api import Browser, Page, expect

READY = "html[data-ready]"
LOT = {"code": "L-7", "packer": "El Oro", "origin": "Ecuador", "product": "banana", "grade": "I", "packages": 12,
       "standards": ["codex-cxs-205"], "opened": 2, "fruit": 3}  # fmt: skip


@pytest.fixture
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("lot"), (LUIS, SOFIA)) as started:
        yield started


def written(page: Page, station: Running, path: str, said: dict[str, object]) -> dict[str, object]:
    csrf = page.request.get(f"{station.url}/field/session").json()["csrf"]
    headers = {"X-CSRF-Token": csrf, "Origin": station.url}
    answer = page.request.post(f"{station.url}/api/v1/{path}", headers=headers, data=said)
    assert answer.status == 201, answer.text()
    made: dict[str, object] = answer.json()
    return made


def kept(page: Page, station: Running) -> list[tuple[int, int, int]]:
    items = page.request.get(f"{station.url}/api/v1/inspections").json()["items"]
    return [(each["lot"], each["package"], each["fruit"]) for each in reversed(items)]


def take(page: Page, seed: int) -> None:
    page.set_input_files(FILES, [upload(f"{seed}.jpg", jpeg("banana_fit", seed))])


def test_fruit_by_fruit_with_and_without_a_network(browser: Browser, station: Running) -> None:
    page = context_for(browser, PHONE).new_page()
    sign_in(page, station.url, LUIS.email)
    page.goto(f"{station.url}/inspect")
    page.wait_for_selector(READY)
    expect(page.locator("#lot")).to_be_hidden()  # there is no lot to choose
    lot = written(page, station, "lots", LOT)
    first, second = page.request.get(f"{station.url}/api/v1/lots/{lot['number']}").json()["packages"]
    page.evaluate("() => navigator.serviceWorker.ready")
    page.reload()
    page.wait_for_selector(READY)
    page.select_option("#lot-which", label="L-7 · El Oro")
    now = page.locator("#lot-now")
    expect(now).to_have_text("Bulto 1 de 2 · fruta 1 de 3")
    take(page, 1)
    expect(now).to_have_text("Bulto 1 de 2 · fruta 2 de 3")
    expect(page.locator("#pending")).to_be_hidden()
    page.context.set_offline(True)
    take(page, 2)
    page.get_by_role("switch", name="Otra foto de la misma fruta").click()
    take(page, 3)
    expect(page.locator("#pending")).to_have_text("2 sin enviar")
    expect(now).to_have_text("Bulto 1 de 2 · fruta 3 de 3")
    page.select_option("#lot-package", str(second))
    take(page, 4)
    expect(page.locator("#pending")).to_have_text("3 sin enviar")
    page.context.set_offline(False)
    expect(page.locator("#pending")).to_be_hidden()
    number = lot["number"]
    expected = [(number, first, 1), (number, first, 2), (number, first, 2), (number, second, 1)]
    assert sorted(kept(page, station)) == sorted(expected)

    page.context.set_offline(True)
    take(page, 5)
    expect(page.locator("#pending")).to_have_text("1 sin enviar")
    boss = context_for(browser, PHONE).new_page()
    sign_in(boss, station.url, SOFIA.email)
    written(boss, station, f"lots/{number}/decisions", {"decision": "refused", "reason": "lluvia"})
    boss.context.close()
    page.context.set_offline(False)
    held = page.locator(".item.failed")
    expect(held.locator(".state")).to_contain_text("cerrado")
    held.get_by_role("button", name="Enviar sin lote").click()
    expect(page.locator("#pending")).to_be_hidden()
    assert kept(page, station)[-1] == (None, None, None)
    expect(page.locator("#lot")).to_be_hidden()
    page.context.close()
