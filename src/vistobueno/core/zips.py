"""Untrusted ZIPs: which entries are read, under what name, and never more of one than was asked for.

Only what is stored or deflated is read: the other methods give out all at once, 1 GB from 830 bytes.
"""

import io
import lzma
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Literal

UNPACKING = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, ValueError)
"""What a damaged ZIP raises."""
_READ = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED, _UTF8 = 0x1 | 0x40, 0x800  # flags of an entry
_UNICODE_PATH = 0x7075
_END, _END_LENGTH = b"PK\x05\x06", 22
_WIDE, _WIDE_END, _WIDE_LENGTH = b"PK\x06\x06", b"PK\x06\x07", 56 + 20  # of ZIP64: a record, then where to find it
_LOCAL = 30  # bytes of an entry's own header, the least
_DIRECTORY = 1_000  # bytes of the list of entries that one of them may take

Refusal = Literal["encrypted", "method", "overlap"]
_WHY: dict[Refusal, str] = {
    "encrypted": "encrypted",
    "method": "packed by another method than deflate",
    "overlap": "overlaps another entry",
}


class EntryRefused(zipfile.BadZipFile):
    """An entry that is not read, and why."""

    def __init__(self, name: str, why: Refusal) -> None:
        super().__init__(f"{name}: {_WHY[why]}")
        self.why = why


class TooManyEntries(zipfile.BadZipFile):
    """The list of entries is longer than was allowed; it was not read."""


@dataclass(frozen=True)
class Entry:
    """A file in a ZIP: where it lies, the name to show (parts by ``/``, leading nowhere), and why it is not read."""

    info: zipfile.ZipInfo
    name: str
    refusal: Refusal | None

    @property
    def is_folder(self) -> bool:
        """Whether it only names a folder."""
        return self.info.orig_filename.endswith(("/", "\\")) and not self.info.file_size


def open_zip(file: BinaryIO | Path, most: int) -> zipfile.ZipFile:
    """Open, once the end record promises a list of at most ``most`` entries.

    Raises:
        TooManyEntries, or any of `UNPACKING`.
    """
    if isinstance(file, Path):
        with file.open("rb") as opened:
            _check_end(opened, most)
    else:
        _check_end(file, most)
    try:
        return zipfile.ZipFile(file)
    except (MemoryError, OverflowError, IndexError) as error:
        raise zipfile.BadZipFile(str(error)) from error


def entries(archive: zipfile.ZipFile) -> list[Entry]:
    """What a ZIP holds, in its order."""
    overlapping = _overlapping(archive)
    return [Entry(info, shown_name(info), _refusal(info, info in overlapping)) for info in archive.filelist]


def whole_entries(archive: zipfile.ZipFile) -> list[Entry]:
    """The same of a ZIP that is read whole or not at all.

    Raises:
        EntryRefused: one of them is not read.
    """
    found = entries(archive)
    for entry in found:
        if entry.refusal is not None:
            raise EntryRefused(entry.name, entry.refusal)
    return found


@contextmanager
def member(archive: zipfile.ZipFile, entry: Entry) -> Iterator[IO[bytes]]:
    """An entry to read from, always with a size: so much is unpacked and no more.

    Raises:
        EntryRefused, or any of `UNPACKING`.
    """
    if entry.refusal is not None:
        raise EntryRefused(entry.name, entry.refusal)
    with archive.open(entry.info) as opened:
        yield opened


def content(archive: zipfile.ZipFile, entry: Entry, most: int) -> bytes:
    """All of an entry.

    Raises:
        EntryRefused, or any of `UNPACKING`: also where it is larger than ``most`` bytes.
    """
    if entry.info.file_size > most:  # no more is unpacked than an entry declares, and then its checksum is wrong
        raise zipfile.BadZipFile(f"{entry.name}: larger than {most} bytes")
    with member(archive, entry) as opened:
        return opened.read(entry.info.file_size)


