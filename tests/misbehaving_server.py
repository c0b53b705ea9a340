"""A web server on the loopback that misbehaves on purpose: its paths cut, lie, stall or send people round in circles.

It also plays Google Drive: what is asked of ``/drive.google.com/…`` is answered as Drive does, by the file's id.
"""

import ssl
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

LOGIN_PAGE = b"<!DOCTYPE html><html><title>Sign in</title><form action='/login'><input name='user'></form></html>"
_ERROR_PAGE = '<html><body><p class="uc-error-caption">Sorry</p><p class="uc-error-subcaption">{}</p></body></html>'
QUOTA = "Too many users have viewed or downloaded this file recently. Please try accessing the file again later."
INFECTED = "Only the owner is allowed to download infected files."
_WARNING_PAGE = (
    '<html><form id="download-form" action="https://drive.usercontent.google.com/download">'
    '<input type="hidden" name="id" value="{id}"><input type="hidden" name="confirm" value="t"></form></html>'
)


def drive_id(kind: str) -> str:
    """An id as long as Drive's, whose file behaves as ``kind``."""
    return f"{kind:-<33}"


@dataclass
class MisbehavingServer:
    """Serves ``content`` at ``http://127.0.0.1:port/<behaviour>/model.zip`` until the ``with`` block ends."""

    content: bytes
    tls: ssl.SSLContext | None = None
    etag: str | None = '"one"'
    slow: float = 0.0
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    redirect_to: str = ""

    def __enter__(self) -> "MisbehavingServer":
        self._released = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._http.daemon_threads = True
        self._http.owner = self  # type: ignore[attr-defined]
        if self.tls is not None:
            self._http.socket = self.tls.wrap_socket(self._http.socket, server_side=True)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._released.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    @property
    def base(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self._http.server_port}"

    def url(self, behaviour: str) -> str:
        return f"{self.base}/{behaviour}/model.zip"

    def ranges(self) -> list[str | None]:
        """The Range header of every request so far, in order."""
        return [headers.get("range") for _, headers in self.asked]

    def wait(self) -> None:
        """Say nothing until the server ends."""
        self._released.wait(30)


class _Handler(BaseHTTPRequestHandler):
    server: Any

    def log_message(self, *_: object) -> None:
        pass

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (ConnectionError, ssl.SSLError):  # the client has gone, as some tests want
            self.close_connection = True

    def do_GET(self) -> None:
        self.owner: MisbehavingServer = self.server.owner
        self.first = not any(path == self.path for path, _ in self.owner.asked)
        self.owner.asked.append((self.path, {key.lower(): value for key, value in self.headers.items()}))
        behaviour = urlsplit(self.path).path.split("/")[1]
        getattr(self, behaviour.replace("-", "_").replace(".", "_"))()

    # Plain files

    def good(self, *, cut: bool = False, heed: bool = True, ranges: bool = True, kind: str = "application/zip") -> None:
        """Answer as a proper server would, Range and If-Range included, and ``cut`` it in the middle."""
        content, etag = self.owner.content, self.owner.etag
        start = self._asked_start() if ranges else 0
        if heed and etag and self.headers.get("If-Range") not in (None, etag):
            start = 0
        if start >= len(content):
            self._answer(416, {"Content-Range": f"bytes */{len(content)}"})
            return
        headers = {"Content-Length": str(len(content) - start), "Content-Type": kind}
        headers |= {"ETag": etag} if etag else {}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self._answer(206 if start else 200, headers)
        time.sleep(self.owner.slow)
        body = content[start:]
        self.wfile.write(body[: len(body) // 2] if cut else body)

    def no_ranges(self) -> None:
        self.good(ranges=False)

    def cut_once(self) -> None:
        self.good(cut=self.first)

    def cut_once_no_ranges(self) -> None:
        self.good(cut=self.first, ranges=False)

    def cut_always(self) -> None:
        self.good(cut=True)

    def cut_then_deaf(self) -> None:
        self.good(cut=self.first, heed=False)

    def cut_then_wrong_range(self) -> None:
        if self.first or not self._asked_start():
            self.good(cut=self.first)
            return
        content = self.owner.content
        total = str(len(content))
        self._answer(206, {"Content-Length": total, "Content-Range": f"bytes 0-{len(content) - 1}/{total}"})
        self.wfile.write(content)

    def partial_unasked(self) -> None:
        self._answer(206, {"Content-Range": "bytes 7-9/10"}, b"abc")

    def gone_at_once(self) -> None:
        self.close_connection = True

    def silent(self) -> None:
        self.owner.wait()

    def stalls(self) -> None:
        self._answer(200, {"Content-Length": str(len(self.owner.content))}, self.owner.content[:1000])
        self.owner.wait()

    def huge(self) -> None:
        self._answer(200, {"Content-Length": str(10**12)}, b"PK")

    def endless(self) -> None:
        self._answer(200, {})
        while not self.owner._released.is_set():
            self.wfile.write(bytes(64 * 1024))

    def page(self) -> None:
        self._answer(200, {"Content-Type": "application/zip"}, b"\n" + LOGIN_PAGE)

    def status(self) -> None:
        self._answer(int(self.path.split("/")[2]), {"Content-Type": "text/html"}, b"<html>no</html>")

    # Redirections

    def moved(self) -> None:
        self._answer(302, {"Location": "/good/model.zip"})

    def circle(self) -> None:
        self._answer(302, {"Location": self.path})

    def elsewhere(self) -> None:
        self._answer(301, {"Location": self.owner.redirect_to})

    # Google Drive

    def drive_google_com(self) -> None:
        kind = self._drive_kind()
        page = {"quota": QUOTA, "infected": INFECTED}.get(kind)
        if page is not None:
            self._page(_ERROR_PAGE.format(page).encode())
        elif kind == "private":
            self._answer(302, {"Location": "https://accounts.google.com/ServiceLogin"})
        elif kind == "absent":
            self._page(b"<html><title>Error 404 (Not Found)</title></html>", 404)
        elif kind == "away":
            self.elsewhere()
        elif kind in ("large", "circle"):
            self._page(_WARNING_PAGE.format(id=drive_id(kind)).encode())
        else:
            self.drive_usercontent_google_com()

    def drive_usercontent_google_com(self) -> None:
        kind = self._drive_kind()
        if kind == "circle":
            time.sleep(0.02)
            self._page(_WARNING_PAGE.format(id=drive_id("circle")).encode())
            return
        self.good(
            cut=kind == "cut" or (kind == "cutonce" and self.first),
            ranges=kind != "norange",
            kind="application/octet-stream",
        )

    def accounts_google_com(self) -> None:
        self._page(LOGIN_PAGE)

    def _drive_kind(self) -> str:
        return parse_qs(urlsplit(self.path).query)["id"][0].rstrip("-")

    def _page(self, body: bytes, status: int = 200) -> None:
        self._answer(status, {"Content-Type": "text/html; charset=utf-8"}, body)

    def _asked_start(self) -> int:
        return int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))

    def _answer(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        if "drive" in self.path and "Content-Length" in headers:
            headers["Content-Disposition"] = 'attachment; filename="model.zip"'
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)
