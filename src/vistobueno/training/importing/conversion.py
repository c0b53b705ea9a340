"""Any foreign model → the files that serve it, proved by the answers that the model itself gives."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ...core.errors import ModelRefused
from ...core.verdict import softmax
from ...model.keras_file import load_h5
from ...model.runtime import golden_pictures, scaled
from ..convert import as_list, function_to_tflite, largest_difference, to_h5, to_tflite
from ..converted import Converted
from .foreign import library_of, load_foreign
from .foreign_file import read_foreign
from .saved_model import frozen, graph_scales_inside, graph_to_h5, last_activation, load_graph
from .scaling import OF_GREY, SCALINGS, input_spec
from .serving import Says, graph_logits, own_probabilities, says_of, scales_inside, serving_model

Shape = tuple[int, int, int]
Floats = NDArray[np.float32]


def convert(path: Path, work: Path, input_size: int | None, scaling: str | None) -> Converted:
    """Convert the model in ``path``, whichever Keras wrote it, or the graph of a SavedModel's folder.

    Args:
        work: a folder to write in.
        input_size: side of a square input in pixels, for a model that leaves it open.
        scaling: one of `SCALINGS`; None: unscaled where the model scales inside, else all that may be meant.

    Raises:
        ModelRefused: what `read_foreign`, `load_foreign`, `load_graph`, `serving_model` and `to_tflite` raise,
            ``input_unknown`` or ``outputs_unknown``.
    """
    file = read_foreign(path)
    if file.kind == "saved_model":
        graph = load_graph(file.path)
        shape = _shape(tuple(graph.inputs[0].shape), input_size)
        _check_outputs([graph.outputs[0].shape])
        names = _candidates(scaling, graph_scales_inside(graph), shape)
        return _graph(graph, shape, names)
    network = load_foreign(file, work)
    if len(network.inputs) != 1:
        raise _input_unknown(f"{len(network.inputs)} entradas", f"{len(network.inputs)} inputs")
    shape = _shape(tuple(network.inputs[0].shape), input_size)
    _check_outputs([output.shape for output in network.outputs])
    names = _candidates(scaling, scales_inside(network), shape)
    inputs = {name: _inputs(shape, name) for name in names}
    serving, says, gives_map = serving_model(network, library_of(file.generation), shape, inputs[names[0]])
    tflite = to_tflite(serving)
    h5 = to_h5(serving)
    again = _read_again(h5, file.generation, work)
    golden, differences = _proofs(inputs, lambda x: network(x, training=False), again, says, tflite)
    kept = 2 if file.generation < 3 else 3
    return Converted(kept, shape, _classes(golden), says, gives_map, h5, tflite, golden, differences)


def _graph(graph: Any, shape: Shape, names: Sequence[str]) -> Converted:
    given = graph.inputs[0].dtype

    def own(pixels: Any) -> Any:
        return as_list(graph(tf.cast(pixels, given)))[0]

    inputs = {name: _inputs(shape, name) for name in names}
    says: Says = says_of(last_activation(graph), np.asarray(own(tf.constant(inputs[names[0]]))))
    serving = frozen(lambda pixels: graph_logits(own(pixels), says), shape)
    tflite = function_to_tflite(lambda pixels: as_list(serving(pixels)), [], shape)
    golden, differences = _proofs(inputs, own, lambda x: as_list(serving(tf.constant(x))), says, tflite)
    return Converted(0, shape, _classes(golden), says, False, graph_to_h5(serving), tflite, golden, differences)


def _read_again(h5: bytes, generation: int, work: Path) -> Callable[[Floats], list[Any]]:
    """What is kept is what is proved: the serving model as its file gives it back."""
    path = work / "again.h5"
    path.write_bytes(h5)
    model = load_h5(path, library_of(generation))
    return lambda x: as_list(model(x, training=False))


def _proofs(
    inputs: dict[str, Floats],
    own: Callable[[Floats], Any],
    serving: Callable[[Floats], list[Any]],
    says: Says,
    tflite: bytes,
) -> tuple[dict[str, Floats], dict[str, float]]:
    """For each scaling, the logits, and the largest difference of LiteRT from the serving model and from the model itself."""
    golden, differences = {}, {}
    for name, values in inputs.items():
        golden[name] = np.asarray(serving(values)[0])
        expected = own_probabilities(np.asarray(own(values)), says)
        told = float(np.abs(softmax(golden[name]) - expected).max())
        differences[name] = float(np.max([told, largest_difference(serving, tflite, values)]))  # a NaN must not hide
    return golden, differences


def _inputs(shape: Shape, scaling: str) -> Floats:
    spec = input_spec(shape[1], shape[0], shape[2], scaling)
    return np.concatenate([scaled(picture, spec) for picture in golden_pictures(spec)])


def _candidates(scaling: str | None, inside: bool, shape: Shape) -> list[str]:
    known = OF_GREY if shape[2] == 1 else tuple(SCALINGS)
    if scaling is not None and scaling not in known:
        names = ", ".join(known)
        raise ModelRefused("scaling_unknown", es=f"Para una imagen gris no existe la escala {scaling}; use una de {names}.",
                           en=f"Scaling {scaling} does not apply to grey images; use one of {names}.")  # fmt: skip
    return [scaling] if scaling else ["0..255"] if inside else list(known)


def _classes(golden: dict[str, Floats]) -> int:
    return int(next(iter(golden.values())).shape[1])


def _shape(shape: tuple[int | None, ...], input_size: int | None) -> Shape:
    if len(shape) != 4:
        raise _input_unknown(f"{shape}", f"{shape}")
    height, width = (side or input_size for side in shape[1:3])
    channels = shape[3] or 3
    if channels not in (1, 3) and shape[1] in (1, 3):
        raise _input_unknown(
            f"{shape}, con los colores primero (channels_first)", f"{shape}, colours first (channels_first)"
        )
    if channels not in (1, 3) or not height or not width or (input_size and input_size not in (height, width)):
        raise _input_unknown(f"{shape}", f"{shape}")
    return height, width, channels


def _input_unknown(es: str, en: str) -> ModelRefused:
    return ModelRefused(
        "input_unknown",
        es=f"El modelo recibe {es}; hace falta una imagen en color o gris (alto, ancho, 3 o 1), y --input con su lado solo "
        "si el modelo lo deja libre.",
        en=f"The model takes {en}; it must be one picture in colour or grey (height, width, 3 or 1), with --input giving its "
        "side only where the model leaves it open.",
    )


def _check_outputs(shapes: Sequence[Any]) -> None:
    if len(shapes) != 1 or len(shapes[0]) != 2 or not shapes[0][-1]:
        said = ", ".join(str(tuple(shape)) for shape in shapes)
        raise ModelRefused(
            "outputs_unknown",
            es=f"El modelo da {said}; debe dar un solo valor por clase. Guarde solo la parte que clasifica.",
            en=f"The model gives {said}; it must give one value for each class. Save only the part that classifies.",
        )
