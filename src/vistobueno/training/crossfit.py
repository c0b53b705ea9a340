"""Predictions of models on photographs that they were not trained on: fold by fold, and source by source."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from ..core.calibration import fit_scope, scope_distances
from ..core.classes import ClassInfo
from ..core.policy import Scope
from .data import LabelledPhoto, conditions_of, fold_of_each, products_told_apart
from .features import Features, Progress
from .held_out import Predictions
from .tail import Recipe, fit_tail, predict

_FOLDS = 4
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Course:
    """Everything a model is trained from. ``folder`` keeps the predictions of a run that is cut, for the next."""

    photos: Sequence[LabelledPhoto]
    classes: tuple[ClassInfo, ...]
    features: Features
    tail: keras.Model
    recipe: Recipe
    seed: int
    folder: Path
    progress: Progress

    def learn(self, name: str, rows: Rows) -> keras.Model:
        """Train a tail and a classifier on the photographs ``rows``."""
        strata = [f"{photo.source}/{photo.label}" for photo in self.photos]
        return fit_tail(
            self.tail,
            self.features,
            rows,
            strata,
            conditions_of(self.photos),
            self.classes,
            self.recipe,
            self.seed,
            lambda done, total: self.progress(name, done, total),
        )

    def scope_of(self, model: keras.Model, rows: Rows) -> Scope:
        """What the products among ``rows``, on which ``model`` was trained, look like to it."""
        labels = self.features.labels
        products = np.array([index for index, each in enumerate(self.classes) if each.product is not None])
        own = rows[np.isin(labels[rows], products)]
        return fit_scope(predict(model, self.features, own)[1], labels[own])

    def predictions(self, name: str, training: Rows, rows: Rows) -> Predictions:
        """What a model trained on ``training`` says of ``rows``; made once, then read from the folder."""
        file = self.folder / f"{name.replace(' ', '-')}.npz"
        if not file.is_file():
            model = self.learn(name, training)
            logits, embeddings = predict(model, self.features, rows)
            distances = scope_distances(embeddings, self.scope_of(model, training)).astype(np.float32)
            beside = file.with_suffix(".part.npz")
            np.savez(beside, logits=logits, distances=distances)
            beside.replace(file)
        with np.load(file) as kept:
            return Predictions(kept["logits"], kept["distances"])


def by_fold(course: Course) -> Predictions:
    """Of every photograph, in order: by a model that had none of its group."""
    folds = fold_of_each(course.photos, _FOLDS, course.seed)
    everyone = np.arange(len(folds))
    rows = [everyone[folds == fold] for fold in range(_FOLDS)]
    parts = [
        course.predictions(f"fold {fold + 1}", everyone[folds != fold], rows[fold])
        for fold in range(_FOLDS)
        if len(rows[fold])
    ]
    joined, order = Predictions.joined(parts), np.argsort(np.concatenate(rows), kind="stable")
    return Predictions(joined.logits[order], joined.distances[order])


def by_source(course: Course) -> tuple[Rows, Predictions]:
    """Of the photographs ``rows`` of each source, by a model that never saw it, where others show the same classes."""
    sources = np.array([photo.source for photo in course.photos])
    labels = course.features.labels
    empty = Predictions(np.zeros((0, len(course.classes)), np.float32), np.zeros(0, np.float32))
    rows, parts = [np.zeros(0, np.int64)], [empty]
    for number, source in enumerate(np.unique(sources), 1):
        others = np.flatnonzero(sources != source)
        own = np.flatnonzero((sources == source) & np.isin(labels, np.unique(labels[others])))
        if len(own) and len(np.unique(labels[others])) > 1:
            parts.append(course.predictions(f"without source {number}", others, own))
            rows.append(own)
    return np.concatenate(rows), Predictions.joined(parts)


def by_fair_source(course: Course, rows: Rows, left_out: Predictions) -> tuple[Rows, Predictions]:
    """Of the products of sources left out, by models that could learn their conditions from what remained.

    A source that shows a product in one condition only teaches that its place is that condition. Left out alone, it leaves
    the others like it, and a model that errs on every new place for a reason that one trained on all of them has less. So
    those sources are left out together; of any other source, what was said without it counts where another that remains
    shows the product in both conditions.

    Args:
        rows, left_out: as `by_source` gives them; all of them come back when none is fair.
    """
    photos = course.photos
    sources, products = (np.array(each) for each in zip(*((p.source, p.product) for p in photos), strict=True))
    told = products_told_apart(photos)
    shown = {source: set(products[sources == source]) - {""} for source in told}
    apart = [source for source in told if shown[source] and not told[source]]
    together = np.isin(sources, apart) if len(apart) > 1 else np.zeros(len(photos), bool)

    def fair(row: int, without: Sequence[str]) -> bool:
        return any(products[row] in told[source] for source in told if source not in without)

    kept = [at for at, row in enumerate(rows.tolist()) if not together[row] and fair(row, [sources[row]])]
    own = np.array([row for row in np.flatnonzero(together).tolist() if fair(row, apart)], np.int64)
    parts, chosen = [left_out.at(kept)], [rows[kept]]
    if len(own):
        parts.append(course.predictions("apart", np.flatnonzero(~together), own))
        chosen.append(own)
    found = np.concatenate(chosen)
    return (found, Predictions.joined(parts)) if len(found) else (rows, left_out)
