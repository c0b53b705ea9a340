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

from .cutout import Cutout

Picture = NDArray[np.uint8]
Generator = np.random.Generator


def look(pixels: Picture, side: int, rng: Generator) -> Picture:
    """One look at a photograph, cropped, mirrored, turned and seen by another camera, (side, side, 3)."""
    return another_camera(resize(_flip(_crop(_turn(pixels, rng), rng), rng), side), rng)


def compose(cutouts: Sequence[Cutout], ground: Picture, side: int, rng: Generator) -> Picture:
    """Lay cut-out fruit on another ground, (side, side, 3), seen by another camera."""
    canvas = resize(_flip(_crop(ground, rng), rng), side).astype(np.float32)
    smallest, largest = (0.75, 1.1) if len(cutouts) == 1 else (0.4, 0.7)
    for cutout in cutouts:
        _lay(canvas, cutout, rng, smallest, largest)
    return another_camera(canvas.clip(0, 255).astype(np.uint8), rng)


def background(side: int, rng: Generator) -> Picture:
    """A ground without fruit, (side, side, 3): one or two colours that run into each other, smooth or with a grain."""
    colours = np.where(rng.random((2, 1)) < 0.6, rng.uniform(20, 250, (2, 3)), rng.uniform(20, 250, (2, 1)))
    share = (0.5 + 0.5 * _noise((side, side), float(rng.uniform(0.15, 0.8)) * side, rng)).clip(0, 1)[..., None]
    if rng.random() < 0.5:
        colours[1] = colours[0] * rng.uniform(0.7, 1.3)  # one colour, and light that falls on it
    grain = _noise((side, side), float(rng.uniform(0.6, 6)), rng)[..., None] * rng.uniform(0, 30)
    if rng.random() < 0.3:  # planks, cloth, cardboard: a grain with a direction
        grain = grain + ndimage.uniform_filter1d(grain, int(rng.integers(9, 60)), axis=int(rng.integers(2))) * 3
    return np.asarray((colours[0] * share + colours[1] * (1 - share) + grain).clip(0, 255), np.uint8)


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


def _lay(canvas: NDArray[np.float32], cutout: Cutout, rng: Generator, smallest: float, largest: float) -> None:
    side = canvas.shape[0]
    scale = side * rng.uniform(smallest, largest) / max(cutout.alpha.shape)
    angle = float(rng.uniform(-180, 180))
    turned = _transform(np.dstack([cutout.pixels, (cutout.alpha * 255).astype(np.uint8)]), scale, angle)
    height, width = turned.shape[:2]
    top, left = int(side * rng.uniform(0.3, 0.7) - height / 2), int(side * rng.uniform(0.3, 0.7) - width / 2)
    inner = np.s_[max(0, top) : min(side, top + height), max(0, left) : min(side, left + width)]
    part = turned[inner[0].start - top : inner[0].stop - top, inner[1].start - left : inner[1].stop - left]
    alpha = part[..., 3:].astype(np.float32) / 255
    if rng.random() < 0.6:  # the shadow it throws
        shadow = ndimage.gaussian_filter(alpha[..., 0], side / 25)[..., None] * rng.uniform(0.1, 0.5)
        canvas[inner] *= 1 - shadow
    canvas[inner] = canvas[inner] * (1 - alpha) + part[..., :3] * alpha


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


def _noise(shape: tuple[int, ...], smoothness: float, rng: Generator) -> NDArray[np.float32]:
    """Smooth noise of mean 0 and deviation 1; ``smoothness`` is its grain in pixels."""
    height, width = shape
    step = max(1, int(smoothness))
    coarse = rng.normal(0, 1, (height // step + 3, width // step + 3)).astype(np.float32)
    if step == 1:
        grown = coarse[:height, :width]
    else:
        size = (coarse.shape[1] * step, coarse.shape[0] * step)
        grown = np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BILINEAR))[:height, :width]
    grown = grown - grown.mean()
    return np.asarray(grown / (grown.std() + 1e-6), np.float32)
