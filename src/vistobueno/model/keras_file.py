"""Build the model that an .h5 describes, with the Keras that wrote it, after a look at what it names."""

import importlib
import json
from pathlib import Path
from typing import Any

from .description import refuse_code, refuse_links

_OPERATIONS = ("numpy", "nn", "math", "linalg", "image", "core")  # rooms of Keras 3 for what is called on tensors
_MODELS = {"Functional": "keras.src.models.functional", "Model": "keras", "Sequential": "keras"}


def load_h5(path: Path, library: Any, description: Any = None) -> Any:
    """The model in an .h5, without what only training needs.

    Keras 3 loads no .h5 of its own in which an operation is called on a tensor: it does not say there which room of Keras
    the operation is from, and that is added here.

    Args:
        library: ``keras`` or ``tf_keras``.
        description: what to build instead of what the file says; one of Keras 2 is written into it.

    Raises:
        ModelRefused: ``model_runs_code``, ``model_unknown_layer`` or ``model_reads_files``.
    """
    refuse_links(path)
    return (_load_keras_3 if library.__name__ == "keras" else _load_keras_2)(path, library, description)


def _load_keras_3(path: Path, library: Any, description: Any) -> Any:
    description = with_rooms(description or _description(path), library)
    refuse_code(description)
    model = library.saving.deserialize_keras_object(description)
    model.load_weights(path)
    return model


def _load_keras_2(path: Path, library: Any, description: Any) -> Any:
    import h5py
    import tensorflow as tf

    refuse_code(description or _description(path))
    if description:
        with h5py.File(path, "r+") as file:
            file.attrs["model_config"] = json.dumps(description)
    relu6 = {"relu6": tf.nn.relu6}  # MobileNet's own function, as Keras before 2.2 saved it
    return library.models.load_model(path, custom_objects=relu6, compile=False)


def _description(path: Path) -> Any:
    import h5py

    with h5py.File(path, "r") as file:
        return json.loads(file.attrs["model_config"])


def with_rooms(node: Any, library: Any) -> Any:
    """A description where each layer, model and operation says which room of Keras it is from."""
    if isinstance(node, list):
        return [with_rooms(each, library) for each in node]
    if not isinstance(node, dict):
        return node
    node = {key: with_rooms(value, library) for key, value in node.items()}
    name, config = node.get("class_name"), node.get("config")
    if isinstance(name, str) and isinstance(config, dict) and "module" not in node and not name.startswith("__"):
        node |= {"module": _room(name, config, library), "registered_name": node.get("registered_name")}
    return node


def _room(name: str, config: dict[str, Any], library: Any) -> str:
    if "trainable" not in config:  # an operation has no such thing; Add is a layer and an operation
        for part in _OPERATIONS:
            found = vars(importlib.import_module(f"keras.src.ops.{part}")).get(name)
            if isinstance(found, type) and issubclass(found, library.Operation):
                return f"keras.src.ops.{part}"
    return _MODELS.get(name, "keras.layers")
