"""A ZIP of photographs, each inspected by itself. It is an untrusted file: no entry can be larger than a photograph may be,
there is an end to their number, and what is compressed without measure costs no memory (see `zips`).
"""

import hashlib
import zipfile
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import BinaryIO

from ..core.errors import PhotoRefused, VistoBuenoError
from ..core.folders import lies_beside
from ..core.inspection import Inspection
from ..core.photo import Limits
from ..core.zips import UNPACKING, Entry, EntryRefused, TooManyEntries, entries, member, open_zip
from ..store.database import Unavailable

MOST = 2_000  # photographs in one ZIP
_LARGEST = 4_000_000_000  # bytes of all photographs, unpacked


class BatchRefused(VistoBuenoError):
    """A file is not a ZIP of photographs that can be inspected."""


@dataclass(frozen=True)
class ZipOutcome:
    """What became of one entry: its inspection, or why there is none."""

    name: str
    inspection: Inspection | None = None
    error: VistoBuenoError | None = None


@dataclass(frozen=True)
class Batch:
    """A ZIP of photographs: their outcomes, one by one as they are asked for, and the names that were passed over."""

    outcomes: Generator[ZipOutcome, None, None]
    passed_over: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[ZipOutcome]:
        return self.outcomes


def inspect_entries(file: BinaryIO, inspect: Callable[[bytes, str, int], Inspection], at_once: int) -> Batch:
    """Inspect every photograph of a ZIP, in its order; at most ``at_once`` are in memory.

    Args:
        inspect: called with a photograph's bytes, its name, and its place in the ZIP.

    Raises:
        BatchRefused: ``not_a_zip``, ``too_many_photos``, ``zip_too_large`` or ``zip_empty``, before anything is inspected.
    """
    archive = _opened(file)
    photographs, passed_over = _photographs(archive)
    return Batch(_outcomes(archive, photographs, inspect, at_once), passed_over)


def _outcomes(
    archive: zipfile.ZipFile,
    photographs: list[Entry],
    inspect: Callable[[bytes, str, int], Inspection],
    at_once: int,
) -> Generator[ZipOutcome, None, None]:
    most = Limits().max_bytes
    away: list[Unavailable] = []

    def one(data: bytes, name: str, place: int) -> ZipOutcome:
        try:
            if away:
                raise away[0]
            return ZipOutcome(name, inspect(data, name, place))
        except VistoBuenoError as error:
            if isinstance(error, Unavailable):
                away.append(error)  # what follows would only wait for the same answer
            return ZipOutcome(name, error=error)

    running: deque[Future[ZipOutcome]] = deque()
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="zip")
    try:
        for place, entry in enumerate(photographs):
            name = entry.name or f"entry-{place + 1}"  # some programs write none
            try:
                with member(archive, entry) as source:
                    data = source.read(most + 1)  # one more than may be: `open_photo` refuses it
            except UNPACKING as error:
                done: Future[ZipOutcome] = Future()
                done.set_result(ZipOutcome(name, error=_damaged(error)))
                running.append(done)
            else:
                running.append(pool.submit(copy_context().run, one, data, name, place))
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
    try:
        return open_zip(file, 2 * MOST)
    except TooManyEntries as error:
        raise _too_many() from error
    except UNPACKING as error:
        raise BatchRefused(
            "not_a_zip",
            es="El archivo no es un ZIP que se pueda leer. Comprima las fotos otra vez y envíelo.",
            en="The file is not a readable ZIP. Compress the photos again and send it.",
        ) from error


def _photographs(archive: zipfile.ZipFile) -> tuple[list[Entry], tuple[str, ...]]:
    """What may be photographs, and the names of what lies beside them."""
    files = [entry for entry in entries(archive) if not entry.is_folder]
    found = [entry for entry in files if not lies_beside(*entry.name.split("/"))]
    if not found:
        raise BatchRefused(
            "zip_empty",
            es="El ZIP no contiene ninguna foto. Ponga en él fotos JPEG, PNG, WebP, HEIC o AVIF.",
            en="There is no photo in the ZIP. Put JPEG, PNG, WebP, HEIC or AVIF photos in it.",
        )
    if len(found) > MOST:
        raise _too_many()
    if sum(entry.info.file_size for entry in found) > _LARGEST:
        raise BatchRefused(
            "zip_too_large",
            es="Las fotos del ZIP ocupan más de 4 GB. Repártalas en varios ZIP.",
            en="The photos in the ZIP take more than 4 GB. Split them into several ZIPs.",
        )
    return found, tuple(entry.name for entry in files if lies_beside(*entry.name.split("/")))


def _too_many() -> BatchRefused:
    return BatchRefused(
        "too_many_photos",
        es=f"El ZIP contiene más de {MOST} fotos. Repártalas en varios ZIP.",
        en=f"The ZIP holds more than {MOST} photos. Split them into several ZIPs.",
    )


def _damaged(error: Exception) -> PhotoRefused:
    if not isinstance(error, EntryRefused) or error.why == "overlap":
        return PhotoRefused(
            "damaged_photo",
            es="La foto está dañada o incompleta. Tómela o envíela otra vez.",
            en="The photo is damaged or incomplete. Take it or send it again.",
        )
    if error.why == "encrypted":
        return PhotoRefused(
            "zip_encrypted",
            es="El ZIP está protegido con contraseña. Comprima las fotos sin contraseña.",
            en="The ZIP has a password. Compress the photos without one.",
        )
    return PhotoRefused(
        "zip_method",
        es="La foto está comprimida con un método que no se admite. Comprima las fotos en un ZIP corriente (Deflate).",
        en="The photo is compressed with a method that is not accepted. Compress the photos into an ordinary ZIP (Deflate).",
    )
