"""What a station answers with beyond what it keeps."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..core.inspection import Inspection


@dataclass(frozen=True)
class Kept:
    """An inspection that is durable; ``replayed`` when an earlier call with the same key made it."""

    inspection: Inspection
    replayed: bool = False


@dataclass(frozen=True)
class Readiness:
    """Whether the station can inspect and keep now, which part of it can not, and what is not as it should be."""

    ok: bool
    checks: Mapping[str, bool]
    warnings: tuple[str, ...] = ()
