"""Shares with their intervals, where photographs weigh differently and those of one fruit count once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .intervals import wilson


@dataclass(frozen=True)
class Share:
    """A share with its 95 % interval, from ``n`` groups; nothing was counted where n is 0."""

    share: float
    low: float
    high: float
    n: int


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
    share, effective = float((each * hits).sum() / each.sum()), float(of_group.sum() ** 2 / (of_group**2).sum())
    low, high = wilson(share * effective, effective)
    return Share(share, low, high, len(sizes))


def share_of_counts(counts: Sequence[tuple[bool, float, int]]) -> Share:
    """The same of photographs each of a fruit of its own, as how many are a hit or not, of which weight."""
    photographs, whole, hits, squares = 0, 0.0, 0.0, 0.0
    for hit, weight, count in counts:
        weighed = weight * count
        photographs += count
        whole += weighed
        hits += weighed * hit
        squares += weight * weighed
    if not photographs:
        return Share(0.0, 0.0, 1.0, 0)
    share, effective = hits / whole, whole**2 / squares
    return Share(share, *wilson(share * effective, effective), photographs)