def lines(opened: IO[bytes], longest: int) -> Iterator[bytes]:
    """The lines of an entry, none longer than ``longest`` bytes."""
    buffered = io.BufferedReader(opened, 1 << 20)  # type: ignore[type-var]  # an entry reads as a raw file does
    while line := buffered.readline(longest + 1):
        if len(line) > longest:
            raise zipfile.BadZipFile(f"a line of more than {longest} bytes")
        yield line


def shown_name(info: zipfile.ZipInfo) -> str:
    """An entry's name as who packed it wrote it, its parts by ``/``, without a drive or a way out of the folder.

    Accents are one with their letters (NFC): a Mac parts them, and nobody would find the name by typing it.
    """
    raw = info.orig_filename.encode("utf-8" if info.flag_bits & _UTF8 else "cp437")
    name = unicodedata.normalize("NFC", _unicode_path(info.extra, raw) or _decoded(raw))
    parts = re.split(r"[/\\]", re.sub(r"^[A-Za-z]:(?=[/\\])", "", name.partition("\0")[0]))
    return "/".join(part for part in parts if part not in ("", ".", ".."))


def _decoded(raw: bytes) -> str:
    """A name that does not say how it is written: UTF-8 where it can be, else the code page that makes words of it."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return min((raw.decode(page, "replace") for page in ("cp437", "cp850", "cp1252")), key=_oddity)


def _oddity(name: str) -> int:
    """How little a name looks like words: signs that are no letters, capitals that follow small letters."""
    return 2 * len(re.findall(r"[^\x20-\x7eÀ-ÖØ-Þà-öø-ÿ¿¡ªº]", name)) + len(re.findall(r"[a-zß-ÿ][À-Þ]", name))


def _unicode_path(extra: bytes, raw: bytes) -> str | None:
    """The name in Info-ZIP's Unicode Path field; None where there is none, or one that belongs to another name."""
    while len(extra) >= 4:
        kind, length = int.from_bytes(extra[:2], "little"), int.from_bytes(extra[2:4], "little")
        field, extra = extra[4 : 4 + length], extra[4 + length :]
        if kind == _UNICODE_PATH and field[:5] == b"\x01" + zlib.crc32(raw).to_bytes(4, "little"):
            return field[5:].decode("utf-8", "replace")
    return None


def _refusal(info: zipfile.ZipInfo, overlaps: bool) -> Refusal | None:
    if info.flag_bits & _ENCRYPTED:
        return "encrypted"
    if info.compress_type not in _READ:
        return "method"
    return "overlap" if overlaps else None


def _overlapping(archive: zipfile.ZipFile) -> set[zipfile.ZipInfo]:
    """Entries that reach into another, or into the list: so a few bytes are read a thousand times (Fifield 2019)."""
    found = set()
    end = archive.start_dir
    for info in sorted(archive.filelist, key=lambda each: each.header_offset, reverse=True):
        if info.header_offset + _LOCAL + info.compress_size > end:
            found.add(info)
        end = info.header_offset
    return found


def _check_end(file: BinaryIO, most: int) -> None:
    file.seek(0, 2)
    file.seek(max(0, file.tell() - 65_535 - _END_LENGTH - _WIDE_LENGTH))
    tail = file.read()
    end = tail.rfind(_END)
    if end < 0 or len(tail) - end < _END_LENGTH:
        raise zipfile.BadZipFile("no end record")
    count = int.from_bytes(tail[end + 10 : end + 12], "little")
    directory = int.from_bytes(tail[end + 12 : end + 16], "little")
    wide = tail[max(0, end - _WIDE_LENGTH) : end]
    if wide[-20:].startswith(_WIDE_END):
        if not wide.startswith(_WIDE):
            raise zipfile.BadZipFile("the record of ZIP64 is not where it should be")
        count, directory = (int.from_bytes(wide[place : place + 8], "little") for place in (32, 40))
    if count > most or directory > _DIRECTORY * most:
        raise TooManyEntries("too many entries")
