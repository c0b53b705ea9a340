"""The pictures of the README: `make pictures`. A station that runs, drawn fruit, a real browser; nobody's photograph.

Writes docs/pictures/LANGUAGE/: phone.webp, which moves (photograph, three answers, a lot, its report), and still pictures
of the desk. Needs Chromium.
"""

import io
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests" / "browser"))

import driving  # noqa: E402
import pypdfium2  # noqa: E402
from driving import FILES, Person, Running, jpeg, settled, upload  # noqa: E402
from PIL import Image, ImageDraw  # noqa: E402
from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402

PEOPLE = {"es": Person("Rosa Quispe", "supervisor", "es"), "en": Person("Emma Hart", "supervisor", "en")}
SCREEN = (390, 760)  # of the phone, in its own pixels; two of the screen's each
SHOWN = 300  # pixels of the moving picture's width
LOT = {"code": "CHIRA-4711", "packer": "Valle del Chira", "origin": "Piura, Perú", "product": "banana", "grade": "I",
       "packages": 120, "variety": "Cavendish", "net_kg": 2177.5, "opened": 5,
       "fruit": 4}  # fmt: skip
FRUIT = (("banana_fit", 3), ("banana_unfit", 6), ("other", 1))
LASTS = {"verdict": 1800, "still": 1400, "report": 3200}  # milliseconds of a frame


def main() -> None:
    """Take them all."""
    path = driving.chromium()
    if path is None:
        sys.exit("docs/pictures.py needs Chromium.")
    project = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pythons = sorted(
        set(re.findall(r"Python :: (3\.\d+)", " ".join(project["classifiers"]))), key=lambda each: int(each[2:])
    )
    badge("python", "Python", f"{pythons[0]} – {pythons[-1]}")
    badge("licence", "licence", str(project["license"]))
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as work:
        browser = driving.launched(playwright, path)
        for language, person in PEOPLE.items():
            folder = HERE / "pictures" / language
            folder.mkdir(parents=True, exist_ok=True)
            place = Path(work, language)
            place.mkdir()
            with driving.running(place, (person,), PUBLIC_URL="https://calidad.example") as station:
                phone(browser, station, person, folder / "phone.webp")
            month = Path(work, f"month-{language}")
            month.mkdir()
            fill_month(month / "data", language)
            with driving.running(month, (person,)) as station:
                desk(browser, station, person, folder)
        browser.close()


def badge(name: str, label: str, value: str) -> None:
    """A small plate of two words, as projects wear them."""
    left, right = (round(len(each) * 6.6) + 14 for each in (label, value))
    text = '<text x="{0}" y="14" fill="#fff" font-family="sans-serif" font-size="11" text-anchor="middle">{1}</text>'
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" aria-label="{label}: {value}">'
        f'<clipPath id="r"><rect width="{left + right}" height="20" rx="3"/></clipPath><g clip-path="url(#r)">'
        f'<rect width="{left}" height="20" fill="#1d2a24"/><rect x="{left}" width="{right}" height="20" fill="#1f7a4d"/></g>'
        f"{text.format(left / 2, label)}{text.format(left + right / 2, value)}</svg>\n"
    )
    (HERE / "pictures").mkdir(exist_ok=True)
    (HERE / "pictures" / f"{name}.svg").write_text(svg, encoding="utf-8")


def phone(browser: Browser, station: Running, person: Person, target: Path) -> None:
    """Photograph, fit, unfit, review, a lot, its report."""
    frames: list[tuple[Image.Image, int]] = []
    with page_at(browser, SCREEN, person, station, "/inspect") as page:
        page.wait_for_selector("html[data-ready]")
        frames.append((framed(page), LASTS["still"]))
        for key, seed in FRUIT:
            page.set_input_files(FILES, [upload(f"{key}.jpg", jpeg(key, seed))])
            page.wait_for_selector(".inspection[data-number]")
            page.wait_for_timeout(700)  # pictures fade in
            frames.append((framed(page), LASTS["verdict"]))
        number = written(page, station, "lots", lot_of(page, station))["number"]
        packages = page.request.get(f"{station.url}/api/v1/lots/{number}").json()["packages"]
        fill(page, station, number, packages[:2], 4)
        fill(page, station, number, packages[2:3], 1)
        page.reload()
        page.wait_for_selector("html[data-ready]")
        page.select_option("#lot-which", index=1)
        page.select_option("#lot-package", str(packages[2]))
        page.locator("#lot").evaluate("(each) => { each.scrollIntoView(); scrollBy(0, -80) }")
        page.wait_for_timeout(700)
        frames.append((framed(page), LASTS["verdict"]))
        fill(page, station, number, packages[2:3], 3)
        fill(page, station, number, packages[3:], 4)
        written(page, station, f"lots/{number}/decisions", {"decision": "accepted", "reason": reason(person.language)})
        made = written(page, station, f"lots/{number}/reports", {"language": person.language, "zone": "America/Lima"})
        pdf = page.request.get(f"{station.url}/api/v1/reports/{made['number']}.pdf").body()
        frames.append((sheet(pdf), LASTS["report"]))
    pictures = [each for each, _ in frames]
    pictures[0].save(
        target, save_all=True, append_images=pictures[1:], duration=[lasts for _, lasts in frames], loop=0, quality=80
    )


