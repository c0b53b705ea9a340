"""axe-core finds nothing on any page: in both languages, by light, in the dark and in high contrast."""

import shutil
import subprocess
import tarfile
from collections.abc import Callable

import pytest
from driving import ANA, EMMA, FILES, ROOT, Person, Running, jpeg, settled, upload
from playwright.sync_api import Page

OpenPage = Callable[..., Page]
VERSION = "4.14.1"  # MPL-2.0, fetched for the test and never a part of the project
PLACES = (
    "/inspect", "/review", "/inspections/1", "/", "/history", "/history?waiting=1", "/disagreements", "/control",
    "/model", "/lines",
    "/commissioning", "/lots", "/standards", "/standards?standard=unece-ffv-50", "/administration",
    "/administration?part=keys", "/administration?part=webhooks", "/administration?part=audit",
    "/administration?part=storage", "/account",
)  # fmt: skip
OUTSIDE = ("/login", "/verify", "/api/v1/docs", "/nothing-here", "/logout")
AXE = """async () => (await axe.run(document)).violations.flatMap((each) =>
  each.nodes.map((node) => `${each.id}: ${node.html.slice(0, 200)} ${node.any.map((said) => said.message).join('; ')}`))"""


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, from npm's registry the first time."""
    folder = ROOT / "build" / "axe"
    packed = folder / f"axe-core-{VERSION}.tgz"
    npm = shutil.which("npm")
    if not packed.exists():
        if npm is None:
            pytest.skip("axe-core comes from npm, which is not here")
        folder.mkdir(parents=True, exist_ok=True)
        fetched = subprocess.run(
            [npm, "pack", f"axe-core@{VERSION}", "--pack-destination", str(folder)], capture_output=True, timeout=120
        )
        if fetched.returncode:
            pytest.skip(f"npm gave no axe-core: {fetched.stderr.decode()[-200:]}")
    with tarfile.open(packed) as archive:
        member = archive.extractfile("package/axe.min.js")
        assert member is not None
        return member.read().decode()


def complaints(page: Page, axe: str) -> list[str]:
    """What axe says of a page as it stands, by light and in the dark."""
    found = []
    page.evaluate(axe)  # by the debugger, which no content policy binds
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found += [f"{page.url} {scheme} {each}" for each in page.evaluate(AXE)]
    return sorted(set(found))


@pytest.mark.parametrize("person", [ANA, EMMA], ids=["es", "en"])
def test_axe_finds_nothing(open_page: OpenPage, station: Running, axe: str, person: Person) -> None:
    page = open_page(person, "/inspect", ready=".capture")
    files = [upload(f"{key}.jpg", jpeg(key, 1)) for key in ("banana_fit", "other")] + [upload("notes.jpg", b"x")]
    page.set_input_files(FILES, files)
    page.wait_for_function("() => document.querySelectorAll('#card .line').length === 3")
    found = complaints(page, axe)
    page.set_input_files(FILES, [upload("one.jpg", jpeg("banana_unfit", 6))])
    page.wait_for_selector(".verdict.unfit")
    page.locator("#card .switch").click()
    found += complaints(page, axe)
    for place in (*PLACES, *OUTSIDE):
        page.goto(station.url + place)
        settled(page, "h1") if place in PLACES else page.wait_for_selector("h1")
        found += complaints(page, axe)
    page.goto(f"{station.url}/review")
    settled(page, "#judge")
    page.locator("#answers [data-give=unfit]").click()
    found += complaints(page, axe)
    assert not found, "\n".join(found)


def test_axe_finds_nothing_in_high_contrast(open_page: OpenPage, station: Running, axe: str) -> None:
    page = open_page(ANA, "/inspect", ready=".capture")
    page.context.add_cookies([{"name": "vb_theme", "value": "contrast", "url": station.url}])
    found = []
    for place in PLACES:
        page.goto(station.url + place)
        settled(page, "h1")
        found += complaints(page, axe)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("language", ["es", "en"])
def test_axe_finds_nothing_before_anybody_signs_in(
    open_page: OpenPage, station: Running, axe: str, language: str
) -> None:
    page = open_page(None, f"/login?language={language}")
    assert complaints(page, axe) == []
    page.locator("input[type=email], input[name=email]").first.fill("nobody@frutas.example")
    page.locator("input[type=password]").first.fill("wrong")
    page.locator("form button[type=submit]").first.click()
    page.wait_for_selector("[role=alert], .notice, .bad")
    assert complaints(page, axe) == []
