"""What models that did not train on a photograph say of it: kept in the bundle, so that its figures can be repeated."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..model.bundle import HELD_OUT, Bundle, ClassInfo, Policy, npz_bytes
from ..verdict import Verdict, judge, softmax, stranger_score
from .data import LabelledPhoto


@dataclass(frozen=True, eq=False)
class Predictions:
    """Of n photographs as serving sees them: ``logits`` (n, K) and ``embeddings`` (n, D)."""

    logits: NDArray[np.float32]
    embeddings: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Judgements:
    """What is left of predictions when the scope is known: ``logits`` (n, K) and ``strangers`` (n,) scores."""

    logits: NDArray[np.float32]
    strangers: NDArray[np.float32]

    @classmethod
    def of(cls, predictions: Predictions, classes: tuple[ClassInfo, ...], policy: Policy) -> "Judgements":
        """Compute the stranger scores of predictions."""
        pairs = zip(predictions.embeddings, softmax(predictions.logits / policy.temperature), strict=True)
        scores = [stranger_score(embedding, p, classes, policy.scope) for embedding, p in pairs]
        return cls(predictions.logits, np.array([np.nan if s is None else s for s in scores], np.float32))

    def verdicts(self, classes: tuple[ClassInfo, ...], policy: Policy) -> list[Verdict]:
        """The verdicts under a policy; photo quality is left aside."""
        pairs = zip(self.logits, self.strangers, strict=True)
        return [judge(logits, None, None, classes, policy, float(stranger)) for logits, stranger in pairs]


@dataclass(frozen=True, eq=False)
class HeldOut:
    """The training photographs by hash, what a model trained without each says of it (``known``), and, for those in
    ``rows``, what a model says that never saw their source (``unknown``).
    """

    hashes: tuple[str, ...]
    known: Judgements
    rows: NDArray[np.int64]
    unknown: Judgements

    def content(self) -> bytes:
        """As the content of ``held_out.npz``."""
        return npz_bytes(
            hashes=np.array(self.hashes),
            logits=self.known.logits,
            strangers=self.known.strangers,
            rows=self.rows,
            unknown_logits=self.unknown.logits,
            unknown_strangers=self.unknown.strangers,
        )

    @classmethod
    def read(cls, bundle: Bundle) -> "HeldOut | None":
        """Those of a bundle; None when it keeps none, as a stranger's model does."""
        if HELD_OUT not in bundle.files:
            return None
        with np.load(bundle.path / HELD_OUT, allow_pickle=False) as kept:
            known = Judgements(kept["logits"], kept["strangers"])
            unknown = Judgements(kept["unknown_logits"], kept["unknown_strangers"])
            return cls(tuple(kept["hashes"].tolist()), known, kept["rows"], unknown)

    def verdicts(self, bundle: Bundle, unknown: bool = False) -> dict[str, Verdict]:
        """Held-out verdicts by hash; ``unknown``: by the models that never saw the photograph's source."""
        judgements = self.unknown if unknown else self.known
        hashes = [self.hashes[row] for row in self.rows] if unknown else self.hashes
        return dict(zip(hashes, judgements.verdicts(bundle.classes, bundle.policy), strict=True))


def hashes_of(photos: Sequence[LabelledPhoto]) -> tuple[str, ...]:
    """SHA-256 of each photograph's bytes, hex."""
    return tuple(hashlib.sha256(photo.path.read_bytes()).hexdigest() for photo in photos)
