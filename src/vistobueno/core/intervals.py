"""Shares with their intervals, where photographs weigh differently and those of one fruit count once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_Z = 1.959964  # two-sided 95 %


@dataclass(frozen=True)
class Share:
    """A share with its 95 % interval, from ``n`` groups; nothing was counted where n is 0."""

    share: float
    low: float
    high: float
    n: int


def wilson(share: float, n: float) -> tuple[float, float]:
    """The Wilson interval of a share of n independent draws; n may be an effective number, below the true one."""
    if n <= 0:
        return 0.0, 1.0
    squared = _Z * _Z
    middle = (share + squared / (2 * n)) / (1 + squared / n)
    half = _Z * np.sqrt(share * (1 - share) / n + squared / (4 * n * n)) / (1 + squared / n)
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def share_of(hits: NDArray[np.bool_], groups: NDArray[np.generic], weights: NDArray[np.floating]) -> Share:
    """The share of photographs that are hits.

    Args:
        hits: (N,); groups: (N,) photographs of one fruit, which count as one between them.
        weights: (N,) one over each one's chance of having been drawn; the interval is that of Kish's effective number.
    """
    if not len(hits):
        return Share(0.0, 0.0, 1.0, 0)
    _, place, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    each = weights / sizes[place]
    of_group = np.bincount(place, each)
    share = float((each * hits).sum() / each.sum())
    low, high = wilson(share, float(of_group.sum() ** 2 / (of_group**2).sum()))
    return Share(share, low, high, len(sizes))
