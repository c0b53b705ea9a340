"""How sure a counted share is."""

import math

_Z = 1.959964  # two-sided 95 %


def wilson(count: float, of: float) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927); all of [0, 1] where nothing was seen. ``of`` may be an effective number."""
    if not of:
        return 0.0, 1.0
    share, square = count / of, _Z * _Z / of
    middle = (share + square / 2) / (1 + square)
    half = _Z * math.sqrt(share * (1 - share) / of + square / of / 4) / (1 + square)
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))  # rounding leaves the share within
