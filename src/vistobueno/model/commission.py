"""Commission a line with a model: photographs that people answered → a calibration, by the bundle's training memory."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.commissioning import FITTED_TO, Commissioned, commission
from ..core.errors import BundleRefused
from ..core.layers import Examples, Progress
from ..core.photo import Photo
from ..core.policy import Policy
from ..core.version import __version__
from .bundle import MODEL_TFLITE, Bundle
from .memory import Memory
from .runtime import Model

_POORER = 0.5  # a photograph is poor when it is this much poorer than every one that people could answer


@dataclass(frozen=True, eq=False)
class Seen:
    """What a network says of N photographs: logits (N, K), embeddings (N, D), and the photographs' own measurements.

    ``measured`` (N, 3) is sharpness, brightness and the share that is clipped.
    """

    logits: NDArray[np.float32]
    embeddings: NDArray[np.float32]
    measured: NDArray[np.float64]


def see(photos: Iterable[Photo], model: Model) -> Seen:
    """Show photographs to a model's own network, whatever its calibration.

    Raises:
        BundleRefused: ``embedding_missing``.
    """
    network = model.with_calibration(None)
    logits, embeddings, measured = [], [], []
    for photo in photos:
        scores = network.score(photo)
        if scores.embedding is None:
            raise _no_embedding(model.bundle)
        logits.append(scores.logits)
        embeddings.append(scores.embedding)
        measured.append((photo.sharpness, photo.brightness, photo.clipped))
    return Seen(np.array(logits), np.array(embeddings), np.array(measured, np.float64))


def commission_line(
    model: Model,
    seen: Seen,
    labels: Sequence[str],
    groups: Sequence[str],
    chances: Sequence[float] | None = None,
    *,
    alpha: float | None = None,
    beta: float | None = None,
    progress: Progress = lambda step, done, total: None,
) -> Commissioned:
    """Fit a model to a line; see `core.commissioning.commission`.

    Args:
        seen: the line's photographs; labels: the classes' keys that people gave them; groups: those of one fruit share one.
        chances: with which each was chosen to be asked; by default all alike.

    Raises:
        DataRefused: ``line_few``. BundleRefused: ``memory_unreadable``.
    """
    bundle = model.bundle
    memory = Memory.read(bundle)
    known = None
    if memory is not None:
        known = Examples(
            memory.embeddings,
            memory.labels,
            memory.groups,
            memory.weights.astype(np.float64),
            np.array(memory.source_names)[memory.sources],
        )
    keys = [each.key for each in bundle.classes]
    line = Examples(
        seen.embeddings,
        np.array([keys.index(label) for label in labels], np.int64),
        np.array(groups),
        np.ones(len(labels)) if chances is None else 1 / np.asarray(chances, np.float64),
        np.array(["line"] * len(labels)),
    )
    return commission(
        known,
        line,
        seen.logits,
        bundle.classes,
        _borne(bundle.policy, seen.measured),
        network=bundle.files[MODEL_TFLITE],
        alpha=alpha,
        beta=beta,
        progress=progress,
    )


def described(
    found: Commissioned, name: str, hashes: Sequence[str], more: Mapping[str, Any] | None = None
) -> Commissioned:
    """The same, with a calibration that says whose it is, when it was made, and from which photographs (SHA-256)."""
    facts = {
        **found.calibration.facts,
        "created": datetime.now(UTC).date().isoformat(),
        "photographs": len(hashes),
        "name": name,
        "program": __version__,
        **(more or {}),
        FITTED_TO: sorted(set(hashes)),
    }
    return replace(found, calibration=replace(found.calibration, facts=facts))


def _borne(policy: Policy, measured: NDArray[np.float64]) -> Policy:
    """The policy, with room for photographs as dark, blurred or bright as those that people could answer."""
    if not len(measured):
        return policy
    (sharpness, darkest, _), (_, brightest, clipped) = measured.min(axis=0), measured.max(axis=0)
    return replace(
        policy,
        min_sharpness=min(policy.min_sharpness, _POORER * float(sharpness)),
        min_brightness=min(policy.min_brightness, _POORER * float(darkest)),
        max_brightness=max(policy.max_brightness, 1 - _POORER * (1 - float(brightest))),
        max_clipped=max(policy.max_clipped, 1 - _POORER * (1 - float(clipped))),
    )


def _no_embedding(bundle: Bundle) -> BundleRefused:
    return BundleRefused(
        "embedding_missing",
        es=f"El modelo {bundle.name} no da la representación de una foto y no se puede ajustar a una línea. Use uno "
        "entrenado con vistobueno train.",
        en=f"Model {bundle.name} gives no embeddings and cannot be fitted to a line. Use one that was "
        "trained with vistobueno train.",
    )
