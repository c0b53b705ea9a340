"""Every shape of network that people bring is served with the answers that it gives itself, in the Keras that made it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foreign_networks import SHAPES, SIDE, entry, functional, of_operators, own_answers, pooled, strong
from later import later
from vistobueno.core.classes import ClassInfo
from vistobueno.core.errors import ModelRefused
from vistobueno.core.policy import Policy
from vistobueno.core.verdict import softmax
from vistobueno.model.bundle import GOLDEN, MODEL_H5, MODEL_TFLITE, write_bundle
from vistobueno.model.runtime import golden_file, golden_pictures, load_model, scaled
from vistobueno.training.converted import Converted
from vistobueno.training.importing.scaling import input_spec

keras = later("keras")
tf = later("tensorflow")
tf_keras = later("tf_keras")
convert = later("vistobueno.training.importing.conversion", "convert")
own_probabilities = later("vistobueno.training.importing.serving", "own_probabilities")
scales_inside = later("vistobueno.training.importing.serving", "scales_inside")

KERAS_2 = SHAPES | of_operators(later("tensorflow", "nn"), lambda x: tf_keras.applications.resnet50.preprocess_input(x))
OF_BOTH = (
    "a plain CNN", "teachable machine", "sequentials in sequentials", "transfer learning", "two bases", "branches",
    "normalised inside", "squeeze and excite", "one sigmoid", "one sigmoid after a convolution", "two sigmoids", "grey",
)  # fmt: skip
KERAS_3 = {name: SHAPES[name] for name in OF_BOTH} | of_operators(
    later("keras", "ops"), lambda x: keras.applications.mobilenet_v2.preprocess_input(x)
)
LABELS_OF_ONE = {"logit": lambda z: 1 / (1 + np.exp(-z)), "sigmoid": lambda p: p}


def converted(model: Any, folder: Path, scaling: str | None = "0..1") -> Converted:
    model.save(folder / "model.h5")
    (folder / "work").mkdir(exist_ok=True)
    return convert(folder / "model.h5", folder / "work", None, scaling)


def inputs_of(model: Converted, scaling: str) -> Any:
    spec = input_spec(model.shape[1], model.shape[0], model.shape[2], scaling)
    return np.concatenate([scaled(picture, spec) for picture in golden_pictures(spec)])


def served(model: Converted, values: Any) -> dict[str, Any]:
    from ai_edge_litert.interpreter import Interpreter

    run = Interpreter(model_content=model.tflite).get_signature_runner()
    answers = [run(pixels=value[np.newaxis]) for value in values]
    return {name: np.concatenate([answer[name] for answer in answers]) for name in answers[0]}


def difference(model: Any, packed: Converted) -> float:
    """The largest between the probabilities of the model itself and those that are served, on pixels from 0 to 1."""
    scaling = "0..1" if "0..1" in packed.golden else "0..255"
    pixels = inputs_of(packed, scaling)
    given = own_answers(model, pixels)
    if given.shape[1] == 1:
        second = LABELS_OF_ONE[packed.says](given)
        expected = np.concatenate([1 - second, second], axis=1)
    else:
        expected = softmax(given) if packed.says == "logits" else given / given.sum(axis=1, keepdims=True)
    assert expected.min() < 0.999, "no answer that is always the same proves anything"
    assert (expected.max(axis=1) < 0.9999).any()
    return float(np.abs(softmax(served(packed, pixels)["logits"]) - expected).max())


def runs_under_tensorflow(packed: Converted, folder: Path) -> bool:
    """Whether a bundle of it gives its golden answers with model.h5 too."""
    keys = ("apple_fit", "apple_unfit", "orange_fit")[: packed.classes]
    classes = tuple(ClassInfo(key, *key.split("_"), {}) for key in keys)  # type: ignore[arg-type]
    scaling = next(iter(packed.golden))
    spec = input_spec(packed.shape[1], packed.shape[0], packed.shape[2], scaling)
    golden = iter(packed.golden[scaling])
    files = {MODEL_H5: packed.h5, MODEL_TFLITE: packed.tflite, GOLDEN: golden_file(spec, keys, lambda _: next(golden))}
    bundle = write_bundle(folder / "bundle", files, name="x", version="0", created="", input=spec, classes=classes,
                          policy=Policy(), labels_proved=None, training={}, metrics={}, origin={"keras": packed.keras})  # fmt: skip
    return all(load_model(bundle.path, runtime).runtime == runtime for runtime in ("litert", "tensorflow"))


@pytest.mark.parametrize(("library", "shapes"), [(tf_keras, KERAS_2), (keras, KERAS_3)], ids=["Keras 2", "Keras 3"])
def test_every_shape_is_served_with_its_own_answers(library: Any, shapes: dict[str, Any], tmp_path: Path) -> None:
    found: dict[str, Any] = {}
    for name, build in shapes.items():
        library.utils.set_random_seed(1)
        folder = tmp_path / name.replace("/", "_")
        folder.mkdir()
        model = build(library)
        try:
            found[name] = difference(model, converted(model, folder))
        except ModelRefused as error:
            found[name] = error.en
    assert {name: worst for name, worst in found.items() if not (isinstance(worst, float) and worst < 1e-4)} == {}


@pytest.mark.parametrize("library", [tf_keras, keras], ids=["Keras 2", "Keras 3"])
def test_what_is_kept_is_read_again_by_the_tensorflow_runtime(library: Any, tmp_path: Path) -> None:
    shapes = KERAS_2 if library is tf_keras else KERAS_3
    for name in ("sequentials in sequentials", "two bases", "x / 127.5 - 1", "two sigmoids"):
        folder = tmp_path / name.replace("/", "_")
        folder.mkdir()
        assert runs_under_tensorflow(converted(shapes[name](library), folder), folder), name


@pytest.mark.parametrize("library", [tf_keras, keras], ids=["Keras 2", "Keras 3"])
def test_a_map_and_an_embedding_where_it_pools_before_one_dense_layer(library: Any, tmp_path: Path) -> None:
    maps = ("transfer learning", "a base in a Sequential", "sequentials in sequentials", "softmax as a layer",
            "flatten after pooling", "no bias", "grey", "one sigmoid", "one logit", "squeeze and excite")  # fmt: skip
    for name in (*maps, "a plain CNN", "teachable machine", "two bases"):
        if library is keras and name not in OF_BOTH:
            continue
        folder = tmp_path / name
        folder.mkdir()
        packed = converted(SHAPES[name](library), folder)
        answers = served(packed, inputs_of(packed, next(iter(packed.golden))))
        assert packed.gives_map == ("activation" in answers) == (name in maps), name
        assert answers["embedding"].ndim == 2, name
        if packed.gives_map:
            assert np.allclose(answers["activation"].mean(axis=(1, 2)), answers["logits"], atol=1e-4), name


def test_arithmetic_on_the_pixels_is_scaling_and_a_slice_or_a_sum_of_features_is_none(tmp_path: Path) -> None:
    for library, shapes in ((tf_keras, KERAS_2), (keras, KERAS_3)):
        for name, inside in {"x / 127.5 - 1": True, "preprocess_input": True, "a plain CNN": True, "normalised inside": True,
                             "a channel alone": False, "branches": False, "attention times": False}.items():  # fmt: skip
            assert scales_inside(shapes[name](library)) is inside, (library.__name__, name)
    caffe = functional(lambda k, x: pooled(k, k.layers.Conv2D(4, 3)(k.applications.resnet50.preprocess_input(x))))
    assert scales_inside(caffe(keras))
    assert scales_inside(caffe(tf_keras))


def test_the_second_label_has_the_probability_of_one_sigmoid(tmp_path: Path) -> None:
    model = SHAPES["one sigmoid"](tf_keras)
    packed = converted(model, tmp_path)
    pixels = inputs_of(packed, "0..1")
    assert packed.classes == 2
    assert np.allclose(softmax(served(packed, pixels)["logits"])[:, 1], own_answers(model, pixels)[:, 0], atol=1e-5)


# --- what is refused


def refusal(model: Any, folder: Path, size: int | None = None, scaling: str | None = None) -> ModelRefused:
    model.save(folder / "m.h5")
    (folder / "work").mkdir(exist_ok=True)
    with pytest.raises(ModelRefused) as refused:
        convert(folder / "m.h5", folder / "work", size, scaling)
    return refused.value


def test_inputs_that_are_no_picture_are_refused(tmp_path: Path) -> None:
    layers = keras.layers
    open_side, own_side = (None, None, 3), (SIDE, SIDE, 3)
    for shape, size in [(own_side, 128), (open_side, None), ((3, 32, 32), None), ((32, 32, 4), None), ((12,), None)]:
        pixels = layers.Input(shape)
        x = layers.GlobalAveragePooling2D()(pixels) if len(shape) == 3 else pixels
        error = refusal(keras.Model(pixels, strong(keras)(x)), tmp_path, size)
        assert (error.code, "--input" in error.es, "--input" in error.en) == ("input_unknown", True, True), shape
    two = [entry(keras), entry(keras)]
    joined = keras.Model(two, pooled(keras, layers.Add()(two)))
    assert "2 inputs" in refusal(joined, tmp_path).en


def test_an_open_side_and_an_oblong_are_taken(tmp_path: Path) -> None:
    for shape, size, expected in [
        ((None, None, 3), 48, (48, 48, 3)),
        ((24, 40, 3), None, (24, 40, 3)),
        ((SIDE, SIDE, 3), SIDE, (SIDE, SIDE, 3)),
    ]:
        pixels = tf_keras.layers.Input(shape)
        tf_keras.Model(pixels, pooled(tf_keras, tf_keras.layers.Conv2D(4, 3)(pixels))).save(tmp_path / "m.h5")
        (tmp_path / "work").mkdir(exist_ok=True)
        packed = convert(tmp_path / "m.h5", tmp_path / "work", size, "0..1")
        assert packed.shape == expected
        assert packed.differences["0..1"] < 1e-4


def test_outputs_that_are_not_one_value_a_class_are_refused(tmp_path: Path) -> None:
    two = functional(lambda k, x: [pooled(k, x), pooled(k, x)])(keras)
    places = functional(lambda k, x: k.layers.Conv2D(6, 1)(x))(keras)
    for model in (two, places):
        error = refusal(model, tmp_path)
        assert error.code == "outputs_unknown"
        assert "un solo valor por clase" in error.es
    always = functional(lambda k, x: pooled(k, x, "softmax", 1))(tf_keras)
    assert refusal(always, tmp_path).code == "output_constant"


def test_what_litert_does_not_have_is_named(tmp_path: Path) -> None:
    model = functional(lambda k, x: pooled(k, tf.math.igamma(k.layers.Conv2D(4, 3)(x) + 9.0, 2.0)))(tf_keras)
    error = refusal(model, tmp_path)
    assert error.code == "model_not_convertible"
    assert "Igamma" in error.es
    assert "Igamma" in error.en


def test_own_probabilities_sum_to_one() -> None:
    rng = np.random.default_rng(0)
    for says, values in (
        ("logits", rng.normal(0, 9, (5, 3))),
        ("probabilities", rng.dirichlet(np.ones(3), 5)),
        ("logit", rng.normal(0, 9, (5, 1))),
        ("sigmoid", rng.uniform(0, 1, (5, 1))),
        ("sigmoids", rng.uniform(0, 1, (5, 4))),
        ("sigmoids", np.zeros((2, 2))),
    ):
        assert np.allclose(own_probabilities(values, says).sum(axis=1), 1), says  # type: ignore[arg-type]
