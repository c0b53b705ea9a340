from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from later import later
from vistobueno.cli.drawn import draw_photo
from vistobueno.core.errors import DataRefused, ModelRefused
from vistobueno.core.photo import Limits, open_photo
from vistobueno.core.verdict import softmax
from vistobueno.model.bundle import Bundle, read_bundle
from vistobueno.model.inspector import inspect
from vistobueno.model.runtime import golden_pictures, load_model, prepare, scaled
from vistobueno.training.converted import Converted
from vistobueno.training.importing import pack
from vistobueno.training.importing.pack import pack_model
from vistobueno.training.importing.scaling import SCALINGS, input_spec

keras = later("keras")
tf_keras = later("tf_keras")
L = later("keras.layers")
convert = later("vistobueno.training.importing.conversion", "convert")

SIDE = 64
KEYS = ("apple_fit", "apple_unfit", "banana_fit", "banana_unfit", "orange_fit", "orange_unfit")
ORIGINS = ("freshapples", "freshbanana", "freshoranges", "rottenapples", "rottenbanana", "rottenoranges")
IN_ORIGINS_ORDER = ("apple_fit", "banana_fit", "orange_fit", "apple_unfit", "banana_unfit", "orange_unfit")


@pytest.fixture(autouse=True)
def converted_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In this process, where TensorFlow is already; test_confined.py packs in one of its own."""

    def here(path: Path, input_size: int | None, scaling: str | None) -> Converted:
        (tmp_path / "work").mkdir(exist_ok=True)
        return convert(path, tmp_path / "work", input_size, scaling)

    monkeypatch.setattr(pack, "converted", here)


@pytest.fixture(scope="module")
def fruit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight drawn pictures of each class, in class folders."""
    folder = tmp_path_factory.mktemp("fruit")
    for key in KEYS:
        (folder / key).mkdir()
        for seed in range(8):
            draw_photo(key, seed, (160, 130)).save(folder / key / f"{seed}.jpg", quality=90)
    return folder


