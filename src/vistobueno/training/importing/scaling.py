"""How pixels become a model's input, by the names that keras.applications gave them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ...core.input import InputSpec

Three = tuple[float, float, float]


@dataclass(frozen=True)
class Scaling:
    """Model input = pixel (0 to 255) × scale + offset, by channel in the model's order of colours."""

    scale: Three
    offset: Three = (0.0, 0.0, 0.0)
    colour: Literal["rgb", "bgr"] = "rgb"


_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, as torch scales
SCALINGS: Mapping[str, Scaling] = {
    "0..1": Scaling((1 / 255,) * 3),
    "-1..1": Scaling((1 / 127.5,) * 3, (-1.0,) * 3),
    "0..255": Scaling((1.0,) * 3),
    "caffe": Scaling((1.0,) * 3, (-103.939, -116.779, -123.68), "bgr"),  # VGG and ResNet
    "torch": Scaling(  # DenseNet
        (1 / 255 / _DEVIATION[0], 1 / 255 / _DEVIATION[1], 1 / 255 / _DEVIATION[2]),
        (-_MEAN[0] / _DEVIATION[0], -_MEAN[1] / _DEVIATION[1], -_MEAN[2] / _DEVIATION[2]),
    ),
}
OF_GREY = ("0..1", "-1..1", "0..255")


def input_spec(width: int, height: int, channels: int, scaling: str) -> InputSpec:
    """The input of a model of this size under one of `SCALINGS`."""
    way = SCALINGS[scaling]
    return InputSpec(width, height, "grey" if channels == 1 else way.colour, way.scale, way.offset)
