"""What somebody brings as a model is told by its content, and what it is not is said by name with what to do."""

from __future__ import annotations

import pickle
import tarfile
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from foreign_networks import entry, strong
from later import later
from vistobueno.core.errors import ModelRefused
from vistobueno.training.importing.foreign_file import read_foreign

keras = later("keras")
tf_keras = later("tf_keras")


def network(library: object) -> object:
    layers = library.layers  # type: ignore[attr-defined]
    return library.Sequential([entry(library), layers.Flatten(), strong(library)])  # type: ignore[attr-defined]


def refusal(path: Path) -> ModelRefused:
    with pytest.raises(ModelRefused) as refused:
        read_foreign(path)
    return refused.value


def zipped(*names: str) -> bytes:
    import io

    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return content.getvalue()


@pytest.mark.parametrize(
    ("library", "name", "generation"), [(tf_keras, "m.h5", 2), (tf_keras, "m.keras", 2), (keras, "m.h5", 3), (keras, "m.keras", 3)]
)  # fmt: skip
def test_the_keras_that_wrote_it_is_known_whatever_the_file_is_called(
    library: object, name: str, generation: int, tmp_path: Path
) -> None:
    network(library).save(tmp_path / name)  # type: ignore[attr-defined]
    named = (tmp_path / name).rename(tmp_path / "model.bin")
    assert read_foreign(named).generation == generation
    if name == "m.h5":
        with h5py.File(named, "r+") as file:
            del file.attrs["keras_version"]
        assert read_foreign(named).generation == generation


NAMED = {
    "Git LFS": ("model.h5", b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "git lfs pull"),
    "web page": ("model.h5", b"\xef\xbb\xbf\n<!DOCTYPE html><html><head><title>Google Drive</title>", "browser"),
    "web page, too": ("m.keras", b"<html>Sign in</html>", "browser"),
    "empty file": ("model.h5", b"", "again"),
    "TFLite": ("model.tflite", b"\x1c\x00\x00\x00TFL3" + bytes(200), "Keras model that it was made of"),
    "ONNX": ("model.onnx", b"\x08\x07\x12\x07pytorch\x1a\x05" + bytes(100), "model.save"),
    "pickle": ("model.pkl", pickle.dumps({"weights": [1, 2]}), "model.save"),
    "PyTorch": ("model.pt", zipped("archive/data.pkl", "archive/data/0"), "model.save"),
    "holds keras_model.h5": ("converted_keras.zip", zipped("keras_model.h5", "labels.txt"), "keras_model.h5"),
    "holds model.savedmodel/saved_model.pb": ("m.zip", zipped("model.savedmodel/saved_model.pb"), "model.savedmodel/"),
    "already converted": ("tm.zip", zipped("model.json", "weights.bin", "metadata.json"), "Tensorflow → Keras"),
    "ZIP without": ("m.keras", zipped("readme.txt"), "model.save"),
    "description in JSON": ("model.json", b'{"class_name": "Sequential"}', "model.save"),
    "archive": ("m.tar.gz", b"\x1f\x8b" + bytes(100), "Unpack"),
    "graph of a SavedModel": ("saved_model.pb", b"\x08\x01\x12" + bytes(50), "whole folder"),
    "something else": ("model.h5", b"\x89HDF no", "again"),
}  # fmt: skip


@pytest.mark.parametrize("said", NAMED)
def test_what_is_no_model_of_keras_is_told_by_name_with_what_to_do(said: str, tmp_path: Path) -> None:
    name, content, do = NAMED[said]
    (tmp_path / name).write_bytes(content)
    error = refusal(tmp_path / name)
    assert error.code == "model_not_keras"
    assert name in error.es
    assert said.removesuffix(", too") in error.en
    assert do in error.en


def test_weights_alone_are_told(tmp_path: Path) -> None:
    network(tf_keras).save_weights(tmp_path / "keras2.h5")  # type: ignore[attr-defined]
    network(keras).save_weights(tmp_path / "keras3.weights.h5")  # type: ignore[attr-defined]
    network(tf_keras).save_weights(tmp_path / "folder" / "best.ckpt")  # type: ignore[attr-defined]
    (tmp_path / "m.keras").write_bytes(zipped("model.weights.h5", "metadata.json"))
    checkpoint = sorted((tmp_path / "folder").iterdir())
    for path in (tmp_path / "keras2.h5", tmp_path / "keras3.weights.h5", tmp_path / "m.keras", tmp_path / "folder"):
        error = refusal(path)
        assert error.code == "model_only_weights", path
        assert "load_weights" in error.es
    assert {refusal(path).code for path in checkpoint} == {"model_only_weights"}


def test_hdf5_of_another_program_is_told(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["measurements"] = np.arange(3)
    assert "another program" in refusal(tmp_path / "data.h5").en


def test_folders_are_told(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    assert "saved_model.pb" in refusal(tmp_path / "photos").en
    (tmp_path / "photos" / "keras_model.h5").write_bytes(b"x")
    assert "keras_model.h5" in refusal(tmp_path / "photos").en
    (tmp_path / "tm" / "model.savedmodel").mkdir(parents=True)
    (tmp_path / "tm" / "model.savedmodel" / "saved_model.pb").write_bytes(b"x")
    assert "model.savedmodel" in refusal(tmp_path / "tm").en
    with tarfile.open(tmp_path / "m.tar", "w") as archive:
        archive.add(tmp_path / "photos" / "keras_model.h5")
    assert "archive" in refusal(tmp_path / "m.tar").en
    assert refusal(tmp_path / "nothing.h5").code == "model_missing"


@pytest.mark.parametrize("name", ["m.h5", "m.keras"])
def test_a_file_that_was_cut_is_refused_with_what_to_do(name: str, tmp_path: Path) -> None:
    network(keras).save(tmp_path / name)  # type: ignore[attr-defined]
    whole = (tmp_path / name).read_bytes()
    for share in (0.05, 0.3, 0.6, 0.95, 0.999):
        (tmp_path / name).write_bytes(whole[: int(len(whole) * share)])
        error = refusal(tmp_path / name)
        assert error.code in ("model_unreadable", "model_not_keras"), share
        assert "otra vez" in error.es
        assert "again" in error.en
