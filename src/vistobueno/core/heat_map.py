"""Where the model looked: the class activation map of the same pass, laid on the photograph."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Cividis (Nuñez, Anderton and Renslow 2018), nine points of it: even steps of lightness, safe for colour-blind eyes.
_CIVIDIS = np.array(
    [(0, 34, 78), (18, 53, 112), (59, 73, 107), (87, 93, 109), (112, 113, 115),
     (138, 134, 120), (165, 156, 116), (195, 179, 105), (253, 231, 55)], np.float32
)  # fmt: skip
_LUMA = np.array((0.299, 0.587, 0.114), np.float32)  # ITU-R BT.601
_STRONGEST = 0.7  # how much of the photograph the strongest evidence covers
_DIMMED = 0.6  # the light that is left of the photograph, in grey, so that colour means evidence and nothing else


def heat_map(activation: NDArray[np.float32]) -> NDArray[np.float32]:
    """Evidence (h, w) as 0 (none) to 1 (the strongest in this photograph); evidence against the class counts as none."""
    positive = np.maximum(activation, 0)
    top = float(positive.max())
    return (positive / top if top > 0 else positive).astype(np.float32)


def overlay(pixels: NDArray[np.uint8], activation: NDArray[np.float32]) -> Image.Image:
    """The photograph (H, W, 3), dimmed and grey, with the evidence (h, w) laid over it, brighter where there is more."""
    height, width = pixels.shape[:2]
    heat = Image.fromarray((heat_map(activation) * 255).astype(np.uint8)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    strength = np.asarray(heat, np.float32) / 255
    place = np.linspace(0, 1, len(_CIVIDIS))
    colour = np.stack([np.interp(strength, place, _CIVIDIS[:, band]) for band in range(3)], axis=-1)
    cover = (strength * _STRONGEST)[..., np.newaxis]
    grey = (pixels @ _LUMA * _DIMMED)[..., np.newaxis]
    return Image.fromarray((grey * (1 - cover) + colour * cover).astype(np.uint8))
