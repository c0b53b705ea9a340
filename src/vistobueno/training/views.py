"""The pictures one photograph becomes for training: itself, looks at it, and compositions with what else there is."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from . import augment
from .augment import Generator, Picture
from .cutout import Cutout, cut_out
from .data import OTHER, LabelledPhoto


@dataclass(frozen=True, eq=False)
class Album:
    """Everything views are made from: photographs, their pixels, and the fruit that could be cut out of them."""

    photos: Sequence[LabelledPhoto]
    pixels: Sequence[Picture]
    cutouts: Sequence[Cutout | None]
    by_label: dict[str, list[int]] = field(default_factory=dict)
    grounds: list[int] = field(default_factory=list)

    @classmethod
    def open(cls, photos: Sequence[LabelledPhoto], pixels: Sequence[Picture]) -> "Album":
        """Cut out what can be cut out. ``pixels``: one (H, W, 3) uint8 a photograph, upright."""
        album = cls(photos, pixels, [cut_out(picture) for picture in pixels])
        for index, photo in enumerate(photos):
            album.by_label.setdefault(photo.label, []).append(index)
            if album.cutouts[index] is None:
                album.grounds.append(index)
        return album

    def view(self, index: int, number: int, side: int, seed: int) -> tuple[Picture, str]:
        """View ``number`` of photograph ``index``: a (side, side, 3) picture and the label it has now.

        The same arguments give the same view, in whatever order and by however many processes views are made.
        """
        rng = np.random.default_rng((seed, index, number))
        label = self.photos[index].label
        cutout = self.cutouts[index]
        if cutout is not None and number % 2:
            fruit = [cutout]
            if rng.random() < 0.3:
                fruit += self._others_like(label, int(rng.integers(1, 4)), rng)
            return augment.compose(fruit, self._ground(label, side, rng), side, rng), label
        pixels = self.pixels[index]
        damaged = label.removesuffix("_fit") + "_unfit"
        if cutout is None and label.endswith("_fit") and damaged in self.by_label and rng.random() < 0.3:
            return augment.view(augment.with_defects(pixels, rng), side, rng), damaged
        if rng.random() < 0.25:
            pixels = augment.with_distractors(pixels, rng)
        return augment.view(pixels, side, rng), label

    def _others_like(self, label: str, count: int, rng: Generator) -> list[Cutout]:
        chosen = [self.cutouts[int(index)] for index in rng.choice(self.by_label[label], count)]
        return [cutout for cutout in chosen if cutout is not None]

    def _ground(self, label: str, side: int, rng: Generator) -> Picture:
        """A ground: for a product, at times a photograph of many sound fruits of it, so that a place proves nothing."""
        piles = [] if label == OTHER else self._without_cutout(label.rsplit("_", 1)[0] + "_fit")
        if piles and rng.random() < 0.25:
            return self.pixels[int(rng.choice(piles))]
        return augment.background([self.pixels[index] for index in self.grounds], side, rng)

    def _without_cutout(self, label: str) -> list[int]:
        return [index for index in self.by_label.get(label, ()) if self.cutouts[index] is None]


def exact(pixels: Picture, side: int) -> NDArray[np.uint8]:
    """A photograph as serving sees it: stretched to the square input, nothing else."""
    return augment.resize(pixels, side)
