"""A ZIP of photographs, each inspected by itself. It is a stranger's file: no entry can be larger than a photograph may be,
there is an end to their number, and what is compressed without measure costs no memory.
"""

import hashlib
import zipfile
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import BinaryIO

from ..errors import PhotoRefused, VistoBuenoError
from ..model.archive import UNPACKING
from ..photo import Limits
from ..records.database import Unavailable
from ..records.values import Inspection

MOST = 2_000  # photographs in one ZIP
_LARGEST_DIRECTORY = 4_000_000  # bytes of the list of entries
_LARGEST = 4_000_000_000  # bytes of all photographs, unpacked
_END, _END_LENGTH = b"PK\x05\x06", 22
_WIDE, _WIDE_END, _WIDE_LENGTH = b"PK\x06\x06", b"PK\x06\x07", 56 + 20  # of ZIP64: a record, then where to find it


class BatchRefused(VistoBuenoError):
    """A file is not a ZIP of photographs that can be inspected."""


@dataclass(frozen=True)
class ZipOutcome:
    """What became of one entry: its inspection, or why there is none."""

    name: str
    inspection: Inspection | None = None
    error: VistoBuenoError | None = None


def inspect_entries(
    file: BinaryIO, inspect: Callable[[bytes, str, int], Inspection], at_once: int
) -> Iterator[ZipOutcome]:
    """Inspect every photograph of a ZIP, in its order; at most ``at_once`` are in memory.

    Args:
        inspect: called with a photograph's bytes, its name, and its place in the ZIP.

    Raises:
        BatchRefused: ``not_a_zip``, ``too_many_photos``, ``zip_too_large`` or ``zip_empty``, before anything is inspected.
    """
    archive = _opened(file)
    entries = _photographs(archive)
    most = Limits().max_bytes
    away: list[Unavailable] = []

    def one(data: bytes, entry: zipfile.ZipInfo, place: int) -> ZipOutcome:
        try:
            if away:
                raise away[0]
            return ZipOutcome(entry.filename, inspect(data, entry.filename, place))
        except VistoBuenoError as error:
            if isinstance(error, Unavailable):
                away.append(error)  # what follows would only wait for the same answer
            return ZipOutcome(entry.filename, error=error)

    running: deque[Future[ZipOutcome]] = deque()
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="zip")
    try:
        for place, entry in enumerate(entries):
            try:
                with archive.open(entry) as source:
                    data = source.read(most + 1)  # one more than may be: `open_photo` refuses it
            except UNPACKING as error:
                done: Future[ZipOutcome] = Future()
                done.set_result(ZipOutcome(entry.filename, error=_damaged(error)))
                running.append(done)
            else:
                running.append(pool.submit(one, data, entry, place))
                del data
            if len(running) >= at_once:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    finally:  # also when who reads goes away
        pool.shutdown(wait=True, cancel_futures=True)
        archive.close()


def entry_key(key: str, place: int, name: str) -> str:
    """The idempotency key of one entry, from that of the whole ZIP."""
    return hashlib.sha256(f"{key}\n{place}\n{name}".encode("utf-8", "surrogatepass")).hexdigest()


def _opened(file: BinaryIO) -> zipfile.ZipFile:
    """Open, once the end record promises a list that is not too long to be read."""
    try:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - 65_535 - _END_LENGTH - _WIDE_LENGTH))
        tail = file.read()
        end = tail.rfind(_END)
        if end < 0 or len(tail) - end < _END_LENGTH:
            raise zipfile.BadZipFile("no end record")
        count = int.from_bytes(tail[end + 10 : end + 12], "little")
        directory = int.from_bytes(tail[end + 12 : end + 16], "little")
        wide = tail[max(0, end - _WIDE_LENGTH) : end]
        if wide.startswith(_WIDE) and wide.startswith(_WIDE_END, 56):  # zipfile goes by this one
            count, directory = (int.from_bytes(wide[place : place + 8], "little") for place in (32, 40))
        if count > 2 * MOST or directory > _LARGEST_DIRECTORY:
            raise _too_many()
        return zipfile.ZipFile(file)
    except BatchRefused:
        raise
    except UNPACKING as error:
        raise BatchRefused(
            "not_a_zip",
            es="El archivo no es un ZIP que se pueda leer. Comprima las fotos otra vez y envíelo.",
            en="The file is not a ZIP that can be read. Compress the photos again and send it.",
        ) from error


def _photographs(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir() and not _is_litter(entry.filename)]
    if not entries:
        raise BatchRefused(
            "zip_empty",
            es="El ZIP no contiene ninguna foto. Ponga en él fotos JPEG, PNG, WebP, HEIC o AVIF.",
            en="There is no photo in the ZIP. Put JPEG, PNG, WebP, HEIC or AVIF photos in it.",
        )
    if len(entries) > MOST:
        raise _too_many()
    if sum(entry.file_size for entry in entries) > _LARGEST:
        raise BatchRefused(
            "zip_too_large",
            es="Las fotos del ZIP ocupan más de 4 GB. Repártalas en varios ZIP.",
            en="The photos in the ZIP take more than 4 GB. Spread them over several ZIPs.",
        )
    return entries


def _is_litter(name: str) -> bool:
    """What systems put beside photographs."""
    parts = name.replace("\\", "/").split("/")
    return "__MACOSX" in parts or parts[-1].startswith(".") or parts[-1].lower() in ("thumbs.db", "desktop.ini")


def _too_many() -> BatchRefused:
    return BatchRefused(
        "too_many_photos",
        es=f"El ZIP contiene más de {MOST} fotos. Repártalas en varios ZIP.",
        en=f"The ZIP holds more than {MOST} photos. Spread them over several ZIPs.",
    )


def _damaged(error: Exception) -> PhotoRefused:
    if isinstance(error, RuntimeError) and "password" in str(error):
        return PhotoRefused(
            "zip_encrypted",
            es="El ZIP está protegido con contraseña. Comprima las fotos sin contraseña.",
            en="The ZIP is protected by a password. Compress the photos without one.",
        )
    return PhotoRefused(
        "damaged_photo",
        es="La foto está dañada o incompleta. Tómela o envíela otra vez.",
        en="The photo is damaged or incomplete. Take it or send it again.",
    )
