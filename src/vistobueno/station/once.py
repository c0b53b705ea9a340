"""A ZIP that is sent with a key is done once, and its key means nothing else."""

import hashlib
from collections.abc import Iterator
from typing import BinaryIO

from ..records.ledger import Ledger, Write, content_of
from ..records.values import Actor
from .batch import BatchRefused, ZipOutcome


def once(
    ledger: Ledger, file: BinaryIO, actor: Actor, key: str, outcomes: Iterator[ZipOutcome]
) -> Iterator[ZipOutcome]:
    """The outcomes of a ZIP whose key is known before its first photograph is.

    Raises:
        Conflict: ``key_used``; nothing was inspected.
    """
    file.seek(0)
    write = Write(key, actor, content_of("batch", hashlib.file_digest(file, "sha256").hexdigest()))  # type: ignore[arg-type]
    new = ledger.claim(write)
    try:
        yield from outcomes
    except BatchRefused:  # it may be mended and sent again under its name
        if new:
            ledger.withdraw(write)
        raise
