"""A ZIP of photographs, each inspected by itself. It is an untrusted file: no entry can be larger than a photograph may be,
there is an end to their number, and what is compressed without measure costs no memory (see `zips`).
"""

import hashlib
import zipfile
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import BinaryIO, TypeVar

from ..core.errors import PhotoRefused, VistoBuenoError
from ..core.folders import lies_beside
from ..core.inspection import Inspection
from ..core.photo import Limits
from ..core.zips import UNPACKING, Entry, EntryRefused, TooManyEntries, entries, member, open_zip
from ..store.database import Unavailable
from .engine import Local

J = TypeVar("J")
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


def inspect_entries(
    file: BinaryIO,
    judge: Callable[[bytes, str, int], J],
    at_once: int,
    keep: Callable[[J, str, int], Inspection],
) -> Batch:
    """Inspect every photograph of a ZIP, in its order; at most ``at_once`` are in memory.

    Args:
        judge: called by several threads with a photograph's bytes, its name, and its place in the ZIP.
        keep: called with what came of it, its name and its place, one after another.

    Raises:
        BatchRefused: ``not_a_zip``, ``too_many_photos``, ``zip_too_large`` or ``zip_empty``, before anything is inspected.
    """
    archive = _opened(file)
    photographs, passed_over = _photographs(archive)
    return Batch(_outcomes(archive, photographs, judge, at_once, keep), passed_over)


@dataclass(frozen=True)
class _Given:
    """An entry that was read, or why it could not be."""

    name: str
    place: int
    data: bytes = b""
    error: VistoBuenoError | None = None


def _outcomes(
    archive: zipfile.ZipFile,
    photographs: list[Entry],
    judge: Callable[[bytes, str, int], J],
    at_once: int,
    keep: Callable[[J, str, int], Inspection],
) -> Generator[ZipOutcome, None, None]:
    away: list[Unavailable] = []

    def one(given: _Given) -> tuple[_Given, J | VistoBuenoError]:
        named = _Given(given.name, given.place)
        if given.error or away:
            return named, given.error or away[0]
        try:
            return named, judge(given.data, given.name, given.place)
        except VistoBuenoError as error:
            return named, _noted(error, away)

    def kept(given: _Given, judged: J | VistoBuenoError) -> ZipOutcome:
        if isinstance(judged, VistoBuenoError) or away:
            return ZipOutcome(given.name, error=judged if isinstance(judged, VistoBuenoError) else away[0])
        try:
            return ZipOutcome(given.name, keep(judged, given.name, given.place))
        except VistoBuenoError as error:
            return ZipOutcome(given.name, error=_noted(error, away))

    with archive, closing(Local(one, at_once, at_once).submit(_read(archive, photographs))) as outcomes:
        for given, judged in outcomes:
            yield kept(given, judged)


def _noted(error: VistoBuenoError, away: list[Unavailable]) -> VistoBuenoError:
    if isinstance(error, Unavailable):
        away.append(error)  # what follows would only wait for the same answer
    return error


def _read(archive: zipfile.ZipFile, photographs: list[Entry]) -> Iterator[_Given]:
    most = Limits().max_bytes
    for place, entry in enumerate(photographs):
        name = entry.name or f"entry-{place + 1}"  # some programs write none
        try:
            with member(archive, entry) as source:
                yield _Given(name, place, source.read(most + 1))  # one more than may be: `open_photo` refuses it
        except UNPACKING as error:
            yield _Given(name, place, error=_damaged(error))


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
