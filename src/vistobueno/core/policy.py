"""When a model's scores are an answer, and when a person must look."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Near:
    """What the training classes look like in the embedding.

    An embedding e (D,) becomes z = (e − mean) @ components (d,), where the within-class covariance is the identity.
    Its distance is min over classes of ‖z − centre‖² minus the same to the background Gaussian (relative Mahalanobis,
    Ren et al. 2021).
    """

    mean: Array
    components: Array
    centres: Array
    background_mean: Array
    background_scale: Array


@dataclass(frozen=True, eq=False)
class Scope:
    """How far a photograph may be from what the model was trained on.

    ``weights`` (3,) make the out-of-distribution score: [1, distance, log-odds of the `other` class] · weights. The distance is
    that to ``near`` or, where that is None, the energy of the logits; see `verdict.distance_of`.
    """

    weights: Array
    threshold: float
    near: Near | None = None


@dataclass(frozen=True, eq=False)
class Policy:
    """When to answer, and when a person must look. Set on calibration data, never typed in.

    Attributes:
        temperature: logits are divided by it before softmax.
        familiar, doubt: beyond the distance ``familiar`` (see `Scope`) the temperature grows by the factor e for each
            1 / ``doubt``: the less a photograph is like those the model knows, the less sure its answer.
        fit_below, unfit_above: probability of unfit at or below which the answer is fit, at or above which unfit.
        alpha, beta: the escape rate and the overkill rate that the thresholds were set for.
        scope: None when nothing is known of what is out of distribution.
        min_sharpness, min_brightness, max_brightness, max_clipped: what a photograph must reach to be judged.
    """

    temperature: float = 1.0
    familiar: float = 0.0
    doubt: float = 0.0
    fit_below: float = -1.0
    unfit_above: float = 2.0
    alpha: float = 0.01
    beta: float = 0.02
    scope: Scope | None = None
    min_sharpness: float = 0.0
    min_brightness: float = 0.0
    max_brightness: float = 1.0
    max_clipped: float = 1.0
