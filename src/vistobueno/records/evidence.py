"""Where photographs are kept. What `put` took is durable when it returns, or it raises and there is nothing."""

import contextlib
import os
import re
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine

from ..settings import Settings
from .database import Unavailable

KEY = re.compile(r"\d{4}/\d{2}/\d{2}/[0-9a-f]{32}\.jpg")


def new_key(at: datetime | None = None) -> str:
    """A key that nobody has, in the folder of its day."""
    return f"{at or datetime.now(UTC):%Y/%m/%d}/{secrets.token_hex(16)}.jpg"


class EvidenceMissing(Exception):
    """There is no photograph under this key."""


class Evidence(Protocol):
    """A store of photographs by key.

    Every method raises `Unavailable` (``evidence_away``, ``disk_full``) when the store does not answer.
    """

    def put(self, key: str, data: bytes) -> None:
        """Keep a photograph; durable when this returns."""

    def get(self, key: str) -> bytes:
        """A photograph, or `EvidenceMissing`."""

    def delete(self, key: str) -> None:
        """Remove a photograph; one that is not there is no error."""

    def keys(self, prefix: str = "") -> Iterator[tuple[str, datetime]]:
        """Keys that begin with ``prefix``, a folder, and when each was put."""

    def check(self) -> None:
        """Raise when a photograph could not be put now."""


def open_evidence(settings: Settings, engine: Engine) -> Evidence:
    """The store that EVIDENCE_URL names."""
    return FolderEvidence(Path(settings.evidence_url or settings.data_dir / "evidence"))


class FolderEvidence:
    """Photographs in a folder, one file each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with _answering():
            self.folder.mkdir(parents=True, exist_ok=True)

    def put(self, key: str, data: bytes) -> None:
        """Write beside, make durable, rename, make the folder durable."""
        path = self._path(key)
        beside = path.with_suffix(".part")
        with _answering():
            self._make(path.parent)
            try:
                with beside.open("xb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                beside.rename(path)
            except OSError:
                with contextlib.suppress(OSError):
                    beside.unlink()
                raise
            _fsync_folder(path.parent)

    def get(self, key: str) -> bytes:
        """A photograph."""
        try:
            with _answering(missing=True):
                return self._path(key).read_bytes()
        except FileNotFoundError as error:
            raise EvidenceMissing(key) from error

    def delete(self, key: str) -> None:
        """Remove a photograph."""
        with _answering():
            self._path(key).unlink(missing_ok=True)

    def keys(self, prefix: str = "") -> Iterator[tuple[str, datetime]]:
        """Every photograph, and what a crash left half-written."""
        with _answering():
            for path in sorted((self.folder / prefix).rglob("*")):
                if path.suffix in (".jpg", ".part"):
                    put = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                    yield path.relative_to(self.folder).as_posix(), put

    def check(self) -> None:
        """Write a file and remove it."""
        with _answering():
            path = self.folder / f".check-{secrets.token_hex(8)}"
            try:
                path.write_bytes(b"visto bueno")
            finally:
                path.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        if not KEY.fullmatch(key.removesuffix(".part").removesuffix(".jpg") + ".jpg"):
            raise EvidenceMissing(key)
        return self.folder / key

    def _make(self, folder: Path) -> None:
        """A folder is durable when the one above it knows it."""
        if folder.is_dir():
            return
        if folder == self.folder:
            raise FileNotFoundError(folder)  # what was there at start was taken away: a disk that is not mounted
        self._make(folder.parent)
        folder.mkdir(exist_ok=True)
        _fsync_folder(folder.parent)


def _fsync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@contextlib.contextmanager
def _answering(missing: bool = False) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if missing and isinstance(error, FileNotFoundError):
            raise
        raise unavailable(error) from error


def unavailable(error: OSError) -> Unavailable:
    """What to say of a store that does not answer."""
    import errno

    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return Unavailable(
            "disk_full",
            es="No queda espacio en el disco. No se guardó nada; libere espacio y envíelo otra vez.",
            en="The disk is full. Nothing was kept; free some space and send it again.",
        )
    return Unavailable(
        "evidence_away",
        es="El almacén de fotografías no responde. No se guardó nada; inténtelo otra vez en un momento.",
        en="The store of photographs does not answer. Nothing was kept; try again in a moment.",
    )
