"""What a model was trained on, as embeddings: the training memory, from which a station fits a last layer again."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..core.errors import BundleRefused
from .archive import UNREADABLE, npz_arrays, npz_bytes
from .bundle import MEMORY, Bundle

_LARGEST = 64 * 1024 * 1024  # bytes
_LEVELS = 255


@dataclass(frozen=True, eq=False)
class Memory:
    """N training photographs, as serving sees them.

    Attributes:
        embeddings: (N, D), as the model gives them.
        labels: (N,) the index of each one's class in the bundle.
        sources: (N,) the index in ``source_names`` of the camera or collection.
        groups: (N,) photographs of one group show the same picture or pose; no two sources share a group.
        weights: (N,) how much each counts, 1 on average.
    """

    embeddings: NDArray[np.float32]
    labels: NDArray[np.int64]
    sources: NDArray[np.int64]
    source_names: tuple[str, ...]
    groups: NDArray[np.int64]
    weights: NDArray[np.float32]

    def content(self) -> bytes:
        """As the content of ``memory.npz``: a byte for each number of an embedding, in 256 levels of its dimension."""
        least = self.embeddings.min(axis=0)
        step = np.maximum((self.embeddings.max(axis=0) - least) / _LEVELS, 1e-12).astype(np.float32)
        codes = np.rint((self.embeddings - least) / step).clip(0, _LEVELS).astype(np.uint8)
        return npz_bytes(
            codes=codes,
            least=least.astype(np.float32),
            step=step,
            labels=self.labels,
            sources=self.sources,
            source_names=np.array(self.source_names),
            groups=self.groups,
            weights=self.weights.astype(np.float32),
        )

    @classmethod
    def read(cls, bundle: Bundle) -> "Memory | None":
        """That of a bundle; None when it keeps none, as a foreign model does.

        Raises:
            BundleRefused: ``memory_unreadable``.
        """
        if MEMORY not in bundle.files:
            return None
        try:
            kept = npz_arrays(bundle.read(MEMORY, _LARGEST))
            if kept["codes"].dtype != np.uint8 or any(
                kept[name].dtype.kind != "i" for name in ("labels", "sources", "groups")
            ):
                raise ValueError("dtype")
            memory = cls(
                kept["codes"] * kept["step"].astype(np.float32) + kept["least"].astype(np.float32),
                kept["labels"],
                kept["sources"],
                tuple(kept["source_names"].tolist()),
                kept["groups"],
                kept["weights"].astype(np.float32),
            )
            memory._check(len(bundle.classes))
        except UNREADABLE as error:
            raise BundleRefused(
                "memory_unreadable",
                es=f"No se puede leer {MEMORY} del modelo {bundle.name} ({error}). Descárguelo otra vez.",
                en=f"{MEMORY} of model {bundle.name} cannot be read ({error}). Download it again.",
            ) from error
        return memory

    def _check(self, classes: int) -> None:
        count = len(self.embeddings)
        if any(each.shape != (count,) for each in (self.labels, self.sources, self.groups, self.weights)) or not count:
            raise ValueError("shapes")
        for index, below in ((self.labels, classes), (self.sources, len(self.source_names))):
            if not ((index >= 0) & (index < below)).all():
                raise ValueError("an index that names nothing")
        if not (np.isfinite(self.embeddings).all() and np.isfinite(self.weights).all() and (self.weights >= 0).all()):
            raise ValueError("no numbers")
