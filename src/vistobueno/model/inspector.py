"""Photo + model + policy → verdict."""

from dataclasses import replace

from ..core.photo import Limits, Photo
from ..core.policy import Policy
from ..core.verdict import Verdict, judge
from .runtime import Model


def limits_for(model: Model) -> Limits:
    """What a photograph may be for a model: decoding still covers twice its input."""
    return Limits(cover=2 * max(model.bundle.input.width, model.bundle.input.height))


def inspect(photo: Photo, model: Model, policy: Policy | None = None) -> Verdict:
    """Judge a photograph by itself: the answer, its reasons, and where the model looked, in one pass.

    Args:
        policy: thresholds to use instead of the model's own.
    """
    scores = model.score(photo)
    classes = model.bundle.classes
    verdict = judge(scores.logits, scores.embedding, photo, classes, policy or model.policy)
    if scores.activation is None:
        return verdict
    shown = next(index for index, each in enumerate(classes) if each.key == verdict.class_key)
    return replace(verdict, activation=scores.activation[..., shown])
