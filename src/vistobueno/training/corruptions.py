"""Photographs made worse on purpose, to see whether a model sends to review what it cannot see any more."""

import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from ..core.classes import ClassInfo
from ..core.errors import DataRefused
from ..core.photo import Photo, open_photo
from ..core.verdict import Verdict
from ..model.inspector import inspect
from ..model.runtime import Model
from .data import LIMITS, LabelledPhoto
from .evaluate import judged_from
from .figures import rates
from .out_of_fold import OutOfFold, hashes_of

Picture = NDArray[np.uint8]
Generator = np.random.Generator
STRENGTHS = range(1, 6)
PER_CLASS = 50
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


def corruption_figures(
    photos: Sequence[LabelledPhoto],
    verdicts: Callable[[int, Sequence[Photo]], Sequence[Verdict]],
    classes: tuple[ClassInfo, ...],
    *,
    per_class: int = PER_CLASS,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """What corruptions do to the verdicts: for each, the figures at each strength, ``none`` without any, in order.

    Args:
        verdicts: of one of ``photos``, by its place, and its corrupted versions.
        per_class: of each class of the products so many photographs, no two of a group, are taken, spread over the sources.

    Returns:
        ``{"none": [figures], "blur": [figures, … five], …}``; figures as `figures.rates` gives them.
    """
    rows = _chosen(photos, classes, per_class)
    found: dict[str, list[list[Verdict]]] = {kind: [[] for _ in STRENGTHS] for kind in CORRUPTIONS}
    found = {"none": [[]], **found}
    for done, row in enumerate(rows, 1):
        pixels = open_photo(photos[row].path.read_bytes(), LIMITS).pixels
        rng = np.random.default_rng((0, row))
        versions = [("none", 1, pixels)]
        versions += [(kind, each, corrupt(pixels, kind, each, rng)) for kind in CORRUPTIONS for each in STRENGTHS]
        said = verdicts(row, [_photo(version) for _, _, version in versions])
        for (kind, strength, _), verdict in zip(versions, said, strict=True):
            found[kind][strength - 1].append(verdict)
        progress(done, len(rows))
    own = [photos[row] for row in rows]
    return {kind: [rates(judged_from(own, part, classes)) for part in parts] for kind, parts in found.items()}


def corruptions_of(
    photos: Sequence[LabelledPhoto], model: Model, progress: Callable[[int, int], None] = lambda done, total: None
) -> dict[str, Any]:
    """`corruption_figures` of a model, on those photographs that it was not trained on.

    Raises:
        DataRefused: ``corruptions_trained_on``, when none of its products is left.
    """
    kept, classes = OutOfFold.read(model.bundle), model.bundle.classes
    known = set(kept.hashes) if kept else set()
    keys = {each.key for each in classes if each.product}
    pairs = zip(photos, hashes_of(photos), strict=True)
    own = [photo for photo, name in pairs if name not in known and photo.label in keys]
    if not own:
        raise DataRefused(
            "corruptions_trained_on",
            es="Con estas fotografías se entrenó el modelo: estropearlas mediría su memoria. Use otras; lo medido al "
            "entrenarlo está en su ficha, card.es.md.",
            en="The model was trained on these photographs: degrading them would measure its memory. Use others; what "
            "was measured while it was trained is on its card, card.en.md.",
        )
    return corruption_figures(
        own, lambda row, versions: [inspect(each, model) for each in versions], classes, progress=progress
    )


def _chosen(photos: Sequence[LabelledPhoto], classes: tuple[ClassInfo, ...], per_class: int) -> list[int]:
    """Places of photographs: of each class of a product, one source after another, one of each group."""
    order = np.random.default_rng(0).permutation(len(photos)).tolist()
    chosen: list[int] = []
    for key in [each.key for each in classes if each.product]:
        firsts = {(photos[at].source, photos[at].group): at for at in order if photos[at].label == key}
        turn: Counter[str] = Counter()
        ranked = []
        for source, group in firsts:
            ranked.append((turn[source], firsts[source, group]))
            turn[source] += 1
        chosen += [at for _, at in sorted(ranked)[:per_class]]
    return chosen


def _photo(pixels: Picture) -> Photo:
    """As serving would open a file with these pixels."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=1)
    return open_photo(file.getvalue(), LIMITS)
