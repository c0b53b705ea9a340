"""Grounds on which training lays cut-out fruit, and the hands that hold it: drawn, so that none is a photograph's own.

Fit and unfit fruit see the same grounds, so that a ground proves nothing. They are what stalls, packing tables and yards
show: one colour, wood, cloth, clutter, earth, slats; lit from one side, in half of the pictures out of focus.
"""

import colorsys
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

Plane = NDArray[np.float32]
Generator = np.random.Generator


def ground(side: int, rng: Generator) -> NDArray[np.uint8]:
    """A ground without fruit, (side, side, 3)."""
    draw = _KINDS[int(rng.choice(len(_KINDS), p=_SHARES))]
    picture = draw(side, rng).astype(np.float32)
    if rng.random() < 0.5:
        blur = float(rng.uniform(0.5, 5)) * side / 224
        picture = ndimage.gaussian_filter(picture, (blur, blur, 0))
    return (picture * light(side, side, 0.35, rng)).clip(0, 255).astype(np.uint8)


def light(height: int, width: int, most: float, rng: Generator) -> Plane:
    """How much light falls on each place, (height, width, 1): from one side, at most ``most`` above or below 1."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    fall = np.asarray(1 + rng.uniform(0, most) * (np.cos(angle) * x + np.sin(angle) * y), np.float32)
    return fall[..., np.newaxis]


def noise(side: int, grain: float, rng: Generator) -> Plane:
    """Smooth noise of mean 0 and deviation 1, (side, side); ``grain`` is its size in pixels."""
    step = max(1, int(grain))
    coarse = rng.normal(0, 1, (side // step + 3, side // step + 3)).astype(np.float32)
    if step > 1:
        size = (coarse.shape[1] * step, coarse.shape[0] * step)
        coarse = np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BILINEAR))
    grown = coarse[:side, :side] - coarse[:side, :side].mean()
    return np.asarray(grown / (grown.std() + 1e-6), np.float32)


def hold(canvas: Plane, count: int, rng: Generator) -> None:
    """Lay ``count`` fingers on a canvas (side, side, 3), from its border inwards."""
    side = canvas.shape[0]
    y, x = np.mgrid[0:side, 0:side].astype(np.float32)
    lightness = rng.uniform(70, 230)  # of any skin
    colour = lightness * np.array([1.0, rng.uniform(0.6, 0.82), rng.uniform(0.42, 0.72)])
    hand = rng.uniform(0, 2 * np.pi)
    for _ in range(count):
        towards = hand + rng.uniform(-0.5, 0.5)
        width, length = rng.uniform(0.05, 0.11) * side, rng.uniform(0.35, 0.8) * side
        reach = side * rng.uniform(0.45, 0.7)
        centre_x = side / 2 + np.cos(towards) * reach + rng.normal(0, side * 0.12)
        centre_y = side / 2 + np.sin(towards) * reach + rng.normal(0, side * 0.12)
        angle = towards + rng.normal(0, 0.3)
        along = (x - centre_x) * np.cos(angle) + (y - centre_y) * np.sin(angle)
        across = (y - centre_y) * np.cos(angle) - (x - centre_x) * np.sin(angle)
        distance = np.hypot(np.maximum(np.abs(along) - length / 2, 0), across) / width
        alpha = np.clip((1 - distance) * width / 2 + 0.5, 0, 1)[..., np.newaxis]
        round_ = 0.55 + 0.5 * np.sqrt(np.clip(1 - distance**2, 0.15, 1))[..., np.newaxis]
        canvas[:] = canvas * (1 - alpha) + alpha * colour * round_


def _colour(rng: Generator) -> NDArray[np.float64]:
    """Any colour, muted more often than bright, (3,)."""
    return 255 * np.array(colorsys.hsv_to_rgb(rng.random(), 0.9 * rng.beta(1.2, 2.5), rng.uniform(0.1, 0.96)))


def _plain(side: int, rng: Generator) -> Plane:
    """One or two colours that run into each other, smooth or with a grain."""
    colours = np.where(rng.random((2, 1)) < 0.6, rng.uniform(20, 250, (2, 3)), rng.uniform(20, 250, (2, 1)))
    share = (0.5 + 0.5 * noise(side, float(rng.uniform(0.15, 0.8)) * side, rng)).clip(0, 1)[..., np.newaxis]
    if rng.random() < 0.5:
        colours[1] = colours[0] * rng.uniform(0.7, 1.3)  # one colour, and light that falls on it
    grain = noise(side, float(rng.uniform(0.6, 6)), rng)[..., np.newaxis] * rng.uniform(0, 30)
    return np.asarray(colours[0] * share + colours[1] * (1 - share) + grain, np.float32)


def _wood(side: int, rng: Generator) -> Plane:
    red = rng.uniform(60, 215)
    green = red * rng.uniform(0.62, 0.9)
    fibre = ndimage.uniform_filter1d(noise(side, float(rng.uniform(2, 5)), rng), int(rng.integers(25, 90)), axis=1)
    rows = np.arange(side, dtype=np.float32)[:, np.newaxis]
    rings = np.sin(rows / rng.uniform(3, 14) + 3 * noise(side, side * 0.4, rng)) * rng.uniform(0, 0.12)
    tone = 1 + 0.08 * fibre * rng.uniform(2, 5) + rings
    picture = np.array([red, green, green * rng.uniform(0.5, 0.9)]) * tone[..., np.newaxis]
    plank = int(rng.integers(20, 120))
    for start in range(int(rng.integers(plank)), side, plank):
        picture[start : start + int(rng.integers(1, 4))] *= rng.uniform(0.3, 0.7)
        picture[start : start + plank] *= rng.uniform(0.85, 1.12)
    return np.asarray(picture if rng.random() < 0.5 else picture.transpose(1, 0, 2), np.float32)


def _cloth(side: int, rng: Generator) -> Plane:
    along, across = _axes(side, rng)
    period = rng.uniform(2.5, 12)
    weave = sum(np.sin(axis * 2 * np.pi / period) * rng.uniform(0, 0.15) for axis in (along, across))
    tone = (1 + weave + noise(side, side * rng.uniform(0.1, 0.5), rng) * rng.uniform(0.03, 0.25))[..., np.newaxis]
    picture = _colour(rng) * tone
    if rng.random() < 0.3:
        stripes = np.sin(along * 2 * np.pi / rng.uniform(15, 60)) > rng.uniform(-0.5, 0.7)
        picture = np.where(stripes[..., np.newaxis], _colour(rng) * tone, picture)
    return np.asarray(picture, np.float32)


def _clutter(side: int, rng: Generator) -> Plane:
    """Shapes of all sizes that hide each other: dead leaves (Lee, Mumford and Huang 2001), statistics like a scene's."""
    colours = [_colour(rng) for _ in range(int(rng.integers(2, 6)))]
    image = Image.new("RGB", (side, side), _rgb(colours[0]))
    pen = ImageDraw.Draw(image)
    smallest, largest, angular = rng.uniform(4, 15), rng.uniform(20, 110), rng.random()
    for _ in range(int(rng.integers(60, 350))):
        radius = smallest * (largest / smallest) ** (rng.random() ** 1.5)
        x, y = rng.uniform(-10, side + 10, 2)
        flat = rng.uniform(0.3, 1)
        colour = _rgb(colours[int(rng.integers(len(colours)))] * rng.uniform(0.5, 1.35) + rng.normal(0, 12, 3))
        if rng.random() < angular:
            turn, corners = rng.uniform(0, np.pi), np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 7))))
            a, b = radius * np.cos(corners), radius * flat * np.sin(corners)
            xs, ys = x + a * np.cos(turn) - b * np.sin(turn), y + a * np.sin(turn) + b * np.cos(turn)
            pen.polygon(list(zip(xs.tolist(), ys.tolist(), strict=True)), fill=colour)
        else:
            pen.ellipse((x - radius, y - radius * flat, x + radius, y + radius * flat), fill=colour)
    grain = 1 + rng.uniform(0, 0.12) * noise(side, float(rng.uniform(1, 8)), rng)
    return np.asarray(np.asarray(image, np.float32) * grain[..., np.newaxis], np.float32)


