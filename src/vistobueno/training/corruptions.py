"""Photographs made worse on purpose, to see whether a model sends to review what it cannot see any more."""

import io
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Picture = NDArray[np.uint8]
Generator = np.random.Generator
STRENGTHS = 5
_SIDE = 224  # of the picture that the strengths in pixels are meant for


def corrupt(pixels: Picture, kind: str, strength: int, rng: Generator) -> Picture:
    """A photograph (H, W, 3) with one of `CORRUPTIONS`, ``strength`` 1 (hardly seen) to 5 (hardly a photograph)."""
    return CORRUPTIONS[kind](pixels, strength - 1, rng)


def _blur(pixels: Picture, at: int, rng: Generator) -> Picture:
    radius = (0.7, 1.4, 2.5, 4.0, 6.0)[at] * min(pixels.shape[:2]) / _SIDE
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius)))


def _noise(pixels: Picture, at: int, rng: Generator) -> Picture:
    return _bytes(pixels + rng.normal(0, (8, 16, 28, 45, 70)[at], pixels.shape))


def _jpeg(pixels: Picture, at: int, rng: Generator) -> Picture:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=(40, 25, 15, 8, 4)[at])
    return np.asarray(Image.open(file))


def _cast(pixels: Picture, at: int, rng: Generator) -> Picture:
    """White balance gone towards one colour or its opposite."""
    towards = rng.normal(0, 1, 3)
    towards -= towards.mean()
    return _bytes(pixels * np.exp((0.08, 0.16, 0.28, 0.42, 0.6)[at] * towards / np.abs(towards).max()))


def _darkness(pixels: Picture, at: int, rng: Generator) -> Picture:
    return _bytes(pixels * (0.7, 0.45, 0.28, 0.16, 0.08)[at])


def _occlusion(pixels: Picture, at: int, rng: Generator) -> Picture:
    """A plain rectangle anywhere before the picture."""
    height, width = pixels.shape[:2]
    share = np.sqrt((0.06, 0.12, 0.2, 0.32, 0.5)[at])
    rows, columns = round(height * share), round(width * share)
    top, left = int(rng.integers(height - rows + 1)), int(rng.integers(width - columns + 1))
    covered = pixels.copy()
    covered[top : top + rows, left : left + columns] = rng.integers(0, 256, 3)
    return covered


def _bytes(values: NDArray[np.floating]) -> Picture:
    return np.asarray(values.clip(0, 255), np.uint8)


CORRUPTIONS: Mapping[str, Callable[[Picture, int, Generator], Picture]] = {
    "blur": _blur,
    "noise": _noise,
    "jpeg": _jpeg,
    "cast": _cast,
    "darkness": _darkness,
    "occlusion": _occlusion,
}
