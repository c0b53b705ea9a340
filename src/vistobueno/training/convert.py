"""A Keras model → the two files that serve: model.h5 and the same model for LiteRT, proved equal."""

import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray

from ..errors import ModelRefused
from ..model.bundle import InputSpec
from ..model.runtime import OUTPUTS, golden_pictures, scaled
from .pooling import over_places

AGREEMENT = 1e-4  # largest difference between TensorFlow and LiteRT, relative to the largest output


def with_outputs(pixels: Any, features: Any, head: layers.Dense, sharpness: float = 0.0) -> keras.Model:
    """The serving model: logits, embedding, and the class activation map of the same pass.

    The map is the head applied at each place (Zhou et al. 2016); pooled over the places, it is the logits.

    Args:
        pixels: input tensor (N, H, W, 3).
        features: feature map (N, h, w, D); its mean over the places is the embedding.
        head: Dense layer with K linear outputs.
        sharpness: of the pooling, see `over_places`; at 0 the logits are the head's of the embedding.
    """
    embedding = layers.GlobalAveragePooling2D(name="embedding")(features)
    kernel, bias = head.get_weights()
    activation = layers.Conv2D(kernel.shape[1], 1, name="activation")
    places = activation(features)
    activation.set_weights([kernel[np.newaxis, np.newaxis], bias])
    if sharpness:
        return keras.Model(pixels, [over_places(places, sharpness), embedding, places])
    logits = layers.Dense(kernel.shape[1], name="logits")
    model = keras.Model(pixels, [logits(embedding), embedding, places])
    logits.set_weights([kernel, bias])
    return model


def to_h5(model: keras.Model) -> bytes:
    """The model as the content of an .h5 file, without an optimiser."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.h5"
        model.save(path, include_optimizer=False)
        return path.read_bytes()


def to_tflite(model: keras.Model) -> bytes:
    """The model as the content of a .tflite file: input ``pixels``, outputs named as in `runtime.OUTPUTS`."""
    pixels = keras.InputSpec(shape=(1, *model.inputs[0].shape[1:]), dtype="float32", name="pixels")

    def serve(pixels: Any) -> dict[str, Any]:
        return dict(zip(OUTPUTS, as_list(model(pixels, training=False)), strict=False))

    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("serving_default", serve, input_signature=[pixels])
    with tempfile.TemporaryDirectory() as folder:
        archive.write_out(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=["serving_default"])
        content: bytes = converter.convert()
    return content


def prove_equal(model: keras.Model, tflite: bytes, spec: InputSpec) -> float:
    """Run both on the golden pictures and return the largest difference, relative to the largest output.

    Raises:
        ModelRefused: ``runtimes_disagree`` when it is over `AGREEMENT`.
    """
    from ai_edge_litert.interpreter import Interpreter

    run = Interpreter(model_content=tflite).get_signature_runner()
    differences = []
    for picture in golden_pictures(spec):
        values = scaled(picture, spec)
        served = run(pixels=values)
        for name, output in zip(OUTPUTS, as_list(model(values, training=False)), strict=False):
            expected: NDArray[np.float32] = np.asarray(output)
            differences.append(np.abs(served[name] - expected).max() / max(1.0, np.abs(expected).max()))
    worst = float(np.max(differences))  # not max(): a NaN must not hide
    if not worst <= AGREEMENT:
        raise ModelRefused(
            "runtimes_disagree",
            es=f"TensorFlow y LiteRT no dan lo mismo (difieren en {worst:.2g}). Guárdelo sin cuantizar.",
            en=f"TensorFlow and LiteRT do not agree (they differ by {worst:.2g}). Save it unquantised.",
        )
    return worst


def as_list(outputs: Any) -> list[Any]:
    """Keras gives one output bare and several in a list: always a list."""
    return list(outputs) if isinstance(outputs, list | tuple) else [outputs]