def labels_in(folder: Path, names: Sequence[str] = KEYS) -> Path:
    (folder / "labels.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
    return folder / "labels.txt"


def drawn_pixels(fruit: Path, keys: Sequence[str]) -> tuple[Any, Any]:
    from vistobueno.core.input import InputSpec

    files = [(index, file) for index, key in enumerate(keys) for file in sorted((fruit / key).iterdir())]
    opened = [open_photo(file.read_bytes(), Limits(cover=2 * SIDE)) for _, file in files]
    pixels = [np.asarray(prepare(photo, InputSpec(SIDE, SIDE))).reshape(SIDE, SIDE, 3) for photo in opened]
    return np.stack(pixels).astype(np.float32), np.array([index for index, _ in files])


def right_model(fruit: Path, keys: Sequence[str] = KEYS, scaling: str = "-1..1", *first: Any) -> keras.Model:
    """A network whose output ``i`` is right about class ``keys[i]``: random filters, and a head solved for them."""
    keras.utils.set_random_seed(2)
    drawn = keras.initializers.RandomNormal(stddev=0.15, seed=4)
    some = keras.initializers.RandomUniform(-0.5, 0.5, seed=4)
    head = L.Dense(len(keys), activation="softmax")
    body = [
        L.Conv2D(48, 5, 4, activation="relu", kernel_initializer=drawn, bias_initializer=some),
        L.Conv2D(96, 3, 2, activation="relu", kernel_initializer=drawn, bias_initializer=some),
        L.GlobalAveragePooling2D(),
    ]
    model = keras.Sequential([L.Input((SIDE, SIDE, 3)), *first, *body, L.Dropout(0.2), head])
    pixels, truth = drawn_pixels(fruit, keys)
    spec = input_spec(SIDE, SIDE, 3, scaling)
    below = keras.Model(model.inputs[0], model.layers[-3].output)
    inputs = np.concatenate([scaled(picture, spec) for picture in pixels.astype(np.uint8)])
    x = np.asarray(below(inputs, training=False), np.float64)
    mean, deviation = x.mean(axis=0), x.std(axis=0) + 1e-6
    z = (x - mean) / deviation
    y = 8 * np.eye(len(keys))[truth]
    weights = np.linalg.solve(z.T @ z + 0.02 * np.eye(z.shape[1]), z.T @ (y - y.mean(axis=0))) / deviation[:, None]
    head.set_weights([weights.astype(np.float32), (y.mean(axis=0) - mean @ weights).astype(np.float32)])
    return model


def plain_model(*first: Any, classes: int = 6, activation: str | None = "softmax") -> keras.Model:
    keras.utils.set_random_seed(1)
    body = [L.Conv2D(8, 3, 4, activation="relu"), L.GlobalAveragePooling2D()]
    strong = keras.initializers.RandomNormal(stddev=3.0, seed=1)
    head = L.Dense(classes, activation=activation, kernel_initializer=strong)
    return keras.Sequential([L.Input((SIDE, SIDE, 3)), *first, *body, head])


def packed(model: keras.Model, folder: Path, names: Sequence[str] = KEYS, **arguments: Any) -> Bundle:
    model.save(folder / "stranger.h5")
    return pack_model(folder / "stranger.h5", labels_in(folder, names), out=folder / "bundle", **arguments)


def refusal(model: keras.Model, folder: Path, names: Sequence[str] = KEYS, **arguments: Any) -> ModelRefused:
    with pytest.raises(ModelRefused) as refused:
        packed(model, folder, names, **arguments)
    assert not (folder / "bundle").exists(), "nothing half-made stays"
    return refused.value


def unknown(bundle: Bundle) -> str:
    return "\n".join(bundle.origin["unknown"])


def assert_serves_what_it_is(bundle: Bundle, probabilities: Callable[[Any], Any]) -> None:
    served = load_model(bundle.path)
    for picture in golden_pictures(bundle.input):
        expected = np.asarray(probabilities(scaled(picture, bundle.input)))[0]
        assert np.abs(softmax(served.score_picture(picture).logits) - expected).max() < 1e-4


# --- what a stranger's model may look like


def mobilenet(library: Any) -> Any:
    """As the origin made trained_best_model2.h5: MobileNetV2 at 128 × 128 with a head of six."""
    library.utils.set_random_seed(1)
    base = library.applications.MobileNetV2(include_top=False, weights=None, input_shape=(128, 128, 3), alpha=0.35)
    layers = library.layers
    head = [layers.GlobalAveragePooling2D(), layers.Dropout(0.2), layers.Dense(6, activation="softmax")]
    return library.Sequential([layers.Input((128, 128, 3)), layers.Rescaling(1 / 127.5, -1), base, *head])


def test_the_origins_mobilenet_is_packed_with_its_map_and_embedding(tmp_path: Path) -> None:
    """By Keras 2, with Rescaling inside; other heads, scalings and Keras 3 are tried on smaller networks."""
    model = mobilenet(tf_keras)
    model.save(tmp_path / "trained_best_model2.h5")
    labels = labels_in(tmp_path, ORIGINS)
    bundle = pack_model(tmp_path / "trained_best_model2.h5", labels, out=tmp_path / "bundle", input_size=128)
    assert [each.key for each in bundle.classes] == list(IN_ORIGINS_ORDER)
    assert (bundle.input.width, bundle.input.height, bundle.name) == (128, 128, "trained_best_model2")
    assert (bundle.origin["scaling"], bundle.origin["keras"]) == ("0..255", 2)
    scores = load_model(bundle.path).score_picture(golden_pictures(bundle.input)[0])
    assert scores.embedding is not None
    assert scores.activation is not None
    assert scores.activation.shape == (4, 4, 6)
    assert_serves_what_it_is(bundle, lambda x: model(x, training=False))


def functional(build: Callable[[Any], Any], shape: tuple[int | None, ...] = (SIDE, SIDE, 3)) -> keras.Model:
    keras.utils.set_random_seed(1)
    entry = L.Input(shape)
    return keras.Model(entry, build(entry))


def features(entry: Any) -> Any:
    return L.GlobalAveragePooling2D()(L.Conv2D(8, 3, 4, activation="relu")(entry))


def strong_head(x: Any, activation: str | None = None) -> Any:
    return L.Dense(6, activation, kernel_initializer=keras.initializers.RandomNormal(stddev=3.0, seed=1))(x)


SHAPES: dict[str, tuple[Callable[[], keras.Model], bool]] = {
    "softmax in the head": (lambda: plain_model(), True),
    "softmax as a layer": (lambda: functional(lambda x: L.Softmax()(strong_head(features(x)))), True),
    "softmax as an activation": (lambda: functional(lambda x: L.Activation("softmax")(strong_head(features(x)))), True),
    "logits": (lambda: plain_model(activation=None), False),
    "logits with an activation that does nothing": (
        lambda: functional(lambda x: L.Activation("linear")(strong_head(features(x)))),
        False,
    ),
    "softmax in a model inside": (lambda: keras.Sequential([L.Input((SIDE, SIDE, 3)), plain_model()]), True),
    "logits in a model inside": (
        lambda: keras.Sequential([L.Input((SIDE, SIDE, 3)), plain_model(activation=None)]),
        False,
    ),
    "a convolution for a head": (
        lambda: functional(
            lambda x: L.GlobalAveragePooling2D()(L.Conv2D(6, 1)(L.Conv2D(8, 3, 4, activation="relu")(x)))
        ),
        False,
    ),
    "two poolings joined": (
        lambda: functional(lambda x: strong_head(L.Concatenate()([features(x), L.GlobalMaxPooling2D()(x)]), "softmax")),
        True,
    ),
    "a head without a bias": (
        lambda: functional(lambda x: L.Dense(6, "softmax", use_bias=False)(features(x))),
        True,
    ),
}


@pytest.mark.parametrize(("build", "probabilities"), SHAPES.values(), ids=SHAPES.keys())
def test_whatever_its_head_the_bundle_gives_the_models_own_probabilities(
    tmp_path: Path, build: Callable[[], keras.Model], probabilities: bool
) -> None:
    model = build()

    def own(x: Any) -> Any:
        given = np.asarray(model(x, training=False))
        return given if probabilities else softmax(given)

    assert_serves_what_it_is(packed(model, tmp_path), own)


def test_a_model_that_leaves_its_side_open_takes_the_one_given(tmp_path: Path) -> None:
    bundle = packed(functional(lambda x: strong_head(features(x)), (None, None, 3)), tmp_path, input_size=96)
    assert (bundle.input.width, bundle.input.height) == (96, 96)


def test_a_model_without_a_map_says_so(tmp_path: Path) -> None:
    model = functional(lambda x: strong_head(L.Flatten()(L.Conv2D(4, 3, 8)(x)), "softmax"))
    assert "no activation map" in unknown(packed(model, tmp_path))


def test_a_grey_model_sees_the_photographs_luma(tmp_path: Path, fruit: Path) -> None:
    model = functional(lambda x: strong_head(features(x), "softmax"), (SIDE, SIDE, 1))
    bundle = packed(model, tmp_path)
    assert bundle.input.shape == (SIDE, SIDE, 1)
    photo = open_photo((fruit / "apple_fit" / "1.jpg").read_bytes())
    grey = photo.picture.resize((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=1.5).convert("L")
    expected = np.asarray(model(np.asarray(grey, np.float32)[None, ..., None] / 255, training=False))[0]
    for runtime in ("litert", "tensorflow"):
        assert np.abs(softmax(load_model(bundle.path, runtime).score(photo).logits) - expected).max() < 1e-4


def test_one_sigmoid_tells_two_classes_apart_and_pack_says_which_is_the_second(tmp_path: Path) -> None:
    model = plain_model(classes=1, activation="sigmoid")
    bundle = packed(model, tmp_path, ("apple_fit", "apple_unfit"))

    def own(x: Any) -> Any:
        second = np.asarray(model(x, training=False))
        return np.concatenate([1 - second, second], axis=1)

    assert_serves_what_it_is(bundle, own)
    assert "second label, apple_unfit" in unknown(bundle)
    (tmp_path / "three").mkdir()
    assert "one output that tells two apart" in refusal(model, tmp_path / "three", KEYS[:3]).en


# --- what is refused


def test_a_wrong_count_of_classes_is_refused_with_both_counts(tmp_path: Path) -> None:
    error = refusal(plain_model(), tmp_path, KEYS[:4])
    assert error.code == "labels_count"
    assert "4 clases y el modelo da 6" in error.es
    assert "4 classes and the model gives 6" in error.en


def test_a_scaling_that_does_not_exist_is_refused_with_those_that_do(tmp_path: Path) -> None:
    error = refusal(plain_model(), tmp_path, scaling="0..2")
    assert error.code == "scaling_unknown"
    assert "0..1, -1..1, 0..255, caffe" in error.es
    assert "0..1, -1..1, 0..255, caffe" in error.en


def test_a_lambda_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    assert refusal(plain_model(L.Lambda(lambda x: x / 255)), tmp_path).code == "model_runs_code"


def test_a_bundle_that_was_there_stays_when_packing_is_refused(tmp_path: Path) -> None:
    digest = packed(plain_model(), tmp_path).digest
    with pytest.raises(ModelRefused):
        packed(plain_model(classes=5), tmp_path)
    assert read_bundle(tmp_path / "bundle").digest == digest


# --- what nobody proved


def test_without_a_check_it_says_loudly_what_is_unproved_and_answers_nothing(tmp_path: Path, fruit: Path) -> None:
    bundle = packed(plain_model(), tmp_path)
    assert bundle.labels_proved is None
    for what in ("the order of the classes: no photographs proved it", "scaling:", "thresholds:", "scope:"):
        assert what in unknown(bundle)
    model = load_model(bundle.path)
    for key in KEYS:
        verdict = inspect(open_photo((fruit / key / "0.jpg").read_bytes()), model)
        assert (verdict.answer, verdict.reasons[-1]) == ("review", "uncertain")


@pytest.mark.parametrize("language", ["es", "en"])
def test_the_command_line_says_loudly_that_the_order_is_unproved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], language: str
) -> None:
    from vistobueno.cli.model import pack

    plain_model().save(tmp_path / "m.h5")
    pack(tmp_path / "m.h5", labels_in(tmp_path), None, {}, language)
    said = capsys.readouterr().out
    assert {"es": "ATENCIÓN", "en": "WARNING"}[language] in said
    assert "--check" in said
    assert (tmp_path / "m-bundle" / "bundle.json").is_file()


