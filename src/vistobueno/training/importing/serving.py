"""Somebody else's network → the model that serves: logits and, where it can be had, embedding and activation map.

Both Keras have the layers that are used here; ``library`` is the one that the network belongs to.
"""

from collections.abc import Callable
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf
import tf_keras
from numpy.typing import NDArray

from ...core.errors import ModelRefused
from ..convert import with_outputs
from .foreign import MODELS, layers_of

_LEAST = 1e-9  # of probabilities, whose logarithm is taken
Says = Literal["logits", "probabilities", "logit", "sigmoid", "sigmoids"]
"""What the outputs are: a logit or probability for each class, one for the second class alone, independent ones."""
_NOTHING_IN_USE = {"Dropout", "SpatialDropout2D", "GaussianDropout", "GaussianNoise", "AlphaDropout"}
_ENDS = {"softmax", "sigmoid", "linear"}
_SCALES = {"Rescaling", "Normalization", "TrueDivide", "Divide", "Subtract", "Multiply"}
_LAYER_CLASSES = (keras.layers.Layer, tf_keras.layers.Layer)
_SCALING_CALLS = ("truediv", "divide", "subtract", "multiply", "add", "sub", "mul", "bias_add")
_SCALING_OPERATIONS = ("RealDiv", "Sub", "Mul", "AddV2", "BiasAdd")


def serving_model(
    network: Any, library: Any, shape: tuple[int, int, int], pictures: NDArray[np.float32]
) -> tuple[Any, Says, bool]:
    """The serving model of a network, what the network's own outputs are, and whether the serving model gives a map.

    The logits of one output are those of both classes: its halves, negative and positive, so that softmax gives the
    output's own probability to the second.

    Args:
        pictures: (N, *shape) scaled, to see what the outputs look like where no layer tells.
    """
    pixels = library.layers.Input(shape, name="pixels")
    below, chain = _tail(network, library)
    last = ""
    while chain and (end := _end(chain[-1])) is not None:
        last = last or ("" if end == "linear" else end)
        chain.pop()
    head: Any = chain.pop() if chain else None
    own = _activation(head) if type(head).__name__ == "Dense" else None
    says = says_of(last or own or "", np.asarray(network(pictures, training=False)))
    if own is None or (last and own != "linear") or says == "sigmoids" or own not in _ENDS:
        return library.Model(pixels, _logits(network(pixels), says, library)), says, False
    weights = _two_classes(head.get_weights()) if says in ("logit", "sigmoid") else head.get_weights()
    linear = library.layers.Dense(weights[0].shape[1], name="logits")
    linear.build((None, weights[0].shape[0]))
    linear.set_weights([*weights, np.zeros(weights[0].shape[1], np.float32)][:2])
    places = [at for at, layer in enumerate(chain) if type(layer).__name__ not in _NOTHING_IN_USE | {"Flatten"}]
    pooling = chain[places[-1]] if places else None
    if type(pooling).__name__ == "GlobalAveragePooling2D" and not getattr(pooling, "keepdims", False):
        features = _applied(below, chain[: places[-1]], pixels, library)
        return with_outputs(pixels, features, linear, library=library), says, True
    embedding = _applied(below, chain, pixels, library)
    return library.Model(pixels, [linear(embedding), embedding][: 2 if len(embedding.shape) == 2 else 1]), says, False


def own_probabilities(outputs: NDArray[np.float32], says: Says) -> NDArray[np.float64]:
    """What a network's own outputs (N, K) or (N, 1) mean, as probabilities of the classes (N, K)."""
    values = np.asarray(outputs, np.float64)
    if says == "logit":
        values = 1 / (1 + np.exp(-values))
    if says in ("logit", "sigmoid"):
        values = np.concatenate([1 - values, values], axis=1)
    if says == "logits":
        values = np.exp(values - values.max(axis=1, keepdims=True))
    total = values.sum(axis=1, keepdims=True)
    even = np.full_like(values, 1 / values.shape[1])
    shares: NDArray[np.float64] = np.divide(values, total, out=even, where=total > 0)
    return shares


def scales_inside(network: Any) -> bool:
    """Whether pixels are scaled before the first weights; a product further up is attention, not scaling."""
    for layer in layers_of(network):
        name = type(layer).__name__
        if name == "Add" and not isinstance(layer, _LAYER_CLASSES):  # x + 3, where the layer adds tensors
            return True
        if name in _SCALES or (name == "TFOpLambda" and _called(layer) in _SCALING_CALLS):
            return True
        if name == "TensorFlowOpLayer" and layer.node_def.op in _SCALING_OPERATIONS:
            return True
        if getattr(layer, "weights", ()) and not isinstance(layer, MODELS):
            return False
    return False


