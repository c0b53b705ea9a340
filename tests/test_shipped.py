import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from vistobueno.core.photo import open_photo
from vistobueno.model.bundle import HELD_OUT
from vistobueno.model.runtime import Model, load_model, shipped_bundle
from vistobueno.training.data import LabelledPhoto, data_digest, limits_as_served, read_photos
from vistobueno.training.evaluate import evaluate, figures

AGREE = 1e-4  # relative to the largest logit: what the design asks of the two runtimes


@pytest.fixture(scope="module")
def trained_on(shipped: Model, photographs: Path) -> Sequence[LabelledPhoto]:
    """The development photographs of the sources that the bundle names; others have come to the folder since."""
    return [photo for photo in read_photos(photographs) if photo.source in shipped.bundle.training["sources"]]


def test_the_shipped_model_is_small_and_says_how_it_was_made(shipped: Model) -> None:
    bundle = shipped.bundle
    assert sum(file.stat().st_size for file in shipped_bundle().iterdir()) <= 40_000_000
    assert (
        "vistobueno train" in bundle.origin["command"]
        and f"--seed {bundle.training['seed']}" in bundle.origin["command"]
    )
    assert [each.key for each in bundle.classes if each.product] == [
        f"{product}_{condition}" for product in ("apple", "banana", "orange") for condition in ("fit", "unfit")
    ]
    assert bundle.labels_proved
    assert 0 < bundle.policy.fit_below < bundle.policy.unfit_above < 1


@pytest.mark.parametrize("language", ["es", "en"])
def test_its_card_gives_every_figure_with_its_interval(shipped: Model, language: str) -> None:
    card = (shipped.bundle.path / f"card.{language}.md").read_text(encoding="utf-8")
    for part in ("known_cameras", "unknown_cameras"):
        for values in shipped.bundle.metrics[part]["sources"].values():
            share = values["condition_accuracy"]
            if share["n"]:
                expected = f"{share['share']:.1%}".replace("%", " %")
                interval = f"({share['low'] * 100:.1f} – {share['high'] * 100:.1f})"
                assert f"{expected} {interval}" in card


def test_it_was_trained_on_the_development_photographs(shipped: Model, trained_on: Sequence[LabelledPhoto]) -> None:
    assert data_digest(trained_on) == shipped.bundle.training["data"]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", ["known_cameras", "unknown_cameras"])
def test_the_figures_of_the_card_are_those_that_evaluate_gives(
    shipped: Model, trained_on: Sequence[LabelledPhoto], part: str
) -> None:
    evaluation = evaluate(trained_on, shipped, unknown_cameras=part == "unknown_cameras")
    measured = json.loads(json.dumps(figures(evaluation)))
    for name, promised in shipped.bundle.metrics[part].items():
        assert measured[name] == promised


def test_held_out_verdicts_are_kept_for_every_training_photograph(shipped: Model) -> None:
    with np.load(shipped.bundle.path / HELD_OUT) as kept:
        assert len(kept["hashes"]) == len(kept["logits"]) == shipped.bundle.training["photographs"]


def test_tensorflow_and_litert_agree_on_the_photographs_it_was_trained_on(
    shipped: Model, trained_on: Sequence[LabelledPhoto]
) -> None:
    tensorflow = load_model(runtime="tensorflow")
    worst = {"logits": 0.0, "embedding": 0.0, "activation": 0.0}
    for photo in trained_on[::8]:  # they stand in order, so that every class and source is among them
        opened = open_photo(photo.path.read_bytes(), limits_as_served(shipped))
        ours, theirs = shipped.score(opened), tensorflow.score(opened)
        for name in worst:
            a, b = getattr(ours, name), getattr(theirs, name)
            worst[name] = max(worst[name], float(np.abs(a - b).max() / max(1.0, np.abs(b).max())))
    assert max(worst.values()) <= AGREE, worst
