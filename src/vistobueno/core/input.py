"""How a photograph becomes a model's input."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class InputSpec:
    """How a photograph becomes the model's input: model input = pixel (0 to 255) × scale + offset, by channel.

    ``fit`` says what happens to a photograph that is not of the input's shape: it is stretched, cropped at the centre,
    or padded with mid-grey. ``grey`` is one channel, the luma of ITU-R 601-2, and takes the first scale and offset.
    """

    width: int
    height: int
    colour: Literal["rgb", "bgr", "grey"] = "rgb"
    scale: tuple[float, float, float] = (1 / 255, 1 / 255, 1 / 255)
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    resize: Literal["nearest", "bilinear", "area", "bicubic"] = "bilinear"
    fit: Literal["stretch", "crop", "pad"] = "stretch"

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of one input: height, width, channels."""
        return self.height, self.width, 1 if self.colour == "grey" else 3
