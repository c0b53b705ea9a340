"""A model bundle from elsewhere: fetched, verified and put in place whole, or not at all."""

import errno
import hashlib
import os
import re
import shutil
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from filelock import FileLock, Timeout

from .bundle import read_bundle, zip_bundle
from .failures import failed
from .transfer import Progress, Transfer, fetch_drive, fetch_http
from .whole import sync_folder

LARGEST = 512 * 1024 * 1024
LOCK_WAIT = 1800.0  # seconds to wait for another process that fetches the same model
_FULL = (errno.ENOSPC, errno.EDQUOT)
_DRIVE_HOSTS = ("drive.google.com", "docs.google.com")
_DRIVE_ID = re.compile(r"[-\w]{25,}")


def download_model(
    url: str,
    sha256: str | None,
    to: Path,
    *,
    progress: Progress | None = None,
    allow_unverified: bool = False,
    max_bytes: int = LARGEST,
) -> Path:
    """Fetch a bundle and put it at ``to`` as one .zip. What was cut is resumed by the next call.

    Args:
        url: Google Drive share link or id, http(s) address, file URL, or the path of a .zip or of a bundle's folder.
        sha256: of the file; of a folder, the bundle's digest (that of bundle.json). Anything that comes over a network
            needs one.
        to: the .zip to write. Nothing happens if it is there already with the right hash.
        progress: called with the bytes so far and in all.
        max_bytes: the most that a model may take.
        allow_unverified: trust the network; the bundle is still checked against the hashes it carries itself.

    Raises:
        DownloadFailed: what happened, as in ``failures``; ``to`` is as it was.
        BundleRefused: the file has the right hash, and is not a bundle that can be read.
    """
    expected = _expected(sha256)
    kind, source = _source(url)
    beside = to.with_name(f".{to.name}.part")
    transfer = Transfer(url, beside, hashed=expected is not None, limit=max_bytes, progress=progress)
    if kind != "local" and expected is None and not allow_unverified:
        raise failed("sha256_missing", url=transfer.shown)
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(to.with_name(f".{to.name}.lock"), timeout=LOCK_WAIT):
            if expected is not None and to.is_file() and _sha256(to) == expected:
                return to
            try:
                _bring(kind, source, transfer, expected)
                _put_in_place(transfer, to)
            except OSError as error:
                if error.errno in _FULL:  # a full disk harms more than this download
                    transfer.discard()
                raise
    except Timeout as error:
        raise failed("download_busy", to=to) from error
    except OSError as error:
        if error.errno in _FULL:
            raise failed("download_disk_full", folder=to.parent) from error
        raise failed("download_disk", folder=to.parent, reason=error.strerror or error) from error
    return to


def cached_model(url: str, sha256: str) -> Path:
    """The bundle that MODEL_URL names: a local one where it lies, any other fetched once into the user's cache.

    Raises:
        DownloadFailed, BundleRefused: as `download_model`.
    """
    expected = _expected(sha256)
    kind, source = _source(url)
    if kind == "local":
        _check_local(Path(source), expected)
        return Path(source)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return download_model(url, sha256, cache / "vistobueno" / f"{expected}.zip")


def _source(url: str) -> tuple[str, str]:
    """What an address names: ("drive", id), ("http", url) or ("local", path)."""
    parts = urlsplit(url)
    if parts.scheme in ("http", "https") and parts.hostname in _DRIVE_HOSTS:
        return "drive", _drive_id(url, parts.path)
    if parts.scheme in ("http", "https") and parts.hostname:
        return "http", url
    if parts.scheme == "file" and parts.hostname in (None, "", "localhost"):
        return "local", url2pathname(parts.path)
    if len(parts.scheme) > 1 or not url:  # one letter is a Windows drive
        raise failed("download_address", url=url)
    if _DRIVE_ID.fullmatch(url) and not Path(url).exists():
        return "drive", url
    return "local", str(Path(url).expanduser())


def _drive_id(url: str, path: str) -> str:
    from gdown.parse_url import parse_url

    if "/folders/" in path:
        raise failed("drive_folder", url=url)
    file_id, _ = parse_url(url)
    if not file_id:
        raise failed("download_address", url=url)
    return str(file_id)


def _bring(kind: str, source: str, transfer: Transfer, expected: str | None) -> None:
    """Fetch into the partial file and verify. One put together from two answers is fetched again if wrong."""
    if kind == "local":
        _copy(Path(source), transfer, expected)
        return
    for _ in range(2):
        spliced = fetch_drive(transfer, source) if kind == "drive" else fetch_http(transfer)
        found, web_page = _sha256(transfer.part), _is_web_page(transfer.part)
        if expected in (None, found) and not web_page:
            return
        transfer.discard()
        if web_page:
            raise failed("download_html", url=transfer.shown)
        if not spliced:
            break
    raise failed("download_wrong_hash", url=transfer.shown, found=found, expected=expected)


def _copy(source: Path, transfer: Transfer, expected: str | None) -> None:
    transfer.discard()
    _check_local(source, expected)
    if source.is_dir():
        zip_bundle(read_bundle(source), transfer.part)
        return
    transfer.told(source.stat().st_size, source.stat().st_size)
    shutil.copyfile(source, transfer.part)
    _check_local(transfer.part, expected)


def _check_local(source: Path, expected: str | None) -> None:
    if not source.exists():
        raise failed("download_not_found", url=source)
    if expected is not None:
        found = read_bundle(source).digest if source.is_dir() else _sha256(source)
        if found != expected:
            raise failed("download_wrong_hash", url=source, found=found, expected=expected)


def _put_in_place(transfer: Transfer, to: Path) -> None:
    """Move the verified file to ``to``, durable and in one step, if it is a bundle that can be read."""
    try:
        read_bundle(transfer.part)
        with transfer.part.open("rb") as file:
            os.fsync(file.fileno())
        transfer.part.replace(to)
    finally:
        transfer.discard()
    sync_folder(to.parent)


def _expected(sha256: str | None) -> str | None:
    if not sha256:
        return None
    if not re.fullmatch(r"[0-9a-fA-F]{64}", sha256.strip()):
        raise failed("sha256_invalid", sha256=sha256)
    return sha256.strip().lower()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_web_page(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(1024).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head"))
