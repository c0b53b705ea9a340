"""Builds the image with the workplace's container tool and uses the station in it as people and machines do, under 512 MB.

python .ci/container.py [--tag vistobueno] [--keep]   needs root, ../shared/tools/container.sh and the development environment
"""

import argparse
import concurrent.futures
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "browser"))

TOOL = ROOT.parent / "shared" / "tools" / "container.sh"
BASE = "docker.io/library/python:3.11-slim"
NAME, VOLUME = "vistobueno-check", "vistobueno-check-data"
LARGEST = 520_000_000  # bytes of the image; 68 of them set reports on paper
PHOTOGRAPHS, CLIENTS = 200, 8
READY, STOPPED = 60, 5  # seconds
# STORAGE_DRIVER: as the tool. A constraints file of this machine's pip is not among what the tool lends to the build.
ENVIRONMENT = os.environ | {"STORAGE_DRIVER": "vfs", "XDG_CONFIG_DIRS": "/nowhere"}
PASSWORD = "una frase larga de prueba"  # noqa: S105 of a station that lives for one run


def tool(*arguments: str, quiet: bool = True) -> str:
    """Run the container tool; its output."""
    done = subprocess.run(
        ["bash", str(TOOL), *arguments], env=ENVIRONMENT, text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT if quiet else None,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"container.sh {' '.join(arguments[:2])} failed:\n{done.stdout[-4000:]}")
    return done.stdout


def podman(*arguments: str) -> str:
    return tool("podman", *arguments)


def say(what: str, figure: object = "") -> None:
    print(f"container: {what}{f': {figure}' if figure != '' else ''}", flush=True)


def check(true: bool, what: str) -> None:
    if not true:
        sys.exit(f"container: {what}")


def build(tag: str) -> None:
    """The base once, then the unmodified Dockerfile."""
    start = time.monotonic()
    if (
        shutil.which("buildah") is None
        or subprocess.run(
            ["buildah", "inspect", "--type", "image", BASE], env=ENVIRONMENT, capture_output=True, check=False
        ).returncode
    ):
        tool("base")
    tool("build", str(ROOT), tag)
    say("built", f"{time.monotonic() - start:.0f} s")


