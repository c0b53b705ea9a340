"""What of a foreign description is built, and what is refused before any of it is."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from foreign_networks import SIDE, base, entry, functional, own_answers, pooled, strong, teachable_machine
from later import later
from vistobueno.core.errors import ModelRefused
from vistobueno.training.importing.foreign_file import read_foreign

keras = later("keras")
tf_keras = later("tf_keras")
layers_of = later("vistobueno.training.importing.foreign", "layers_of")
load_foreign = later("vistobueno.training.importing.foreign", "load_foreign")

CASES = Path(__file__).parents[2] / "shared" / "cases"
Rewrite = Callable[[dict[str, Any]], object]


def pixels() -> Any:
    return np.random.default_rng(0).uniform(0, 1, (2, SIDE, SIDE, 3)).astype(np.float32)


def loaded(path: Path) -> Any:
    work = path.parent / f"work of {path.name}"
    work.mkdir(exist_ok=True)
    return load_foreign(read_foreign(path), work)


def refusal(path: Path) -> ModelRefused:
    with pytest.raises(ModelRefused) as refused:
        loaded(path)
    return refused.value


def every_node(node: Any, rewrite: Rewrite) -> None:
    """Call ``rewrite`` on each description of a layer, inner ones first."""
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        every_node(child, rewrite)
    if isinstance(node, dict) and isinstance(node.get("config"), dict) and "class_name" in node:
        rewrite(node)


def rewritten(path: Path, rewrite: Rewrite) -> Path:
    """Change the architecture in a file, as somebody with a hand in it would."""
    if path.suffix == ".h5":
        with h5py.File(path, "r+") as file:
            config = json.loads(file.attrs["model_config"])
            every_node(config, rewrite)
            file.attrs["model_config"] = json.dumps(config)
        return path
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    every_node(config, rewrite)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {**members, "config.json": json.dumps(config).encode()}.items():
            archive.writestr(name, content)
    return path


def plain(library: Any, *first: Any) -> Any:
    layers = library.layers
    body = [layers.Conv2D(4, 3, activation="relu"), layers.GlobalAveragePooling2D(), strong(library)]
    return library.Sequential([entry(library), *first, *body])


# --- what loads


@pytest.mark.parametrize("library", [tf_keras, keras], ids=["Keras 2", "Keras 3"])
@pytest.mark.parametrize("name", ["m.h5", "m.hdf5", "m.keras", "con espacios y ñ.h5"])
def test_each_ending_of_each_keras_gives_the_answers_it_was_saved_with(library: Any, name: str, tmp_path: Path) -> None:
    model = functional(lambda k, x: pooled(k, base(k)(x, training=False)))(library)
    model.compile("adam", loss=lambda y, z: abs(y - z), metrics=["accuracy"])
    model.save(tmp_path / name)
    before = (tmp_path / name).read_bytes()
    found = loaded(tmp_path / name)
    assert isinstance(found, library.Model)
    assert np.allclose(own_answers(found, pixels()), own_answers(model, pixels()), atol=1e-6)
    assert (tmp_path / name).read_bytes() == before, "the stranger's file is never changed"


def as_a_list(path: Path, version: str | None, rewrite: Rewrite = lambda node: None) -> Path:
    """A Sequential's file as Keras before 2.2.3 wrote it: layers in a bare list, the first of which tells the input."""
    with h5py.File(path, "r+") as file:
        described = json.loads(file.attrs["model_config"])
        listed = [layer for layer in described["config"]["layers"] if layer["class_name"] != "InputLayer"]
        listed[0]["config"]["batch_input_shape"] = [None, SIDE, SIDE, 3]
        every_node(listed, rewrite)
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": listed})
        del file.attrs["keras_version"]
        if version:
            file.attrs["keras_version"] = file["model_weights"].attrs["keras_version"] = version
    return path