def test_a_model_that_scales_inside_gets_pixels_as_they_are(tmp_path: Path) -> None:
    for first in (L.Rescaling(1 / 255), L.Normalization(mean=[127.0] * 3, variance=[4000.0] * 3)):
        folder = tmp_path / first.name
        folder.mkdir()
        bundle = packed(plain_model(first), folder)
        assert (bundle.input.scale, bundle.input.offset) == ((1.0,) * 3, (0.0,) * 3), first.name
        assert "scaling" not in unknown(bundle), first.name


def test_a_product_far_inside_is_not_taken_for_scaling(tmp_path: Path) -> None:
    def attention(entry: Any) -> Any:
        x = L.Conv2D(8, 3, 4)(entry)
        gate = L.Conv2D(8, 1, activation="sigmoid")(L.GlobalAveragePooling2D(keepdims=True)(x))
        return strong_head(L.GlobalAveragePooling2D()(L.Multiply()([x, gate])), "softmax")

    bundle = packed(functional(attention), tmp_path)
    assert bundle.origin["scaling"] == "0..1"
    assert "scaling: the model does not scale its input" in unknown(bundle)


def test_a_scaling_that_is_given_is_taken(tmp_path: Path) -> None:
    bundle = packed(plain_model(), tmp_path, scaling="-1..1")
    assert [255 * bundle.input.scale[0] + bundle.input.offset[0], bundle.input.offset[0]] == pytest.approx([1, -1])
    assert "scaling" not in unknown(bundle)


