"""A Keras model → the two files that serve: model.h5 and the same model for LiteRT, proved equal."""

import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ..core.errors import ModelRefused
from ..core.input import InputSpec
from ..model.runtime import OUTPUTS, golden_pictures, scaled
from .converted import within_agreement


def with_outputs(pixels: Any, features: Any, head: Any, normalised: bool = False, library: Any = keras) -> Any:
    """The serving model: logits, embedding, and the class activation map of the same pass.

    The map is the head applied at each place (Zhou et al. 2016); its mean over the places is the logits, times the length
    of the embedding where that is ``normalised``.

    Args:
        pixels: input tensor (N, H, W, 3).
        features: feature map (N, h, w, D); its mean over the places is the embedding.
        head: Dense layer with K linear outputs.
        normalised: whether the head takes the embedding divided by its length.
        library: Keras 3, or tf-keras where features and head are of it.
    """
    layers = library.layers
    embedding = layers.GlobalAveragePooling2D(name="embedding")(features)
    kernel, bias = head.get_weights()
    activation = layers.Conv2D(kernel.shape[1], 1, use_bias=not normalised, name="activation")
    places = activation(features)
    activation.set_weights([kernel[np.newaxis, np.newaxis], bias][: len(activation.weights)])
    logits = layers.Dense(kernel.shape[1], name="logits")
    if not normalised:
        model = library.Model(pixels, [logits(embedding), embedding, places])
        logits.set_weights([kernel, bias])
        return model
    unit = layers.UnitNormalization()(embedding)
    by_length = layers.Dense(kernel.shape[1], use_bias=False, name="bias_by_length")
    everywhere = layers.Reshape((1, 1, kernel.shape[1]))(by_length(layers.Dot(1)([unit, embedding])))
    model = library.Model(pixels, [logits(unit), embedding, layers.Add()([places, everywhere])])
    logits.set_weights([kernel, bias])
    by_length.set_weights([bias[np.newaxis]])
    return model


def to_h5(model: Any) -> bytes:
    """The model as the content of an .h5 file, without an optimiser."""
    _name_apart(model)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.h5"
        model.save(path, include_optimizer=False)
        return path.read_bytes()


def to_tflite(model: Any) -> bytes:
    """The model as the content of a .tflite file: input ``pixels``, outputs named as in `runtime.OUTPUTS`.

    Raises:
        ModelRefused: ``model_not_convertible``.
    """
    read = [each.value if isinstance(each, keras.Variable) else each for each in model.variables]
    return function_to_tflite(lambda pixels: as_list(model(pixels, training=False)), read, model.inputs[0].shape[1:])


def function_to_tflite(serve: Callable[[Any], list[Any]], variables: list[Any], shape: Sequence[int]) -> bytes:
    """A function of pixels (1, *shape) and the variables that it reads, as `to_tflite`."""
    module = tf.Module()
    module.read = [each for each in variables if isinstance(each, tf.Variable)]  # not the states of random numbers
    given = tf.TensorSpec((1, *shape), tf.float32, "pixels")
    signature = tf.function(lambda pixels: dict(zip(OUTPUTS, serve(pixels), strict=False))).get_concrete_function(given)
    with tempfile.TemporaryDirectory() as folder:
        forwards = tf.saved_model.SaveOptions(experimental_custom_gradients=False)  # swish brings a gradient of its own
        tf.saved_model.save(module, folder, signatures=signature, options=forwards)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=["serving_default"])
        try:
            content: bytes = converter.convert()
        except Exception as error:  # ConverterError, and whatever its parts raise
            raise _not_convertible(error) from error
    return content


def prove_equal(model: Any, tflite: bytes, spec: InputSpec) -> float:
    """Run both on the golden pictures and return the largest difference, relative to the largest output.

    Raises:
        ModelRefused: ``runtimes_disagree``.
    """
    values = np.concatenate([scaled(picture, spec) for picture in golden_pictures(spec)])
    return within_agreement(largest_difference(lambda x: as_list(model(x, training=False)), tflite, values))


def largest_difference(
    run: Callable[[NDArray[np.float32]], list[Any]], tflite: bytes, values: NDArray[np.float32]
) -> float:
    """Between what ``run`` gives for each of the inputs (N, H, W, C) and what LiteRT gives, relative to the largest output."""
    from ai_edge_litert.interpreter import Interpreter

    served_by = Interpreter(model_content=tflite).get_signature_runner()
    differences = []
    for value in values:
        served = served_by(pixels=value[np.newaxis])
        for name, output in zip(OUTPUTS, run(value[np.newaxis]), strict=False):
            expected: NDArray[np.float32] = np.asarray(output)
            differences.append(np.abs(served[name] - expected).max() / max(1.0, np.abs(expected).max()))
    return float(np.max(differences))  # not max(): a NaN must not hide


def _name_apart(model: Any) -> None:
    """An .h5 keeps a weight by its name within the outermost layer alone; in models inside, two may share one."""
    name = "_path" if isinstance(model, keras.Model) else "_handle_name"  # where Keras 3 and TensorFlow keep it
    for layer in model.layers:
        seen: set[str] = set()
        for weight in layer.weights:
            given = getattr(weight, name)
            if given in seen:
                setattr(weight, name, f"{given.removesuffix(':0')}_{len(seen)}:0")
            seen.add(given)


def _not_convertible(error: Exception) -> ModelRefused:
    names = sorted(set(re.findall(r"tf\.(\w+)' op", str(error)))) or [type(error).__name__]
    return ModelRefused(
        "model_not_convertible",
        es=f"LiteRT no sabe calcular lo que usa el modelo: {', '.join(names)}. Quite esas operaciones o cámbielas por capas de "
        "Keras corrientes (Conv2D, Dense, Rescaling, …) y guárdelo otra vez.",
        en=f"LiteRT does not support operations of the model: {', '.join(names)}. Remove them, or replace them with "
        "everyday Keras layers (Conv2D, Dense, Rescaling, …), and save it again.",
    )


def as_list(outputs: Any) -> list[Any]:
    """Keras gives one output bare and several in a list: always a list."""
    return list(outputs) if isinstance(outputs, list | tuple) else [outputs]
