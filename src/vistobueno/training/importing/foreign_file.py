"""What kind of file somebody brings as a model, told by its content; what is none that can be packed is told by name."""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import h5py

from ...core.errors import ModelRefused
from ...core.zips import UNPACKING
from ...model.description import refuse_links

Kind = Literal["h5", "keras", "saved_model"]
_MOST_TEXT = 64 * 2**20  # of a description; those of the largest networks take 2 MB
_SAVE = (
    "Guárdelo con model.save('modelo.keras') donde se entrenó.",
    "Save it with model.save('model.keras') where it was trained.",
)


@dataclass(frozen=True)
class ForeignFile:
    """A file, or a SavedModel's folder, that says which Keras wrote it and what it describes.

    Attributes:
        generation: of Keras: 1, 2 or 3; 0 for a graph without Keras.
        description: the architecture as Keras' own JSON; None for a graph.
    """

    path: Path
    kind: Kind
    generation: int
    description: Any = None


def read_foreign(path: Path) -> ForeignFile:
    """Look into what was given; nothing of it is built or run.

    Raises:
        ModelRefused: ``model_missing``, ``model_not_keras``, ``model_only_weights``, ``model_unreadable`` or
            ``model_reads_files``.
    """
    if path.is_dir():
        return _folder(path)
    if not path.is_file():
        raise ModelRefused("model_missing", es=f"No existe el archivo {path}. Compruebe la ruta.",
                           en=f"There is no file {path}. Check the path.")  # fmt: skip
    with path.open("rb") as file:
        start = file.read(512)
    if start.startswith(b"\x89HDF\r\n\x1a\n"):
        return _h5(path)
    if zipfile.is_zipfile(path):
        return _archive(path)
    raise _not_keras(path, start)


def _h5(path: Path) -> ForeignFile:
    try:
        refuse_links(path)
        with h5py.File(path, "r") as file:
            text, version = file.attrs.get("model_config"), _text(file.attrs.get("keras_version", b""))
            weights = {"layer_names", "keras_version"} & set(file.attrs) or {"layers", "vars"} & set(file)
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise _damaged(path) from error
    if text is None and weights:
        raise _only_weights(path)
    if text is None:
        raise _named(path, "datos HDF5 de otro programa", "HDF5 data of another program", *_SAVE)
    description = _understood(path, _text(text))
    return ForeignFile(path, "h5", _generation(version, description), description)


def _archive(path: Path) -> ForeignFile:
    try:
        with zipfile.ZipFile(path) as archive:
            names = {each.filename: each.file_size for each in archive.infolist()}
            if "config.json" not in names or "model.weights.h5" not in names:
                raise _other_archive(path, list(names))
            if names["config.json"] > _MOST_TEXT or names.get("metadata.json", 0) > _MOST_TEXT:
                raise _damaged(path)
            description = _understood(path, archive.read("config.json").decode())
            said = json.loads(archive.read("metadata.json")) if "metadata.json" in names else {}
    except UNPACKING as error:
        raise _damaged(path) from error
    version = said.get("keras_version", "") if isinstance(said, dict) else ""
    return ForeignFile(path, "keras", _generation(str(version), description), description)


def _folder(path: Path) -> ForeignFile:
    names = sorted(each.name for each in path.iterdir())
    if "saved_model.pb" in names:
        return ForeignFile(path, "saved_model", 0)
    inside = [name for name in names if name.endswith((".h5", ".hdf5", ".keras"))] + [
        f"{name}/" for name in names if (path / name / "saved_model.pb").is_file()
    ]
    if inside:
        raise _named(path, f"una carpeta con {', '.join(inside)}", f"a folder that holds {', '.join(inside)}",
                     f"Indique {path / inside[0]}.", f"Give {path / inside[0]}.")  # fmt: skip
    if "checkpoint" in names or any(name.endswith(".index") for name in names):
        raise _only_weights(path)
    if "model.json" in names:
        raise _named(path, "un modelo de TensorFlow.js", "a TensorFlow.js model", *_TEACHABLE)
    raise _named(path, "una carpeta sin modelo: falta saved_model.pb", "a folder without a model: there is no saved_model.pb",
                 "Indique el archivo .h5 o .keras, o la carpeta de un SavedModel.",
                 "Give the .h5 or .keras file, or a SavedModel's folder.")  # fmt: skip


_TEACHABLE = (
    "Exporte otra vez como Keras (en Teachable Machine: Tensorflow → Keras), o guarde con model.save('modelo.keras').",
    "Export it again as Keras (in Teachable Machine: Tensorflow → Keras), or save it with model.save('model.keras').",
)
_UNPACK = (
    "Descomprímalo e indique el archivo .h5 o .keras que trae.",
    "Unpack it and give the .h5 or .keras file in it.",
)
_AGAIN = ("Descárguelo otra vez.", "Download it again.")
_CONVERT = (
    "Hace falta el modelo de Keras: vuelva a entrenarlo o constrúyalo en Keras y guárdelo con model.save('modelo.keras').",
    "A Keras model is needed: train or build it in Keras and save it with model.save('model.keras').",
)


