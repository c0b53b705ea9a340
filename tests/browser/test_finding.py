import csv
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from driving import ANA, EMMA, LUIS, PASSWORD, PHONE, SOFIA, Running, jpeg, settled, shot
from playwright.sync_api import Page, expect

OpenPage = Callable[..., Page]
WIDE = (1366, 900)


@pytest.fixture(scope="module", autouse=True)
def inspections(station: Running) -> list[dict[str, Any]]:
    """Some inspections, sent as a machine sends them."""
    import httpx

    luis = station.access.people.by_email(ANA.email)
    _, secret = station.access.keys.make("prueba", ("inspect", "read"), luis)
    found = []
    for key, seed in (
        ("banana_fit", 1),
        ("apple_fit", 1),
        ("banana_unfit", 6),
        ("orange_unfit", 4),
        ("other", 1),
        ("apple_unfit", 2),
    ):
        answer = httpx.post(
            f"{station.url}/api/v1/inspections",
            files={"photo": (f"maquina-{key}.jpg", jpeg(key, seed), "image/jpeg")},
            headers={"Authorization": f"Bearer {secret}"},
            timeout=60,
        )
        assert answer.status_code == 201, answer.text
        found.append(answer.json())
    return found


def test_home_says_what_today_looks_like_and_what_waits(open_page: OpenPage) -> None:
    page = open_page(SOFIA, "/")
    expect(page.get_by_role("heading", name="Hoy")).to_be_visible()
    expect(page.locator(".tile")).to_have_count(3)
    expect(page.get_by_text(re.compile("intervalo del 95"))).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile("Esperan revisión · [1-9]"))).to_be_visible()
    page.get_by_role("link", name="Inspeccionar fruta").click()
    expect(page.locator(".capture")).to_be_visible()


def test_home_on_a_phone(open_page: OpenPage) -> None:
    shot(open_page(ANA, "/", PHONE), "home-phone-es")


def test_one_inspection_is_found_and_shown_with_every_fact(
    open_page: OpenPage, inspections: list[dict[str, Any]]
) -> None:
    page = open_page(LUIS, "/history")
    shot(page, "history-desk-es")
    number = inspections[0]["number"]
    page.locator(f"a.line[href='/inspections/{number}']").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("APTO|NO APTO|REVISAR"))
    expect(page).to_have_url(re.compile(f"/inspections/{number}$"))
    facts = page.locator("dl.facts-list")
    expect(facts).to_contain_text(inspections[0]["photo"]["sha256"])
    expect(facts).to_contain_text("maquina-banana_fit.jpg")
    expect(facts).to_contain_text("prueba")
    expect(page.get_by_role("button", name="NO APTO")).to_have_count(0)  # an inspector does not review
    settled(page)
    shot(page, "one-desk-es")
    page.locator("#back").click()
    expect(page.locator("a.line").first).to_be_visible()


def test_a_filter_narrows_the_list_and_the_csv_holds_exactly_that(open_page: OpenPage) -> None:
    page = open_page(SOFIA, "/history")
    page.get_by_label("Respuesta").select_option("review")
    expect(page).to_have_url(re.compile("answer=review"))
    expect(page.get_by_label("Respuesta").locator("option[selected]")).to_have_text("REVISAR")  # the page has come
    settled(page)
    page.get_by_label("Buscar").fill("maquina-")
    page.get_by_role("button", name="Filtrar").click()
    expect(page).to_have_url(re.compile("text=maquina"))
    plain, local = (page.get_by_role("link", name=f"CSV {each}") for each in ("para programas", "con punto y coma"))
    expect(plain).to_have_attribute("href", re.compile("text=maquina"))
    settled(page)
    listed = page.locator("a.line")
    for each in listed.all():
        expect(each).to_contain_text("REVISAR")
    shot(page, "history-filtered-desk-es")
    for link, separator in ((plain, ","), (local, ";")):
        with page.expect_download() as waited:
            link.click()
        rows = list(csv.reader(io.StringIO(waited.value.path().read_text(encoding="utf-8-sig")), delimiter=separator))
        expect(listed).to_have_count(len(rows) - 1)
    expect(page.locator(".found")).to_contain_text(str(len(rows) - 1))
    assert "America/Lima" in rows[0][1]
    with page.expect_download() as waited:
        page.get_by_role("link", name="Excel").click()
    assert waited.value.path().read_bytes().startswith(b"PK")
    page.get_by_role("link", name=re.compile("^Buscar: maquina-")).click()
    expect(page).to_have_url(re.compile(r"/history\?answer=review$"))
    page.get_by_role("button", name="Quitar filtros").click()
    expect(page).to_have_url(re.compile("/history$"))


