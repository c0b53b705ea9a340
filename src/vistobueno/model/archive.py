"""What a bundle is kept in: the files of a folder or of one .zip, which is read where it lies, and .npz arrays."""

import errno
import hashlib
import io
import math
import os
import tempfile
import tokenize
import zipfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import BundleRefused
from ..core.folders import lies_beside
from ..core.zips import UNPACKING, Entry, content, entries, member, open_zip, whole_entries

LARGEST = 512 * 1024 * 1024  # bytes, unpacked, of one file and of all in a .zip
_MOST_ENTRIES = 1_000
UNREADABLE = (*UNPACKING, KeyError, TypeError, AttributeError, OverflowError, MemoryError)
"""What a bundle's file raises that is not what it should be."""


class Files:
    """The files of a bundle in its folder or its .zip. Nothing is unpacked to disk: nothing can be left there.

    Args:
        names: the files that a bundle may have; wherever in a .zip they are.

    Raises:
        BundleRefused: ``bundle_damaged``, of a .zip; so do its methods.
    """

    def __init__(self, path: Path, names: Collection[str]) -> None:
        self._path = path
        self._entries: dict[str, Entry] | None = None
        if path.is_file():
            with _damaged(path), open_zip(path, _MOST_ENTRIES) as archive:
                self._entries = _members(archive, names)

    def __contains__(self, name: str) -> bool:
        return (self._path / name).is_file() if self._entries is None else name in self._entries

    def sha256(self, name: str) -> str:
        """The hash of one file, hex."""
        with self._open(name) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # of a .zip too

    def read(self, name: str, most: int = LARGEST) -> bytes:
        """All of one file.

        Raises:
            ValueError: it is larger than ``most`` bytes.
            FileNotFoundError: it is not there any more.
        """
        if name not in self:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self._path / name))
        size = (self._path / name).stat().st_size if self._entries is None else self._entries[name].info.file_size
        if size > most:
            raise ValueError(f"{name}: larger than {most} bytes")
        with self._open(name) as file:
            return file.read(size)

    @contextmanager
    def _open(self, name: str) -> Iterator[IO[bytes]]:
        if self._entries is None:
            with (self._path / name).open("rb") as file:
                yield file
            return
        with (
            _damaged(self._path),
            open_zip(self._path, _MOST_ENTRIES) as archive,
            member(archive, self._entries[name]) as entry,
        ):
            yield entry


def _members(archive: zipfile.ZipFile, names: Collection[str]) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for entry in whole_entries(archive):
        parts = entry.name.split("/")
        if entry.is_folder or parts[-1] not in names or lies_beside(*parts):
            continue
        if parts[-1] in found:
            raise zipfile.BadZipFile(f"two files are called {parts[-1]}")
        found[parts[-1]] = entry
    if sum(entry.info.file_size for entry in found.values()) > LARGEST:
        raise zipfile.BadZipFile("larger than a model may be")
    return found


@contextmanager
def _damaged(path: Path) -> Iterator[None]:
    try:
        yield
    except UNREADABLE as error:
        raise BundleRefused(
            "bundle_damaged",
            es=f"{path.name} no es un .zip de modelo que se pueda leer ({error}). Descárguelo otra vez.",
            en=f"{path.name} is not a readable model .zip ({error}). Download it again.",
        ) from error


def npz_bytes(**arrays: Any) -> bytes:
    """The arrays as the bytes of an uncompressed .npz that are the same each time."""
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for key in sorted(arrays):
                with archive.open(zipfile.ZipInfo(f"{key}.npy"), "w") as entry:
                    np.lib.format.write_array(entry, np.asarray(arrays[key]), allow_pickle=False)
        file.seek(0)
        return file.read()


def npz_arrays(data: bytes) -> dict[str, NDArray[Any]]:
    """The arrays of an .npz as `npz_bytes` makes it. They take no more memory than ``data``, whatever it declares.

    Raises:
        any of `UNREADABLE`.
    """
    with open_zip(io.BytesIO(data), _MOST_ENTRIES) as archive:
        found = entries(archive)
        if any(entry.info.compress_type != zipfile.ZIP_STORED for entry in found):
            raise ValueError("a compressed array")
        return {entry.name.removesuffix(".npy"): _array(content(archive, entry, len(data))) for entry in found}


def _array(raw: bytes) -> NDArray[Any]:
    file = io.BytesIO(raw)
    try:
        version = np.lib.format.read_magic(file)
        reads = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        shape, in_columns, kind = reads[version](file)
    except (tokenize.TokenError, SyntaxError) as error:
        raise ValueError("an array that says nothing of itself") from error
    if kind.hasobject or math.prod(shape) * kind.itemsize != len(raw) - file.tell():
        raise ValueError("an array of another size than it declares")
    return np.frombuffer(raw, kind, offset=file.tell()).reshape(shape, order="F" if in_columns else "C")


def write_zip(files: Files, names: Sequence[str], target: Path) -> Path:
    """Write files of a bundle as one .zip, whole or not at all; returns ``target``."""
    beside = target.with_name(f".{target.name}.part")
    try:
        with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in names:
                archive.writestr(zipfile.ZipInfo(name), files.read(name), zipfile.ZIP_DEFLATED)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    return target
