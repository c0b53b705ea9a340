"""A SavedModel: a graph that needs no code of its author, and so may hold only arithmetic on tensors.

A graph can read and write files, call Python and reach the network. Its operations are read from the file before
TensorFlow loads it: those that the served function reaches must be arithmetic, and nothing may run while it is loaded.
"""

import io
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from ...core.errors import ModelRefused
from ...model.description import strange_operations

_SIGNATURE = "serving_default"
# Objects whose loading runs nothing.
_QUIET = {
    "user_object",
    "function",
    "bare_concrete_function",
    "variable",
    "constant",
    "captured_tensor",
}  # loading them runs nothing


def load_graph(folder: Path) -> Any:
    """The served function of a SavedModel, its variables made constants: one tensor (N, H, W, C) to one (N, K).

    Raises:
        ModelRefused: ``model_unreadable``, ``model_runs_code`` or ``outputs_unknown``.
    """
    _refuse_strange(folder)
    try:
        loaded = tf.saved_model.load(str(folder))  # it holds the variables
        served = loaded.signatures[_SIGNATURE]
        definition = served.graph.as_graph_def()  # what was loaded may be another function than what the file listed
        _refuse_operations(folder, {node.op for node in definition.node} | _within(definition.node, definition.library))
        function = convert_variables_to_constants_v2(served)
    except ModelRefused:
        raise
    except Exception as error:  # TensorFlow raises whatever the part at fault raises
        raise _unreadable(folder) from error
    inputs, outputs = len(function.inputs), len(function.outputs)
    if inputs != 1 or outputs != 1:
        raise ModelRefused(
            "outputs_unknown",
            es=f"El modelo recibe {inputs} tensores y da {outputs}; debe recibir una imagen y dar un valor por clase. "
            "Exporte solo la parte que clasifica.",
            en=f"The model takes {inputs} tensors and gives {outputs}; it must take a picture and give one value for each "
            "class. Export only the part that classifies.",
        )
    return function


def graph_to_h5(function: Any) -> bytes:
    """A function of pixels to logits, without variables, as the content of an .h5 file that `runtime` reads."""
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file["graph"] = np.frombuffer(function.graph.as_graph_def().SerializeToString(), np.uint8)
        file.attrs["pixels"], file.attrs["logits"] = function.inputs[0].name, function.outputs[0].name
    return content.getvalue()


def frozen(serve: Callable[[Any], Any], shape: tuple[int, int, int]) -> Any:
    """A function of pixels (N, *shape) as a graph without variables."""
    given = tf.TensorSpec((None, *shape), tf.float32, "pixels")
    return convert_variables_to_constants_v2(tf.function(serve).get_concrete_function(given))


def last_activation(function: Any) -> str:
    """``softmax`` or ``sigmoid`` where the outputs are one's, ``linear`` where weights end the graph, else nothing."""
    operation = function.outputs[0].op
    while operation.type in ("Identity", "NoOp", "Cast") and operation.inputs:
        operation = operation.inputs[0].op
    return {"Softmax": "softmax", "Sigmoid": "sigmoid", "BiasAdd": "linear", "MatMul": "linear"}.get(operation.type, "")


def graph_scales_inside(function: Any) -> bool:
    """Whether arithmetic with constants comes before the first weights."""
    seen: set[str] = set()
    waiting = [function.inputs[0]]
    while waiting:
        for operation in waiting.pop(0).consumers():
            if operation.type in ("Mul", "Sub", "RealDiv", "AddV2", "Add", "DivNoNan"):
                return True
            if operation.type in ("Conv2D", "DepthwiseConv2dNative", "MatMul") or operation.name in seen:
                return False
            seen.add(operation.name)
            waiting += operation.outputs
    return False


def _refuse_strange(folder: Path) -> None:
    saved = SavedModel()
    try:
        saved.ParseFromString((folder / "saved_model.pb").read_bytes())
        (graph,) = [each for each in saved.meta_graphs if "serve" in each.meta_info_def.tags]
        outputs = graph.signature_def[_SIGNATURE].outputs if _SIGNATURE in graph.signature_def else {}
    except (DecodeError, OSError, ValueError) as error:
        raise _unreadable(folder) from error
    kinds = {each.WhichOneof("kind") or "user_object" for each in graph.object_graph_def.nodes}
    if not outputs or not kinds:
        raise ModelRefused(
            "model_unreadable",
            es=f"{folder.name} no dice cómo se usa (falta {_SIGNATURE}) o es de TensorFlow 1. Expórtelo con "
            "model.export('carpeta') de Keras 3 o model.save('carpeta') de Keras 2.",
            en=f"{folder.name} does not say how to call it (no {_SIGNATURE}) or is from TensorFlow 1. Export it with "
            "model.export('folder') of Keras 3 or model.save('folder') of Keras 2.",
        )
    nodes = {node.name: node for node in graph.graph_def.node}
    waiting, reached = [each.name for each in outputs.values()], {}
    while waiting:
        name = waiting.pop().lstrip("^").partition(":")[0]
        if name in nodes and name not in reached:
            reached[name] = nodes[name]
            waiting += nodes[name].input
    found = {node.op for node in reached.values()} | _within(reached.values(), graph.graph_def.library)
    _refuse_operations(folder, found, kinds - _QUIET)


def _within(nodes: Iterable[Any], library: Any) -> set[str]:
    """The operations of all functions that nodes call, and of those that these call."""
    bodies = {each.signature.name: each.node_def for each in library.function}
    found: set[str] = set()
    seen: set[str] = set()
    waiting = list(nodes)
    while waiting:
        for value in waiting.pop().attr.values():
            called = {value.func.name, *(each.name for each in value.list.func)} & bodies.keys() - seen
            seen |= called
            for name in called:
                found |= {node.op for node in bodies[name]}
                waiting += bodies[name]
    return found


def _refuse_operations(folder: Path, names: set[str], also: Iterable[str] = ()) -> None:
    strange = [*strange_operations(names), *sorted(also)]
    if any("Random" in name for name in strange):
        raise ModelRefused(
            "model_random",
            es=f"{folder.name} altera cada foto al azar: export() de Keras 3 conserva las capas de aumento (RandomFlip, …). "
            "Dé el archivo de model.save('modelo.keras'), o exporte el modelo sin esas capas.",
            en=f"{folder.name} changes each photograph at random: export() of Keras 3 keeps augmentation (RandomFlip, …). "
            "Give the file of model.save('model.keras'), or export the model without these layers.",
        )
    if strange:
        raise ModelRefused(
            "model_runs_code",
            es=f"El grafo de {folder.name} hace más que calcular con la imagen: {', '.join(strange)}. Exporte solo lo que va "
            "de la imagen a las probabilidades, sin leer archivos, tablas ni Python.",
            en=f"The graph of {folder.name} does more than compute on the picture: {', '.join(strange)}. Export only what "
            "leads from the picture to the probabilities, without reading files, tables or Python.",
        )


def _unreadable(folder: Path) -> ModelRefused:
    return ModelRefused(
        "model_unreadable",
        es=f"{folder.name} está dañado o incompleto. Copie la carpeta entera: saved_model.pb y variables/.",
        en=f"{folder.name} is damaged or incomplete. Copy the whole folder: saved_model.pb and variables/.",
    )
