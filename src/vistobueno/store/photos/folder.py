"""Photographs in a folder, one file each."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from ..private import make_folder, mend, new_file
from .protocol import KEY, EvidenceMissing, Taken, unavailable


class FolderEvidence:
    """Photographs in a folder, one file each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with _answering():
            make_folder(self.folder)
        for year in self.folder.glob("[0-9]" * 4):
            mend(year)

    @property
    def place(self) -> str:
        """The folder."""
        return str(self.folder.resolve())

    def put(self, key: str, data: bytes) -> None:
        """Write beside, make durable, rename, make the folder durable."""
        path = self._path(key)
        beside = path.with_suffix(".part")
        with _answering():
            self._make(path.parent)
            try:
                with new_file(beside) as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                beside.rename(path)
            except OSError:
                with contextlib.suppress(OSError):
                    beside.unlink()
                raise
            fsync_folder(path.parent)

    def get(self, key: str) -> bytes:
        """A photograph."""
        try:
            with _answering(missing=True):
                return self._path(key).read_bytes()
        except FileNotFoundError as error:
            if not self.folder.is_dir():  # not this photograph is away, all are
                raise unavailable(error) from error
            raise EvidenceMissing(key) from error

    def delete(self, key: str) -> None:
        """Remove a photograph."""
        with _answering():
            self._path(key).unlink(missing_ok=True)

    def each_key(self, folder: str = "") -> Iterator[tuple[str, datetime]]:
        """Every photograph, and what a crash left half-written."""
        with _answering():
            for home, folders, names in os.walk(self.folder / folder):
                folders.sort()
                for path in (Path(home) / name for name in sorted(names) if name.endswith((".jpg", ".part"))):
                    with contextlib.suppress(FileNotFoundError):  # removed meanwhile, or whole now
                        put = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                        yield path.relative_to(self.folder).as_posix(), put

    def taken(self) -> Taken:
        """Of the files as long as they are; a disk takes somewhat more."""
        count = size = 0
        with _answering():
            for home, _, names in os.walk(self.folder):
                for name in names:
                    if name.endswith(".jpg"):
                        with contextlib.suppress(FileNotFoundError):  # removed meanwhile
                            size += (Path(home) / name).stat().st_size
                            count += 1
        return Taken(count, size)

    def check(self) -> None:
        """Write a file and remove it."""
        with _answering():
            path = self.folder / f".check-{secrets.token_hex(8)}"
            try:
                with new_file(path) as file:
                    file.write(b"visto bueno")
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
        folder.mkdir(0o700, exist_ok=True)
        fsync_folder(folder.parent)


def fsync_folder(folder: Path) -> None:
    """What was renamed into a folder is durable from now on."""
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
