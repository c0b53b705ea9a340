"""Cut a fruit out of a plain background, so that training can show it anywhere and the background proves nothing."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

_TOLERANCE = 34.0  # largest distance in RGB (0 to 255) from the background's colour that still is background
_BLACK = 14  # corners that a mechanical rotation or shift left are darker than this in every channel
_SHADE, _TINT, _ROUGHNESS = 0.45, 14.0, 9.0  # a shadow is no darker, no more coloured and no rougher than this
_SHARE = (0.06, 0.86)  # a fruit covers this share of its photograph; outside it the cut failed


@dataclass(frozen=True, eq=False)
class Cutout:
    """A fruit without its background: ``pixels`` (H, W, 3) uint8 and ``alpha`` (H, W) float32 in 0..1, cropped."""

    pixels: NDArray[np.uint8]
    alpha: NDArray[np.float32]


def cut_out(pixels: NDArray[np.uint8]) -> Cutout | None:
    """Return what stands before a plain background, or None when the background is not plain.

    The background is what connects to the border and has the border's colour, or is that colour in a smooth shadow; black
    corners count as border.
    """
    colour = _border_colour(pixels)
    plain = np.linalg.norm(pixels - colour, axis=2) < _TOLERANCE
    plain |= pixels.max(axis=2) < _BLACK
    if _border(plain).mean() < 0.8:
        return None
    labels, _ = ndimage.label(plain | _shadow(pixels, colour))
    border = _border(labels)
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


def _border(plane: NDArray[Any]) -> NDArray[Any]:
    """The outermost pixels of a plane (H, W), one after another."""
    return np.concatenate([plane[0], plane[-1], plane[:, 0], plane[:, -1]])


def _border_colour(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The commonest colour of the border that is not black, (3,)."""
    edge = np.concatenate([pixels[:3].reshape(-1, 3), pixels[-3:].reshape(-1, 3),
                           pixels[:, :3].reshape(-1, 3), pixels[:, -3:].reshape(-1, 3)])  # fmt: skip
    coloured = edge[edge.max(axis=1) >= _BLACK]
    return np.asarray(np.median(coloured if len(coloured) > 50 else edge, axis=0), np.float32)


def _shadow(pixels: NDArray[np.uint8], colour: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where a background of this colour may lie in the fruit's shadow, (H, W)."""
    luma = pixels.mean(axis=2, dtype=np.float32)
    share = luma / max(float(colour.mean()), 1.0)
    tint = np.abs(pixels - share[..., np.newaxis] * colour).max(axis=2)
    variance = ndimage.uniform_filter(luma**2, 5) - ndimage.uniform_filter(luma, 5) ** 2
    dark = (share > _SHADE) & (share < 1)
    return np.asarray(dark & (tint < _TINT) & (variance < _ROUGHNESS**2))
