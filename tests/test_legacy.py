import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
from keras import layers as L  # noqa: N812 the architectures below are read at a glance

from vistobueno.errors import ModelRefused
from vistobueno.training.legacy import layers_of, load_stranger

SIDE = 32
Rewrite = Callable[[dict[str, Any]], None]


def network(*first: Any) -> keras.Model:
    keras.utils.set_random_seed(5)
    return keras.Sequential(
        [
            L.Input((SIDE, SIDE, 3)),
            *first,
            L.DepthwiseConv2D(3, 2, depthwise_initializer="random_normal"),
            L.Conv2D(4, 3, activation="relu"),
            L.GlobalAveragePooling2D(),
            L.Dense(3, activation="softmax"),
        ]
    )


def pictures() -> Any:
    return np.random.default_rng(0).uniform(0, 255, (2, SIDE, SIDE, 3)).astype(np.float32)


def every_node(node: Any, rewrite: Rewrite) -> None:
    """Call ``rewrite`` on each layer's description, inner ones first."""
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        every_node(child, rewrite)
    if isinstance(node, dict) and isinstance(node.get("config"), dict) and "class_name" in node:
        rewrite(node)


def rewritten(path: Path, rewrite: Rewrite) -> Path:
    """Change the architecture in an .h5 as another Keras would have written it."""
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        every_node(config, rewrite)
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = "2.15.0"
    return path


def with_groups(node: dict[str, Any]) -> None:
    if node["class_name"] == "DepthwiseConv2D":
        node["config"]["groups"] = 1


def with_batch_input_shape(node: dict[str, Any]) -> None:
    if node["class_name"] == "InputLayer":
        node["config"]["batch_input_shape"] = node["config"].pop("batch_shape")


def as_keras_2(node: dict[str, Any]) -> None:
    with_groups(node)
    with_batch_input_shape(node)
    for key in ("module", "registered_name", "build_config"):
        node.pop(key, None)
    if isinstance(node["config"].get("dtype"), dict):
        node["config"]["dtype"] = "float32"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    network().save(tmp_path / "stranger.h5")
    return tmp_path / "stranger.h5"


def refusal(path: Path) -> ModelRefused:
    with pytest.raises(ModelRefused) as refused:
        load_stranger(path)
    return refused.value


@pytest.mark.parametrize(
    "rewrite",
    [with_groups, with_batch_input_shape, as_keras_2, lambda node: None],
    ids=["DepthwiseConv2D with groups", "batch_input_shape", "all of Keras 2", "batch_shape"],
)
def test_a_file_of_either_keras_gives_the_answers_it_was_saved_with(file: Path, rewrite: Rewrite) -> None:
    loaded = load_stranger(rewritten(file, rewrite))
    assert np.allclose(loaded(pictures(), training=False), network()(pictures(), training=False), atol=1e-6)


def test_the_wall_is_real_keras_itself_refuses_groups(file: Path) -> None:
    with pytest.raises(Exception, match="groups"):
        keras.models.load_model(rewritten(file, with_groups), compile=False)


@pytest.mark.parametrize("name", ["m.keras", "m.hdf5"])
def test_other_endings_of_keras_are_loaded_too(tmp_path: Path, name: str) -> None:
    network().save(tmp_path / name)
    loaded = load_stranger(tmp_path / name)
    assert np.allclose(loaded(pictures(), training=False), network()(pictures(), training=False), atol=1e-6)


def test_the_strangers_file_is_never_changed(file: Path) -> None:
    before = rewritten(file, as_keras_2).read_bytes()
    load_stranger(file)
    assert file.read_bytes() == before


def test_a_training_configuration_with_unknown_losses_does_no_harm(file: Path) -> None:
    with h5py.File(file, "r+") as stored:
        stored.attrs["training_config"] = json.dumps({"loss": "their_own_loss", "optimizer_config": {}})
    assert load_stranger(file).output_shape == (None, 3)


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        ([("math.truediv", 127.5), ("math.subtract", 1.0)], lambda x: x / 127.5 - 1),
        ([("math.multiply", 1 / 255)], lambda x: x / 255),
        ([("__operators__.add", 3.0)], lambda x: x + 3),
    ],
    ids=["x / 127.5 - 1", "x * (1 / 255)", "x + 3"],
)
def test_keras_2_arithmetic_on_pixels_becomes_rescaling(
    tmp_path: Path, chain: list[tuple[str, float]], expected: Callable[[Any], Any]
) -> None:
    entry = x = L.Input((SIDE, SIDE, 3), name="entry")
    for number, _ in enumerate(chain):
        x = L.Activation("linear", name=f"tf.step_{number}")(x)
    keras.Model(entry, L.Flatten()(x)).save(tmp_path / "ops.h5")
    before = {f"tf.step_{n}": f"tf.step_{n - 1}" if n else "entry" for n in range(len(chain))}

    def as_operation(node: dict[str, Any]) -> None:
        if node["class_name"] == "Activation":
            name = node["config"]["name"]
            function, value = chain[int(name[-1])]
            node.update(class_name="TFOpLambda", config={"name": name, "function": function, "dtype": "float32"})
            node["inbound_nodes"] = [[before[name], 0, 0, {"y": value, "name": None}]]
            for key in ("module", "registered_name", "build_config"):
                node.pop(key, None)

    loaded = load_stranger(rewritten(tmp_path / "ops.h5", as_operation))
    assert np.allclose(loaded(pictures()), expected(pictures()).reshape(2, -1), atol=1e-4)
    assert any(isinstance(layer, L.Rescaling) for layer in layers_of(loaded))


