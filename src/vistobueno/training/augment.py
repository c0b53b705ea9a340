"""Pictures for training, made from photographs: mild looks at them, and their fruit on other grounds.

Each act attacks one shortcut that the public data offers: white backgrounds and black rotation corners (composition),
one fruit a picture (several), one camera (light, lens and file). They are mild on purpose: with strong ones (heavy casts,
noise, low resolution, painted rot, stickers) fruit from a source that was left out was judged worse than with none.
"""

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy import ndimage

from . import backgrounds
from .segmentation import Cutout

Picture = NDArray[np.uint8]
Generator = np.random.Generator
_HELD, _COVERED = 0.2, 0.12  # share of the compositions with a hand behind the fruit, and with fingers before it


def look(pixels: Picture, side: int, rng: Generator) -> Picture:
    """One look at a photograph, cropped, mirrored, turned and seen by another camera, (side, side, 3)."""
    return another_camera(resize(_flip(_crop(_turn(pixels, rng), rng), rng), side), rng)


def compose(cutouts: Sequence[Cutout], ground: Picture, side: int, rng: Generator) -> Picture:
    """Lay cut-out fruit on another ground, in a hand in one picture of five, (side, side, 3), seen by another camera."""
    canvas = resize(_flip(_crop(ground, rng), rng), side).astype(np.float32)
    if rng.random() < _HELD:
        backgrounds.hold(canvas, int(rng.integers(2, 5)), rng)
    smallest, largest, spread = (0.4, 1.25, 0.18) if len(cutouts) == 1 else (0.3, 0.7, 0.3)
    for cutout in cutouts:
        _lay(canvas, cutout, rng, smallest, largest, spread)
    if rng.random() < _COVERED:
        backgrounds.hold(canvas, int(rng.integers(1, 3)), rng)
    return another_camera(canvas.clip(0, 255).astype(np.uint8), rng)


def another_camera(picture: Picture, rng: Generator) -> Picture:
    """Light, lens and file of another camera, mildly: exposure, white balance, contrast, saturation, blur, JPEG."""
    x = picture.astype(np.float32) / 255
    if rng.random() < 0.8:
        x = x ** float(np.exp(rng.normal(0, 0.11)))  # exposure
        x = x * np.exp(rng.normal(0, 0.045, 3)).astype(np.float32)  # white balance
        x = (x - 0.5) * float(np.exp(rng.normal(0, 0.08))) + 0.5 + float(rng.normal(0, 0.025))
        grey = x.mean(axis=2, keepdims=True)
        x = grey + (x - grey) * float(rng.uniform(0.8, 1.2))
    image = Image.fromarray((x.clip(0, 1) * 255).astype(np.uint8))
    if rng.random() < 0.1:
        image = image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.4, 1.5)) * image.width / 224))
    if rng.random() < 0.5:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=int(rng.integers(40, 93)))
        image = Image.open(file)
    return np.asarray(image)


def _lay(
    canvas: NDArray[np.float32], cutout: Cutout, rng: Generator, smallest: float, largest: float, spread: float
) -> None:
    side = canvas.shape[0]
    scale = side * rng.uniform(smallest, largest) / max(cutout.alpha.shape)
    angle = float(rng.uniform(-180, 180))
    turned = _transform(np.dstack([cutout.pixels, (cutout.alpha * 255).astype(np.uint8)]), scale, angle)
    height, width = turned.shape[:2]
    top, left = (int(side * rng.uniform(0.5 - spread, 0.5 + spread) - size / 2) for size in (height, width))
    inner = np.s_[max(0, top) : min(side, top + height), max(0, left) : min(side, left + width)]
    part = turned[inner[0].start - top : inner[0].stop - top, inner[1].start - left : inner[1].stop - left]
    alpha, skin = part[..., 3:].astype(np.float32) / 255, part[..., :3].astype(np.float32)
    if rng.random() < 0.8:  # a studio is brighter than a stall
        skin = skin * rng.uniform(0.5, 1.1) * backgrounds.light(skin.shape[0], skin.shape[1], 0.35, rng)
    if rng.random() < 0.7:  # the shadow it throws
        shadow = np.zeros((side, side), np.float32)
        shadow[inner] = alpha[..., 0]
        shadow = ndimage.gaussian_filter(shadow, side * rng.uniform(0.015, 0.06))
        down, right = (int(value) for value in rng.normal(0, side * 0.03, 2))
        canvas *= 1 - np.roll(shadow, (down, right), (0, 1))[..., np.newaxis] * rng.uniform(0.15, 0.65)
    canvas[inner] = canvas[inner] * (1 - alpha) + skin * alpha


def _transform(rgba: Picture, scale: float, angle: float) -> Picture:
    image = Image.fromarray(rgba)
    size = (max(2, round(image.width * scale)), max(2, round(image.height * scale)))
    return np.asarray(
        image.resize(size, Image.Resampling.BILINEAR).rotate(angle, Image.Resampling.BILINEAR, expand=True)
    )


def _turn(pixels: Picture, rng: Generator) -> Picture:
    """A quarter turn or more in three pictures of ten: no angle that would leave corners."""
    return np.rot90(pixels, int(rng.integers(1, 4))) if rng.random() < 0.3 else pixels


def _crop(pixels: Picture, rng: Generator, smallest: float = 0.6) -> Picture:
    height, width = pixels.shape[:2]
    area = rng.uniform(smallest, 1.0)
    aspect = float(np.exp(rng.uniform(-0.25, 0.25)))
    rows, columns = (
        round(min(height, height * np.sqrt(area / aspect))),
        round(min(width, width * np.sqrt(area * aspect))),
    )
    top, left = int(rng.integers(height - rows + 1)), int(rng.integers(width - columns + 1))
    return pixels[top : top + rows, left : left + columns]


def _flip(pixels: Picture, rng: Generator) -> Picture:
    return pixels[:, ::-1] if rng.random() < 0.5 else pixels


def resize(pixels: Picture, side: int) -> Picture:
    """Stretch to a square of ``side`` pixels."""
    return np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).resize((side, side), Image.Resampling.BILINEAR))
