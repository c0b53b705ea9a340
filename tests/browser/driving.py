"""Drives the station as people do: a real server on a free port, a real Chromium, pictures that the project draws."""

import io
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import cos, sin
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from playwright.sync_api import Browser, BrowserContext, Page, Playwright

from vistobueno.accounts import Accounts
from vistobueno.cli.drawn import draw_photo
from vistobueno.core.inspection import SYSTEM
from vistobueno.settings import Settings
from vistobueno.store.database import open_database

ROOT = Path(__file__).parents[2]
WITHOUT_AUDIT = {"AUDIT_SHARE": "0", "AUDIT_FIRST": "0"}
"""A queue of what the model doubts alone, unless a test asks for the audit; scripts outside of the tests use this file too."""
ARTEFACTS = ROOT / "artefacts" / "screenshots"
PASSWORD = "una frase larga de prueba"  # noqa: S105 of people who live for one test run
FILES = ".capture .files input"
PHONE, DESK = (390, 844), (1280, 860)
PATIENCE = 30_000  # milliseconds; a state is waited for, never a time
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
          "--disable-component-update", "--disable-sync", "--use-fake-device-for-media-stream",
          "--use-fake-ui-for-media-stream")  # fmt: skip


@dataclass(frozen=True)
class Person:
    """Somebody who signs in."""

    name: str
    role: str
    language: str = "es"

    @property
    def email(self) -> str:
        return f"{self.name.split()[0].lower()}@frutas.example"


ANA = Person("Ana Quispe", "admin")
SOFIA = Person("Sofia Rojas", "supervisor")
LUIS = Person("Luis Condori", "inspector")
EMMA = Person("Emma Hart", "admin", "en")
EVERYBODY = (ANA, SOFIA, LUIS, EMMA)


@dataclass(frozen=True)
class Running:
    """A station that runs, and the way to its people."""

    url: str
    access: Accounts
    log: Path
    pid: int


def chromium() -> str | None:
    """The browser of this machine, if it has one."""
    return next(filter(None, map(shutil.which, _CHROMIUM)), None)


def launched(playwright: Playwright, path: str) -> Browser:
    """A Chromium with a camera that shows a drawn picture."""
    return playwright.chromium.launch(executable_path=path, args=list(_FLAGS))


@contextmanager
def running(folder: Path, people: Sequence[Person] = EVERYBODY, port: int = 0, **environment: str) -> Iterator[Running]:
    """The station as `uvicorn main:app`, with a database of its own and these people in it; in the same folder again."""
    port = port or free_port()
    log = folder / "server.log"
    settings = Settings(data_dir=folder / "data", secret_key="for one test run")  # noqa: S106 as PASSWORD
    variables = {
        **{
            name: value
            for name, value in os.environ.items()
            if name not in ("DATABASE_URL", "MODEL_PATH", "EVIDENCE_URL")
        },
        "DATA_DIR": str(settings.data_dir),
        "SECRET_KEY": settings.secret_key,
        "PORT": str(port),
        "ADMIN_EMAIL": "first@frutas.example",
        "ADMIN_PASSWORD": PASSWORD,
        **WITHOUT_AUDIT,
        **environment,
    }
    command = [sys.executable, "-m", "uvicorn", "main:app", "--port", str(port), "--log-level", "warning"]
    with (
        log.open("a") as output,
        subprocess.Popen(command, cwd=ROOT, env=variables, stdout=output, stderr=output) as server,
    ):
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_ready(url, server, log)
            access = Accounts(open_database(f"sqlite:///{settings.data_dir.resolve() / 'vistobueno.sqlite'}"), settings)
            known = {each.email: each for each in access.people.all()}
            for each in people:
                if each.email not in known:
                    access.people.add(
                        each.email, each.name, each.role, SYSTEM, password=PASSWORD, language=each.language
                    )
            yield Running(url, access, log, server.pid)
        finally:
            server.terminate()
            server.wait(20)


def context_for(browser: Browser, size: tuple[int, int], **more: Any) -> BrowserContext:
    """A browser window of its own: a phone where the size is one's."""
    phone = size[0] < 600
    made = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        is_mobile=phone,
        has_touch=phone,
        locale="es-PE",
        timezone_id="America/Lima",
        permissions=["camera", "clipboard-write", "clipboard-read"],
        reduced_motion="reduce",
        **more,
    )
    made.set_default_timeout(PATIENCE)
    return made


def sign_in(page: Page, url: str, email: str, password: str = PASSWORD) -> None:
    """Fill in the sign-in page."""
    page.goto(f"{url}/login")
    page.locator("input[type=email], input[name=email]").first.fill(email)
    page.locator("input[type=password]").first.fill(password)
    page.locator("form button[type=submit], form input[type=submit]").first.click()


def settled(page: Page, selector: str = "h1") -> None:
    """Wait until the page is whole: the script has run, what it shows is there, every picture has come."""
    page.wait_for_selector(selector, state="attached")
    page.wait_for_function(
        """() => document.querySelector(
             'html[data-ready], [data-test-script-state=notRunning][data-test-connection-state=CONNECTED]')
           && [...document.querySelectorAll('.vb img')].every((each) => each.complete || each.loading === 'lazy')"""
    )


def shot(page: Page, name: str) -> Path:
    """Keep a picture of the whole page."""
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    size = page.viewport_size
    assert size is not None
    tall = page.evaluate("document.querySelector('.stMain')?.scrollHeight ?? document.body.scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": max(size["height"], min(tall, 3000))})
    path = ARTEFACTS / f"{name}.png"
    page.screenshot(path=path)
    page.set_viewport_size(size)
    return path


def jpeg(key: str, seed: int, size: tuple[int, int] = (640, 480)) -> bytes:
    """A drawn fruit as a camera would send it."""
    return jpeg_of(draw_photo(key, seed, size))


def berry() -> bytes:
    """A fruit that the model never learnt: violet, of many drupelets, on a table."""
    image = Image.new("RGB", (640, 480), (176, 170, 160))
    pen = ImageDraw.Draw(image)
    for step in range(120):
        share = step / 120
        colour = (int(60 + 30 * share), int(20 + 20 * share), int(80 + 40 * share))
        pen.ellipse((170 + step * 0.8, 90 + step * 0.7, 500 - step * 0.6, 390 - step * 0.9), fill=colour)
    for place in range(60):
        far = (place / 60) ** 0.5
        x, y = 335 + 150 * far * cos(place * 2.4), 240 + 110 * far * sin(place * 2.4)
        pen.ellipse((x - 14, y - 14, x + 14, y + 14), fill=(40, 30, 80))
    pen.line((190, 160, 160, 120), fill=(90, 60, 40), width=9)
    return jpeg_of(image)


def upload(name: str, data: bytes) -> dict[str, Any]:
    """A file as the browser's chooser gives it."""
    return {"name": name, "mimeType": "application/zip" if name.endswith(".zip") else "image/jpeg", "buffer": data}


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A ZIP of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def jpeg_of(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait_until_ready(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + 90
    while time.monotonic() < end:
        if server.poll() is not None:
            raise RuntimeError(f"the station ended at its start:\n{log.read_text()}")
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:  # noqa: S310 our own server
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)  # between two questions, not for luck
    raise RuntimeError(f"the station was not ready in 90 s:\n{log.read_text()}")
