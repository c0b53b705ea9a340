from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from small_model import CLASSES
from vistobueno.core.policy import Policy
from vistobueno.training.cross_validation import Course, Trained
from vistobueno.training.data import LabelledPhoto
from vistobueno.training.features import Features
from vistobueno.training.finetuning import Recipe
from vistobueno.training.last_layer import fit_last_layer
from vistobueno.training.lines import line_figures

KEYS = [each.key for each in CLASSES]
WIDE = 12


@dataclass
class Learned:
    """Stands in for a course: every model sees the same embeddings, in which each source lies in a place of its own."""

    photos: list[LabelledPhoto]
    embeddings: np.ndarray
    features: Features
    classes = CLASSES
    recipe = Recipe()
    seed = 7
    left_out: list[set[str]] = field(default_factory=list)

    def trained(self, name: str, rows: np.ndarray) -> Trained:
        self.left_out.append({photo.source for photo in self.photos} - {self.photos[row].source for row in rows})
        last = fit_last_layer(self.embeddings[rows], self.features.labels[rows], np.ones(len(rows)), len(CLASSES), 1e-2)
        return Trained([], self.embeddings, last)


@pytest.fixture(scope="module")
def course() -> Learned:
    rng = np.random.default_rng(0)
    photos = [
        LabelledPhoto(Path(f"{source}-{key}-{n}.jpg"), key, f"{source}-{key}-{n // 2}", source)
        for source, keys in {
            "belt": KEYS[:2],
            "stall": [*KEYS[:2], "other"],
            "shop": ["apple_fit", "other"],
        }.items()
        for key in keys
        for n in range(60)
    ]
    labels = np.array([KEYS.index(photo.label) for photo in photos])
    places = {source: rng.normal(0, 1.5, WIDE) for source in ("belt", "stall", "shop")}
    seen = rng.normal(0, 1, (len(KEYS), WIDE))[labels] + rng.normal(0, 0.5, (len(photos), WIDE))
    seen += np.array([places[photo.source] for photo in photos])
    empty = np.zeros((len(photos), 1, 1), np.float16)
    return Learned(photos, seen.astype(np.float32), Features(empty, empty, labels))


def test_each_source_that_shows_both_conditions_is_judged_as_a_line_that_the_model_never_saw(course: Learned) -> None:
    found = line_figures(cast(Course, course), Policy(), (5, 10, 40))
    assert set(found) == {"belt", "stall"}, "a shop where all is fit can be no line"
    assert all({source} in course.left_out for source in found)
    for source, by_count in found.items():
        assert list(by_count) == ["5", "10"], "of 30 fruit 40 cannot be answered"
        for count, figures in by_count.items():
            fruit = 2 * (30 - int(count))
            assert figures["condition_accuracy"]["n"] == 2 * fruit, (
                "both photographs of each fruit that nobody answered"
            )
            assert (figures["ood_reviewed"]["n"] > 0) == (source == "stall")
        assert by_count["10"]["condition_accuracy"]["share"] > 0.9


def test_the_same_seed_draws_the_same_photographs(course: Learned) -> None:
    one, same = (line_figures(cast(Course, course), Policy(), (5,)) for _ in range(2))
    assert one == same