def lambdas(tmp_path: Path) -> dict[str, keras.Model]:
    def trace(x: Any) -> Any:
        (tmp_path / "ran").touch()
        return x

    inner = keras.Sequential([L.Input((SIDE, SIDE, 3)), L.Lambda(trace, name="secret")])
    wrapped = keras.Sequential([L.Input((2, 8)), L.TimeDistributed(L.Lambda(trace, output_shape=(8,), name="secret"))])
    return {"bare": network(L.Lambda(trace, name="secret")), "in a model": network(inner), "in a wrapper": wrapped}


@pytest.mark.parametrize("ending", ["h5", "keras"])
@pytest.mark.parametrize("place", ["bare", "in a model", "in a wrapper"])
def test_a_lambda_is_refused_with_the_reason_and_never_run(tmp_path: Path, place: str, ending: str) -> None:
    path = tmp_path / f"lambda.{ending}"
    lambdas(tmp_path)[place].save(path)
    (tmp_path / "ran").unlink(missing_ok=True)  # building the model here ran it
    error = refusal(path)
    assert error.code == "model_runs_code"
    assert "«secret»" in error.es
    assert "ejecutaría código" in error.es
    assert "Rescaling" in error.es
    assert "run its author's code" in error.en
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("ending", ["h5", "keras"])
def test_a_lambda_hidden_as_an_activation_is_refused_and_never_run(tmp_path: Path, ending: str) -> None:
    trace = tmp_path / "ran"
    activation = lambda x, at=str(trace): (open(at, "w").close(), x)[1]  # noqa: E731, PTH123 it must be one
    model = keras.Sequential([L.Input((4,)), L.Dense(2, activation=activation)])
    model(np.zeros((1, 4)))
    assert trace.exists(), "it does run where it is called"
    trace.unlink()
    model.save(tmp_path / f"hidden.{ending}")
    assert refusal(tmp_path / f"hidden.{ending}").code == "model_runs_code"
    assert not trace.exists()


@pytest.mark.parametrize("name", ["TheirOwnLayer", "Custom>Attention", "SlicingOpLambda"])
def test_a_layer_that_keras_does_not_have_is_refused_by_name(file: Path, name: str) -> None:
    def rename(node: dict[str, Any]) -> None:
        if node["class_name"] == "Conv2D":
            node["class_name"] = name

    error = refusal(rewritten(file, rename))
    assert error.code == "model_unknown_layer"
    assert name in error.es
    assert name in error.en


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.95, 0.999])
def test_a_truncated_file_is_refused_with_what_to_do(file: Path, share: float) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * share)])
    error = refusal(file)
    assert error.code == "model_unreadable"
    assert "otra vez" in error.es
    assert "again" in error.en


@pytest.mark.parametrize("content", [b"", b"<!DOCTYPE html>", b"TFL3" * 40, b"PK\x03\x04 no zip"])
def test_what_is_no_keras_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.h5").write_bytes(content)
    error = refusal(tmp_path / "model.h5")
    assert error.code == "model_unreadable"
    assert "no es un archivo de Keras" in error.es
    assert "not a Keras file" in error.en


def test_a_zip_without_an_architecture_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        archive.writestr("readme.txt", "nothing")
    assert refusal(tmp_path / "m.keras").code == "model_unreadable"


def test_weights_without_an_architecture_are_refused_with_what_to_do(tmp_path: Path) -> None:
    network().save_weights(tmp_path / "only.weights.h5")
    error = refusal(tmp_path / "only.weights.h5")
    assert error.code == "model_only_weights"
    assert "model.save()" in error.es
    assert "model.save()" in error.en


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    error = refusal(tmp_path / "nix.h5")
    assert error.code == "model_missing"
    assert "Compruebe la ruta" in error.es
    assert "Check the path" in error.en


def test_layers_of_models_inside_are_listed_in_order() -> None:
    inner = keras.Sequential([L.Input((SIDE, SIDE, 3)), L.Rescaling(1 / 255, name="inside")])
    names = [layer.name for layer in layers_of(network(inner))]
    assert names.index("inside") == names.index(inner.name) + 1
