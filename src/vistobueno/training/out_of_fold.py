"""What models that did not train on a photograph say of it: kept in the bundle, so that its figures can be repeated."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.classes import ClassInfo
from ..core.errors import BundleRefused
from ..core.policy import Policy
from ..core.verdict import Verdict, energy, judge
from ..model.archive import UNREADABLE, npz_arrays, npz_bytes
from ..model.bundle import HELD_OUT, Bundle
from .data import LabelledPhoto


@dataclass(frozen=True, eq=False)
class Predictions:
    """Of n photographs as serving sees them, by models not trained on them.

    ``logits`` (n, K), and ``distances`` (n,) from what the same model knows, as `verdict.distance_of`.
    """

    logits: NDArray[np.float32]
    distances: NDArray[np.float32]

    @classmethod
    def of(cls, logits: NDArray[np.float32]) -> "Predictions":
        """Of a model whose scope rests on its logits alone."""
        return cls(logits, np.array([energy(each) for each in logits], np.float32))

    def verdicts(self, classes: tuple[ClassInfo, ...], policy: Policy) -> list[Verdict]:
        """The verdicts under a policy; photo quality is left aside."""
        pairs = zip(self.logits, self.distances, strict=True)
        return [judge(logits, None, None, classes, policy, float(distance)) for logits, distance in pairs]

    def at(self, places: Sequence[int] | NDArray[np.integer]) -> "Predictions":
        """Those at ``places``, in that order."""
        chosen = np.asarray(places, np.int64)
        return Predictions(self.logits[chosen], self.distances[chosen])

    @classmethod
    def joined(cls, parts: Sequence["Predictions"]) -> "Predictions":
        """Several one after another."""
        return cls(np.concatenate([part.logits for part in parts]), np.concatenate([part.distances for part in parts]))


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """The training photographs by hash, what a model trained without each says of it (``known``), and, for those in
    ``rows``, what a model says that never saw their source (``unknown``).
    """

    hashes: tuple[str, ...]
    known: Predictions
    rows: NDArray[np.int64]
    unknown: Predictions

    def content(self) -> bytes:
        """As the content of ``held_out.npz``."""
        return npz_bytes(
            hashes=np.array(self.hashes),
            logits=self.known.logits,
            distances=self.known.distances,
            rows=self.rows,
            unknown_logits=self.unknown.logits,
            unknown_distances=self.unknown.distances,
        )

    @classmethod
    def read(cls, bundle: Bundle) -> "OutOfFold | None":
        """Those of a bundle; None when it keeps none, as a foreign model does."""
        if HELD_OUT not in bundle.files:
            return None
        try:
            kept = npz_arrays(bundle.read(HELD_OUT))
            known = Predictions(kept["logits"], kept["distances"])
            unknown = Predictions(kept["unknown_logits"], kept["unknown_distances"])
            found = cls(tuple(kept["hashes"].tolist()), known, kept["rows"], unknown)
            found._check(len(bundle.classes))
            return found
        except UNREADABLE as error:
            raise BundleRefused(
                "held_out_unreadable",
                es=f"No se puede leer {HELD_OUT} del modelo {bundle.name} ({error}). Entrénelo otra vez.",
                en=f"{HELD_OUT} of model {bundle.name} cannot be read ({error}). Train it again.",
            ) from error

    def _check(self, classes: int) -> None:
        """Raise `ValueError` where the arrays do not fit each other or the model."""
        of_all, of_rows = len(self.hashes), len(self.rows)
        shapes = [(of_all, classes), (of_all,), (of_rows,), (of_rows, classes), (of_rows,)]
        arrays: list[NDArray[Any]] = [
            self.known.logits,
            self.known.distances,
            self.rows,
            self.unknown.logits,
            self.unknown.distances,
        ]
        if [each.shape for each in arrays] != shapes or not all(0 <= row < of_all for row in self.rows.tolist()):
            raise ValueError("shapes")
        if any(each.dtype.kind not in "fiu" for each in arrays):
            raise ValueError("no numbers")

    def verdicts(self, bundle: Bundle, unknown: bool = False) -> dict[str, Verdict]:
        """Held-out verdicts by hash; ``unknown``: by the models that never saw the photograph's source."""
        predictions = self.unknown if unknown else self.known
        hashes = [self.hashes[row] for row in self.rows] if unknown else self.hashes
        return dict(zip(hashes, predictions.verdicts(bundle.classes, bundle.policy), strict=True))


def hashes_of(photos: Sequence[LabelledPhoto]) -> tuple[str, ...]:
    """SHA-256 of each photograph's bytes, hex."""
    return tuple(hashlib.sha256(photo.path.read_bytes()).hexdigest() for photo in photos)