def desk(browser: Browser, station: Running, person: Person, folder: Path) -> None:
    """What a supervisor sees."""
    for name, place in (("home", "/"), ("lot", "/lots?lot=9"), ("control", "/control")):
        with page_at(browser, driving.DESK, person, station, place) as page:
            settled(page)
            page.wait_for_timeout(500)
            picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            picture.save(folder / f"{name}.webp", quality=82)


def fill_month(data: Path, language: str) -> None:
    """The month of the demonstration, in a data folder."""
    command = [Path(sys.executable).with_name("vistobueno"), "demo", "--language", language]
    subprocess.run(command, env={**os.environ, "DATA_DIR": str(data)}, check=True, stderr=subprocess.DEVNULL)


@contextmanager
def page_at(browser: Browser, size: tuple[int, int], person: Person, station: Running, place: str) -> Iterator[Page]:
    """A page of somebody who is signed in."""
    context = driving.context_for(browser, size, device_scale_factor=2 if size[0] < 600 else 1)
    page = context.new_page()
    driving.sign_in(page, station.url, person.email)
    page.wait_for_url(lambda url: "/login" not in url)
    page.goto(station.url + place)
    yield page
    context.close()


def written(page: Page, station: Running, path: str, said: dict[str, Any]) -> dict[str, Any]:
    """What the API made of this."""
    csrf = page.request.get(f"{station.url}/field/session").json()["csrf"]
    answer = page.request.post(
        f"{station.url}/api/v1/{path}", headers={"X-CSRF-Token": csrf, "Origin": station.url}, data=said
    )
    if not answer.ok:
        sys.exit(answer.text())
    made: dict[str, Any] = answer.json()
    return made


def lot_of(page: Page, station: Running) -> dict[str, Any]:
    """The lot, judged by a standard that the station has for bananas."""
    standards = page.request.get(f"{station.url}/api/v1/standards").json()
    known = [each["key"] for each in standards if "banana" in each["products"]]
    return LOT | {"standards": known[:1]}


def fill(page: Page, station: Running, number: int, packages: Sequence[int], count: int) -> None:
    """So many more fruit of these packages, one of the lot's not fit."""
    csrf = page.request.get(f"{station.url}/field/session").json()["csrf"]
    for package in packages:
        for fruit in range(count):
            unfit = (package, fruit) == (packages[-1], 2)
            photo = jpeg("banana_unfit", 6) if unfit else jpeg("banana_fit", 7 * package + fruit)
            kept = page.request.post(
                f"{station.url}/api/v1/inspections",
                params={"lot": number, "package": package},
                headers={"X-CSRF-Token": csrf, "Origin": station.url},
                multipart={"photo": upload("fruit.jpg", photo)},
            ).json()
            if kept["answer"] == "review" or unfit:
                answer = {"answer": "unfit", "defects": ["scarring"]} if unfit else {"answer": "fit"}
                written(page, station, f"inspections/{kept['number']}/reviews", answer)


def reason(language: str) -> str:
    """Why it is accepted, in a person's words."""
    return "Dentro de la tolerancia." if language == "es" else "Within the tolerance."


def framed(page: Page) -> Image.Image:
    """What the phone shows now, with round corners and an edge."""
    shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    return _in_frame(shot.resize((SHOWN, round(SHOWN * SCREEN[1] / SCREEN[0])), Image.Resampling.LANCZOS))


def sheet(pdf: bytes) -> Image.Image:
    """A report's first page, as high as the phone."""
    with pypdfium2.PdfDocument(pdf) as document:
        paper = document[0].render(scale=2).to_pil().convert("RGB")
    height = round(SHOWN * SCREEN[1] / SCREEN[0])
    page = Image.new("RGB", (SHOWN, height), (236, 234, 226))
    paper = paper.crop((paper.width // 20, paper.height // 40, paper.width * 19 // 20, paper.height * 39 // 40))
    small = paper.resize((SHOWN - 16, round((SHOWN - 16) * paper.height / paper.width)), Image.Resampling.LANCZOS)
    page.paste(small, (8, (height - small.height) // 2))
    return _in_frame(page)


def _in_frame(picture: Image.Image) -> Image.Image:
    edge, round_ = 8, 26
    whole = Image.new("RGB", (picture.width + 2 * edge, picture.height + 2 * edge), "white")
    mask = Image.new("L", (picture.width * 2, picture.height * 2), 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, mask.width - 1, mask.height - 1), round_ * 2, fill=255)
    ImageDraw.Draw(whole).rounded_rectangle((0, 0, whole.width - 1, whole.height - 1), round_ + edge, fill=(29, 42, 36))
    whole.paste(picture, (edge, edge), mask.resize(picture.size, Image.Resampling.LANCZOS))
    return whole


if __name__ == "__main__":
    main()
