"""What speaks to a station under measurement, and the bare loop beside it: `python clients.py NAME JSON`, as child.py."""

import json
import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

BOUNDARY = "station"
EMAIL, PASSWORD = "bench@example.org", "of a station that ends soon"


def key(folder: str, database: str = "") -> str:
    """A key for the station whose records are in ``folder``, or in a database."""
    from vistobueno.accounts import SCOPES, Accounts
    from vistobueno.core.inspection import SYSTEM
    from vistobueno.services import open_records
    from vistobueno.settings import Settings

    settings = Settings(data_dir=Path(folder) / "data", database_url=database)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    engine, _ = open_records(settings)
    access = Accounts(engine, settings)
    admin = access.people.add(EMAIL, "bench", "admin", SYSTEM, password=PASSWORD)
    return access.keys.make("bench", SCOPES, admin)[1]


def send(
    ports: list[int], path: str, headers: dict[str, str], photos: list[str], count: int, clients: int, form: str = ""
) -> dict[str, Any]:
    """Send ``count`` photographs by so many clients, each on one connection; seconds of all, and of each.

    Args:
        ports: of the servers, which the clients share among them.
        form: the field of a form; empty: the bare picture. An answer 503 is waited out and sent again, as a client does.
    """
    bodies = [Path(photo).read_bytes() for photo in photos]
    if form:
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{form}"; filename="a.jpg"\r\n'
        start = f"{head}Content-Type: image/jpeg\r\n\r\n".encode()
        bodies = [start + body + f"\r\n--{BOUNDARY}--\r\n".encode() for body in bodies]
        headers = {**headers, "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    places: Iterator[int] = iter(range(count))
    lock, waits, refused = threading.Lock(), [], [0]

    def client(port: int) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=120) as line:
            while True:
                with lock:
                    place = next(places, None)
                if place is None:
                    return
                begun = time.perf_counter()
                while (status := _post(line, path, bodies[place % len(bodies)], headers)) == 503:
                    refused[0] += 1
                    time.sleep(0.2)
                if status not in (200, 201):
                    raise SystemExit(f"the server answered {status}")
                waits.append(time.perf_counter() - begun)

    start_at = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        for each in [pool.submit(client, ports[number % len(ports)]) for number in range(clients)]:
            each.result()
    return {"seconds": time.perf_counter() - start_at, "waits": waits, "refused": refused[0]}


def _post(line: socket.socket, path: str, body: bytes, headers: dict[str, str]) -> int:
    """The status of an answer. No library: what a client costs is taken from the cores that the server is measured on."""
    told = {"Host": "127.0.0.1", "Content-Length": str(len(body)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    line.sendall(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode())
    line.sendall(body)
    answer = b""
    while (whole := re.match(rb"(?is)HTTP/1.1 (\d+).*?\r\ncontent-length: (\d+)\r\n.*?\r\n\r\n", answer)) is None or (
        len(answer) < whole.end() + int(whole[2])
    ):
        if not (more := line.recv(65536)):
            raise SystemExit("the server ended the connection")
        answer += more
    return int(whole[1])


def browse(port: int) -> None:
    """Sign in with a real browser, look at each page, stay on the one that inspects, say so, and wait to be told to go."""
    sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "browser"))
    from driving import DESK, chromium, context_for, launched, settled, sign_in
    from playwright.sync_api import sync_playwright

    path, url = chromium(), f"http://127.0.0.1:{port}"
    if path is None:
        return
    with sync_playwright() as playwright:
        page = context_for(launched(playwright, path), DESK).new_page()
        sign_in(page, url, EMAIL, PASSWORD)
        settled(page)
        for each in ("history", "model", "administration", "inspect"):
            page.goto(f"{url}/{each}")
            settled(page)
        print("open", flush=True)
        sys.stdin.read()


def bare_many(model: str, photos: list[str], count: int, threads: int) -> float:
    """Seconds that bare loops in so many threads take for ``count`` photographs, once loaded."""
    cover = bare_cover(Path(model))
    local = threading.local()

    def one(place: int) -> None:
        if not hasattr(local, "judge"):
            local.judge = bare_way(Path(model), cover)
        local.judge(Path(photos[place % len(photos)]))

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(one, range(4 * threads)))
        start = time.perf_counter()
        list(pool.map(one, range(count)))
        return time.perf_counter() - start


def bare_cover(model: Path) -> int:
    """The shortest side that decoding must cover: what `open_photo` covers."""
    spec = json.loads((model / "bundle.json").read_text(encoding="utf-8"))["input"]
    return 2 * max(spec["width"], spec["height"])


def bare_way(model: Path, cover: int) -> Callable[[Any], Any]:
    """Pillow and LiteRT and nothing else."""
    from child import _bare

    return _bare(model, cover)


if __name__ == "__main__":
    names: dict[str, Callable[..., Any]] = {"key": key, "send": send, "browse": browse, "bare_many": bare_many}
    print(json.dumps(names[sys.argv[1]](**json.loads(sys.argv[2]))))