def in_the_words_of_keras_1(node: dict[str, Any]) -> None:
    said = node["config"]
    renamed = {"filters": "nb_filter", "strides": "subsample", "padding": "border_mode", "use_bias": "bias",
               "units": "output_dim", "rate": "p", "kernel_regularizer": "W_regularizer"}  # fmt: skip
    if node["class_name"] == "Conv2D":
        node["class_name"] = "Convolution2D"
        said["nb_row"], said["nb_col"] = said.pop("kernel_size")
        said["dim_ordering"] = "tf"
        said.pop("data_format")
        said.pop("dilation_rate")
        said.pop("groups")
    for new, old in renamed.items():
        if new in said:
            said[old] = said.pop(new)
    if "kernel_initializer" in said:
        del said["kernel_initializer"]
        said["init"] = "glorot_uniform"


@pytest.mark.parametrize(
    ("version", "rewrite"),
    [("2.1.5", lambda node: None), ("1.2.2", in_the_words_of_keras_1), (None, in_the_words_of_keras_1)],
    ids=["2.1.5", "1.2.2", "without a version"],
)
def test_lists_of_keras_1_and_2_1_are_loaded(version: str | None, rewrite: Rewrite, tmp_path: Path) -> None:
    layers = tf_keras.layers
    model = tf_keras.Sequential(
        [
            layers.Conv2D(4, 3, 2, "same", activation="relu", input_shape=(SIDE, SIDE, 3), name="convolution2d_1"),
            layers.Dropout(0.25, name="dropout_1"),
            layers.Flatten(name="flatten_1"),
            strong(tf_keras, name="dense_1"),
        ]
    )
    model.save(tmp_path / "old.h5")
    found = loaded(as_a_list(tmp_path / "old.h5", version, rewrite))
    assert np.allclose(own_answers(found, pixels()), own_answers(model, pixels()), atol=1e-6)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float64"])
@pytest.mark.parametrize(("library", "ending"), [(tf_keras, "h5"), (keras, "h5"), (keras, "keras")])
def test_whatever_its_precision_was_it_computes_in_float32(
    library: Any, ending: str, policy: str, tmp_path: Path
) -> None:
    library.mixed_precision.set_global_policy(policy) if library is tf_keras else library.config.set_dtype_policy(
        policy
    )
    try:
        pixels_in, layers = entry(library), library.layers
        x = base(library)(layers.Rescaling(2.0)(pixels_in), training=False)
        x = layers.Activation("relu")(layers.GlobalAveragePooling2D()(x))
        model = library.Model(pixels_in, strong(library, dtype="float32", by=0.5)(x))
        model.save(tmp_path / f"mixed.{ending}")
    finally:
        library.mixed_precision.set_global_policy(
            "float32"
        ) if library is tf_keras else library.config.set_dtype_policy("float32")
    found = loaded(tmp_path / f"mixed.{ending}")
    assert {weight.dtype if isinstance(weight.dtype, str) else weight.dtype.name for weight in found.weights} == {
        "float32"
    }
    assert {layer.compute_dtype for layer in layers_of(found) if hasattr(layer, "compute_dtype")} == {"float32"}
    assert np.allclose(own_answers(found, pixels()), own_answers(model, pixels()), atol=2e-2), "but for its rounding"


def test_mobilenet_of_old_with_its_own_relu6_is_loaded(tmp_path: Path) -> None:
    plain(tf_keras, tf_keras.layers.Activation("relu", name="six")).save(tmp_path / "old.h5")

    def as_then(node: dict[str, Any]) -> None:
        if node["config"].get("name") == "six":
            node["config"]["activation"] = "relu6"

    found = loaded(rewritten(tmp_path / "old.h5", as_then))
    assert np.asarray(found.get_layer("six")(np.full((1, 1), 9.0, np.float32))).tolist() == [[6.0]]


def test_layers_of_models_inside_are_listed_in_order() -> None:
    names = [layer.name for layer in layers_of(teachable_machine(tf_keras))]
    assert (
        names.index("left") < names.index("model1") < names.index("Conv1") < names.index("gap") < names.index("right")
    )


# --- what would run code, or read files