def test_a_person_and_a_machine_are_told_apart(open_page: OpenPage, station: Running) -> None:
    page = open_page(ANA, "/history?text=maquina-")
    count = page.locator("a.line").count()
    ana = station.access.people.by_email(ANA.email)
    who = page.get_by_label("Quién")
    expect(who).to_be_visible()
    shown = who.locator("option[selected]")  # what the station says, not what was just chosen
    who.select_option("Todas las máquinas")
    expect(shown).to_have_text("Todas las máquinas")
    expect(page.locator("a.line")).to_have_count(count)
    who.select_option(f"person-{ana.id}")
    expect(shown).to_have_text(f"{ANA.name} (persona)")
    expect(page).to_have_url(re.compile(f"who=person-{ana.id}"))
    expect(page.locator("a.line")).to_have_count(0)
    machine = who.locator("option").filter(has_text="prueba (máquina)")
    who.select_option(machine.first.get_attribute("value"))
    expect(page.locator("a.line")).to_have_count(count)
    page.locator("a.line").first.click()
    expect(page.locator("dl.facts-list")).to_contain_text("máquinaquiénprueba")


def test_what_waits_is_filtered_too_and_its_csv_holds_exactly_that(open_page: OpenPage) -> None:
    page = open_page(EMMA, "/history?text=maquina-&answer=fit")
    page.get_by_role("link", name="Waiting for review").click()
    expect(page).to_have_url(re.compile("text=maquina-&waiting=1$"))
    expect(page.get_by_label("Answer")).to_have_count(0)  # it is known
    expect(page.get_by_label("Search")).to_have_value("maquina-")
    settled(page)
    listed = [str(each.get_attribute("href")).rpartition("/")[2] for each in page.locator("a.line").all()]
    assert listed
    with page.expect_download() as waited:
        page.get_by_role("link", name="CSV for programs").click()
    heading, *rows = csv.reader(io.StringIO(waited.value.path().read_text(encoding="utf-8-sig")))
    assert heading[0] == "number"  # her language, whatever the browser's
    assert [row[0] for row in rows] == listed
    shot(page, "history-waiting-desk-en")
    page.get_by_label("Reason").select_option("poor_photo")
    expect(page).to_have_url(re.compile("(?=.*waiting=1)(?=.*text=maquina-).*reason=poor_photo"))
    page.get_by_role("button", name="Clear").click()
    expect(page).to_have_url(re.compile(r"/history\?waiting=1$"))


def test_a_filter_that_nothing_meets_says_so(open_page: OpenPage) -> None:
    page = open_page(LUIS, "/history?text=esto-no-existe", PHONE)
    expect(page.get_by_text("Ninguna inspección cumple estos filtros.")).to_be_visible()


def test_a_number_that_does_not_exist_says_so(open_page: OpenPage, station: Running) -> None:
    page = open_page(LUIS, "/")
    for number in ("99999999", "x", "9" * 5_000):
        answer = page.goto(f"{station.url}/inspections/{number}")
        assert answer is not None and answer.status == 404
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.go_back()