# --- what photographs prove


def test_a_model_biased_towards_unfit_never_answers_fit_against_its_own_belief(tmp_path: Path, fruit: Path) -> None:
    """It says unfit of nearly all, in the right order: thresholds that follow it would call fit what is likelier unfit."""
    model = right_model(fruit)
    kernel, bias = model.layers[-1].get_weights()
    model.layers[-1].set_weights([kernel, bias + np.array([0, 6] * 3, np.float32)])
    many = tmp_path / "many"
    for key in KEYS:
        shutil.copytree(fruit / key, many / key)
        for copy in range(4):
            for file in sorted((fruit / key).iterdir()):
                shutil.copy(file, many / key / f"{copy}-{file.name}")
    policy = packed(model, tmp_path, check=many).policy
    assert policy.fit_below <= 0.5 <= policy.unfit_above


def test_photographs_prove_the_order_and_set_thresholds(tmp_path: Path, fruit: Path) -> None:
    bundle = packed(right_model(fruit), tmp_path, check=fruit)
    assert bundle.labels_proved is True
    assert "order" not in unknown(bundle)
    assert "whether the photographs that set the thresholds were trained on" in unknown(bundle)
    verdict = inspect(open_photo((fruit / "banana_unfit" / "2.jpg").read_bytes()), load_model(bundle.path))
    assert verdict.class_key == "banana_unfit"


@pytest.mark.parametrize("scaling", list(SCALINGS))
def test_photographs_prove_the_scaling(tmp_path: Path, fruit: Path, scaling: str) -> None:
    bundle = packed(right_model(fruit, KEYS, scaling), tmp_path, check=fruit)
    assert bundle.origin["scaling"] == scaling
    assert bundle.labels_proved is True
    assert "scaling" not in unknown(bundle)


def test_labels_in_another_order_than_the_photographs_prove_are_refused_with_that_order(
    tmp_path: Path, fruit: Path
) -> None:
    error = refusal(right_model(fruit, IN_ORIGINS_ORDER), tmp_path, KEYS, check=fruit)
    assert error.code == "labels_order"
    assert f"labels.txt dice: {', '.join(KEYS)}" in error.es
    assert f"prueban otro orden: {', '.join(IN_ORIGINS_ORDER)}" in error.es
    assert f"show a different order: {', '.join(IN_ORIGINS_ORDER)}" in error.en
    assert "Corrija labels.txt" in error.es


