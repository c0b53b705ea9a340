"""One photograph of an archive and what came of it, as a row: the columns are the plain values of an inspection."""

import hashlib
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.composed import flat, leaves
from ...core.errors import PhotoRefused
from ...core.inspection import Inspection, ModelName, PhotoFacts
from ...core.photo import open_photo
from ...core.verdict import Verdict
from ...model.inspector import inspect, limits_for
from ...model.runtime import Model
from ..parquet import arrow, arrow_type, arrow_values
from .photographs import Photographs

Row = dict[str, Any]
FILE, VERSION, HASH, ERROR, MODEL, CALIBRATION = (
    "file", "version", "photo_sha256", "error", "model_digest", "model_calibration"
)  # fmt: skip
UNREADABLE = "unreadable_file"
"""The error of what could not be fetched: it is tried again, as no other is."""
NOTHING: NDArray[np.bytes_] = np.array([], "S32")
_PARTS = (Verdict, PhotoFacts)


def schema() -> Any:
    """The columns: where the photograph lies and its version, what `Inspection` calls its verdict, photograph and model;
    ``product`` as it is recognised and ``resembles``, the most probable one of all; and the code of what refused it.
    """
    pa = arrow()
    wanted = {leaf.name for part in _PARTS for leaf in leaves(part)} | {"elapsed_ms"}
    own = [
        (leaf.name, arrow_type(leaf.kind))
        for leaf in leaves(Inspection)
        if leaf.name in wanted or leaf.path.startswith("model.")
    ]
    return pa.schema(
        [(FILE, pa.string()), (VERSION, pa.string()), *own, ("resembles", pa.string()), (ERROR, pa.string())]
    )


def shown(name: str) -> str:
    """A file's name as it is kept: what no text can hold is replaced."""
    return name.encode("utf-8", "replace").decode()


@dataclass(frozen=True, eq=False)
class Judge:
    """Fetches and judges photographs by their names; several threads may ask it.

    Attributes:
        known: (N,) SHA-256 of photographs whose rows are kept, sorted: they are not judged again, and come back as a row
            with neither answer nor error.
    """

    model: Model
    photographs: Photographs
    known: NDArray[np.bytes_] = field(default_factory=lambda: NOTHING)

    def __call__(self, name: str) -> Row:
        """What came of one photograph; a refusal too is a row."""
        start = time.perf_counter()
        limits = limits_for(self.model)
        row: Row = {FILE: shown(name), **{f"model_{key}": each for key, each in flat(self.model.name).items()}}
        data = b""
        try:
            data, row[VERSION] = self.photographs.fetch(name, limits.max_bytes)
            row["bytes"] = len(data)
            if len(self.known) and is_among(self.known, hashlib.sha256(data).digest()):
                return row | {HASH: hashlib.sha256(data).hexdigest()}
            photo = open_photo(data, limits)
        except PhotoRefused as error:
            fetched = {} if error.code == UNREADABLE else {HASH: hashlib.sha256(data).hexdigest()}
            return row | fetched | {ERROR: error.code}
        del data
        verdict = inspect(photo, self.model)
        row |= arrow_values(flat(verdict)) | flat(PhotoFacts.of(photo, row["bytes"]))
        product = {"product": verdict.recognised_product, "resembles": verdict.product}
        return row | product | {"elapsed_ms": (time.perf_counter() - start) * 1e3}


def model_name(row: Row) -> ModelName:
    """The model that a row is of."""
    return ModelName(*(row[f"model_{leaf.name}"] for leaf in leaves(ModelName)))


def is_among(known: NDArray[np.bytes_], one: bytes) -> bool:
    """Whether ``one`` is in a sorted array of as many bytes each."""
    place = int(np.searchsorted(known, np.array(one, known.dtype)))
    return place < len(known) and known[place] == np.array(one, known.dtype)
