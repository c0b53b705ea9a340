"""Multinomial logistic regression: the last layer of a network, fitted to its embeddings. numpy alone, in seconds."""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
_HISTORY, _MOST_STEPS = 12, 300
_FLAT = 1e-4  # of the gradient's largest entry
_STILL = 1e-6  # of the loss: a step that gains less is lost in single precision


@dataclass(frozen=True, eq=False)
class Standard:
    """How an embedding e (D,) is brought to one length and scale: (e / ‖e‖ − mean) / scale."""

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]

    def of(self, embeddings: Floats) -> NDArray[np.float32]:
        """Embeddings (…, D) as the regression takes them."""
        length = np.linalg.norm(embeddings, axis=-1, keepdims=True)
        unit = np.asarray(embeddings, np.float32) / np.maximum(length, 1e-12).astype(np.float32)
        standard: NDArray[np.float32] = (unit - self.mean) / self.scale
        return standard


def fit_standard(embeddings: Floats, weights: Floats) -> Standard:
    """Mean and scale of embeddings (N, D), each counting ``weights`` (N,)."""
    unit = np.asarray(embeddings, np.float32)
    unit = unit / np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), 1e-12)
    share = np.asarray(weights, np.float64) / np.sum(weights)
    mean = share @ unit
    variance = share @ (unit - mean.astype(np.float32)) ** 2
    return Standard(mean.astype(np.float32), np.sqrt(variance + 1e-12).astype(np.float32))


def fit_logistic(
    x: Floats,
    y: NDArray[np.integer],
    weights: Floats,
    classes: int,
    strength: float,
    start: tuple[Floats, Floats] | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """W (D, K) and b (K,) that minimise ½‖W‖² + strength · Σ weight · cross-entropy(x W + b); b is not penalised.

    L-BFGS (Nocedal and Wright 2006, algorithm 7.5), with Armijo's rule. A class without any photograph keeps its W at 0
    and gets a b so low that it is never the most probable.

    Args:
        x: (N, D) standardised; y: (N,) the index of the class; weights: (N,).
        strength: C of scikit-learn's `LogisticRegression`.
        start: where to begin; a fit on nearly the same data is a good place.
    """
    x = np.asarray(x, np.float32)
    counted = np.asarray(weights, np.float32) * np.float32(strength)
    seen = np.isin(np.arange(classes), y)
    truth = np.zeros((len(y), classes), np.float32)
    truth[np.arange(len(y)), y] = 1
    width = x.shape[1]
    absent = np.where(seen, 0, -30).astype(np.float32)

    def loss(flat: NDArray[np.float32]) -> tuple[float, NDArray[np.float32]]:
        w, b = flat[:-classes].reshape(width, classes), flat[-classes:]
        z = x @ w + (b + absent)
        z -= z.max(axis=1, keepdims=True)
        p = np.exp(z)
        total = p.sum(axis=1, keepdims=True)
        entropy = np.log(total[:, 0]) - (z * truth).sum(axis=1)
        error = (p / total - truth) * counted[:, None]
        gradient_b = error.sum(axis=0) * seen
        gradient_w = (x.T @ error) * seen + w
        value = float(counted.astype(np.float64) @ entropy) + 0.5 * float(np.vdot(w, w))
        return value, np.concatenate([gradient_w.ravel(), gradient_b])

    flat = np.zeros((width + 1) * classes, np.float32)
    if start is not None:
        flat = np.concatenate([np.asarray(start[0], np.float32).ravel(), np.asarray(start[1], np.float32) - absent])
    flat = _minimum(loss, flat)
    return flat[:-classes].reshape(width, classes), flat[-classes:] + absent


def _minimum(loss, flat: NDArray[np.float32]) -> NDArray[np.float32]:  # type: ignore[no-untyped-def]
    value, gradient = loss(flat)
    pairs: deque[tuple[NDArray[np.float32], NDArray[np.float32], float]] = deque(maxlen=_HISTORY)
    for _ in range(_MOST_STEPS):
        if float(np.abs(gradient).max()) <= _FLAT:
            break
        direction = _direction(gradient, pairs)
        slope = float(np.vdot(gradient, direction))
        step = 1.0 if pairs else min(1.0, 1.0 / float(np.linalg.norm(gradient)))
        for _ in range(20):
            tried = flat + np.float32(step) * direction
            reached, its_gradient = loss(tried)
            if reached <= value + 1e-4 * step * slope:
                break
            step /= 2
        else:
            break  # single precision sees no way down any more
        moved, turned = tried - flat, its_gradient - gradient
        curvature = float(np.vdot(moved, turned))
        if curvature > 1e-12:
            pairs.append((moved, turned, curvature))
        gained = value - reached
        flat, value, gradient = tried, reached, its_gradient
        if gained <= _STILL * max(1.0, value):
            break
    return flat


def _direction(gradient: NDArray[np.float32], pairs) -> NDArray[np.float32]:  # type: ignore[no-untyped-def]
    """Down, with the curvature that the last steps met."""
    down = -gradient
    kept = []
    for moved, turned, curvature in reversed(pairs):
        share = float(np.vdot(moved, down)) / curvature
        kept.append(share)
        down = down - np.float32(share) * turned
    if pairs:
        moved, turned, curvature = pairs[-1]
        down = down * np.float32(curvature / float(np.vdot(turned, turned)))
    for (moved, turned, curvature), share in zip(pairs, reversed(kept), strict=True):
        down = down + np.float32(share - float(np.vdot(turned, down)) / curvature) * moved
    return down
