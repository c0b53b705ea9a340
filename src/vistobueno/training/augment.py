"""Pictures for training, made from photographs so that no shortcut survives: not the background, not the camera.

Each act attacks one shortcut that the public data offers: white backgrounds and black rotation corners (composition on
other grounds), one fruit a picture (several), clean light and lenses (casts, shadows, blur, noise, JPEG), a place whose
fruit is always fit (its fruit with defects painted on, and harmless stickers so that paint alone proves nothing).
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


def view(pixels: Picture, side: int, rng: Generator) -> Picture:
    """One randomly cropped, turned, lit and degraded look at a photograph, (side, side, 3)."""
    return degrade(resize(_flip(_crop(_turn(pixels, rng), rng), rng), side), rng)


def compose(cutouts: Sequence[Cutout], ground: Picture, side: int, rng: Generator) -> Picture:
    """Lay cut-out fruit on another ground, (side, side, 3), degraded like `view`."""
    canvas = resize(_flip(_crop(ground, rng), rng), side).astype(np.float32)
    for cutout in cutouts:
        _lay(
            canvas, cutout, rng, smallest=0.75 if len(cutouts) == 1 else 0.4, largest=1.1 if len(cutouts) == 1 else 0.7
        )
    return degrade(canvas.clip(0, 255).astype(np.uint8), rng)


def background(photographs: Sequence[Picture], side: int, rng: Generator) -> Picture:
    """A ground without recognisable fruit: a blurred part of a photograph, a plain or graded colour, or a texture."""
    kind = rng.random()
    if kind < 0.5 and photographs:
        photograph = photographs[int(rng.integers(len(photographs)))]
        part = Image.fromarray(resize(_crop(photograph, rng, smallest=0.2), side))
        return np.asarray(part.filter(ImageFilter.GaussianBlur(float(rng.uniform(3, 14)))))
    base = rng.uniform(20, 250, 3) if rng.random() < 0.6 else np.full(3, rng.uniform(20, 250))
    slope = _noise((side, side), float(rng.uniform(0.25, 0.8)) * side, rng)[..., None] * rng.uniform(0, 50)
    grain = _noise((side, side), float(rng.uniform(0.6, 6)), rng)[..., None] * rng.uniform(0, 30)
    if rng.random() < 0.3:  # planks, cloth, cardboard: a grain with a direction
        grain = grain + ndimage.uniform_filter1d(grain, int(rng.integers(9, 60)), axis=int(rng.integers(2))) * 3
    return np.asarray((base + slope + grain).clip(0, 255), np.uint8)


def with_defects(pixels: Picture, rng: Generator, area: NDArray[np.float32] | None = None) -> Picture:
    """Paint rot, bruises or mould on fruit; ``area`` (H, W) in 0..1 is where the fruit is (default: everywhere)."""
    result = pixels.astype(np.float32)
    height, width = result.shape[:2]
    mould = rng.random() < 0.3
    for _ in range(int(rng.integers(1, 6))):
        spot = _blob((height, width), rng, float(rng.uniform(0.07, 0.28)))
        if area is not None:
            spot = spot * area
        speckle = 1 + 0.35 * _noise((height, width), float(rng.uniform(0.5, 2.5)), rng)[..., None]
        if mould:
            colour = np.array(((235, 238, 230), (150, 170, 150), (190, 205, 195))[rng.integers(3)], np.float32)
        else:
            brown = (1.0, rng.uniform(0.55, 0.75), rng.uniform(0.25, 0.5))
            colour = np.array(brown, np.float32) * np.float32(rng.uniform(25, 120))
        strength = (spot * rng.uniform(0.65, 0.97))[..., None]
        result = result * (1 - strength) + (0.85 * colour * speckle + 0.15 * result) * strength
        rim = ((spot > 0.05) & (spot < 0.6)).astype(np.float32)[..., None]
        result *= 1 - rim * rng.uniform(0, 0.35)
    return result.clip(0, 255).astype(np.uint8)


def with_distractors(pixels: Picture, rng: Generator) -> Picture:
    """Put harmless things on a picture: stickers, glare, lettering. Its label stays what it is."""
    result = pixels.astype(np.float32)
    height, width = result.shape[:2]
    for _ in range(int(rng.integers(1, 4))):
        kind = rng.random()
        if kind < 0.4:  # glare
            glow = _blob((height, width), rng, float(rng.uniform(0.03, 0.12)), soft=True)[..., None]
            result = result * (1 - 0.8 * glow) + 255 * 0.8 * glow
        elif kind < 0.8:  # sticker, leaf, label
            spot = (_blob((height, width), rng, float(rng.uniform(0.03, 0.1))) > 0.5)[..., None]
            result = np.where(spot, rng.uniform(30, 255, 3).astype(np.float32), result)
        else:  # a line of lettering, a watermark
            top, left = int(rng.integers(height * 3 // 4)), int(rng.integers(width // 2))
            letters = rng.random((1, max(2, width // 12))) < 0.6
            band = np.kron(letters, np.ones((max(2, height // 24), 5)))[: height - top, : width - left]
            window = result[top : top + band.shape[0], left : left + band.shape[1]]
            window[band > 0] = window[band > 0] * 0.4 + 0.6 * rng.uniform(0, 255)
    return result.clip(0, 255).astype(np.uint8)


def degrade(picture: Picture, rng: Generator) -> Picture:
    """Light, lens and file of another camera: cast, exposure, shadow, saturation, blur, noise, low resolution, JPEG."""
    x = picture.astype(np.float32) / 255
    if rng.random() < 0.85:
        x = x ** float(np.exp(rng.normal(0, 0.22)))  # exposure
        x = x * np.exp(rng.normal(0, 0.09, 3)).astype(np.float32)  # white balance
        x = (x - 0.5) * float(np.exp(rng.normal(0, 0.16))) + 0.5 + float(rng.normal(0, 0.05))
        grey = x.mean(axis=2, keepdims=True)
        x = grey + (x - grey) * float(rng.uniform(0.6, 1.35))
    if rng.random() < 0.3:
        shade = _noise(x.shape[:2], float(rng.uniform(0.15, 0.6)) * x.shape[0], rng)
        x = x * (1 + 0.35 * shade.clip(-1, 1))[..., None]
    image = Image.fromarray((x.clip(0, 1) * 255).astype(np.uint8))
    side = image.width
    if rng.random() < 0.25:
        image = image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.4, 2.2)) * side / 224))
    if rng.random() < 0.25:
        small = max(64, int(side * rng.uniform(0.35, 0.8)))
        image = image.resize((small, small), Image.Resampling.BILINEAR).resize((side, side), Image.Resampling.BILINEAR)
    if rng.random() < 0.3:
        noisy = np.asarray(image, np.float32) + rng.normal(0, rng.uniform(2, 14), (side, side, 3))
        image = Image.fromarray(noisy.clip(0, 255).astype(np.uint8))
    if rng.random() < 0.4:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=int(rng.integers(25, 90)))
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
    """Turn by any angle without new corners: quarter turns, or a small angle with the border mirrored."""
    if rng.random() < 0.5:
        return np.rot90(pixels, int(rng.integers(4)))
    margin = max(pixels.shape[:2]) // 4
    padded = np.pad(pixels, ((margin, margin), (margin, margin), (0, 0)), mode="reflect")
    turned = Image.fromarray(padded).rotate(float(rng.uniform(-35, 35)), Image.Resampling.BILINEAR)
    return np.asarray(turned)[margin:-margin, margin:-margin]


def _crop(pixels: Picture, rng: Generator, smallest: float = 0.45) -> Picture:
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


def _blob(shape: tuple[int, int], rng: Generator, radius: float, soft: bool = False) -> NDArray[np.float32]:
    """A ragged spot somewhere in the picture, (H, W) in 0..1; ``radius`` is a share of the shorter side."""
    height, width = shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    size = radius * min(height, width)
    centre_y, centre_x = rng.uniform(0.15, 0.85) * height, rng.uniform(0.15, 0.85) * width
    stretch = float(np.exp(rng.normal(0, 0.3)))
    distance = np.hypot((y - centre_y) * stretch, (x - centre_x) / stretch) / size
    ragged = distance + 0.25 * _noise(shape, max(2.0, size / 2), rng)
    edge = 1.0 if soft else float(rng.uniform(0.08, 0.4))
    return np.asarray(((1 - ragged) / edge).clip(0, 1), np.float32)
