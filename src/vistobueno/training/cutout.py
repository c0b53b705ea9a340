"""Cut a fruit out of a plain background, so that training can show it anywhere and the background proves nothing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

_TOLERANCE = 34.0  # largest distance in RGB (0 to 255) from the background's colour that still is background
_BLACK = 14  # corners that a mechanical rotation or shift left are darker than this in every channel
_SHARE = (0.06, 0.86)  # a fruit covers this share of its photograph; outside it the cut failed


@dataclass(frozen=True, eq=False)
class Cutout:
    """A fruit without its background: ``pixels`` (H, W, 3) uint8 and ``alpha`` (H, W) float32 in 0..1, cropped."""

    pixels: NDArray[np.uint8]
    alpha: NDArray[np.float32]


def cut_out(pixels: NDArray[np.uint8]) -> Cutout | None:
    """Return what stands before a plain background, or None when the background is not plain.

    The background is what connects to the border and has the border's colour; black corners count as border.
    """
    near = _border_colour_distance(pixels) < _TOLERANCE
    black = pixels.max(axis=2) < _BLACK
    labels, _ = ndimage.label(near | black)
    border = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    if (border > 0).mean() < 0.8:
        return None
    background = np.isin(labels, np.unique(border[border > 0]))
    fruit = ndimage.binary_fill_holes(ndimage.binary_opening(~background, iterations=2))
    pieces, count = ndimage.label(fruit)
    if count == 0:
        return None
    sizes = ndimage.sum_labels(fruit, pieces, np.arange(1, count + 1))
    fruit = np.isin(pieces, 1 + np.flatnonzero(sizes > 0.15 * sizes.max()))
    if not _SHARE[0] < fruit.mean() < _SHARE[1]:
        return None
    soft = ndimage.gaussian_filter(ndimage.binary_erosion(fruit, iterations=1).astype(np.float32), 0.8)
    rows, columns = np.flatnonzero(fruit.any(axis=1)), np.flatnonzero(fruit.any(axis=0))
    window = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return Cutout(pixels[window].copy(), soft[window].astype(np.float32))


def _border_colour_distance(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Distance of every pixel to the commonest colour of the border that is not black, shape (H, W)."""
    edge = np.concatenate([pixels[:3].reshape(-1, 3), pixels[-3:].reshape(-1, 3),
                           pixels[:, :3].reshape(-1, 3), pixels[:, -3:].reshape(-1, 3)]).astype(np.float32)  # fmt: skip
    coloured = edge[edge.max(axis=1) >= _BLACK]
    colour = np.median(coloured if len(coloured) > 50 else edge, axis=0)
    distance: NDArray[np.float32] = np.sqrt(((pixels.astype(np.float32) - colour) ** 2).sum(axis=2))
    return distance
