"""The pictures one photograph becomes for training: itself, looks at it, and its fruit elsewhere.

A view is made from its own photograph alone. Nothing of a photograph that a fold or a source keeps apart is ever seen in
training, not even as a ground.
"""

import numpy as np

from . import augment, backgrounds
from .augment import Picture
from .segmentation import Cutout

_ELSEWHERE = 2  # in one view of so many, the first among them, the fruit stands elsewhere, when it could be cut out


def view_of(pixels: Picture, cutout: Cutout | None, number: int, side: int, seed: tuple[int, ...]) -> Picture:
    """View ``number`` of a photograph (H, W, 3), as (side, side, 3); view 0 is what serving sees.

    The same arguments give the same view, in whatever order and by however many processes views are made.
    """
    if number == 0:
        return augment.resize(pixels, side)
    rng = np.random.default_rng((*seed, number))
    if cutout is None or number % _ELSEWHERE != 1:
        return augment.look(pixels, side, rng)
    fruit = [cutout] * (1 if rng.random() < 0.7 else int(rng.integers(2, 5)))
    return augment.compose(fruit, backgrounds.ground(side, rng), side, rng)
