"""Give a bundle a training memory: what its own network says of labelled photographs, from which a line is commissioned."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from ..core.photo import Photo, open_photo
from ..model.bundle import MEMORY, Bundle, write_bundle
from ..model.commission import see
from ..model.memory import Memory
from ..model.runtime import Model
from .data import LabelledPhoto, limits_as_served, refuse_unknown, weights_of

_BALANCE = 0.5  # between every group alike and every class of every source alike, as in training


def remember(
    model: Model, photos: Sequence[LabelledPhoto], out: Path, progress: Callable[[int, int], None] = lambda *_: None
) -> Bundle:
    """Write the model's bundle to ``out`` with these photographs as its memory, in place of what it kept.

    Args:
        photos: of any cameras; those that the model was trained on are among them where they are at hand.

    Raises:
        DataRefused: ``data_classes_unknown``. PhotoRefused: one cannot be read. BundleRefused: ``embedding_missing``.
    """
    refuse_unknown(photos, model.bundle.classes)
    keys = [each.key for each in model.bundle.classes]
    photos = [photo for photo in photos if photo.label in keys]

    limits = limits_as_served(model)

    def opened() -> Iterator[Photo]:
        for number, photo in enumerate(photos, 1):
            yield open_photo(photo.path.read_bytes(), limits)
            progress(number, len(photos))

    seen = see(opened(), model)
    source_names, sources = np.unique([photo.source for photo in photos], return_inverse=True)
    _, groups = np.unique([f"{photo.source}/{photo.group}" for photo in photos], return_inverse=True)
    memory = Memory(
        seen.embeddings,
        np.array([keys.index(photo.label) for photo in photos], np.int64),
        sources.astype(np.int64),
        tuple(source_names.tolist()),
        groups.astype(np.int64),
        weights_of(photos, _BALANCE).astype(np.float32),
    )
    bundle = model.bundle
    facts = {name: value for name, value in vars(bundle).items() if name not in ("path", "files", "digest")}
    return write_bundle(out, {**{name: bundle.read(name) for name in bundle.files}, MEMORY: memory.content()}, **facts)
