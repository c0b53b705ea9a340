"""An inspection report that was issued: what its paper says, and how a copy of it is known."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..inspection import Actor


@dataclass(frozen=True)
class IssuedReport:
    """A report of one decision in one language; it never changes.

    Attributes:
        number: as people quote it: the lot, which of its decisions, the language (``12-1-ES``).
        verdict: the decision's.
        code: what its public address ends with; nobody guesses one.
        sha256: of the whole PDF; seal_key: fingerprint of the certificate that sealed it.
        shown: what the paper says, by the names of `report.document`.
    """

    number: str
    lot: int
    verdict: int
    language: str
    at: datetime
    actor: Actor = field(metadata={"prefix": "actor_"})
    code: str
    sha256: str
    seal_key: str
    shown: Mapping[str, Any]


def report_number(lot: int, decision: int, language: str) -> str:
    """Of the report of a lot's first, second … decision."""
    return f"{lot}-{decision}-{language.upper()}"