def _not_keras(path: Path, start: bytes) -> ModelRefused:
    """The refusal for a file that is neither HDF5 nor a ZIP; its beginning tells what it is."""
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not start:
        return _named(path, "un archivo vacío", "an empty file", *_AGAIN)
    if text.startswith(b"version https://git-lfs"):
        return _named(path, "un puntero de Git LFS, no el modelo", "a Git LFS pointer, not the model",
                      "Tráigalo con «git lfs pull», o descárguelo de la página del repositorio.",
                      "Fetch it with 'git lfs pull', or download it from the repository's page.")  # fmt: skip
    if text.startswith((b"<!doctype", b"<html", b"<head", b"<?xml")):
        return _named(path, "una página web, no el modelo", "a web page, not the model",
                      "Ábrala en el navegador y descargue desde ahí el archivo del modelo.",
                      "Open it in a browser and download the model's file from there.")  # fmt: skip
    if start[4:8] == b"TFL3":
        return _named(path, "un modelo TFLite, ya convertido", "a TFLite model, already converted",
                      "Indique el modelo de Keras del que se hizo (.h5, .keras o carpeta SavedModel).",
                      "Give the Keras model that it was made of (.h5, .keras or a SavedModel folder).")  # fmt: skip
    if path.suffix.lower() == ".onnx" or b"onnx" in start[:64] or b"pytorch" in start[:64]:
        return _named(path, "un modelo ONNX", "an ONNX model", *_CONVERT)
    if start[:1] == b"\x80" and start[1:2] in b"\x02\x03\x04\x05":
        return _named(path, "un pickle de Python (PyTorch, scikit-learn o joblib)",
                      "a Python pickle (PyTorch, scikit-learn or joblib)", *_CONVERT)  # fmt: skip
    if start.startswith((b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf", b"BZh", b"\xfd7zXZ")) or start[257:262] == b"ustar":
        return _named(path, "un archivo comprimido", "an archive", *_UNPACK)
    if path.suffix == ".pb":
        return _named(path, "el grafo de un SavedModel", "the graph of a SavedModel",
                      f"Indique su carpeta entera: {path.parent}.", f"Give its whole folder: {path.parent}.")  # fmt: skip
    if path.suffix in (".index", ".meta") or ".data-" in path.name or path.name == "checkpoint" or ".ckpt" in path.name:
        return _only_weights(path)
    if text.startswith((b"{", b"[")):
        return _named(
            path, "una descripción en JSON, sin los pesos", "a description in JSON, without the weights", *_TEACHABLE
        )
    return _named(path, "otra cosa, o un archivo incompleto", "something else, or an incomplete file",
                  "Descárguelo o cópielo otra vez, o indique el modelo de Keras (.h5, .keras o carpeta SavedModel).",
                  "Download or copy it again, or give the Keras model (.h5, .keras or a SavedModel folder).")  # fmt: skip


def _other_archive(path: Path, names: list[str]) -> ModelRefused:
    models = [name for name in names if name.endswith((".h5", ".hdf5", ".keras", "saved_model.pb"))]
    if any(name.endswith("data.pkl") for name in names):
        return _named(path, "un modelo de PyTorch", "a PyTorch model", *_CONVERT)
    if "model.weights.h5" in names:
        return _only_weights(path)
    if models:
        return _named(path, f"un ZIP que trae {models[0]}", f"a ZIP that holds {models[0]}",
                      f"Descomprímalo e indique {models[0].removesuffix('saved_model.pb') or 'su carpeta'}.",
                      f"Unpack it and give {models[0].removesuffix('saved_model.pb') or 'its folder'}.")  # fmt: skip
    if any(name.endswith(("model.json", ".tflite")) for name in names):
        return _named(path, "un ZIP con el modelo ya convertido", "a ZIP with the model already converted", *_TEACHABLE)
    return _named(path, "un ZIP sin un modelo de Keras dentro", "a ZIP without a Keras model in it", *_SAVE)


def _generation(version: str, description: Any) -> int:
    """Which Keras wrote it: what it says of itself, or else what only Keras 3 writes."""
    if version[:2] in ("1.", "2.", "3."):
        return int(version[0])
    return 3 if '"batch_shape"' in json.dumps(description) else 2


def _understood(path: Path, text: str) -> Any:
    try:
        description = json.loads(text)
        if not isinstance(description, dict) or not isinstance(description.get("class_name"), str):
            raise ValueError("no model")
    except (ValueError, RecursionError) as error:
        raise _damaged(path) from error
    return description


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _named(path: Path, es: str, en: str, do_es: str, do_en: str) -> ModelRefused:
    return ModelRefused("model_not_keras", es=f"{path.name} es {es}. {do_es}", en=f"{path.name} is {en}. {do_en}")


def _only_weights(path: Path) -> ModelRefused:
    return ModelRefused(
        "model_only_weights",
        es=f"{path.name} trae los pesos pero no la arquitectura. Donde se entrenó: construya el modelo, load_weights() y "
        "guárdelo con model.save('modelo.keras').",
        en=f"{path.name} has the weights but no architecture. Where it was trained: build the model, load_weights(), and "
        "save it with model.save('model.keras').",
    )


def _damaged(path: Path) -> ModelRefused:
    return ModelRefused(
        "model_unreadable",
        es=f"{path.name} está dañado o incompleto. Descárguelo o cópielo otra vez.",
        en=f"{path.name} is damaged or incomplete. Download or copy it again.",
    )
