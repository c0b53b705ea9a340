from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from later import later
from vistobueno.training.data import LabelledPhoto, products_told_apart
from vistobueno.training.held_out import Predictions

Course = later("vistobueno.training.crossfit", "Course")
by_fair_source = later("vistobueno.training.crossfit", "by_fair_source")

LOGITS = 3


@dataclass
class Learned:
    """Stands in for a course: it tells what a model was trained on, and trains none."""

    photos: list[LabelledPhoto]
    training: list[set[str]] = field(default_factory=list)

    def predictions(self, name: str, training: NDArray[np.int64], rows: NDArray[np.int64]) -> Predictions:
        self.training.append({self.photos[row].source for row in training})
        return Predictions(np.ones((len(rows), LOGITS), np.float32), np.ones(len(rows), np.float32))


def taken(**labels_of: str) -> list[LabelledPhoto]:
    """Two photographs of each label of each source."""
    return [
        LabelledPhoto(Path(f"{source}-{label}-{n}.jpg"), label, f"{source}-{label}-{n}", source)
        for source, labels in labels_of.items()
        for label in labels.split()
        for n in range(2)
    ]


def fair(photos: list[LabelledPhoto]) -> tuple[list[str], Predictions, Learned]:
    """The source of each fair prediction, the predictions, and what was trained for them."""
    rows, course = np.arange(len(photos)), Learned(photos)
    zeros = Predictions(np.zeros((len(rows), LOGITS), np.float32), np.zeros(len(rows), np.float32))
    chosen, said = by_fair_source(cast(Course, course), rows, zeros)
    return [photos[row].source for row in chosen], said, course


BOTH = "apple_fit apple_unfit"


def test_a_source_tells_apart_the_products_that_it_shows_in_both_conditions() -> None:
    photos = taken(belt=f"{BOTH} pear_fit other", shop="apple_fit", shelf="other")
    assert products_told_apart(photos) == {"belt": {"apple"}, "shop": set(), "shelf": set()}


def test_sources_of_one_condition_are_left_out_together() -> None:
    sources, said, course = fair(taken(belt=BOTH, shop="apple_fit other", tree="apple_unfit", shelf="other"))
    assert sources == ["shop"] * 2 + ["tree"] * 2, "of the belt, what was said without it rests on places alone"
    assert course.training == [{"belt", "shelf"}]
    assert (said.logits == 1).all()


def test_what_was_said_without_a_source_counts_where_another_tells_its_products_apart() -> None:
    sources, said, course = fair(taken(belt=BOTH, phone=f"{BOTH} pear_fit pear_unfit", shop="apple_fit"))
    assert sources == ["belt"] * 4 + ["phone"] * 4 + ["shop"] * 2, "nobody else shows pears"
    assert course.training == [], "one source of one condition alone is what it was: left out"
    assert len(said.logits) == len(said.distances) == 10


@pytest.mark.parametrize(
    "sources", [{"shop": "apple_fit", "tree": "apple_unfit", "stall": "apple_fit"}, {"belt": BOTH}]
)
def test_where_nothing_is_fair_everything_counts(sources: dict[str, str]) -> None:
    photos = taken(**sources)
    chosen, said, _ = fair(photos)
    assert chosen == [photo.source for photo in photos]
    assert len(said.logits) == len(photos)