def lambdas(library: Any, tmp_path: Path) -> dict[str, Any]:
    def trace(x: Any, at: str = str(tmp_path / "ran")) -> Any:
        open(at, "w").close()  # noqa: PTH123 what is kept of it may name nothing of this module
        return x

    layers = library.layers
    secret = layers.Lambda(trace, name="secret")
    inner = library.Sequential([entry(library), layers.Lambda(trace, name="secret")])
    rows = layers.TimeDistributed(layers.Lambda(trace, output_shape=(96,), name="secret"))
    wrapped = [layers.Reshape((SIDE, 3 * SIDE)), rows, layers.Flatten(), strong(library)]
    return {
        "bare": plain(library, secret),
        "in a model": plain(library, inner),
        "in a wrapper": library.Sequential([entry(library), *wrapped]),
    }


@pytest.mark.parametrize(
    ("library", "ending"), [(tf_keras, "h5"), (tf_keras, "keras"), (keras, "h5"), (keras, "keras")]
)
def test_a_lambda_is_refused_with_its_name_and_never_run(library: Any, ending: str, tmp_path: Path) -> None:
    for place, model in lambdas(library, tmp_path).items():
        path = tmp_path / f"{place}.{ending}"
        model.save(path)
        (tmp_path / "ran").unlink(missing_ok=True)  # building the model here ran it
        error = refusal(path)
        assert (error.code, "secret" in error.es, "secret" in error.en) == ("model_runs_code", True, True), place
        assert "Rescaling" in error.es
        assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(("library", "ending"), [(tf_keras, "h5"), (keras, "h5"), (keras, "keras")])
def test_a_function_of_ones_own_is_refused_and_never_run(library: Any, ending: str, tmp_path: Path) -> None:
    def own_activation(x: Any) -> Any:
        (tmp_path / "ran").touch()
        return x

    for activation in (own_activation, lambda x: own_activation(x)):
        path = tmp_path / f"own.{ending}"
        path.unlink(missing_ok=True)
        library.Sequential([library.layers.Input((4,)), library.layers.Dense(2, activation)]).save(path)
        (tmp_path / "ran").unlink(missing_ok=True)
        assert refusal(path).code in ("model_runs_code", "model_unknown_layer")
        assert not (tmp_path / "ran").exists()


def harmful() -> dict[str, Rewrite]:
    """What somebody may write into a description so that Keras runs or reads what it should not."""

    def set_class(name: str, **config: Any) -> Rewrite:
        def change(node: dict[str, Any]) -> None:
            if node["class_name"] == "ReLU":
                node.update(class_name=name, config={"name": "x", **config})

        return change

    def set_config(**config: Any) -> Rewrite:
        return lambda node: node["config"].update(config) if node["class_name"] == "Conv2D" else None

    def set_node(**changed: Any) -> Rewrite:
        return lambda node: node.update(changed) if node["class_name"] == "ReLU" else None

    system = {"class_name": "function", "config": "system", "module": "os", "registered_name": "system"}
    return {
        "a layer of one's own": set_class("TheirOwnLayer"),
        "a registered layer": set_class("Custom>Attention"),
        "registered under a name of Keras": set_node(registered_name="Custom>ReLU"),
        "a class of another module": set_node(module="subprocess", class_name="Popen"),
        "a function of Keras that fetches": set_node(module="keras.utils", class_name="get_file"),
        "a function of another module": set_config(activation=system),
        "a function for a regulariser": set_config(kernel_regularizer=system),
        "a function by name": set_config(activation="their_swish"),
        "TensorFlow that writes": set_class("TFOpLambda", function="io.write_file", dtype="float32"),
        "TensorFlow that reads": set_class("TFOpLambda", function="io.read_file", dtype="float32"),
        "TensorFlow that calls Python": set_class("TFOpLambda", function="compat.v1.py_func", dtype="float32"),
        "TensorFlow, raw": set_class("TFOpLambda", function="raw_ops.WriteFile", dtype="float32"),
        "an operation of a graph": set_class("TensorFlowOpLayer", node_def={"name": "x", "op": "ReadFile"}, constants={}),
        "a method": set_class("InstanceMethod", attr_name="numpy"),
        "a class method": set_class("ClassMethod", cls_symbol="io.gfile.GFile", method_name="open"),
        "a vocabulary in a file": set_class("StringLookup", vocabulary="/etc/passwd"),
        "text from a file": set_class("TextVectorization", vocabulary="/etc/passwd"),
        "another model": set_class("TFSMLayer", filepath="model", call_endpoint="serve"),
        "a pickle": set_class("TorchModuleWrapper", module="x"),
        "a hub": set_class("KerasLayer", handle="https://example.org/x"),
        "code in an argument of a call": lambda node: node.update(
            inbound_nodes=[*node.get("inbound_nodes", []), {"class_name": "__lambda__", "config": {"value": "x"}}]
        ) if "inbound_nodes" in node else None,
        "a function in an argument of a call": lambda node: node.update(
            inbound_nodes=[*node.get("inbound_nodes", []), {"f": system}]
        ) if "inbound_nodes" in node else None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("library", "ending"), [(tf_keras, "h5"), (tf_keras, "keras"), (keras, "h5"), (keras, "keras")]
)
def test_what_is_not_keras_is_refused_by_name(library: Any, ending: str, tmp_path: Path) -> None:
    whole = tmp_path / f"whole.{ending}"
    functional(lambda k, x: pooled(k, base(k)(x)))(library).save(whole)
    for name, change in harmful().items():
        error = refusal(rewritten(Path(shutil.copyfile(whole, tmp_path / f"changed.{ending}")), change))
        assert error.code in ("model_unknown_layer", "model_runs_code"), name
        assert "export" in error.en, name
    assert "TheirOwnLayer" in refusal(rewritten(whole, harmful()["a layer of one's own"])).es


