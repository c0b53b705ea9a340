"""A line: a camera and the place it stands in. Every inspection belongs to one, by its name."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .errors import VistoBuenoError
from .inspection import Actor

LONGEST_LINE = 100  # characters of a name


class LineRefused(VistoBuenoError):
    """A name that no line can have, or a line that takes no photographs."""


@dataclass(frozen=True)
class Line:
    """A camera and its place. It is never renamed: its inspections keep its name.

    Attributes:
        products: what passes there; empty: whatever the model knows.
        retired_at: since when it takes no photographs; None while it is in use.
        measured: whether it was commissioned; until then nobody knows how often the model is right there.
    """

    name: str
    products: tuple[str, ...]
    created_at: datetime
    actor: Actor
    retired_at: datetime | None = None
    measured: bool = False


@dataclass(frozen=True)
class LineCalibration:
    """What commissioning a line made: for one line and one model, never changed.

    Attributes:
        number: 1, 2, 3, …
        model_digest: of the bundle that it was made for; another judges without it.
        digest: SHA-256 of its bytes, which inspections name.
        facts: what it was made from and what it is worth; see `core.commissioning`.
        active: the line is judged by it now.
    """

    number: int
    line: str
    model_digest: str
    digest: str
    created_at: datetime
    actor: Actor
    facts: Mapping[str, Any]
    active: bool = False


def line_name(text: str) -> str:
    """A line's name as it is kept.

    Raises:
        LineRefused: ``line_name_invalid``.
    """
    name = unicodedata.normalize("NFC", text).strip()
    if not 0 < len(name) <= LONGEST_LINE or not name.isprintable():
        raise LineRefused(
            "line_name_invalid",
            es=f"El nombre de una línea tiene entre 1 y {LONGEST_LINE} caracteres, sin saltos de línea. Escriba otro.",
            en=f"A line's name has 1 to {LONGEST_LINE} characters, without line breaks. Write another.",
        )
    return name
