"""Photographs → views → what the frozen trunk sees in them, kept in a work folder so that a cut run goes on.

The lower layers of a network trained on ImageNet stay as they are; only the layers above are trained. What the trunk
makes of each view is computed once, and every fold and every epoch reads it from there: that is why training takes
minutes on two cores.
"""

import itertools
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
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

from ..core.photo import open_photo
from .augment import Picture
from .backbone import Backbone
from .data import LIMITS, LabelledPhoto
from .segmentation import cut_out
from .views import view_of

Progress = Callable[[str, int, int], None]
_BATCH = 16  # photographs of which the views are made and kept at once
_AHEAD = 4  # batches made while the network is busy with another


@dataclass(frozen=True, eq=False)
class Features:
    """What the network sees in V views of N photographs; view 0 is the photograph exactly as serving sees it.

    ``maps`` (N, V, h, w, C) float16, on disk: what the trunk makes of them; ``pooled`` (N, V, D) float16, on disk: what
    the tail, as it came from ImageNet, makes of that, averaged over the picture; ``labels`` (N,): class indices.
    """

    maps: NDArray[np.float16]
    pooled: NDArray[np.float16]
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


def open_one(photo: LabelledPhoto, side: int) -> Picture:
    """Decode a photograph, reduced to about 1.5 × ``side`` on its shortest side.

    Raises:
        PhotoRefused: what `open_photo` raises.
    """
    pixels = open_photo(photo.path.read_bytes(), replace(LIMITS, cover=round(1.5 * side))).pixels
    ratio = 1.5 * side / min(pixels.shape[:2])
    if ratio >= 1:
        return pixels
    size = (round(pixels.shape[1] * ratio), round(pixels.shape[0] * ratio))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0))


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
    """Make ``views`` views of each photograph beside itself and run the network over all; what it sees stays in ``work``.

    A batch of photographs is read, seen and written at a time, so that memory does not grow with their number.
    """
    count = views + 1
    maps = _array(work / "maps.npy", (len(photos), count, *trunk.output_shape[1:]))
    pooled = _array(work / "pooled.npy", (len(photos), count, tail.output_shape[-1]))
    done = work / "done"
    first = int(done.read_text()) if done.is_file() else 0
    run = tf.function(lambda x: _seen(trunk, tail, x))
    scale, offset = (tf.constant(each, tf.float32) for each in (backbone.scale, backbone.offset))

    def look(row: int) -> NDArray[np.uint8]:
        pixels = open_one(photos[row], backbone.size)
        cutout = cut_out(pixels)
        return np.stack([view_of(pixels, cutout, number, backbone.size, (seed, row)) for number in range(count)])

    for rows, seen in _ahead(lambda rows: np.concatenate([look(row) for row in rows]), len(photos), first):
        own_maps, own_pooled = run(tf.cast(seen, tf.float32) * scale + offset)
        maps[rows] = own_maps.numpy().reshape(len(rows), count, *maps.shape[2:])
        pooled[rows] = own_pooled.numpy().reshape(len(rows), count, -1)
        maps.flush()
        pooled.flush()
        beside = work / "done.part"
        beside.write_text(str(rows.stop))
        beside.replace(done)
        progress("views", rows.stop, len(photos))
    labels = np.array([list(classes).index(photo.label) for photo in photos])
    return Features(maps, pooled, labels)


def _array(path: Path, shape: tuple[int, ...]) -> np.memmap[Any, np.dtype[np.float16]]:
    """The array that lies there, or a new one."""
    return np.lib.format.open_memmap(path, "r+" if path.is_file() else "w+", np.float16, shape)


def _ahead(
    make: Callable[[range], NDArray[np.uint8]], count: int, first: int
) -> Iterator[tuple[range, NDArray[np.uint8]]]:
    """Batches of rows from ``first`` on and what ``make`` makes of each, in order, a few of them made in advance."""
    batches = [range(start, min(start + _BATCH, count)) for start in range(first, count, _BATCH)]
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        waiting = deque((rows, pool.submit(make, rows)) for rows in batches[:_AHEAD])
        for upcoming in itertools.chain(batches[_AHEAD:], itertools.repeat(None, len(waiting))):
            rows, made = waiting.popleft()
            yield rows, made.result()
            if upcoming is not None:
                waiting.append((upcoming, pool.submit(make, upcoming)))


def _seen(trunk: keras.Model, tail: keras.Model, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    maps = trunk(x, training=False)
    return maps, tf.reduce_mean(tail(maps, training=False), axis=(1, 2))