def test_weights_in_other_files_are_refused(tmp_path: Path) -> None:
    """An .h5 may name another file, or any bytes of any file, as its weights; these would be served to whoever asks."""
    (tmp_path / "secret.bin").write_bytes(bytes(range(256)))

    def external_link(group: Any) -> None:
        with h5py.File(tmp_path / "other.h5", "w") as other:
            other["w"] = np.zeros(3)
        del group["bias:0"]
        group["bias:0"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "w")

    def external_bytes(group: Any) -> None:
        del group["bias:0"]
        group.create_dataset("bias:0", (3,), "f4", external=[(str(tmp_path / "secret.bin"), 0, 12)])

    def virtual(group: Any) -> None:
        layout = h5py.VirtualLayout((3,), "f4")
        layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "w", (3,))
        del group["bias:0"]
        group.create_virtual_dataset("bias:0", layout)

    def hanging(group: Any) -> None:
        group["more"] = h5py.SoftLink("/nowhere")

    for harm in (external_link, external_bytes, virtual, hanging):
        plain(tf_keras).save(tmp_path / "m.h5")
        with h5py.File(tmp_path / "m.h5", "r+") as file:
            name = next(name for name in file["model_weights"] if name.startswith("dense"))
            file["model_weights"]["itself"] = file["model_weights"]  # a ring does no harm
            harm(file["model_weights"][name][name])
        assert refusal(tmp_path / "m.h5").code == "model_reads_files", harm.__name__


def test_what_cannot_be_built_is_refused_with_the_layer_and_the_reason(tmp_path: Path) -> None:
    for library, ending in ((tf_keras, "h5"), (keras, "h5"), (keras, "keras")):
        plain(library).save(tmp_path / f"m.{ending}")

        def spoil(node: dict[str, Any]) -> None:
            if node["class_name"] == "Conv2D":
                node["config"].update(name="la_capa", padding="sideways")

        error = refusal(rewritten(tmp_path / f"m.{ending}", spoil))
        assert (error.code, "la_capa" in error.es, "sideways" in error.en) == ("model_unreadable", True, True)


def test_a_description_without_an_end_is_refused(tmp_path: Path) -> None:
    plain(tf_keras).save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5", "r+") as file:
        file.attrs["model_config"] = '{"class_name": "Sequential", "config": ' + "[" * 100_000 + "]" * 100_000 + "}"
    assert refusal(tmp_path / "m.h5").code == "model_unreadable"
