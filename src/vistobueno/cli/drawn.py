"""Pictures of fruit that the project draws itself: for a first look, tests and documents, where no photograph is at hand.

They are drawn, not photographed: good enough to see every part work, no evidence of how well the model judges.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

CLASSES = ("apple_fit", "apple_unfit", "banana_fit", "banana_unfit", "orange_fit", "orange_unfit", "other")
Plane = NDArray[np.float64]


def draw_photo(key: str, seed: int, size: tuple[int, int] = (640, 480)) -> Image.Image:
    """Draw one picture of class ``key`` (one of `CLASSES`); the same arguments give the same picture.

    Args:
        size: width and height in pixels.
    """
    rng = np.random.default_rng([seed, CLASSES.index(key)])
    width, height = size
    y, x = np.mgrid[0:height, 0:width].astype(float)
    canvas = _ground(x, y, rng)
    product, _, condition = key.partition("_")
    draw = {"apple": _apple, "banana": _banana, "orange": _orange, "other": _bottle}[product]
    radius = 0.36 * min(size)
    centre = (width * rng.uniform(0.45, 0.55), height * rng.uniform(0.48, 0.55))
    shape, depth, colour = draw((x - centre[0]) / radius, (y - centre[1]) / radius, rng)
    shadow = _blur(np.roll(shape, (int(radius * 0.12), int(radius * 0.1)), (0, 1)), int(radius * 0.12))
    canvas *= 1 - 0.45 * shadow[..., None]
    if condition == "unfit":
        colour = _rotten(colour, x / radius, y / radius, centre[0] / radius, centre[1] / radius, product, rng)
    light = 0.45 + 0.65 * depth + 0.12 * ((centre[0] - x) + (centre[1] - y))[...] / radius * depth
    skin = colour * light[..., None]
    glare = np.exp(-(((x - centre[0]) / radius + 0.35) ** 2 + ((y - centre[1]) / radius + 0.4) ** 2) * 14)
    skin += (150 if condition != "unfit" else 50) * (glare * shape)[..., None]
    canvas = canvas * (1 - shape[..., None]) + skin * shape[..., None]
    canvas += rng.normal(0, 3.5, canvas.shape)
    return Image.fromarray(canvas.clip(0, 255).astype(np.uint8))


def write_samples(folder: Path, per_class: int, seed: int = 1) -> list[Path]:
    """Draw ``per_class`` pictures of each class into class folders as JPEG; returns their paths."""
    paths = []
    for key in CLASSES:
        (folder / key).mkdir(parents=True, exist_ok=True)
        for number in range(per_class):
            path = folder / key / f"drawn-{number:03d}.jpg"
            draw_photo(key, seed + number).save(path, quality=90)
            paths.append(path)
    return paths


def _apple(x: Plane, y: Plane, rng: np.random.Generator) -> tuple[Plane, Plane, Plane]:
    angle = np.arctan2(x, -y)
    edge = 0.98 - 0.16 * np.exp(-((angle / 0.35) ** 2)) - 0.07 * np.exp(-(((np.abs(angle) - np.pi) / 0.4) ** 2))
    distance = np.hypot(x, y) / edge
    base = np.array(((196, 26, 34), (120, 170, 40), (214, 150, 60))[rng.integers(3)], float)
    stripes = 0.5 + 0.5 * np.sin(angle * rng.integers(18, 30) + 3 * _noise(x, y, 2.0, rng))
    blush = np.array((235, 190, 90), float)
    mix = 0.25 * stripes * (0.4 + 0.6 * np.clip(_noise(x, y, 1.2, rng), 0, 1))
    colour = base * (1 - mix[..., None]) + blush * mix[..., None]
    stem = (np.abs(x - 0.06 * (y + 0.8)) < 0.035) & (y > -1.15) & (y < -0.68)
    colour[stem] = (84, 56, 30)
    return np.maximum(_soft(1 - distance), stem.astype(float)), _dome(distance), colour


def _orange(x: Plane, y: Plane, rng: np.random.Generator) -> tuple[Plane, Plane, Plane]:
    distance = np.hypot(x, y * 1.04) / 0.95
    pores = np.clip(_noise(x, y, 26.0, rng), -1, 1)
    colour = np.array((240, rng.uniform(125, 150), 22)) * (1 + 0.07 * pores[..., None])
    navel = np.hypot(x - 0.25, y + 0.45) < 0.06
    colour[navel] = (120, 140, 50)
    return _soft(1 - distance), _dome(distance), colour


def _banana(x: Plane, y: Plane, rng: np.random.Generator) -> tuple[Plane, Plane, Plane]:
    turn = rng.uniform(-0.5, 0.5)
    u, v = x * np.cos(turn) + y * np.sin(turn), -x * np.sin(turn) + y * np.cos(turn)
    shape, depth, place = np.zeros_like(x), np.zeros_like(x), np.zeros_like(x)
    for offset in np.linspace(0, 0.5, int(rng.integers(1, 4))):
        angle = np.arctan2(v + 0.95 - offset * 0.5, u)
        along = (angle - np.pi / 2) / 1.05
        width = 0.27 * np.sqrt(np.clip(1 - np.abs(along) ** 3.5, 0, None)) + 1e-9
        across = (np.hypot(u, v + 0.95 - offset * 0.5) - 1.1 + offset * 0.55) / width
        inside = _soft(1 - np.abs(across), 12) * (np.abs(along) < 1)
        depth = np.where(inside > 0.5, _dome(np.abs(across)) * (1 - 0.15 * (np.abs(across + 0.3) < 0.06)), depth)
        place = np.where(inside > 0.5, np.abs(along), place)
        shape = np.maximum(shape, inside)
    colour = np.array((238, rng.uniform(190, 205), 50)) * np.ones((*x.shape, 1))
    colour = colour * (1 - 0.75 * np.clip((place - 0.85) / 0.12, 0, 1))[..., None]
    return shape, depth, colour


def _bottle(x: Plane, y: Plane, rng: np.random.Generator) -> tuple[Plane, Plane, Plane]:
    half = np.where(y < -0.55, 0.14, np.where(y < -0.3, 0.14 + (y + 0.55) * 1.0, 0.39))
    inside = _soft(1 - np.abs(x) / half, 20) * (np.abs(y) < 1.1)
    colour = np.array(rng.uniform(20, 200, 3)) * np.ones((*x.shape, 1))
    colour[(np.abs(y - 0.25) < 0.35)] = rng.uniform(150, 255, 3)
    colour[(np.abs(y - 0.2) < 0.05) & (np.sin(x * 60) > -0.2)] = (30, 30, 30)
    return inside, _dome(np.abs(x) / half), colour


def _rotten(
    colour: Plane, x: Plane, y: Plane, centre_x: float, centre_y: float, product: str, rng: np.random.Generator
) -> Plane:
    result = colour * (0.72 if product != "orange" else 0.85)
    for _ in range(int(rng.integers(3, 6)) if product != "banana" else 14):
        a, b = rng.normal(0, 0.38, 2)
        size = rng.uniform(0.12, 0.4)
        distance = np.hypot(x - centre_x - a, y - centre_y - b) / size + 0.35 * _noise(x, y, 6.0, rng)
        spot = _soft(1 - distance, 5)[..., None]
        rot = np.array((70, 42, 22), float) * (1 + 0.3 * _noise(x, y, 12.0, rng)[..., None])
        if product == "orange":
            rot = np.array(((225, 228, 220), (120, 145, 120))[rng.integers(2)]) * (
                1 + 0.12 * _noise(x, y, 25.0, rng)[..., None]
            )
        result = result * (1 - 0.9 * spot) + 0.9 * rot * spot
    return result


def _ground(x: Plane, y: Plane, rng: np.random.Generator) -> Plane:
    height, width = x.shape
    grounds: tuple[Callable[[], Plane], ...] = (
        lambda: np.array((150, 108, 66)) * (1 + 0.12 * np.sin(y / 7 + 2 * _noise(x, y, 0.01, rng)))[..., None],
        lambda: np.array((172, 140, 100)) * (1 + 0.06 * np.sin(x / 3))[..., None],
        lambda: np.array((205, 205, 208)) * np.ones((height, width, 1)),
        lambda: np.array((110, 112, 110)) * (1 + 0.1 * rng.normal(0, 1, (height, width, 1))),
    )
    fall_off = 1 - 0.3 * np.hypot(x / width - 0.4, y / height - 0.4)
    ground: Plane = grounds[rng.integers(len(grounds))]() * fall_off[..., None]
    return ground


def _noise(x: Plane, y: Plane, frequency: float, rng: np.random.Generator) -> Plane:
    total = np.zeros_like(x)
    for octave in range(4):
        a, b, phase = rng.normal(0, 1, 2), rng.normal(0, 1, 2), rng.uniform(0, 6.3, 2)
        scale = frequency * 1.8**octave
        total += np.sin(scale * (a[0] * x + a[1] * y) + phase[0]) * np.sin(scale * (b[0] * x + b[1] * y) + phase[1])
    return total / 2


def _soft(signed: Plane, sharpness: float = 40) -> Plane:
    return np.clip(signed * sharpness + 0.5, 0, 1)


def _dome(distance: Plane) -> Plane:
    return np.sqrt(np.clip(1 - distance**2, 0, 1))


def _blur(plane: Plane, radius: int) -> Plane:
    from PIL import ImageFilter

    image = Image.fromarray((plane * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(radius))
    return np.asarray(image, float) / 255