def look_at(tag: str) -> None:
    """What the image is, before it runs."""
    listed = subprocess.run(
        ["buildah", "inspect", "--type", "image", tag], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    config = json.loads(listed.stdout)["OCIv1"]["config"]
    check(config["User"] == "10001:10001", f"runs as {config['User']}")
    check(config["Cmd"] == ["vistobueno", "serve"], f"starts {config['Cmd']}")
    size = int(podman("image", "inspect", "--format", "{{.Size}}", tag).split()[-1])
    say("size", f"{size / 1e6:.0f} MB")
    check(size <= LARGEST, f"the image is larger than {LARGEST / 1e6:.0f} MB")


def start(tag: str, port: int, secret: str) -> None:
    tool(
        "run", tag, NAME, "--read-only", "--tmpfs", "/tmp:size=128m", "--volume", f"{VOLUME}:/data",
        "--cap-drop", "all", "--security-opt", "no-new-privileges",
        "--env", f"PORT={port}", "--env", "BIND_ADDRESS=127.0.0.1", "--env", f"SECRET_KEY={secret}",
        "--env", f"PUBLIC_URL=http://localhost:{port}",
    )  # fmt: skip


def until_ready(url: str) -> float:
    """Wait until the station is ready; the seconds it took."""
    begun = time.monotonic()
    while time.monotonic() - begun < READY:
        try:
            if httpx.get(f"{url}/readyz", timeout=5).status_code == 200:
                return time.monotonic() - begun
        except httpx.HTTPError:
            time.sleep(0.1)  # between two questions
    sys.exit(f"container: not ready in {READY} s:\n{podman('logs', NAME)[-4000:]}")


def inside(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["podman", "--runtime", "runc", "exec", NAME, *command],
        env=ENVIRONMENT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def look_inside() -> None:
    """What is in it, and what it may do."""
    check(inside("python3", "/app/health.py").returncode == 0, "the health check fails on a ready station")
    program = (
        "import importlib.util, json, os, pathlib, shutil\n"
        "def writable(path):\n"
        "    try:\n"
        "        pathlib.Path(path, 'probe').write_text('x'); os.remove(f'{path}/probe'); return True\n"
        "    except OSError: return False\n"
        "print(json.dumps({'uid': os.getuid(), 'tools': [n for n in ('gcc', 'cc', 'make', 'pip', 'pip3', 'apt-get', 'perl') "
        "if shutil.which(n)], 'heavy': [n for n in ('tensorflow', 'keras', 'torch', 'scipy', 'pip') "
        "if importlib.util.find_spec(n)], 'writable': [p for p in ('/', '/app', '/venv', '/data', '/tmp') if writable(p)]}))"
    )
    found = json.loads(inside("python3", "-c", program).stdout)
    check(found == {"uid": 10001, "tools": [], "heavy": [], "writable": ["/data", "/tmp"]}, f"inside: {found}")


def first_admin(url: str) -> str:
    """Through Chromium: the one-time link makes the first administrator, who signs in and makes a key."""
    from driving import chromium, context_for, jpeg, launched, settled, sign_in, upload
    from playwright.sync_api import sync_playwright

    link = re.search(r"https?://\S+/login/link/\S+", podman("logs", NAME))
    check(link is not None, "the log has no link for the first administrator")
    assert link is not None  # noqa: S101
    path = chromium()
    check(path is not None, "there is no Chromium")
    with sync_playwright() as playwright:
        browser = launched(playwright, str(path))
        guest = context_for(browser, (390, 844)).new_page()
        guest.goto(link[0])
        guest.locator("input[name=name]").fill("Ana Quispe")
        guest.locator("input[name=email]").fill("ana@frutas.example")
        for each in guest.locator("input[type=password]").all():
            each.fill(PASSWORD)
        guest.locator("form button[type=submit]").first.click()
        settled(guest)
        page = context_for(browser, (1280, 860)).new_page()
        sign_in(page, url, "ana@frutas.example", PASSWORD)
        settled(page)
        page.goto(f"{url}/inspect")
        settled(page, ".capture")
        page.set_input_files(
            ".capture .files input",
            [upload("banano.jpg", jpeg("banana_fit", 1)), upload("manzana.jpg", jpeg("apple_unfit", 2))],
        )
        page.locator("a.line").nth(1).wait_for()
        for address in ("/", "/history", "/model", "/account", "/administration?part=storage"):
            page.goto(url + address)
            settled(page)
        page.goto(f"{url}/administration?part=keys")
        settled(page)
        page.get_by_label("Para qué máquina").fill("Clasificadora")
        page.get_by_role("button", name="Crear la clave").click()
        secret = page.locator("#secret").inner_text()
        browser.close()
    return secret


def pictures() -> list[bytes]:
    """Drawn fruit, small ones and ones of 12 megapixels."""
    from driving import jpeg

    classes = ("apple_fit", "apple_unfit", "banana_fit", "banana_unfit", "orange_fit", "orange_unfit")
    sizes = [(640, 480)] * 5 + [(1600, 1200)] * 2 + [(4000, 3000)]
    return [jpeg(classes[number % 6], number, size) for number, size in enumerate(sizes)]


def load(url: str, key: str) -> set[int]:
    """200 photographs from 8 clients; each is sent again, as a client should, where the station is busy."""
    drawn = pictures()
    busy: Counter[str] = Counter()

    def send(number: int) -> int:
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": f"check-{number}", "Content-Type": "image/jpeg"}
        for _ in range(200):
            answer = httpx.post(
                f"{url}/api/v1/inspections", content=drawn[number % len(drawn)], headers=headers, timeout=60
            )
            if answer.status_code != 503:
                break
            busy["503"] += 1
            time.sleep(float(answer.headers["Retry-After"]))
        check(answer.status_code in (200, 201), f"photograph {number}: {answer.status_code} {answer.text[:300]}")
        return int(answer.json()["number"])

    begun = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as clients:
        numbers = set(clients.map(send, range(PHOTOGRAPHS)))
    spent = time.monotonic() - begun
    check(len(numbers) == PHOTOGRAPHS, f"{PHOTOGRAPHS} photographs, {len(numbers)} inspections")
    say(
        f"{PHOTOGRAPHS} photographs at {CLIENTS} clients",
        f"{spent:.1f} s, {PHOTOGRAPHS / spent:.1f}/s, {busy['503']} times busy",
    )
    return numbers


def peak(url: str, key: str) -> float:
    """The most memory the process held, by its own word, in MB."""
    text = httpx.get(f"{url}/metrics", headers={"Authorization": f"Bearer {key}"}, timeout=10).text
    return float(re.search(r"^vistobueno_peak_memory_bytes (\S+)", text, re.MULTILINE)[1]) / 1e6  # type: ignore[index]


def all_there(url: str, key: str, numbers: set[int]) -> None:
    """Every inspection and its photograph."""
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=url, headers=headers, timeout=30) as client:
        for number in numbers:
            photo = client.get(f"/api/v1/inspections/{number}/photo")
            check(
                photo.status_code == 200 and photo.content[:2] == b"\xff\xd8",
                f"inspection {number} lost its photograph",
            )
            check(
                client.get(f"/api/v1/inspections/{number}").json()["number"] == number, f"inspection {number} is gone"
            )


def stop() -> None:
    """SIGTERM, and the end within seconds by its own will."""
    begun = time.monotonic()
    podman("stop", "--time", "30", NAME)
    spent = time.monotonic() - begun
    state = json.loads(podman("inspect", NAME))[0]["State"]
    say("stopped", f"{spent:.1f} s, exit code {state['ExitCode']}")
    check(spent < STOPPED, f"SIGTERM took {spent:.1f} s")
    check(state["ExitCode"] == 0 and not state.get("OOMKilled"), f"it ended with {state['ExitCode']}")


@contextmanager
def cleaned(keep: bool) -> Iterator[None]:
    """Nothing of an earlier run, nothing left behind."""

    def clear() -> None:
        for arguments in (("rm", "--force", "--ignore", NAME), ("volume", "rm", "--force", VOLUME)):
            subprocess.run(
                ["podman", "--runtime", "runc", *arguments], env=ENVIRONMENT, capture_output=True, check=False
            )

    if shutil.which("podman"):
        clear()
    try:
        yield
    except BaseException:  # also an exit: how the station was says why
        state = subprocess.run(["podman", "inspect", "--format", "{{json .State}}", NAME], env=ENVIRONMENT, check=False)
        if state.returncode == 0:
            subprocess.run(["podman", "logs", "--tail", "40", NAME], env=ENVIRONMENT, check=False)
        raise
    finally:
        if not keep:
            clear()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tag", default="vistobueno-check")
    parser.add_argument("--no-build", action="store_true", help="use the image as it is")
    parser.add_argument("--keep", action="store_true", help="leave the container and its data")
    chosen = parser.parse_args()
    if not TOOL.is_file():
        check(not os.environ.get("CI") or not TOOL.parents[1].is_dir(), "../shared is here without its container tool")
        say("skipped, ../shared/tools/container.sh is not beside this checkout")
        return
    from driving import free_port

    port, secret = free_port(), secrets.token_hex(32)
    url = f"http://localhost:{port}"
    with cleaned(chosen.keep):
        if not chosen.no_build:
            build(chosen.tag)
        start(chosen.tag, port, secret)  # installs podman where it is not there yet
        look_at(chosen.tag)
        say("ready", f"{until_ready(url):.1f} s")
        look_inside()
        key = first_admin(url)
        numbers = load(url, key)
        say("most memory of the process", f"{peak(url, key):.0f} MB")
        stop()
        podman("start", NAME)
        until_ready(url)
        all_there(url, key, numbers)
        say(f"{len(numbers)} inspections and photographs are there after a restart")
        stop()


if __name__ == "__main__":
    main()
