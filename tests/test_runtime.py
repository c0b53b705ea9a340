from __future__ import annotations

import dataclasses
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from altered_bundle import content_of, edited, rehashed, rewritten
from later import later
from small_model import CLASSES, SIDE, SPEC, small_network
from vistobueno.core.errors import BundleRefused
from vistobueno.core.input import InputSpec
from vistobueno.core.photo import Photo, open_photo
from vistobueno.model import runtime
from vistobueno.model.archive import npz_bytes
from vistobueno.model.bundle import Bundle
from vistobueno.model.runtime import Model, golden_pictures, load_model, prepare, scaled, shipped_bundle

to_h5 = later("vistobueno.training.convert", "to_h5")
to_tflite = later("vistobueno.training.convert", "to_tflite")

RUNTIMES = ("litert", "tensorflow")


@pytest.fixture(scope="module")
def photos(drawn: Path) -> list[Photo]:
    return [open_photo(path.read_bytes()) for path in sorted(drawn.rglob("*.jpg"))]


@pytest.fixture(scope="module")
def compared(small_bundle: Bundle) -> Model:
    return load_model(small_bundle.path, "tensorflow")


def picture_of(pixels: NDArray[np.uint8]) -> Photo:
    height, width = pixels.shape[:2]
    return Photo(Image.fromarray(pixels), width, height, "png", "", 10.0, 0.5, 0.0)


