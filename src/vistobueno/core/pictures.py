"""Pictures of a station: the JPEG that is kept of a photograph, and what is shown of it later."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .heat_map import overlay

LARGEST = 1024  # pixels of the longest side that is kept
_QUALITY, _SHOWN_QUALITY = 85, 80


def kept_jpeg(picture: Image.Image) -> bytes:
    """What is kept of a photograph: its pixels and nothing else, at most `LARGEST` on the longest side."""
    if max(picture.size) > LARGEST:
        picture = picture.copy()
        picture.thumbnail((LARGEST, LARGEST), Image.Resampling.BOX)
    return _jpeg(picture, _QUALITY)


def heat_map_jpeg(kept: bytes, activation: NDArray[np.float32]) -> bytes:
    """Where the model looked (h, w), laid over the photograph that was kept."""
    with Image.open(io.BytesIO(kept)) as image:
        return _jpeg(overlay(np.asarray(image.convert("RGB")), activation), _SHOWN_QUALITY)


def thumbnail_jpeg(kept: bytes, side: int) -> bytes:
    """The photograph that was kept, at most ``side`` pixels on its longest side."""
    with Image.open(io.BytesIO(kept)) as image:
        image.draft("RGB", (side, side))
        image.thumbnail((side, side), Image.Resampling.BOX)
        return _jpeg(image, _SHOWN_QUALITY)


def _jpeg(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()
