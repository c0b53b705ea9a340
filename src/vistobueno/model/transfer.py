"""Bytes from an address into a partial file, resumed when they were cut. Whether to trust them is not decided here."""

import contextlib
import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from ..core.errors import DownloadFailed
from .failures import failed

Progress = Callable[[int, int | None], None]
"""Called with the bytes that have come and the bytes there are in all, if the server tells."""

PAUSES = (0.5, 1.0, 2.0)  # seconds before each new try after a passing failure
TIMEOUT = (10.0, 30.0)  # seconds to connect, and between two reads
DRIVE_START = 120.0  # seconds until Drive must have sent the first byte: its warning page can lead to itself for ever
_REDIRECTS = 10
_CHUNK = 32 * 1024  # what a cut loses at most
_PASSING = {"download_cut", "download_timeout", "download_unreachable"}


@dataclass(frozen=True)
class Transfer:
    """One fetch: from where, into which partial file, and within what bounds.

    Attributes:
        hashed: the whole will be checked by hash, so bytes kept from a server that names no version may be continued.
        limit: most bytes to accept.
    """

    url: str
    part: Path
    hashed: bool
    limit: int
    progress: Progress | None = None

    @property
    def shown(self) -> str:
        """The address without credentials and signed queries, for people."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.hostname}{parts.path}" if parts.hostname else self.url

    def told(self, done: int, total: int | None) -> None:
        """Pass progress on, and refuse what is too large.

        Raises:
            DownloadFailed: ``download_too_large``.
        """
        if max(done, total or 0) > self.limit:
            self.discard()
            raise failed("download_too_large", url=self.shown, limit=self.limit // 1_000_000)
        if self.progress is not None:
            self.progress(done, total)

    def discard(self) -> None:
        """Forget what was kept of an earlier try."""
        for kept in (self.part, self.note, *self.drive_parts):
            kept.unlink(missing_ok=True)

    @property
    def note(self) -> Path:
        """What is known of the partial file: its address and the server's name for its version."""
        return self.part.with_name(f"{self.part.name}.json")

    @property
    def drive_parts(self) -> list[Path]:
        """The partial files of gdown: its output's name, eight characters, ``.part``."""
        return list(self.part.parent.glob(f"{self.part.name}{'?' * 8}.part"))


def fetch_http(transfer: Transfer) -> bool:
    """Bring the whole file into ``transfer.part``; true if it was put together from more than one answer.

    Raises:
        DownloadFailed: any ``download_…`` of the network.
    """
    pauses = iter(PAUSES)
    spliced = False
    with requests.Session() as session:
        while True:
            try:
                start, validator = _kept(transfer)
                if _attempt(session, transfer, start, validator):
                    return spliced or start > 0
                transfer.discard()
            except DownloadFailed as failure:
                pause = next(pauses, None)
                if failure.code not in _PASSING or pause is None:
                    raise
                spliced = spliced or start > 0
                time.sleep(pause)


def fetch_drive(transfer: Transfer, file_id: str) -> bool:
    """Bring a Google Drive file into ``transfer.part``; true if it was put together from more than one answer.

    Raises:
        DownloadFailed: ``drive_quota``, ``drive_not_shared``, ``drive_refused`` or any ``download_…`` of the network.
    """
    kept = transfer.drive_parts
    transfer.part.unlink(missing_ok=True)
    if len(kept) > 1 or not transfer.hashed:
        transfer.discard()
        kept = []
    try:
        _gdown(transfer, file_id)
    except _RangeIgnoredError:
        transfer.discard()
        _gdown(transfer, file_id)
        return False
    return bool(kept)


class _RangeIgnoredError(Exception):
    """The server would not continue where the partial file ends."""


def _gdown(transfer: Transfer, file_id: str) -> None:
    import gdown
    from gdown.exceptions import DownloadCancelled, DownloadError, FileURLRetrievalError

    silent = threading.Event()
    watch = threading.Timer(DRIVE_START, silent.set)

    def progress(done: int, total: int | None) -> None:
        watch.cancel()
        transfer.told(done, total)

    watch.daemon = True
    watch.start()
    try:
        with _network(transfer):
            gdown.download(
                id=file_id,
                output=str(transfer.part),
                quiet=True,
                use_cookies=False,
                resume=transfer.hashed,
                progress=progress,
                timeout=TIMEOUT,
                retries=len(PAUSES),
                cancel=silent,
            )
    except FileURLRetrievalError as error:
        raise _drive_failure(str(error)) from error
    except DownloadCancelled as error:
        raise failed("download_timeout", url=transfer.shown) from error
    except DownloadError as error:
        if "byte range" in str(error) and transfer.drive_parts:
            raise _RangeIgnoredError from error
        if isinstance(error.__cause__, requests.RequestException):
            raise _network_failure(error.__cause__, transfer) from error
        raise failed("download_cut", url=transfer.shown) from error
    finally:
        watch.cancel()