def _earth(side: int, rng: Generator) -> Plane:
    grains = ((1, 0.3), (3, 0.5), (8, 0.6), (25, 0.6), (70, 0.6))
    tone = 1 + rng.uniform(0.05, 0.25) * sum(noise(side, grain, rng) * share for grain, share in grains)
    patches = 1 + rng.uniform(0, 0.1) * noise(side, 10, rng)[..., np.newaxis] * rng.uniform(-1, 1, 3)
    return np.asarray(_colour(rng) * np.asarray(tone)[..., np.newaxis] * patches, np.float32)


def _slats(side: int, rng: Generator) -> Plane:
    """Crates, grids, tiles."""
    along, across = _axes(side, rng)
    period, gap = rng.uniform(18, 90), rng.uniform(0.05, 0.4)
    between = (along / period) % 1 < gap
    if rng.random() < 0.5:
        between |= (across / period) % 1 < gap
    slat = _colour(rng) * (1 + 0.1 * np.cos(2 * np.pi * along / period))[..., np.newaxis]
    picture = np.where(between[..., np.newaxis], _colour(rng) * rng.uniform(0.2, 1), slat)
    grain = 1 + 0.05 * noise(side, float(rng.uniform(1, 10)), rng)
    return np.asarray(picture * grain[..., np.newaxis], np.float32)


def _axes(side: int, rng: Generator) -> tuple[Plane, Plane]:
    """Two coordinates in pixels at right angles, turned at random, each (side, side)."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32)
    angle = rng.uniform(0, np.pi)
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    return np.asarray(along, np.float32), np.asarray(across, np.float32)


def _rgb(colour: NDArray[np.float64]) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in colour.clip(0, 255))
    return red, green, blue


_KINDS: tuple[Callable[[int, Generator], Plane], ...] = (_plain, _wood, _cloth, _clutter, _earth, _slats)
_SHARES = (0.2, 0.2, 0.15, 0.2, 0.13, 0.12)
