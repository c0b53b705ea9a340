"""Disagreements: what a person said against the model is counted, found, and left when the person says otherwise."""

import re
from collections.abc import Callable

import httpx
from driving import ANA, LUIS, SOFIA, Running, jpeg, settled, shot
from playwright.sync_api import Page, expect

OpenPage = Callable[..., Page]
AGAINST = {"fit": "unfit", "unfit": "fit"}


def test_what_a_person_says_against_the_model_is_counted_and_leads_to_its_photograph(
    open_page: OpenPage, station: Running
) -> None:
    _, secret = station.access.keys.make(
        "desacuerdos", ("inspect", "review"), station.access.people.by_email(ANA.email)
    )
    api = httpx.Client(base_url=f"{station.url}/api/v1", headers={"Authorization": f"Bearer {secret}"}, timeout=60)
    one = api.post("/inspections", files={"photo": ("contra.jpg", jpeg("apple_unfit", 2), "image/jpeg")}).json()
    number, model = one["number"], one["forced"] if one["answer"] == "review" else one["answer"]
    kind = "forced" if one["answer"] == "review" else "escape" if model == "fit" else "overkill"
    assert api.post(f"/inspections/{number}/reviews", json={"answer": AGAINST[model]}).status_code == 201

    page = open_page(SOFIA, "/history")
    page.get_by_role("link", name="Desacuerdos").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Desacuerdos")
    line = page.locator(f"a.line[href='/inspections/{number}']")
    expect(line).to_contain_text("revisada")
    settled(page)
    shot(page, "disagreements-desk-es")
    page.locator(f"a.chip[data-value='{kind}']").click()
    expect(page).to_have_url(re.compile(f"/disagreements.kind={kind}$"))
    expect(page.locator("a.chip.on")).to_contain_text(re.compile(": [1-9]"))
    expect(page.get_by_role("link", name="CSV para programas")).to_have_attribute(
        "href", re.compile(f"disagreement={kind}")
    )
    settled(page)
    line.click()
    expect(page).to_have_url(re.compile(f"/inspections/{number}$"))
    assert api.post(f"/inspections/{number}/reviews", json={"answer": model}).status_code == 201
    page.goto(f"{station.url}/disagreements?kind={kind}&after=nonsense")
    settled(page)
    expect(line).to_have_count(0)

    page = open_page(LUIS, "/history")  # who inspects answers nothing, and is shown no list of it
    expect(page.get_by_role("link", name="Desacuerdos")).to_have_count(0)
    page.goto(f"{station.url}/disagreements")
    expect(page.get_by_role("heading", name="Desacuerdos")).to_have_count(0)