def _drive_failure(text: str) -> DownloadFailed:
    """What Drive's page means. gdown passes on the sentence of an error page, or says that it found no link."""
    if re.search(r"too many users|quota|demasiad|cuota", text, re.IGNORECASE):
        return failed("drive_quota")
    if "Cannot retrieve the public link" in text:
        return failed("drive_not_shared")
    said = text.removeprefix("Failed to retrieve file url:").split("You may still be able")[0]
    return failed("drive_refused", reason=" ".join(said.split()))


def _attempt(session: requests.Session, transfer: Transfer, start: int, validator: str | None) -> bool:
    """One request and its whole body. False: what was kept does not fit what the server has now."""
    headers = {"Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
        if validator:
            headers["If-Range"] = validator
    with _network(transfer), _opened(session, transfer, headers) as response:
        if response.status_code == requests.codes.requested_range_not_satisfiable and start:
            return response.headers.get("Content-Range") == f"bytes */{start}"
        _check_status(response, transfer)
        total = _length(response)
        if response.status_code == requests.codes.partial_content:
            found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
            if found is None or int(found[1]) != start or _changed(response, validator):
                if start == 0:
                    raise failed("download_server", url=transfer.shown, status=response.status_code)
                return False
            total = int(found[2]) if found[2] != "*" else None
        else:
            start = 0
        transfer.told(start, total)
        _remember(transfer, response)
        done = start
        with transfer.part.open("ab" if start else "wb") as file:
            for chunk in response.iter_content(_CHUNK):
                file.write(chunk)
                done += len(chunk)
                transfer.told(done, total)
    if total is not None and done < total:
        raise failed("download_cut", url=transfer.shown)
    return True


@contextlib.contextmanager
def _opened(session: requests.Session, transfer: Transfer, headers: dict[str, str]) -> Iterator[requests.Response]:
    """The answer at the end of the redirections, none of which may leave encryption."""
    url = transfer.url
    for _ in range(_REDIRECTS):
        with session.get(url, headers=headers, stream=True, timeout=TIMEOUT, allow_redirects=False) as response:
            target = session.get_redirect_target(response)
            if target is None:
                yield response
                return
        target = urljoin(url, target)
        if urlsplit(url).scheme == "https" and urlsplit(target).scheme != "https":
            raise failed("download_downgrade", url=transfer.shown)
        url = target
    raise failed("download_redirects", url=transfer.shown)


def _check_status(response: requests.Response, transfer: Transfer) -> None:
    status = response.status_code
    if status in (requests.codes.ok, requests.codes.partial_content):
        return
    code = {401: "download_forbidden", 403: "download_forbidden", 404: "download_not_found", 410: "download_not_found"}
    raise failed(code.get(status, "download_server"), url=transfer.shown, status=status)


@contextlib.contextmanager
def _network(transfer: Transfer) -> Iterator[None]:
    """Turn what requests raises into what a person can read."""
    try:
        yield
    except requests.RequestException as error:
        raise _network_failure(error, transfer) from error


def _network_failure(error: requests.RequestException, transfer: Transfer) -> DownloadFailed:
    inner = error.args[0] if error.args else None
    broken = requests.exceptions.ChunkedEncodingError, urllib3.exceptions.ProtocolError
    if isinstance(error, requests.exceptions.SSLError):
        code = "download_tls"
    elif isinstance(error, requests.Timeout) or isinstance(inner, urllib3.exceptions.ReadTimeoutError):
        code = "download_timeout"
    elif isinstance(error, broken) or isinstance(inner, broken):
        code = "download_cut"
    elif isinstance(error, requests.ConnectionError):
        code = "download_unreachable"
    elif isinstance(error, requests.HTTPError) and error.response is not None:
        return failed("download_server", url=transfer.shown, status=error.response.status_code)
    else:
        code = "download_address"
    return failed(code, url=transfer.shown)


def _kept(transfer: Transfer) -> tuple[int, str | None]:
    """How many bytes of this very file are there already, and the version they belong to."""
    try:
        note = json.loads(transfer.note.read_text("utf-8"))
        size = transfer.part.stat().st_size
    except (OSError, ValueError):
        return 0, None
    if note.get("url") != _fingerprint(transfer.url) or not (note.get("validator") or transfer.hashed):
        return 0, None
    return size, note.get("validator")


def _remember(transfer: Transfer, response: requests.Response) -> None:
    note = {"url": _fingerprint(transfer.url), "validator": _validator(response)}
    transfer.note.write_text(json.dumps(note), "utf-8")


def _fingerprint(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()  # an address may carry a signature that is not ours to keep


def _validator(response: requests.Response) -> str | None:
    """What names this version of the file; a weak ETag does not (RFC 9110, 13.1.5)."""
    etag = response.headers.get("ETag", "")
    return etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified")


def _changed(response: requests.Response, validator: str | None) -> bool:
    """Whether a partial answer is of another version, for servers that do not heed If-Range."""
    now = _validator(response)
    return validator is not None and now is not None and now != validator


def _length(response: requests.Response) -> int | None:
    length = response.headers.get("Content-Length", "")
    encoded = response.headers.get("Content-Encoding", "identity") != "identity"
    return int(length) if length.isdecimal() and not encoded else None
