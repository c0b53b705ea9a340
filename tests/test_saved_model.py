"""A SavedModel's folder is served with its own answers, and refused where its graph does more than compute."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foreign_networks import SHAPES, SIDE, of_operators
from later import later
from test_conversion import difference, runs_under_tensorflow
from vistobueno.core.errors import ModelRefused
from vistobueno.training.converted import Converted

keras = later("keras")
tf = later("tensorflow")
tf_keras = later("tf_keras")
SavedModel = later("tensorflow.core.protobuf.saved_model_pb2", "SavedModel")
convert = later("vistobueno.training.importing.conversion", "convert")


def save(model: Any, folder: Path) -> Path:
    """As each Keras writes it."""
    if isinstance(model, keras.Model):
        model.export(folder, verbose=False)
    else:
        model.save(folder, save_format="tf")
    return folder


def converted(folder: Path) -> Converted:
    (folder.parent / "work").mkdir(exist_ok=True)
    return convert(folder, folder.parent / "work", None, None)


def refusal(folder: Path) -> ModelRefused:
    with pytest.raises(ModelRefused) as refused:
        converted(folder)
    return refused.value


@pytest.mark.parametrize("library", [tf_keras, keras], ids=["Keras 2", "Keras 3"])
def test_its_own_answers_are_served(library: Any, tmp_path: Path) -> None:
    shapes = SHAPES | of_operators(tf.nn if library is tf_keras else keras.ops, lambda x: x / 127.5 - 1)
    for name in (
        "a base in a Sequential",
        "squeeze and excite",
        "logits",
        "one sigmoid",
        "one logit",
        "two sigmoids",
        "grey",
    ):
        library.utils.set_random_seed(1)
        model = shapes[name](library)
        packed = converted(save(model, tmp_path / name))
        assert difference(model, packed) < 1e-4, name
        assert packed.keras == 0
    assert runs_under_tensorflow(packed, tmp_path)
    assert set(converted(save(shapes["x / 127.5 - 1"](library), tmp_path / "scaled")).golden) == {"0..255"}


def test_augmentation_is_left_out_where_keras_2_saved_it_and_told_where_keras_3_keeps_it(tmp_path: Path) -> None:
    model = SHAPES["transfer learning"](tf_keras)
    assert difference(model, converted(save(model, tmp_path / "two"))) < 1e-4
    error = refusal(save(SHAPES["transfer learning"](keras), tmp_path / "three"))
    assert (error.code, "model.keras" in error.en, "modelo.keras" in error.es) == ("model_random", True, True)


def test_a_layer_of_ones_own_needs_no_code_here(tmp_path: Path) -> None:
    class Own(tf_keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return tf.nn.relu(x) * 2.0

    layers = tf_keras.layers
    body = [layers.Conv2D(4, 3, input_shape=(SIDE, SIDE, 3)), Own(), layers.Lambda(lambda x: x + 1)]
    model = tf_keras.Sequential([*body, layers.GlobalAveragePooling2D(), layers.Dense(2, "softmax")])
    assert difference(model, converted(save(model, tmp_path / "own"))) < 1e-4


def harmful(harm: Callable[[Any], Any]) -> Any:
    """A classifier that does something beside."""

    class Harmful(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = tf.Variable(tf.random.normal((3, 2)))

        @tf.function(input_signature=[tf.TensorSpec((None, SIDE, SIDE, 3))])
        def serve(self, x: Any) -> Any:
            return tf.nn.softmax(tf.reduce_mean(x, (1, 2)) @ self.weight + harm(x))

    return Harmful()


def test_a_graph_that_does_more_than_compute_is_refused_by_its_operation_and_never_run(tmp_path: Path) -> None:
    target = str(tmp_path / "ran")

    def write(x: Any) -> Any:
        with tf.control_dependencies([tf.io.write_file(target, "x")]):
            return tf.reduce_sum(x) * 0

    def python(x: Any) -> Any:
        return tf.numpy_function(lambda value: (tmp_path / "ran").touch() or value, [tf.reduce_sum(x)], tf.float32)

    def within(x: Any) -> Any:
        return tf.cond(tf.reduce_sum(x) > 0, lambda: write(x), lambda: tf.reduce_sum(x) * 0)

    def read(x: Any) -> Any:
        return tf.cast(tf.strings.length(tf.io.read_file("/etc/passwd")), tf.float32) + tf.reduce_sum(x) * 0

    for harm, operation in ((write, "WriteFile"), (python, "PyFunc"), (within, "WriteFile"), (read, "ReadFile")):
        module = harmful(harm)
        tf.saved_model.save(module, str(tmp_path / harm.__name__), signatures=module.serve)
        error = refusal(tmp_path / harm.__name__)
        assert (error.code, operation in error.es, operation in error.en) == ("model_runs_code", True, True), harm
    assert not (tmp_path / "ran").exists()


def test_a_signature_that_names_another_function_than_is_loaded_is_refused(tmp_path: Path) -> None:
    """What the file lists and what it loads are two things; the second is looked at as well."""
    module = harmful(
        lambda x: tf.cast(tf.strings.length(tf.io.read_file("/etc/passwd")), tf.float32) + tf.reduce_sum(x) * 0
    )
    tf.saved_model.save(module, str(tmp_path / "m"), signatures=module.serve)
    saved = SavedModel()
    saved.ParseFromString((tmp_path / "m" / "saved_model.pb").read_bytes())
    graph = saved.meta_graphs[0]
    innocent = graph.graph_def.node.add(name="innocent", op="Const")
    for output in graph.signature_def["serving_default"].outputs.values():
        output.name = f"{innocent.name}:0"
    (tmp_path / "m" / "saved_model.pb").write_bytes(saved.SerializeToString())
    assert refusal(tmp_path / "m").code == "model_runs_code"


def test_tables_that_are_filled_while_loading_are_refused(tmp_path: Path) -> None:
    module = harmful(lambda x: tf.reduce_sum(x) * 0)
    module.table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer([1, 2], [3, 4]), -1)
    tf.saved_model.save(module, str(tmp_path / "m"), signatures=module.serve)
    assert refusal(tmp_path / "m").code == "model_runs_code"


def test_a_damaged_folder_is_refused_with_what_to_do(tmp_path: Path) -> None:
    folder = save(SHAPES["logits"](tf_keras), tmp_path / "m")
    whole = (folder / "saved_model.pb").read_bytes()
    for content in (b"", whole[: len(whole) // 2], np.random.default_rng(0).bytes(200)):
        (folder / "saved_model.pb").write_bytes(content)
        assert refusal(folder).code == "model_unreadable"
    (folder / "saved_model.pb").write_bytes(whole)
    for file in (folder / "variables").iterdir():
        file.unlink()
    assert "variables/" in refusal(folder).en
