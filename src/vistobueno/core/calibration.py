"""Set what a verdict needs, on photographs the model did not train on: temperature, thresholds, scope. Pure numpy."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .policy import Policy, Scope
from .verdict import FORCED_AT, softmax, temperature_at

Floats = NDArray[np.floating]
_REVIEW_ALL = (-1.0, 2.0)


def fit_temperature(logits: Floats, labels: NDArray[np.integer]) -> float:
    """The temperature that minimises the negative log-likelihood (Guo et al. 2017), between 0.05 and 20.

    Args:
        logits: (N, K); labels: (N,), the index of the true class.
    """

    def loss(log_temperature: float) -> float:
        p = softmax(np.asarray(logits, np.float64) / np.exp(log_temperature))
        return -float(np.log(p[np.arange(len(labels)), labels] + 1e-300).mean())

    low, high = np.log(0.05), np.log(20.0)
    golden = (np.sqrt(5) - 1) / 2
    while high - low > 1e-4:  # golden-section search: the loss has one minimum in the temperature
        left, right = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return float(np.exp((low + high) / 2))


def fit_doubt(logits: Floats, labels: NDArray[np.integer], distances: Floats, policy: Policy) -> float:
    """How fast the temperature must grow with the distance beyond ``policy.familiar``: `Policy.doubt`.

    The value that minimises the negative log-likelihood on photographs near and far, tried over a grid.

    Args:
        logits: (N, K); labels: (N,) the index of the true class; distances: (N,) as `scope_distance` gives them.
    """
    beyond = np.maximum(0.0, np.asarray(distances, np.float64) - policy.familiar)
    if not beyond.max(initial=0.0):
        return 0.0
    tried = np.concatenate([[0.0], np.geomspace(1e-3, 10.0, 121) / np.median(beyond[beyond > 0])])
    losses = []
    for doubt in tried:
        temperatures = temperatures_at(distances, replace(policy, doubt=float(doubt)))
        p = softmax(np.asarray(logits, np.float64) / temperatures[:, None])
        losses.append(-float(np.log(p[np.arange(len(labels)), labels] + 1e-300).mean()))
    return float(tried[int(np.argmin(losses))])


def temperatures_at(distances: Floats, policy: Policy) -> NDArray[np.float64]:
    """`temperature_at` of many distances (N,) at once: (N,)."""
    return np.array([temperature_at(float(distance), policy) for distance in distances])


def conformal_thresholds(
    p_unfit: Floats, unfit: NDArray[np.bool_], alpha: float, beta: float, groups: Sequence[str] | None = None
) -> tuple[float, float]:
    """Thresholds that keep the escape rate at most ``alpha`` and the overkill rate at most ``beta``.

    Conformal risk control (Angelopoulos, Bates, Fisch, Lei and Schuster 2022) with the 0/1 loss. Among n unfit
    calibration photographs, ``fit_below`` is the largest value for which (escapes + 1) / (n + 1) ≤ alpha. For a new
    unfit photograph exchangeable with them, P(answered fit) ≤ alpha, whatever the model: of **all** unfit photographs, not
    of those that are answered. Likewise for overkill. A new camera is not exchangeable with old ones: what a source that
    the model never saw would do is calibrated by giving the predictions of models that were trained without each source.

    Args:
        p_unfit: (N,) calibrated probability of unfit.
        unfit: (N,) the truth.
        groups: (N,) sources; the guarantee is then also sought within each that has enough photographs for one.

    Returns:
        ``(fit_below, unfit_above)``, fit_below < unfit_above. Without enough data (n < 1/alpha − 1), the side is given
        up and everything on it is reviewed.
    """
    names = np.asarray(groups if groups is not None else ["all"] * len(p_unfit))
    parts = [np.ones(len(names), bool)] + [names == name for name in np.unique(names)]
    p = np.asarray(p_unfit, np.float64)
    lows = [_threshold(p[part & unfit], alpha) for part in parts]
    highs = [_threshold(-p[part & ~unfit], beta) for part in parts]  # −p is exact, 1 − p would make ties
    # The whole must have data enough; a group without says nothing.
    if lows[0] is None and highs[0] is None:
        return _REVIEW_ALL
    low = _REVIEW_ALL[0] if lows[0] is None else min(value for value in lows if value is not None)
    high = _REVIEW_ALL[1] if highs[0] is None else max(-value for value in highs if value is not None)
    if low >= high:  # separable: both may be relaxed to where they meet, the guarantees stay
        middle = (min(low, 1.0) + max(high, 0.0)) / 2
        low, high = float(np.nextafter(middle, -1)), middle
    return low, high


def answer_thresholds(
    p_unfit: Floats, unfit: NDArray[np.bool_], alpha: float, beta: float, groups: Sequence[str] | None = None
) -> tuple[float, float]:
    """`conformal_thresholds`, moved outwards where an answer would contradict the more probable condition.

    Returns:
        ``(fit_below, unfit_above)``, fit_below < 0.5 ≤ unfit_above: who is biased is reviewed, never believed.
    """
    low, high = conformal_thresholds(p_unfit, unfit, alpha, beta, groups)
    return min(low, float(np.nextafter(FORCED_AT, 0))), max(high, FORCED_AT)


def _threshold(scores: Floats, risk: float) -> float | None:
    """Largest t such that at most risk·(n+1) − 1 of the scores are ≤ t; None when n is too small for any."""
    allowed = int(np.floor(risk * (len(scores) + 1) + 1e-9)) - 1
    if allowed < 0:
        return None
    ordered = np.sort(scores)
    return float(np.nextafter(ordered[allowed], -np.inf)) if allowed < len(ordered) else 1.0


def fit_scope(embeddings: Floats, labels: NDArray[np.integer], *, dimensions: int = 64) -> Scope:
    """Learn what the products look like from in-scope training photographs.

    Args:
        embeddings: (N, D); labels: (N,) their classes.
        dimensions: of the whitened space, at most D.

    Returns:
        A scope in which distance alone counts and nothing is out of distribution yet; `weigh_scope` sets that.
    """
    x = np.asarray(embeddings, np.float64)
    mean = x.mean(axis=0)
    _, vectors = np.linalg.eigh(np.cov((x - mean).T))
    main = vectors[:, ::-1][:, :dimensions]
    y = (x - mean) @ main
    names = np.unique(labels)
    centres = np.stack([y[labels == name].mean(axis=0) for name in names])
    within = np.cov((y - centres[np.searchsorted(names, labels)]).T)
    within += np.eye(len(within)) * 0.05 * np.trace(within) / len(within)  # shrinkage: few photographs a class
    spread, axes = np.linalg.eigh(within)
    whitening = axes / np.sqrt(spread)
    z = y @ whitening
    return Scope(
        mean=mean.astype(np.float32),
        components=(main @ whitening).astype(np.float32),
        centres=(centres @ whitening).astype(np.float32),
        background_mean=z.mean(axis=0).astype(np.float32),
        background_scale=z.std(axis=0).astype(np.float32),
        weights=np.array([0.0, 1.0, 0.0], np.float32),
        threshold=float("inf"),
    )


def weigh_scope(scope: Scope, inside: Floats, outside: Floats | None = None, *, pass_rate: float = 0.99) -> Scope:
    """Weigh the two signs of what is out of distribution, and set the threshold that lets ``pass_rate`` of the products through.

    Args:
        inside: (M, 2) `scope_distance` and `other_log_odds` of in-scope photographs that were not trained on.
        outside: (S, 2) the same of photographs out of scope; with them the two signs are weighed by logistic
            regression, without them the distance alone counts.
    """
    weights = np.array([0.0, 1.0, 0.0])
    if outside is not None and len(outside):
        weights = _logistic(inside, outside)
    weights = weights.astype(np.float32).astype(np.float64)  # as they are kept
    scores = weights[0] + np.asarray(inside, np.float64) @ weights[1:]
    threshold = float(np.quantile(scores, pass_rate, method="higher"))
    return replace(scope, weights=weights.astype(np.float32), threshold=threshold + 1e-6)


def scope_distances(embeddings: Floats, scope: Scope) -> NDArray[np.float64]:
    """`scope_distance` of many embeddings (N, D) at once: (N,)."""
    z = (np.asarray(embeddings, np.float64) - scope.mean) @ scope.components
    near = ((z[:, None, :] - scope.centres[None]) ** 2).sum(axis=2).min(axis=1)
    distances: NDArray[np.float64] = near - (((z - scope.background_mean) / scope.background_scale) ** 2).sum(axis=1)
    return distances


def _logistic(inside: Floats, outside: Floats) -> NDArray[np.float64]:
    """Weights [bias, …] that part outside (1) from inside (0), never negative: Newton steps with a little ridge."""
    x = np.concatenate([inside, outside])
    centre, scale = x.mean(axis=0), x.std(axis=0) + 1e-9
    design = np.column_stack([np.ones(len(x)), (x - centre) / scale])
    truth = np.concatenate([np.zeros(len(inside)), np.ones(len(outside))])
    balance = np.where(truth == 1, 0.5 / max(1, len(outside)), 0.5 / len(inside))
    weights = np.zeros(3)
    ridge = np.diag([0.0, 1e-3, 1e-3])
    for _ in range(50):
        p = 1 / (1 + np.exp(-(design @ weights).clip(-30, 30)))
        gradient = design.T @ (balance * (p - truth)) + ridge @ weights
        hessian = (design.T * (balance * (p * (1 - p) + 1e-6))) @ design + ridge
        weights -= np.linalg.solve(hessian, gradient)
    weights[1:] = weights[1:].clip(0)
    slopes = weights[1:] / scale
    return np.array([weights[0] - float(slopes @ centre), *slopes])