def says_of(end: str, outputs: NDArray[np.float32]) -> Says:
    """What outputs (N, K) are, by the activation that made them, and where that is none of these by what they look like."""
    one, inside = outputs.shape[1] == 1, bool((outputs >= 0).all() and (outputs <= 1).all())
    if end == "softmax" and one:
        raise _constant()
    if end == "linear" or (end not in _ENDS and not inside):
        return "logit" if one else "logits"
    if end == "sigmoid" or one:
        return "sigmoid" if one else "sigmoids"
    summed = end == "softmax" or np.allclose(outputs.sum(axis=1), 1, atol=1e-3)
    return "probabilities" if summed else "sigmoids"


def graph_logits(outputs: Any, says: Says) -> Any:
    """The logits of the classes from a graph's own outputs."""
    if says == "logits":
        return outputs
    if says == "logit":
        return tf.concat([-outputs / 2, outputs / 2], axis=1)
    if says == "sigmoid":
        outputs = tf.concat([1 - outputs, outputs], axis=1)
    return tf.math.log(tf.math.maximum(outputs, _LEAST))


def _tail(model: Any, library: Any) -> tuple[Callable[[Any], Any] | None, list[Any]]:
    """What a model is below the layers that end it one after another, and those layers, first to last.

    None stands for nothing: the layers begin with the model's input.
    """
    chain: list[Any] = []
    tensor = model.outputs[0]
    while type(layer := tensor._keras_history[0]).__name__ != "InputLayer":
        inputs = _plain_input(layer, tensor._keras_history[1])
        if inputs is None:
            return _up_to(model, tensor, library), chain
        if isinstance(layer, library.Model) and layer.outputs:
            inner, tail = _tail(layer, library)
            chain = tail + chain
            if inner is not None:
                return _one_after_the_other(_up_to(model, inputs, library), inner), chain
        else:
            chain.insert(0, layer)
        tensor = inputs
    return None, chain


def _one_after_the_other(first: Callable[[Any], Any], second: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: second(first(x))


def _plain_input(layer: Any, index: int) -> Any:
    """The one tensor that a layer was called on; None where it was called on more, or with arguments."""
    node = layer._inbound_nodes[index]
    if hasattr(node, "keras_inputs"):
        inputs, given = node.keras_inputs, {**node.call_kwargs, **dict(enumerate(node.call_args[1:]))}
    else:
        inputs, given = node.input_tensors, {**node.arguments.kwargs, **dict(enumerate(node.arguments.args[1:]))}
    meant = [value for key, value in given.items() if not (key in ("training", "mask") and value in (None, False))]
    return inputs[0] if len(inputs) == 1 and not meant and isinstance(layer, _LAYER_CLASSES) else None


def _up_to(model: Any, tensor: Any, library: Any) -> Callable[[Any], Any]:
    if type(tensor._keras_history[0]).__name__ == "InputLayer":
        return lambda x: x
    return lambda x: library.Model(model.inputs, tensor)(x)


def _applied(below: Callable[[Any], Any] | None, chain: list[Any], pixels: Any, library: Any) -> Any:
    """The layers on pixels, as one model inside: names of a foreign model's layers never meet those of the outputs."""
    entry = library.layers.Input(pixels.shape[1:])
    x = below(entry) if below else entry
    seen: set[str] = set()
    for layer in chain:
        if layer.name in seen:  # they were in models of their own
            setattr(layer, "name" if library is keras else "_name", f"{layer.name}_{len(seen)}")
        seen.add(layer.name)
        x = layer(x)
    return library.Model(entry, x, name="body")(pixels) if x is not entry else pixels


def _end(layer: Any) -> str | None:
    """What a layer after the head does with its scores: an activation, ``linear`` where nothing; None where it is no end."""
    name = type(layer).__name__
    if name == "Softmax":
        return "softmax"
    if name in _NOTHING_IN_USE:
        return "linear"
    return _activation(layer) if name == "Activation" and _activation(layer) in _ENDS else None


def _activation(layer: Any) -> str:
    return getattr(layer.activation, "__name__", "")


def _called(layer: Any) -> str:
    return str(layer.symbol).rpartition(".")[2]


def _two_classes(weights: list[Any]) -> list[Any]:
    return [np.concatenate([-each, each], axis=-1) / 2 for each in weights]


def _logits(outputs: Any, says: Says, library: Any) -> Any:
    layers = library.layers
    if says == "logits":
        return layers.Activation("linear", name="logits")(outputs)
    if says == "logit":
        return layers.Concatenate(name="logits")([layers.Rescaling(-0.5)(outputs), layers.Rescaling(0.5)(outputs)])
    if says == "sigmoid":
        outputs = layers.Concatenate()([layers.Rescaling(-1.0, 1.0)(outputs), outputs])
    ops = keras.ops if library is keras else tf.math
    return ops.log(ops.maximum(outputs, _LEAST))


def _constant() -> ModelRefused:
    return ModelRefused(
        "output_constant",
        es="El modelo tiene una sola salida con softmax, que siempre vale 1: no distingue nada. Hace falta "
        "Dense(1, activation='sigmoid') o una salida por clase, y entrenarlo otra vez.",
        en="The model has a single softmax output, which is always 1 and tells nothing apart. It needs "
        "Dense(1, activation='sigmoid') or one output for each class, and to be trained again.",
    )
