"""Last layers fitted to what a model was trained on and to a line, each time with some of the photographs left out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .logistic import Standard, fit_logistic, fit_standard

Logits = NDArray[np.float32]
Indices = NDArray[np.int64]
Progress = Callable[[str, int, int], None]

STRENGTH = 1e-3  # C of the regression, as the shipped layer's
_ALONE = 5_000.0  # what a line counts where the model kept no training memory, in photographs
_WIDTH = 256  # directions of the embedding that count: a sixth of the time, and nothing is judged worse
WEIGHTS = (0.03, 0.1, 0.3, 1.0, 3.0)
"""What all of a line's photographs may count together, relative to all of the training memory."""
FOLDS, MEMORY_FOLDS = 5, 3


@dataclass(frozen=True, eq=False)
class Examples:
    """N labelled photographs as a model's embeddings.

    Attributes:
        embeddings: (N, D); labels: (N,) indices of classes.
        groups: (N,) photographs of one group show the same fruit or pose: no split parts them, and they count once.
        weights: (N,) of a line: one over the chance of having been asked; of a memory: how much each counts, 1 on average.
        sources: (N,) cameras or collections, by name.
    """

    embeddings: NDArray[np.float32]
    labels: Indices
    groups: NDArray[np.generic]
    weights: NDArray[np.float64]
    sources: NDArray[np.str_]


class Layers:
    """Layers fitted to the memory and the line, each time with some of them left out."""

    def __init__(self, memory: Examples | None, line: Examples, classes: int) -> None:
        parts = [line] if memory is None else [memory, line]
        embeddings = np.concatenate([part.embeddings for part in parts])
        self.known = 0 if memory is None else len(memory.labels)
        of_memory = line if memory is None else memory
        self.standard: Standard = fit_standard(of_memory.embeddings, of_memory.weights)
        self.basis = _main_directions(self.standard.of(embeddings))
        self.x = self.standard.of(embeddings) @ self.basis
        self.y = np.concatenate([part.labels for part in parts])
        self.classes = classes
        self.of_memory = np.zeros(0) if memory is None else memory.weights
        self.of_line = _balanced(line) * (_ALONE if memory is None else float(memory.weights.sum()))
        self.last: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None

    def fit(self, weight: float, kept: NDArray[np.bool_] | None = None) -> tuple[Logits, Logits]:
        """W and b where the line counts ``weight``; photographs that are not ``kept`` (memory first) do not count."""
        weights = np.concatenate([self.of_memory, weight * self.of_line])
        if kept is None:
            kept = np.ones(len(weights), bool)
        line = slice(self.known, None)
        if weights[line].sum():
            left = (weights[line] * kept[line]).sum() / weights[line].sum()
            weights[line] /= max(left, 0.5)  # a fold that is left out does not make the line count less
        self.last = fit_logistic(self.x[kept], self.y[kept], weights[kept], self.classes, STRENGTH, self.last)
        return self.last

    def folded(self, weight: float) -> tuple[Logits, Logits]:
        """Kernel and bias that take an embedding of length 1, fitted to everything."""
        w, b = self.fit(weight)
        kernel = (self.basis @ w) / self.standard.scale[:, None]
        return kernel, b - self.standard.mean @ kernel

    def logits(self, layer: tuple[Logits, Logits], rows: NDArray[np.bool_]) -> Logits:
        return np.asarray(self.x[rows] @ layer[0] + layer[1], np.float32)


def _main_directions(x: NDArray[np.floating]) -> NDArray[np.float32]:
    """The directions (D, d) in which standardised embeddings (N, D) differ most."""
    _, vectors = np.linalg.eigh(x.T @ x)
    return np.ascontiguousarray(vectors[:, ::-1][:, :_WIDTH], np.float32)


def cross_fitted(
    fits: Layers, weights: Sequence[float], line: Examples, folds: Indices, progress: Progress
) -> dict[float, Logits]:
    """Logits of the line by layers that were fitted without each one's group, for each weight."""
    crossed = {}
    total = len(weights) * FOLDS
    for at, weight in enumerate(weights):
        logits = np.zeros((len(line.labels), fits.classes), np.float32)
        for fold in range(FOLDS):
            progress("line", at * FOLDS + fold, total)
            out = np.concatenate([np.zeros(fits.known, bool), folds == fold])
            if out.any():
                logits[folds == fold] = fits.logits(fits.fit(weight, ~out), out)
        crossed[weight] = logits
    progress("line", total, total)
    return crossed


def cross_fitted_memory(fits: Layers, memory: Examples, seed: int, progress: Progress) -> dict[float, Logits]:
    """Logits (M, K) of the memory by layers that had none of its group, for each weight; 0: without the line."""
    folds = folds_of(memory.labels, memory.groups, MEMORY_FOLDS, seed)
    weights = (0.0, *WEIGHTS)
    total = len(weights) * MEMORY_FOLDS
    found = {}
    for at, weight in enumerate(weights):
        found[weight] = np.zeros((len(folds), fits.classes), np.float32)
        for fold in range(MEMORY_FOLDS):
            progress("memory", at * MEMORY_FOLDS + fold, total)
            out = np.concatenate([folds == fold, np.zeros(len(fits.y) - len(folds), bool)])
            found[weight][folds == fold] = fits.logits(fits.fit(weight, ~out), out)
    progress("memory", total, total)
    return found


def folds_of(labels: Indices, groups: NDArray[np.generic], folds: int, seed: int) -> Indices:
    """Assign each of N photographs to a fold: groups stay whole, each class is spread evenly."""
    _, first, place = np.unique(groups, return_index=True, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(first))
    order = order[np.argsort(labels[first][order], kind="stable")]  # class after class, dealt round
    fold = np.zeros(len(first), np.int64)
    fold[order] = np.arange(len(first)) % folds
    return np.asarray(fold[place], np.int64)


def _balanced(line: Examples) -> NDArray[np.float64]:
    """What each photograph of a line teaches, (N,), together 1: a class counts as the root of its number of groups.

    The chance of having been asked does not matter here: which photographs are hard is worth learning, however they came.
    """
    _, place, sizes = np.unique(line.groups, return_inverse=True, return_counts=True)
    weights = 1 / sizes[place]
    for label in np.unique(line.labels):
        own = line.labels == label
        weights[own] /= np.sqrt(weights[own].sum())
    return np.asarray(weights / weights.sum(), np.float64)