def stripes(width: int, height: int) -> Photo:
    """Red on the left quarter, blue on the right, green above and below, white in the middle."""
    pixels = np.full((height, width, 3), 255, np.uint8)
    pixels[: height // 4], pixels[-height // 4 :] = (0, 255, 0), (0, 255, 0)
    pixels[:, : width // 4], pixels[:, -width // 4 :] = (255, 0, 0), (0, 0, 255)
    return picture_of(pixels)


def refusal(path: Path, runtime_name: str = "litert") -> BundleRefused:
    with pytest.raises(BundleRefused) as caught:
        load_model(path, runtime_name)
    assert caught.value.es != caught.value.en
    for sentence in (caught.value.es, caught.value.en):
        assert sentence.endswith(".")
    return caught.value


def golden_of(bundle: Bundle) -> dict[str, NDArray[np.generic]]:
    with np.load(bundle.path / "golden.npz") as arrays:
        return dict(arrays)


# A model that is not what it was


@pytest.mark.parametrize("name", RUNTIMES)
def test_a_model_whose_weights_were_exchanged_is_refused(name: str, small_bundle: Bundle, tmp_path: Path) -> None:
    other = small_network(seed=4)
    bundle = rewritten(small_bundle, tmp_path / "b", {"model.h5": to_h5(other), "model.tflite": to_tflite(other)})
    error = refusal(bundle.path, name)
    assert error.code == "golden_moved"
    assert "small" in error.es


def test_a_model_with_a_nudged_weight_is_refused(small_bundle: Bundle, tmp_path: Path) -> None:
    network = small_network()
    kernel, bias = network.get_layer("logits").get_weights()
    network.get_layer("logits").set_weights([kernel, bias + np.eye(7, dtype=np.float32)[2] * 0.01])
    bundle = rewritten(small_bundle, tmp_path / "b", {"model.tflite": to_tflite(network)})
    assert refusal(bundle.path).code == "golden_moved"


@pytest.mark.parametrize("by", [0.01, -5.0, np.nan, np.inf])
@pytest.mark.parametrize("place", [(0, 0), (3, 6)])
def test_golden_answers_that_moved_anywhere_are_found(
    by: float, place: tuple[int, int], small_bundle: Bundle, tmp_path: Path
) -> None:
    golden = golden_of(small_bundle)
    golden["logits"][place] += by
    bundle = rewritten(small_bundle, tmp_path / "b", {"golden.npz": npz_bytes(**golden)})
    assert refusal(bundle.path).code == "golden_moved"


@pytest.mark.parametrize("name", RUNTIMES)
def test_a_model_that_gives_no_number_never_loads(name: str, small_bundle: Bundle, tmp_path: Path) -> None:
    network = small_network()
    kernel, bias = network.get_layer("logits").get_weights()
    network.get_layer("logits").set_weights([kernel, np.where(np.arange(7) == 5, np.nan, bias)])
    bundle = rewritten(small_bundle, tmp_path / "b", {"model.h5": to_h5(network), "model.tflite": to_tflite(network)})
    assert refusal(bundle.path, name).code == "golden_moved"


def test_golden_answers_that_are_no_numbers_prove_nothing_even_of_a_model_that_gives_none(
    small_bundle: Bundle, tmp_path: Path
) -> None:
    golden = golden_of(small_bundle)
    golden["logits"][:] = np.nan
    bundle = rewritten(small_bundle, tmp_path / "b", {"golden.npz": npz_bytes(**golden)})
    assert refusal(bundle.path).code == "golden_moved"


def test_answers_for_another_number_of_classes_are_refused(small_bundle: Bundle, tmp_path: Path) -> None:
    golden = golden_of(small_bundle)
    golden["logits"] = golden["logits"][:, :1]  # would pass by broadcasting
    bundle = rewritten(small_bundle, tmp_path / "b", {"golden.npz": npz_bytes(**golden)})
    assert refusal(bundle.path).code == "golden_moved"


@pytest.mark.parametrize("order", [(1, 0, 2, 3, 4, 5, 6), (6, 5, 4, 3, 2, 1, 0)])
def test_labels_that_were_reordered_are_refused(order: tuple[int, ...], small_bundle: Bundle, tmp_path: Path) -> None:
    bundle = rewritten(small_bundle, tmp_path / "b", classes=tuple(CLASSES[index] for index in order))
    assert refusal(bundle.path).code == "golden_classes"


def test_labels_reordered_by_hand_in_bundle_json_are_refused(small_bundle: Bundle, tmp_path: Path) -> None:
    folder = edited(small_bundle, tmp_path / "b", lambda raw: raw["classes"].reverse())
    assert refusal(folder).code == "golden_classes"


def test_a_label_that_was_left_out_is_refused(small_bundle: Bundle, tmp_path: Path) -> None:
    assert refusal(rewritten(small_bundle, tmp_path / "b", classes=CLASSES[:6]).path).code == "golden_classes"


@pytest.mark.parametrize(
    "change",
    [
        {"scale": (1 / 255,) * 3},
        {"scale": (1 / 128, 1 / 128, 1 / 127)},
        {"offset": (0.0,) * 3},
        {"colour": "bgr"},
        {"width": SIDE * 2},
        {"resize": "area"},
        {"fit": "pad"},
    ],
    ids=str,
)
def test_a_picture_prepared_otherwise_than_in_training_is_refused(
    change: dict[str, object], small_bundle: Bundle, tmp_path: Path
) -> None:
    spec = dataclasses.replace(SPEC, **change)
    assert refusal(rewritten(small_bundle, tmp_path / "b", input=spec).path).code == "golden_input"


def test_whole_numbers_in_the_scaling_are_the_same_scaling(small_bundle: Bundle, tmp_path: Path) -> None:
    spec = dataclasses.replace(SPEC, scale=(1, 1, 1), offset=(0, 0, 0))
    network = small_network()
    golden = runtime.golden_file(
        spec, tuple(each.key for each in CLASSES), lambda picture: network(scaled(picture, spec))[0].numpy()[0]
    )
    assert load_model(rewritten(small_bundle, tmp_path / "b", {"golden.npz": golden}, input=spec).path).bundle


# A model that cannot be loaded


def _without(name: str) -> Callable[[dict[str, NDArray[np.generic]]], bytes]:
    return lambda golden: npz_bytes(**{key: value for key, value in golden.items() if key != name})


@pytest.mark.parametrize(
    "spoil",
    [
        lambda golden: b"",
        lambda golden: b"golden",
        lambda golden: b"PK\x03\x04 and nothing more",
        lambda golden: npz_bytes(**golden)[:-30],
        *(_without(name) for name in ("pictures", "logits", "classes", "input")),
        lambda golden: npz_bytes(**{**golden, "pictures": golden["pictures"][:0], "logits": golden["logits"][:0]}),
        lambda golden: npz_bytes(**{**golden, "pictures": golden["pictures"][:2]}),
    ],
)
def test_a_bundle_without_golden_answers_to_prove_it_is_refused(
    spoil: Callable[[dict[str, NDArray[np.generic]]], bytes], small_bundle: Bundle, tmp_path: Path
) -> None:
    bundle = rewritten(small_bundle, tmp_path / "b", {"golden.npz": spoil(golden_of(small_bundle))})
    error = refusal(bundle.path)
    assert error.code == "golden_unreadable"
    assert "Pack it again" in error.en


@pytest.mark.parametrize(("name", "file"), [("litert", "model.tflite"), ("tensorflow", "model.h5")])
@pytest.mark.parametrize("content", [b"", b"nonsense" * 100])
def test_a_file_that_is_no_model_is_refused(
    name: str, file: str, content: bytes, small_bundle: Bundle, tmp_path: Path
) -> None:
    error = refusal(rewritten(small_bundle, tmp_path / "b", {file: content}).path, name)
    assert error.code == "bundle_unreadable"
    assert file in error.es
    assert file in error.en


def test_a_model_that_takes_another_input_than_the_bundle_says_is_refused(small_bundle: Bundle, tmp_path: Path) -> None:
    spec = dataclasses.replace(SPEC, width=SIDE * 2)
    golden = {**golden_of(small_bundle), "pictures": golden_pictures(spec), "input": np.array(runtime._spec_text(spec))}
    bundle = rewritten(small_bundle, tmp_path / "b", {"golden.npz": npz_bytes(**golden)}, input=spec)
    assert refusal(bundle.path).code == "bundle_unreadable"


@pytest.mark.parametrize(("name", "package"), [("litert", "ai_edge_litert.interpreter"), ("tensorflow", "tensorflow")])
def test_a_runtime_that_is_not_installed_is_named(
    name: str, package: str, small_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    error = refusal(small_bundle.path, name)
    assert error.code == "runtime_missing"
    assert name in error.es
    assert "Install it" in error.en


def test_a_damaged_bundle_is_refused_before_its_model_is_run(small_bundle: Bundle, tmp_path: Path) -> None:
    folder = rewritten(small_bundle, tmp_path / "b").path
    (folder / "model.tflite").write_bytes(b"nonsense")
    assert refusal(folder).code == "bundle_damaged"
    assert refusal(rehashed(folder)).code == "bundle_unreadable"


def test_the_program_names_what_to_do_when_it_came_without_a_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "__file__", str(tmp_path / "src" / "vistobueno" / "model" / "runtime.py"))
    with pytest.raises(BundleRefused) as caught:
        shipped_bundle()
    assert caught.value.code == "bundle_missing"
    assert "MODEL_PATH" in caught.value.es
    assert "MODEL_PATH" in caught.value.en


def test_the_shipped_bundle_is_found_in_the_package_and_beside_the_source(
    small_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "src" / "vistobueno"
    monkeypatch.setattr(runtime, "__file__", str(package / "model" / "runtime.py"))
    rewritten(small_bundle, tmp_path / "models" / "fruit")
    assert shipped_bundle() == tmp_path / "models" / "fruit"
    rewritten(small_bundle, package / "shipped" / "fruit")
    assert shipped_bundle() == package / "shipped" / "fruit"
    assert load_model().bundle.path == package / "shipped" / "fruit"


# The two runtimes


def test_litert_and_tensorflow_agree_on_every_output(small_model: Model, compared: Model, photos: list[Photo]) -> None:
    for photo in photos:
        ours, theirs = small_model.score(photo), compared.score(photo)
        for name in ("logits", "embedding", "activation"):
            np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", RUNTIMES)
def test_the_mean_of_the_activation_map_is_the_logits(name: str, small_bundle: Bundle, photos: list[Photo]) -> None:
    scores = load_model(small_bundle.path, name).score(photos[0])
    assert scores.activation is not None
    assert scores.embedding is not None
    assert scores.activation.shape == (16, 16, len(CLASSES))
    assert scores.embedding.shape == (16,)
    np.testing.assert_allclose(scores.activation.mean(axis=(0, 1)), scores.logits, atol=1e-4)


def test_a_photograph_scores_the_same_whatever_came_before_it(small_model: Model, photos: list[Photo]) -> None:
    first = [small_model.score(photo).logits for photo in photos]
    again = [small_model.score(photo).logits for photo in reversed(photos)]
    np.testing.assert_array_equal(first, again[::-1])


@pytest.mark.parametrize("name", RUNTIMES)
def test_threads_share_one_model_and_get_the_answers_of_one_thread(
    name: str, small_bundle: Bundle, photos: list[Photo]
) -> None:
    model = load_model(small_bundle.path, name)
    alone = [model.score(photo).logits for photo in photos]
    with ThreadPoolExecutor(8) as pool:
        together = [scores.logits for scores in pool.map(model.score, photos * 10)]
    np.testing.assert_array_equal(together, alone * 10)


def test_scores_stay_as_they_were_when_the_model_is_used_again(small_model: Model, photos: list[Photo]) -> None:
    kept = small_model.score(photos[0])
    before = kept.logits.copy()
    small_model.score(photos[1])
    np.testing.assert_array_equal(kept.logits, before)


@pytest.mark.parametrize("name", RUNTIMES)
def test_a_model_travels_to_another_process_as_its_bundle(name: str, small_bundle: Bundle, photos: list[Photo]) -> None:
    model = load_model(small_bundle.path, name, threads=2)
    parcel = pickle.dumps(model)
    assert len(parcel) < 1_000
    arrived = pickle.loads(parcel)  # noqa: S301 our own
    assert (arrived.runtime, arrived.threads, arrived.bundle.digest) == (name, 2, small_bundle.digest)
    np.testing.assert_array_equal(arrived.score(photos[0]).logits, model.score(photos[0]).logits)


def test_serving_never_imports_tensorflow(small_bundle: Bundle, drawn: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from vistobueno import inspect, load_model, open_photo\n"
        "inspect(open_photo(Path(sys.argv[2]).read_bytes()), load_model(sys.argv[1]))\n"
        "print([name for name in ('tensorflow', 'keras', 'scipy', 'h5py') if name in sys.modules])"
    )
    photo = next(drawn.rglob("*.jpg"))
    done = subprocess.run(
        [sys.executable, "-c", code, small_bundle.path, photo], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert done.stdout.strip() == "[]"


# What the model sees


def test_a_stretched_photograph_is_seen_whole() -> None:
    seen = prepare(stripes(400, 200), InputSpec(32, 32, resize="area"))
    assert seen.shape == (32, 32, 3)
    assert seen[16, 0].tolist() == [255, 0, 0]
    assert seen[16, -1].tolist() == [0, 0, 255]
    assert seen[0, 16].tolist() == [0, 255, 0]


def test_a_cropped_photograph_loses_its_ends_evenly() -> None:
    seen = prepare(stripes(400, 200), InputSpec(32, 32, resize="area", fit="crop"))
    assert seen.shape == (32, 32, 3)
    assert seen[16, 0].tolist() == seen[16, -1].tolist() == [255, 255, 255]
    assert seen[0, 16].tolist() == seen[-1, 16].tolist() == [0, 255, 0]


def test_a_padded_photograph_lies_on_grey_and_loses_nothing() -> None:
    seen = prepare(stripes(400, 200), InputSpec(32, 32, resize="area", fit="pad"))
    assert (seen[:8] == 128).all()
    assert (seen[24:] == 128).all()
    assert seen[16, 0].tolist() == [255, 0, 0]
    assert seen[16, -1].tolist() == [0, 0, 255]
    assert seen[9, 16].tolist() == [0, 255, 0]


@settings(max_examples=25, deadline=None)
@given(
    size=st.tuples(st.integers(1, 300), st.integers(1, 300)),
    target=st.tuples(st.integers(8, 80), st.integers(8, 80)),
    fit=st.sampled_from(["stretch", "crop", "pad"]),
    resize=st.sampled_from(["nearest", "bilinear", "area", "bicubic"]),
)
def test_any_shape_of_photograph_becomes_the_shape_of_the_input(
    size: tuple[int, int], target: tuple[int, int], fit: str, resize: str
) -> None:
    white = picture_of(np.full((*size, 3), 255, np.uint8))
    seen = prepare(white, InputSpec(*target, fit=fit, resize=resize))
    assert seen.shape == (target[1], target[0], 3)
    assert seen.dtype == np.uint8
    if fit != "pad":
        assert (seen == 255).all(), "an edge that is not of the photograph"


def test_scaling_is_by_channel_and_in_the_models_colour_order() -> None:
    picture = np.array([[[10, 20, 30], [0, 255, 100]]], np.uint8)
    spec = InputSpec(2, 1, scale=(1.0, 2.0, 0.5), offset=(0.0, -1.0, 100.0))
    assert scaled(picture, spec).tolist() == [[[[10.0, 39.0, 115.0], [0.0, 509.0, 150.0]]]]
    bgr = scaled(picture, dataclasses.replace(spec, colour="bgr"))
    assert bgr.tolist() == [[[[30.0, 39.0, 105.0], [100.0, 509.0, 100.0]]]]
    assert bgr.dtype == np.float32


def test_a_grey_input_is_the_luma_of_the_picture_in_one_channel() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    grey = InputSpec(7, 5, "grey", scale=(0.5, 9.0, 9.0), offset=(-1.0, 9.0, 9.0))
    assert grey.shape == (5, 7, 1)
    luma = np.asarray(Image.fromarray(picture).convert("L"), np.float32)
    assert np.array_equal(scaled(picture, grey), (luma * 0.5 - 1)[None, ..., None])


def test_golden_pictures_are_the_same_everywhere_and_differ_from_each_other() -> None:
    one, again = golden_pictures(SPEC), golden_pictures(SPEC)
    np.testing.assert_array_equal(one, again)
    assert len({picture.tobytes() for picture in one}) == len(one) == 4
    assert one.std() > 20


def test_golden_answers_say_what_they_were_made_with(small_bundle: Bundle) -> None:
    golden = golden_of(small_bundle)
    assert golden["classes"].tolist() == [each.key for each in CLASSES]
    assert json.loads(str(golden["input"]))["width"] == SIDE
    assert golden["logits"].shape == (4, len(CLASSES))
    assert content_of(small_bundle)["golden.npz"][:2] == b"PK"
