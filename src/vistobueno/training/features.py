"""Photographs → views → what the frozen trunk sees in them, kept in a work folder so that a cut run goes on.

The lower layers of a network trained on ImageNet stay as they are; only the layers above are trained. What the trunk
makes of each view is computed once, and every fold and every epoch reads it from there: that is why training takes
minutes on two cores.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray
from PIL import Image

from ..core.errors import PhotoRefused
from ..core.photo import open_photo
from .augment import Picture
from .backbone import Backbone
from .cutout import cut_out
from .data import LIMITS, LabelledPhoto, unreadable
from .views import view_of

Progress = Callable[[str, int, int], None]
_BATCH = 64


@dataclass(frozen=True, eq=False)
class Features:
    """What the network sees in V views of N photographs; view 0 is the photograph exactly as serving sees it.

    ``maps`` (V, N, h, w, C) float16: what the trunk makes of them; ``pooled`` (V, N, D) float32: what the tail, as it
    came from ImageNet, makes of that, averaged over the picture; ``labels`` (N,): class indices.
    """

    maps: NDArray[np.float16]
    pooled: NDArray[np.float32]
    labels: NDArray[np.int64]


def split_network(network: keras.Model) -> tuple[keras.Model, keras.Model]:
    """Part a backbone at its last residual sum before the picture is halved for the last time: (frozen trunk, trainable tail).

    What lies below knows edges and textures and stays as ImageNet made it; a small defect is still seen at that size. A
    network without such a sum is all trunk and is only probed linearly.
    """
    smallest = network.output.shape[1]
    sums = [layer for layer in network.layers if isinstance(layer, layers.Add) and layer.output.shape[1] > smallest]
    if not sums:
        same = layers.Input(network.output.shape[1:])
        trunk = keras.Model(network.inputs, network.output, name="trunk")
        return trunk, keras.Model(same, layers.Activation("linear")(same), name="tail")
    at = sums[-1].output
    return keras.Model(network.inputs, at, name="trunk"), keras.Model(at, network.output, name="tail")


def open_all(photos: Sequence[LabelledPhoto], side: int, progress: Progress) -> list[Picture]:
    """Decode every photograph, reduced to about 1.5 × ``side`` on its shortest side.

    Raises:
        DataRefused: ``photos_unreadable``, naming all of them.
    """
    limits = replace(LIMITS, cover=round(1.5 * side))
    pictures: list[Picture] = []
    refused: dict[str, PhotoRefused] = {}
    for done, photo in enumerate(photos, 1):
        try:
            pixels = open_photo(photo.path.read_bytes(), limits).pixels
        except PhotoRefused as error:
            refused[str(photo.path)] = error
            continue
        ratio = 1.5 * side / min(pixels.shape[:2])
        if ratio < 1:
            size = (round(pixels.shape[1] * ratio), round(pixels.shape[0] * ratio))
            pixels = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0))
        pictures.append(pixels)
        progress("photographs", done, len(photos))
    if refused:
        raise unreadable(refused)
    return pictures


def compute(
    photos: Sequence[LabelledPhoto],
    classes: Sequence[str],
    backbone: Backbone,
    trunk: keras.Model,
    tail: keras.Model,
    *,
    views: int,
    seed: int,
    work: Path,
    progress: Progress,
) -> Features:
    """Make ``views`` views of each photograph beside itself and run the network over all, one file a view in ``work``."""
    todo = [number for number in range(views + 1) if not (work / f"view-{number}.npz").is_file()]
    if todo:
        pictures = open_all(photos, backbone.size, progress)
        made, total = (views + 1 - len(todo)) * len(photos), (views + 1) * len(photos)
        run = tf.function(lambda x: _seen(trunk, tail, x))
        scale, offset = np.asarray(backbone.scale, np.float32), np.asarray(backbone.offset, np.float32)
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            cutouts = list(pool.map(cut_out, pictures))

            def make(job: tuple[int, int]) -> NDArray[np.float32]:
                number, start = job
                rows = range(start, min(start + _BATCH, len(photos)))
                own = [view_of(pictures[row], cutouts[row], number, backbone.size, (seed, row)) for row in rows]
                return np.stack(own).astype(np.float32) * scale + offset

            for number in todo:
                maps, pooled = [], []
                for x in pool.map(make, [(number, start) for start in range(0, len(photos), _BATCH)]):
                    seen = run(tf.constant(x))
                    maps.append(seen[0].numpy().astype(np.float16))
                    pooled.append(seen[1].numpy())
                    made += len(x)
                    progress("views", made, total)
                beside = work / f"view-{number}.part.npz"
                np.savez(beside, maps=np.concatenate(maps), pooled=np.concatenate(pooled))
                beside.replace(work / f"view-{number}.npz")
    labels = np.array([list(classes).index(photo.label) for photo in photos])
    return Features(_stacked(work, views + 1, "maps"), _stacked(work, views + 1, "pooled"), labels)


def _stacked(work: Path, count: int, name: str) -> NDArray[Any]:
    """What every view's file keeps under ``name``, one view after another; never twice in memory."""
    for number in range(count):
        with np.load(work / f"view-{number}.npz") as kept:
            view = kept[name]
        if number == 0:
            stacked = np.empty((count, *view.shape), view.dtype)
        stacked[number] = view
    return stacked


def _seen(trunk: keras.Model, tail: keras.Model, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    maps = trunk(x, training=False)
    return maps, tf.reduce_mean(tail(maps, training=False), axis=(1, 2))
