"""What every store of photographs does, and how it says that it cannot."""

import errno
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from ..database import Unavailable

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
KEY = re.compile(r"\d{4}/\d{2}/\d{2}/[0-9a-f]{32}\.jpg")


def new_key(at: datetime | None = None, station: str = "") -> str:
    """A key that nobody has, in the folder of its day, beginning with what the ``station`` is called by."""
    return f"{at or datetime.now(UTC):%Y/%m/%d}/{(station + secrets.token_hex(16))[:32]}.jpg"


class EvidenceMissing(Exception):
    """There is no photograph under this key."""


@dataclass(frozen=True)
class Taken:
    """How many photographs a store holds, and their bytes."""

    photographs: int
    bytes: int


class Evidence(Protocol):
    """A store of photographs by key.

    Every method raises `Unavailable` (``evidence_away``, ``disk_full``) when the store does not answer.
    """

    @property
    def place(self) -> str:
        """Where it is, for people: a folder, a bucket, or empty for the database."""

    def put(self, key: str, data: bytes) -> None:
        """Keep a photograph; durable when this returns."""

    def get(self, key: str) -> bytes:
        """A photograph, or `EvidenceMissing`."""

    def delete(self, key: str) -> None:
        """Remove a photograph; one that is not there is no error."""

    def each_key(self, folder: str = "") -> Iterator[tuple[str, datetime]]:
        """Keys in ``folder`` (``2026/11/25``; default all), and when each was put; what a crash left half-written, too."""

    def taken(self) -> Taken:
        """How much it holds now; a large store takes its time to tell."""

    def check(self) -> None:
        """Raise when a photograph could not be put now."""


def unavailable(error: Exception) -> Unavailable:
    """What to say of a store that does not answer."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return Unavailable(
            "disk_full",
            es="No queda espacio en el disco. No se guardó nada; libere espacio y envíelo otra vez.",
            en="The disk is full. Nothing was kept; free some space and send it again.",
        )
    return Unavailable(
        "evidence_away",
        es="El almacén de fotografías no responde. No se guardó nada; inténtelo otra vez en un momento.",
        en="The photograph store is not responding. Nothing was kept; try again in a moment.",
    )
