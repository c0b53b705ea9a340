"""The distributions that counts of unfit fruit follow, as arrays of probabilities (n + 1,): of 0, 1, … n."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def binomial(n: int, p: float) -> Floats:
    """Of n fruit, each unfit with probability p."""
    return beta_binomial(n, p, 0.0)


def beta_binomial(n: int, p: float, correlation: float) -> Floats:
    """Of n fruit of one package whose own share of unfit fruit is drawn from Beta(a, b), with mean p.

    Args:
        correlation: of two fruit of one package, 1 / (a + b + 1), in [0, 1); 0 gives the binomial (Skellam 1948).
    """
    x = np.arange(n + 1)
    if p <= 0 or p >= 1:
        return np.where(x == (n if p >= 1 else 0), 1.0, 0.0)
    spread = correlation / (1 - correlation)  # 1 / (a + b); each product is divided by (a + b) to the power n
    steps = np.arange(n) * spread
    unfit, fit, all_ = (_cumulated(np.log(start + steps)) for start in (p, 1 - p, 1.0))
    return np.asarray(np.exp(_log_choose(n) + unfit + fit[::-1] - all_[-1]), np.float64)


def hypergeometric(lot: int, unfit: int, n: int) -> Floats:
    """Of n fruit drawn from a lot of which ``unfit`` are."""
    x = np.arange(n + 1)
    possible = (x <= unfit) & (n - x <= lot - unfit)
    found = np.zeros(n + 1)
    inside = x[possible]
    found[possible] = np.exp(_log_choose(unfit)[inside] + _log_choose(lot - unfit)[n - inside] - _log_choose(lot)[n])
    return found


def summed(one: Floats, count: int) -> Floats:
    """The distribution of the sum of ``count`` independent counts that each follow ``one``."""
    length = (len(one) - 1) * count + 1
    found = np.fft.irfft(np.fft.rfft(one, 2 * length) ** count, 2 * length)[:length]
    return np.asarray(np.clip(found, 0, 1), np.float64)


def _cumulated(logs: Floats) -> Floats:
    return np.concatenate([[0.0], np.cumsum(logs)])


@lru_cache(64)
def _log_choose(n: int) -> Floats:
    logs = _cumulated(np.log(np.arange(1, n + 1)))
    return np.asarray(logs[-1] - logs - logs[::-1], np.float64)
