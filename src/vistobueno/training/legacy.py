"""Load a stranger's Keras file of either era, without running a line of the stranger's code.

The architecture is a JSON text in the file. What Keras 2 wrote there and Keras 3 no longer reads is rewritten in a
copy; what would execute code, or is unknown, is refused by name before Keras sees the file.
"""

import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import keras

from ..errors import ModelRefused

_CONTAINERS = {"Functional", "Model", "Sequential"}
_ARITHMETIC = {
    "math.truediv": lambda y: {"scale": 1 / y, "offset": 0.0},
    "math.divide": lambda y: {"scale": 1 / y, "offset": 0.0},
    "math.multiply": lambda y: {"scale": y, "offset": 0.0},
    "math.subtract": lambda y: {"scale": 1.0, "offset": -y},
    "math.add": lambda y: {"scale": 1.0, "offset": y},
    "__operators__.add": lambda y: {"scale": 1.0, "offset": y},
}
_OPERATIONS = {"Add", "Divide", "Multiply", "Subtract", "TrueDivide"}  # Keras 3's own, from its ops


def load_stranger(path: Path) -> keras.Model:
    """Load ``.h5``, ``.hdf5`` or ``.keras``.

    Raises:
        ModelRefused: ``model_missing``, ``model_unreadable``, ``model_only_weights``, ``model_runs_code`` or
            ``model_unknown_layer``.
    """
    if not path.is_file():
        raise ModelRefused("model_missing", es=f"No existe el archivo {path}. Compruebe la ruta.",
                           en=f"There is no file {path}. Check the path.")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        shutil.copyfile(path, copy)
        try:
            (_rewrite_archive if zipfile.is_zipfile(copy) else _rewrite_h5)(copy)
            return keras.models.load_model(copy, compile=False, safe_mode=True)
        except ModelRefused:
            raise
        except Exception as error:  # Keras raises whatever the layer at fault raises
            raise ModelRefused(
                "model_unreadable",
                es=f"Keras no puede cargar {path.name}: {_first_line(error)}. Pida el modelo guardado con Keras 3 (.keras).",
                en=f"Keras cannot load {path.name}: {_first_line(error)}. Ask for the model saved with Keras 3 (.keras).",
            ) from error


def layers_of(model: keras.Model) -> Iterator[Any]:
    """Every layer of a model, those of models inside it too, in order."""
    for layer in model.layers:
        yield layer
        if isinstance(layer, keras.Model):
            yield from layers_of(layer)


def _rewrite_h5(path: Path) -> None:
    try:
        h5py.File(path, "r").close()
    except OSError as error:
        raise ModelRefused(
            "model_unreadable",
            es=f"{path.name} no es un archivo de Keras (.h5 o .keras), o está incompleto. Descárguelo o cópielo otra vez.",
            en=f"{path.name} is not a Keras file (.h5 or .keras), or is incomplete. Download or copy it again.",
        ) from error
    with h5py.File(path, "r+") as file:
        text = file.attrs.get("model_config")
        if text is None:
            raise ModelRefused(
                "model_only_weights",
                es=f"{path.name} trae los pesos pero no la arquitectura. Guárdelo con model.save(), no save_weights().",
                en=f"{path.name} has the weights but no architecture. Save it with model.save(), not save_weights().",
            )
        config = json.loads(text)
        _modernise(config)
        file.attrs["model_config"] = json.dumps(config)
        if "training_config" in file.attrs:
            del file.attrs["training_config"]


def _rewrite_archive(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    _modernise(config)
    members["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def _modernise(node: Any) -> None:
    """Walk an architecture and rewrite it in place, refusing what must not be loaded."""
    if isinstance(node, list):
        for each in node:
            _modernise(each)
        return
    if not isinstance(node, dict):
        return
    if _is_code(node):
        raise _runs_code("activation")
    if isinstance(node.get("config"), dict) and isinstance(node.get("class_name"), str):
        if "inbound_nodes" in node or "build_config" in node or hasattr(keras.layers, node["class_name"]):
            _modernise_layer(node)
        config = node["config"]
        policy = config.get("dtype")
        if isinstance(policy, dict) and policy.get("class_name") == "Policy":
            config["dtype"] = policy["config"]["name"]
        if "layers" in config:
            for layer in config["layers"]:
                _known(layer)
    for key, value in node.items():
        if key not in ("inbound_nodes", "compile_config"):
            _modernise(value)
    node.pop("compile_config", None)


def _modernise_layer(node: dict[str, Any]) -> None:
    name, config = node["class_name"], node["config"]
    _known(node)
    if name == "DepthwiseConv2D":
        config.pop("groups", None)  # Keras 2 wrote it, Keras 3 does not know it; it never had an effect
    if name == "InputLayer" and "batch_input_shape" in config:
        config["batch_shape"] = config.pop("batch_input_shape")
    if name in ("LSTM", "GRU", "SimpleRNN"):
        config.pop("time_major", None)
    if name == "TFOpLambda":
        _as_rescaling(node)


def _known(node: dict[str, Any]) -> None:
    name = node.get("class_name", "")
    label = node.get("config", {}).get("name", name)
    if name == "Lambda":
        raise _runs_code(label)
    operation = node.get("config", {}).get("function", "")
    if name == "TFOpLambda" and operation in _ARITHMETIC:
        return
    if name not in _CONTAINERS | _OPERATIONS and not hasattr(keras.layers, name):
        raise ModelRefused(
            "model_unknown_layer",
            es=f"El modelo usa una capa que Keras no trae: {operation or name} («{label}»). No se puede cargar sin su código.",
            en=f"The model uses a layer that Keras does not have: {operation or name} ('{label}'). It needs its own code.",
        )


def _is_code(node: dict[str, Any]) -> bool:
    """Whether this is a function that Keras stored as marshalled bytes; a Dense layer keeps no more than its value."""
    value = node.get("value")
    bare = set(node) == {"value"} and isinstance(value, list) and bool(value) and isinstance(value[0], str)
    return bare or node.get("class_name") == "__lambda__"


def _runs_code(label: str) -> ModelRefused:
    return ModelRefused(
        "model_runs_code",
        es=f"El modelo lleva una capa o función Lambda («{label}»): cargarla ejecutaría código de quien lo hizo. Pídale "
        "que la cambie por capas de Keras (Rescaling, por ejemplo) y lo guarde otra vez.",
        en=f"The model has a Lambda layer or function ('{label}'): loading it would run its author's code. Ask the author "
        "to replace it by Keras layers (Rescaling, for example) and to save it again.",
    )


def _as_rescaling(node: dict[str, Any]) -> None:
    """Keras 2 wrote arithmetic on tensors (``x / 127.5 - 1``) as TFOpLambda; it is a Rescaling layer."""
    arithmetic: Callable[[float], dict[str, float]] = _ARITHMETIC[node["config"]["function"]]
    inbound = node["inbound_nodes"][0]
    entry = inbound[0] if isinstance(inbound[0], list) else inbound
    node["class_name"] = "Rescaling"
    node["config"] = {"name": node["config"]["name"].replace("/", "_"), **arithmetic(float(entry[3].pop("y")))}
    node["inbound_nodes"] = [[[*entry[:3], {}]]]


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
