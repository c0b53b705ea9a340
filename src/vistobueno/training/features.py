"""Photographs → views → what the frozen trunk sees in them, kept in a work folder so that a cut run goes on.

The lower layers of a network trained on ImageNet stay as they are; only the layers above are trained. What the trunk
makes of each view is computed once, and every fold and every epoch reads it from there: that is why training takes
minutes on two cores.
"""

import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray
from PIL import Image

from ..errors import DataRefused, PhotoRefused
from ..photo import Limits, open_photo
from .augment import Picture
from .backbone import Backbone
from .data import LabelledPhoto
from .views import Album, exact

Progress = Callable[[str, int, int], None]
_BATCH = 64


@dataclass(frozen=True, eq=False)
class Features:
    """What the trunk sees: ``maps`` (V, N, h, w, C) float16, and the class index of each view, ``labels`` (V, N).

    View 0 is the photograph exactly as serving sees it.
    """

    maps: NDArray[np.float16]
    labels: NDArray[np.int64]


def split_network(network: keras.Model) -> tuple[keras.Model, keras.Model]:
    """Part a backbone at its last residual sum below a convolution: (frozen trunk, trainable tail).

    A network without residual sums is all trunk and is only probed linearly.
    """
    at, seen = network.layers[-1], False
    for layer in reversed(network.layers):
        seen = seen or isinstance(layer, layers.Conv2D)
        if seen and isinstance(layer, layers.Add):
            at = layer
            break
    trunk = keras.Model(network.inputs, at.output, name="trunk")
    if at is network.layers[-1]:
        same = layers.Input(at.output.shape[1:])
        return trunk, keras.Model(same, layers.Activation("linear")(same), name="tail")
    return trunk, keras.Model(at.output, network.output, name="tail")


def open_all(photos: Sequence[LabelledPhoto], side: int, progress: Progress) -> list[Picture]:
    """Decode every photograph, reduced to about 1.5 × ``side`` on its shortest side.

    Raises:
        DataRefused: ``photo_refused``, naming the file.
    """
    limits = Limits(max_bytes=100_000_000, cover=round(1.5 * side), min_side=32)
    pictures = []
    for done, photo in enumerate(photos, 1):
        try:
            pixels = open_photo(photo.path.read_bytes(), limits).pixels
        except PhotoRefused as error:
            raise DataRefused(
                "photo_refused", es=f"{photo.path}: {error.es}", en=f"{photo.path}: {error.en}"
            ) from error
        ratio = 1.5 * side / min(pixels.shape[:2])
        if ratio < 1:
            size = (round(pixels.shape[1] * ratio), round(pixels.shape[0] * ratio))
            pixels = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0))
        pictures.append(pixels)
        progress("photographs", done, len(photos))
    return pictures


def compute(
    photos: Sequence[LabelledPhoto],
    classes: Sequence[str],
    backbone: Backbone,
    trunk: keras.Model,
    *,
    views: int,
    seed: int,
    work: Path,
    progress: Progress,
) -> Features:
    """Make ``views`` views of each photograph beside itself and run the trunk over all, one file a view in ``work``."""
    side, rows = backbone.size, len(photos)
    todo = [number for number in range(views + 1) if not (work / f"view-{number}.json").is_file()]
    if todo:
        pictures = open_all(photos, side, progress)
        run = tf.function(lambda x: trunk(x, training=False))
        scale, offset = np.asarray(backbone.scale, np.float32), np.asarray(backbone.offset, np.float32)
        album = Album.open(photos, pictures)

        def make(job: tuple[range, int]) -> list[tuple[Picture, str]]:
            indices, number = job
            if number == 0:
                return [(exact(pictures[index], side), photos[index].label) for index in indices]
            return [album.view(index, number, side, seed) for index in indices]

        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            for number in todo:
                maps: list[NDArray[np.float16]] = []
                labels: list[int] = []
                jobs = [(range(start, min(start + _BATCH, rows)), number) for start in range(0, rows, _BATCH)]
                for batch in pool.map(make, jobs):
                    x = np.stack([picture for picture, _ in batch]).astype(np.float32) * scale + offset
                    maps.append(run(tf.constant(x)).numpy().astype(np.float16))
                    labels += [classes.index(label) for _, label in batch]
                    progress("views", (views + 1 - len(todo)) * rows + len(labels) + todo.index(number) * rows,
                             (views + 1) * rows)  # fmt: skip
                np.save(work / f"view-{number}.npy", np.concatenate(maps))
                (work / f"view-{number}.json").write_text(json.dumps(labels))  # last: it says that the view is whole
    return Features(
        np.stack([np.load(work / f"view-{number}.npy") for number in range(views + 1)]),
        np.array([json.loads((work / f"view-{number}.json").read_text()) for number in range(views + 1)]),
    )
