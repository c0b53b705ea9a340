"""The last layer, fitted to embeddings as a line's commissioning fits it again: see `core.logistic`."""

from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from ..core.logistic import Standard, fit_logistic, fit_standard

Floats = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class LastLayer:
    """Embedding (D,) → logits (K,): (embedding / ‖embedding‖) @ kernel (D, K) + bias (K,)."""

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]

    def logits(self, embeddings: Floats) -> NDArray[np.float32]:
        """Of embeddings (N, D): (N, K)."""
        length = np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-12)
        return np.asarray(embeddings / length @ self.kernel + self.bias, np.float32)

    def as_dense(self) -> keras.layers.Dense:
        """The layer that gives the logits of a normalised embedding."""
        layer = keras.layers.Dense(len(self.bias))
        layer.build((None, len(self.kernel)))
        layer.set_weights([self.kernel, self.bias])
        return layer


def fit_last_layer(
    embeddings: Floats, labels: NDArray[np.integer], weights: Floats, classes: int, strength: float
) -> LastLayer:
    """Fit it on embeddings (N, D), of classes ``labels`` (N,), each counting ``weights`` (N,), on average 1.

    Args:
        strength: of what the photographs say against the penalty, see `fit_logistic`.
    """
    standard: Standard = fit_standard(embeddings, weights)
    kernel, bias = fit_logistic(standard.of(embeddings), labels, weights, classes, strength)
    kernel = kernel / standard.scale[:, None]
    return LastLayer(kernel, bias - standard.mean @ kernel)
