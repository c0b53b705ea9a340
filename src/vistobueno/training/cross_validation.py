"""Models that were not trained on a photograph: cross-validation by group, and leaving whole sources out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from ..core.classes import ClassInfo
from .data import LabelledPhoto, conditions_of, fold_of_each, products_told_apart, source_groups, weights_of
from .features import Features, Progress
from .finetuning import Recipe, embed, fit_tail
from .last_layer import LastLayer, fit_last_layer
from .out_of_fold import Predictions

FOLDS = 3
SOURCE_GROUPS = 5
Rows = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Trained:
    """A tail's weights, what it makes of every photograph, (N, D), and the last layer on it."""

    weights: list[Floats]
    embeddings: Floats
    last: LastLayer

    def predictions(self, rows: Rows) -> Predictions:
        """What it says of the photographs ``rows``."""
        return Predictions.of(self.last.logits(self.embeddings[rows]))


@dataclass(frozen=True, eq=False)
class Course:
    """Everything a model is trained from. ``folder`` keeps what a run that is cut has made, for the next."""

    photos: Sequence[LabelledPhoto]
    classes: tuple[ClassInfo, ...]
    features: Features
    tail: keras.Model
    recipe: Recipe
    seed: int
    folder: Path
    progress: Progress

    def trained(self, name: str, rows: Rows) -> Trained:
        """A model trained on the photographs ``rows``; made once, then read from the folder.

        Unless those are all, it stands in for the model that ships, and is trained for a shorter time.
        """
        share = 1.0 if len(rows) == len(self.photos) else self.recipe.stand_in
        recipe = replace(self.recipe, epochs=max(1, round(share * self.recipe.epochs)))
        weights = weights_of(self.photos, self.recipe.balance)
        file = self.folder / f"{name.replace(' ', '-')}.npz"
        if not file.is_file():
            tail = fit_tail(
                self.tail,
                self.features,
                rows,
                weights,
                conditions_of(self.photos),
                self.classes,
                recipe,
                self.seed,
                lambda done, total: self.progress(name, done, total),
            )
            made = {f"weights_{number}": each for number, each in enumerate(tail.get_weights())}
            beside = file.with_suffix(".part.npz")
            np.savez(beside, embeddings=embed(tail, self.features), **made)
            beside.replace(file)
        with np.load(file) as kept:
            embeddings = kept["embeddings"]
            tuned = [kept[f"weights_{number}"] for number in range(len(kept.files) - 1)]
        labels, own = self.features.labels[rows], weights[rows]
        last = fit_last_layer(embeddings[rows], labels, own, len(self.classes), self.recipe.strength)
        return Trained(tuned, embeddings, last)


def out_of_fold_predictions(course: Course) -> Predictions:
    """Of every photograph, in order: by a model that had none of its group."""
    parts, rows = [], []
    for model, own in fold_models(course):
        parts.append(model.predictions(own))
        rows.append(own)
    return Predictions.joined(parts).at(np.argsort(np.concatenate(rows), kind="stable"))


def fold_models(course: Course) -> Iterator[tuple[Trained, Rows]]:
    """The model of each fold, trained without it, and the fold's photographs."""
    folds = fold_of_each(course.photos, FOLDS, course.seed)
    for fold in range(FOLDS):
        if (folds == fold).any():
            yield course.trained(f"fold {fold + 1}", np.flatnonzero(folds != fold)), np.flatnonzero(folds == fold)


def leave_one_source_out(course: Course) -> tuple[Rows, Predictions]:
    """Of the photographs ``rows`` of each source, by a model that never saw it, where others show the same classes."""
    rows, parts = [np.zeros(0, np.int64)], [Predictions.of(np.zeros((0, len(course.classes)), np.float32))]
    for model, _, own in source_models(course):
        parts.append(model.predictions(own))
        rows.append(own)
    return np.concatenate(rows), Predictions.joined(parts)


def source_models(course: Course) -> Iterator[tuple[Trained, Rows, Rows]]:
    """Models that never saw some sources, what each was trained on, and the photographs of the sources left out.

    Sources are left out in at most five groups, so that many sources cost no more than five. Of photographs left out,
    those are given whose classes the others show, too.
    """
    sources = np.array([photo.source for photo in course.photos])
    labels = course.features.labels
    for number, group in enumerate(source_groups(course.photos, SOURCE_GROUPS), 1):
        apart = np.isin(sources, sorted(group))
        others = np.flatnonzero(~apart)
        own = np.flatnonzero(apart & np.isin(labels, np.unique(labels[others])))
        if len(own) and len(np.unique(labels[others])) > 1:
            yield course.trained(f"without sources {number}", others), others, own


def fair(photos: Sequence[LabelledPhoto], rows: Rows) -> NDArray[np.bool_]:
    """Of which of ``rows``, judged without their sources, a model could learn the condition from what remained, (M,).

    A source that shows a product in one condition only teaches that its place is that condition. A model counts where a
    source that remained shows the product in both; where that is nowhere so, all count.
    """
    told = products_told_apart(photos)
    groups = {source: group for group in source_groups(photos, SOURCE_GROUPS) for source in group}
    kept = np.array(
        [
            any(photos[row].product in told[source] for source in told if source not in groups[photos[row].source])
            for row in rows.tolist()
        ],
        bool,
    )
    return kept if kept.any() else np.ones(len(rows), bool)
