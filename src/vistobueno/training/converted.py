"""A foreign model once it is converted: what passes from the process that did it to the one that packs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.errors import ModelRefused
from ..model.archive import npz_bytes
from ..model.bundle import MODEL_H5, MODEL_TFLITE

AGREEMENT = 1e-4  # largest difference between a model and LiteRT, relative to the largest output
_FACTS, _GOLDEN = "facts.json", "golden.npz"
_FILES = ("h5", "tflite", "golden")


@dataclass(frozen=True, eq=False)
class Converted:
    """A foreign model as the two files that serve, and what is known of it.

    Attributes:
        keras: generation of the Keras that model.h5 is of (2 or 3), 0 for a graph.
        shape: of the input: height, width, channels.
        classes: how many the logits have.
        says: what the network's own outputs are, see `serving.Says`.
        gives_map: whether there is an activation map.
        golden: for each scaling that may be meant, the logits (4, K) of the golden pictures, by the Keras that wrote it.
        differences: for each, the largest difference between LiteRT and the model itself.
    """

    keras: int
    shape: tuple[int, int, int]
    classes: int
    says: str
    gives_map: bool
    h5: bytes
    tflite: bytes
    golden: Mapping[str, NDArray[np.float32]]
    differences: Mapping[str, float]

    def write(self, folder: Path) -> None:
        """Leave it in a folder."""
        (folder / MODEL_H5).write_bytes(self.h5)
        (folder / MODEL_TFLITE).write_bytes(self.tflite)
        (folder / _GOLDEN).write_bytes(npz_bytes(**self.golden))
        facts = {key: value for key, value in vars(self).items() if key not in _FILES}
        (folder / _FACTS).write_text(json.dumps(facts), encoding="utf-8")


def read_converted(folder: Path) -> Converted:
    """What `Converted.write` left."""
    facts = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
    with np.load(folder / _GOLDEN, allow_pickle=False) as arrays:
        golden = {name: arrays[name] for name in facts["differences"]}
    files = {"h5": (folder / MODEL_H5).read_bytes(), "tflite": (folder / MODEL_TFLITE).read_bytes()}
    return Converted(**{**facts, **files, "shape": tuple(facts["shape"]), "golden": golden})


def within_agreement(difference: float) -> float:
    """The difference, where it is not over `AGREEMENT`.

    Raises:
        ModelRefused: ``runtimes_disagree``.
    """
    if not difference <= AGREEMENT:  # so that a NaN is refused
        raise ModelRefused(
            "runtimes_disagree",
            es=f"LiteRT no da las respuestas del modelo (difieren en {difference:.2g}). Guárdelo sin cuantizar.",
            en=f"LiteRT and the model give different answers (they differ by {difference:.2g}). Save it unquantised.",
        )
    return difference
