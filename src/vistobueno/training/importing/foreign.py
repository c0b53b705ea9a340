"""Load somebody else's Keras model with the Keras that wrote it, in single precision, without running their code.

Keras 1 and 2 files go to tf-keras, which is Keras 2; Keras 3 files to Keras 3. Both have the same layers, models and
weights for what is done here.
"""

import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import tf_keras

from ...core.errors import ModelRefused
from ...model.description import refuse_code, refuse_links
from ...model.keras_file import load_h5, with_rooms
from .foreign_file import ForeignFile
from .keras_1 import in_todays_words

MODELS = (keras.Model, tf_keras.Model)
_MIXED = {"mixed_float16", "mixed_bfloat16"}
_PRECISIONS = {"float16", "bfloat16", "float64", "half", "double"}


def load_foreign(file: ForeignFile, folder: Path) -> Any:
    """Load what is described, as a model of `library_of` the file's generation.

    Args:
        folder: an empty one to work in.

    Raises:
        ModelRefused: ``model_runs_code``, ``model_unknown_layer``, ``model_reads_files`` or ``model_unreadable``.
    """
    description = _for_serving(file.description)
    library = library_of(file.generation)
    description = in_todays_words(description) if library is tf_keras else with_rooms(description, library)
    try:
        if file.kind == "h5":
            model = load_h5(Path(shutil.copyfile(file.path, folder / "model.h5")), library, description)
        else:
            refuse_code(description)
            copy = _copy_archive(file.path, folder / "model.keras", json.dumps(description))
            model = library.models.load_model(copy, compile=False)
        return _with_inputs(model, library, description)
    except ModelRefused:
        raise
    except Exception as error:  # Keras raises whatever the layer at fault raises
        raise _unreadable(file, _at_fault(library, description, error)) from error


def library_of(generation: int) -> Any:
    """The Keras for files of this generation: tf-keras up to 2, else Keras 3."""
    return tf_keras if generation < 3 else keras


def layers_of(model: Any) -> Iterator[Any]:
    """Every layer of a model, those of models inside it too, in order; of Keras 3 also operations on tensors."""
    for layer in getattr(model, "operations", model.layers):
        yield layer
        if isinstance(layer, MODELS):
            yield from layers_of(layer)


def _for_serving(node: Any) -> Any:
    """A description whose numbers are all float32, as LiteRT computes, for one picture; without what only training needs."""
    if isinstance(node, list):
        return [_for_serving(each) for each in node]
    if not isinstance(node, dict):
        return "float32" if isinstance(node, str) and node in _MIXED else node
    kept = {key: _for_serving(value) for key, value in node.items() if key != "compile_config"}
    other: dict[str, Any] = {
        key: "float32" for key in ("dtype", "name") if isinstance(kept.get(key), str) and kept[key] in _PRECISIONS
    }
    for key in ("batch_input_shape", "batch_shape"):
        if isinstance(kept.get(key), list):
            other[key] = [None, *kept[key][1:]]
    return kept | other


def _with_inputs(model: Any, library: Any, description: Any) -> Any:
    """A Sequential that was built when photographs first came knows of no input of its own."""
    if getattr(model, "inputs", None):
        return model
    pixels = library.layers.Input(description["config"]["build_input_shape"][1:])
    return library.Model(pixels, model(pixels))


def _copy_archive(path: Path, copy: Path, description: str) -> Path:
    weights = copy.with_name("model.weights.h5")
    with zipfile.ZipFile(path) as archive, archive.open(weights.name) as packed, weights.open("wb") as target:
        shutil.copyfileobj(packed, target)
        metadata = archive.read("metadata.json") if "metadata.json" in archive.namelist() else b"{}"
    refuse_links(weights)
    with zipfile.ZipFile(copy, "w") as archive:
        archive.writestr("config.json", description)
        archive.writestr("metadata.json", metadata)
        archive.write(weights, weights.name)
    return copy


def _at_fault(library: Any, description: Any, error: Exception) -> str:
    """The first layer that cannot be built alone and why, else why the whole cannot."""
    for node in _layers_described(description):
        try:
            library.layers.deserialize(node)
        except Exception as own:  # as above
            return f"{node['class_name']} «{node['config'].get('name', '?')}»: {_cause(own)}"
    return _cause(error)


def _layers_described(node: Any) -> Iterator[dict[str, Any]]:
    """The layers of a description, inner ones first; without the models around them."""
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _layers_described(child)
    if not isinstance(node, dict) or not isinstance(node.get("config"), dict) or "layers" in node["config"]:
        return
    if any(hasattr(library.layers, str(node.get("class_name"))) for library in (keras, tf_keras)):
        yield node


def _cause(error: BaseException) -> str:
    """The line of Keras' message that says why; the first often only says that."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if "Error" in line or "xception encountered" in line]
    return (telling or lines or [type(error).__name__])[-1 if telling else 0][:300]


def _unreadable(file: ForeignFile, why: str) -> ModelRefused:
    return ModelRefused(
        "model_unreadable",
        es=f"Keras {file.generation} no puede reconstruir {file.path.name}: {why}. Ábralo en la versión de Keras que lo "
        "guardó, expórtelo con model.export('carpeta') (Keras 2: model.save('carpeta')) y dé esa carpeta.",
        en=f"Keras {file.generation} cannot rebuild {file.path.name}: {why}. Open it in the version of Keras that saved it, "
        "export it with model.export('folder') (Keras 2: model.save('folder')) and give that folder.",
    )
