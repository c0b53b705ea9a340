from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from later import later
from small_model import SPEC, small_network
from vistobueno.core.errors import ModelRefused
from vistobueno.model.runtime import golden_pictures, scaled
from vistobueno.training.converted import AGREEMENT

keras = later("keras")
as_list = later("vistobueno.training.convert", "as_list")
prove_equal = later("vistobueno.training.convert", "prove_equal")
to_h5 = later("vistobueno.training.convert", "to_h5")
to_tflite = later("vistobueno.training.convert", "to_tflite")
with_outputs = later("vistobueno.training.convert", "with_outputs")


@pytest.fixture(scope="module")
def network() -> keras.Model:
    return small_network()


@pytest.fixture(scope="module")
def tflite(network: keras.Model) -> bytes:
    return to_tflite(network)


@pytest.fixture(scope="module")
def pixels() -> Any:
    return np.concatenate([scaled(picture, SPEC) for picture in golden_pictures(SPEC)])


def served(content: bytes, values: Any) -> dict[str, Any]:
    from ai_edge_litert.interpreter import Interpreter

    return dict(Interpreter(model_content=content).get_signature_runner()(pixels=values))


def test_the_mean_of_the_activation_map_is_the_logits(network: keras.Model, pixels: Any) -> None:
    logits, _, activation = (output.numpy() for output in network(pixels))
    assert np.abs(activation.mean(axis=(1, 2)) - logits).max() < 1e-5


def test_the_embedding_is_what_the_head_reads(network: keras.Model, pixels: Any) -> None:
    logits, embedding, _ = (output.numpy() for output in network(pixels))
    kernel, bias = network.get_layer("logits").get_weights()
    assert embedding.shape == (len(pixels), 16)
    assert np.abs(embedding @ kernel + bias - logits).max() < 1e-5


def test_logits_are_those_of_the_head_given(pixels: Any) -> None:
    entry = keras.layers.Input(pixels.shape[1:])
    features = keras.layers.Conv2D(4, 5, 4)(entry)
    head = keras.layers.Dense(3, bias_initializer="random_normal")
    whole = keras.Model(entry, head(keras.layers.GlobalAveragePooling2D()(features)))
    assert np.allclose(with_outputs(entry, features, head)(pixels)[0], whole(pixels), atol=1e-6)


def test_litert_gives_named_outputs_equal_to_tensorflows(network: keras.Model, tflite: bytes, pixels: Any) -> None:
    outputs = served(tflite, pixels[:1])
    assert set(outputs) == {"logits", "embedding", "activation"}
    for name, expected in zip(("logits", "embedding", "activation"), network(pixels[:1]), strict=True):
        assert np.abs(outputs[name] - expected.numpy()).max() < 1e-4


def test_the_h5_loads_again_with_the_same_answers(network: keras.Model, pixels: Any, tmp_path: Path) -> None:
    (tmp_path / "model.h5").write_bytes(to_h5(network))
    again = keras.models.load_model(tmp_path / "model.h5", compile=False)
    for one, two in zip(again(pixels), network(pixels), strict=True):
        assert np.array_equal(one, two)


def test_the_h5_carries_no_optimiser(network: keras.Model, tmp_path: Path) -> None:
    import h5py

    network.compile(optimizer="adam", loss="mse")
    (tmp_path / "model.h5").write_bytes(to_h5(network))
    with h5py.File(tmp_path / "model.h5") as file:
        assert "optimizer_weights" not in file


def test_a_model_with_one_output_serves_logits_alone(pixels: Any) -> None:
    entry = keras.layers.Input(pixels.shape[1:])
    model = keras.Model(entry, keras.layers.Dense(3)(keras.layers.GlobalAveragePooling2D()(entry)))
    assert set(served(to_tflite(model), pixels[:1])) == {"logits"}


def test_equal_models_are_proved_equal(network: keras.Model, tflite: bytes) -> None:
    assert prove_equal(network, tflite, SPEC) <= AGREEMENT


@pytest.mark.parametrize("value", [5.0, float("nan")], ids=["moved", "not a number"])
def test_models_that_disagree_are_refused(network: keras.Model, tflite: bytes, value: float) -> None:
    other = keras.models.clone_model(network)
    other.set_weights(network.get_weights())
    kernel, bias = other.get_layer("logits").get_weights()
    other.get_layer("logits").set_weights([kernel, bias + np.float32(value)])
    with pytest.raises(ModelRefused) as refused:
        prove_equal(other, tflite, SPEC)
    assert refused.value.code == "runtimes_disagree"
    assert "Guárdelo sin cuantizar" in refused.value.es
    assert "Save it unquantised" in refused.value.en


@pytest.mark.parametrize("outputs", [[1, 2], (1, 2), 1])
def test_outputs_are_always_a_list(outputs: Any) -> None:
    assert as_list(outputs) == ([1, 2] if outputs != 1 else [1])