def test_photos_in_a_grid_or_a_list_as_this_browser_was_told(open_page: OpenPage) -> None:
    page = open_page(LUIS, "/history?text=maquina-", WIDE)
    expect(page.locator("section.day h2").first).to_contain_text("Hoy")

    def in_one_row() -> bool:
        boxes = [each.bounding_box() for each in page.locator("a.line").all()[:2]]
        return boxes[0]["y"] == boxes[1]["y"]

    assert in_one_row()
    page.get_by_role("button", name="Lista").click()
    expect(page.get_by_role("button", name="Lista")).to_have_attribute("aria-pressed", "true")
    assert not in_one_row()
    page.reload()
    settled(page)
    assert not in_one_row()
    page.get_by_role("button", name="Fotos").click()
    assert in_one_row()


def test_who_opens_one_of_an_older_page_comes_back_to_that_page(
    open_page: OpenPage, station: Running, inspections: list[dict[str, Any]]
) -> None:
    page = open_page(LUIS, "/history?text=maquina-")
    newest = page.request.get(f"{station.url}/api/v1/inspections?limit=1&text=maquina-").json()
    page.goto(f"{station.url}/history?text=maquina-&after={newest['next']}")
    settled(page)
    page.locator("a.line").first.click()
    page.wait_for_selector("html[data-ready]")
    page.locator("#back").click()
    expect(page.get_by_role("button", name="Volver a las últimas")).to_be_visible()


def test_an_address_written_by_hand_does_no_harm(open_page: OpenPage) -> None:
    page = open_page(
        LUIS,
        "/history?answer=%3Cscript%3E&since=ayer&after=zzz&who=x&reason=1&text=%3Cimg%20src=x%20onerror=alert(1)%3E",
    )
    expect(page.get_by_role("heading", level=1)).to_have_text("Historial")
    expect(page.locator("img[src=x]")).to_have_count(0)


def test_a_supervisor_reviews_what_waits_and_the_verdict_stays(open_page: OpenPage, station: Running) -> None:
    page = open_page(SOFIA, "/history?waiting=1", PHONE)
    expect(page.get_by_role("link", name="Esperan revisión")).to_have_attribute("aria-current", "page")
    waiting = page.locator("a.line")
    number = str(waiting.first.get_attribute("href")).rpartition("/")[2]
    waiting.first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("REVISAR")
    page.get_by_label("Nota").fill("Golpe leve <b>abajo</b>")
    page.get_by_role("button", name="NO APTO").click()
    review = page.locator(".said-by")
    expect(review).to_contain_text("NO APTO")
    expect(review).to_contain_text("Golpe leve <b>abajo</b>")
    expect(review).to_contain_text(SOFIA.name)
    expect(page.get_by_role("heading", level=1)).to_have_text("REVISAR")
    settled(page)
    shot(page, "review-phone-es")
    kept = page.request.get(f"{station.url}/api/v1/inspections/{number}").json()
    assert kept["answer"] == "review"
    assert [each["answer"] for each in kept["reviews"]] == ["unfit"]
    page.goto(f"{station.url}/history?waiting=1")
    settled(page)
    expect(page.locator(f"a.line[href='/inspections/{number}']")).to_have_count(0)


def test_a_list_is_turned_page_by_page(open_page: OpenPage, station: Running) -> None:
    import httpx

    with httpx.Client(base_url=station.url, timeout=60) as client:
        _, secret = station.access.keys.make("muchas", ("inspect",), station.access.people.by_email(ANA.email))
        for seed in range(26):
            data = jpeg("apple_fit", 100 + seed, (160, 160))
            answer = client.post(
                "/api/v1/inspections",
                content=data,
                headers={"Authorization": f"Bearer {secret}", "Content-Type": "image/jpeg"},
            )
            assert answer.status_code == 201
    page = open_page(LUIS, "/history")
    expect(page.locator("a.line")).to_have_count(24)
    first = page.locator("a.line").first.get_attribute("href")
    page.get_by_role("button", name="Más antiguas").click()
    expect(page).to_have_url(re.compile("after="))
    expect(page.locator(f"a.line[href='{first}']")).to_have_count(0)
    page.get_by_role("button", name="Volver a las últimas").click()
    expect(page.locator(f"a.line[href='{first}']")).to_have_count(1)


def test_the_password_of_nobody_is_on_any_page(open_page: OpenPage) -> None:
    assert PASSWORD not in open_page(ANA, "/administration").content()