@pytest.mark.parametrize("one", [0, 3])
def test_two_classes_that_changed_places_are_refused(tmp_path: Path, fruit: Path, one: int) -> None:
    swapped = list(KEYS)
    swapped[one], swapped[one + 1] = swapped[one + 1], swapped[one]
    assert refusal(right_model(fruit, swapped), tmp_path, KEYS, check=fruit).code == "labels_order"


def test_the_order_that_a_refusal_names_is_then_proved(tmp_path: Path, fruit: Path) -> None:
    model = right_model(fruit, IN_ORIGINS_ORDER)
    error = refusal(model, tmp_path, KEYS, check=fruit)
    named = error.en.split("different order: ")[1].split(". Correct")[0].split(", ")
    assert packed(model, tmp_path, named, check=fruit).labels_proved is True


def test_photographs_in_folders_with_the_strangers_own_names_prove_it_too(tmp_path: Path, fruit: Path) -> None:
    for key, name in zip(IN_ORIGINS_ORDER, ORIGINS, strict=True):
        shutil.copytree(fruit / key, tmp_path / "dataset" / name)
    model = right_model(fruit, IN_ORIGINS_ORDER)
    assert packed(model, tmp_path, ORIGINS, check=tmp_path / "dataset").labels_proved is True


def test_too_few_photographs_leave_the_order_unproved_and_it_says_so(tmp_path: Path, fruit: Path) -> None:
    for key in KEYS:
        shutil.copytree(fruit / key, tmp_path / "few" / key, ignore=lambda _, names: sorted(names)[2:])
    bundle = packed(right_model(fruit), tmp_path, check=tmp_path / "few")
    assert bundle.labels_proved is None
    assert "the order of the classes: the photographs given do not settle it; give more" in unknown(bundle)


def test_a_model_that_knows_nothing_is_never_proved(tmp_path: Path, fruit: Path) -> None:
    assert packed(plain_model(), tmp_path, check=fruit).labels_proved is None


def test_a_class_without_photographs_is_refused_by_name(tmp_path: Path, fruit: Path) -> None:
    shutil.copytree(fruit, tmp_path / "part")
    shutil.rmtree(tmp_path / "part" / "orange_fit")
    error = refusal(right_model(fruit), tmp_path, check=tmp_path / "part")
    assert error.code == "check_incomplete"
    assert "orange_fit" in error.es
    assert "Each class needs some" in error.en


def test_photographs_that_cannot_be_read_are_named_at_once_or_skipped_and_counted(tmp_path: Path, fruit: Path) -> None:
    more = tmp_path / "more"
    shutil.copytree(fruit, more)
    for key in ("apple_fit", "orange_fit"):
        (more / key / "broken.jpg").write_bytes(b"\xff\xd8 nothing")
    (more / "orange_fit" / ".DS_Store").write_bytes(b"x")
    shutil.copytree(fruit / "apple_fit", more / "other")  # the model has no class for strangers: they prove nothing
    with pytest.raises(DataRefused, match="photos_unreadable") as refused:
        packed(right_model(fruit), tmp_path, check=more)
    assert refused.value.en.count("broken.jpg") == 2
    bundle = packed(right_model(fruit), tmp_path, check=more, skip_unreadable=True)
    assert bundle.labels_proved is True
    assert bundle.origin["check"] == {"photographs": 8 * len(KEYS), "unreadable": 2, "passed_over": 1}


def test_photographs_of_what_the_model_does_not_know_or_nobody_understands_are_refused_by_name(
    tmp_path: Path, fruit: Path
) -> None:
    for name, code in (("mango_fit", "data_classes_unknown"), ("mangoes", "data_labels")):
        more = tmp_path / name
        shutil.copytree(fruit, more)
        shutil.copytree(fruit / "apple_fit", more / name)
        with pytest.raises(DataRefused, match=code) as refused:
            packed(right_model(fruit), tmp_path, check=more)
        assert name in refused.value.es and name in refused.value.en


def test_labels_as_they_were_exported_are_completed_by_what_is_told(tmp_path: Path) -> None:
    model = plain_model(classes=2)
    with pytest.raises(ModelRefused, match="labels_not_understood"):
        packed(model, tmp_path, ["0 Fresh", "1 Bruised"])
    bundle = packed(model, tmp_path, ["0 Fresh", "1 Bruised"], product="apple", unfit=["Bruised"])
    assert [each.key for each in bundle.classes] == ["apple_fit", "apple_unfit"]
