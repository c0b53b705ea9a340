"""A ZIP whose name was used already: for the same ZIP it is done again, each photograph kept once; for another it is refused."""

import hashlib
from typing import BinaryIO

from ..core.inspection import Actor
from ..store.ledger import Ledger, Write, content_of


def claim_batch(ledger: Ledger, file: BinaryIO, actor: Actor, key: str) -> None:
    """Take the name ``key`` for this ZIP before its first photograph.

    Raises:
        Conflict: ``key_used``; nothing was inspected.
    """
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    ledger.claim(Write(key, actor, content_of("batch", digest)))
