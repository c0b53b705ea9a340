"""What commissioning is worth on a line that a model never saw: python benchmarks/commissioning.py PHOTOS.

A whole source of a labelled table is taken as the line and left out of the training memory; k photographs of each class
of it are answered, one of each group first, and the rest of the line, other groups, are judged before and after. What is
out of distribution: the `other` photographs of sources that are in no memory (--outside). The network itself may have
seen a source in its training: name with --lines those that it has not. The shipped model 0.1 was trained on `studio`,
`store`, `orchard` and `basket` alone.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vistobueno.core.commissioning import commission
from vistobueno.core.layers import Examples
from vistobueno.core.photo import Photo, open_photo
from vistobueno.core.policy import Policy
from vistobueno.core.verdict import judge
from vistobueno.model.commission import Seen, see
from vistobueno.model.runtime import Model, load_model
from vistobueno.training.data import LIMITS, LabelledPhoto, read_photos, weights_of
from vistobueno.training.figures import roc_auc

LINES = ("pallet", "musa", "ripeweb", "extension", "webapple", "cofilab")
OUTSIDE = ("imagenet", "sito", "cherry", "strawberryfarm", "veg8", "bag")
FIGURES = ("forced", "review", "escapes", "overkill", "ood", "promised")


class Lab:
    """All photographs of a table as a network sees them."""

    def __init__(self, photos: Sequence[LabelledPhoto], seen: Seen, model: Model, outside: Sequence[str]) -> None:
        self.photos, self.seen, self.bundle = photos, seen, model.bundle
        keys = [each.key for each in self.bundle.classes]
        self.labels = np.array([keys.index(photo.label) for photo in photos])
        self.groups = np.array([f"{photo.source}/{photo.group}" for photo in photos])
        self.sources = np.array([photo.source for photo in photos])
        self.inside = np.array([self.bundle.classes[label].product is not None for label in self.labels])
        self.unfit = np.array([self.bundle.classes[label].condition == "unfit" for label in self.labels])
        self.outside = np.flatnonzero(~self.inside & np.isin(self.sources, outside))

    def examples(self, rows: NDArray[np.int64], weights: NDArray[np.float64]) -> Examples:
        return Examples(self.seen.embeddings[rows], self.labels[rows], self.groups[rows], weights, self.sources[rows])

    def memory(self, line: str) -> Examples:
        """Everything but the line and the outside."""
        rows = np.setdiff1d(np.flatnonzero(self.sources != line), self.outside)
        return self.examples(rows, weights_of([self.photos[row] for row in rows], 0.5))

    def draw(self, line: str, k: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Take k photographs of each class of the line, of as many groups, and the products of all other groups."""
        rng = np.random.default_rng(seed)
        own = np.flatnonzero(self.sources == line)
        taken = []
        for label in np.unique(self.labels[own]):
            rows = rng.permutation(own[self.labels[own] == label])
            _, first = np.unique(self.groups[rows], return_index=True)
            taken += rng.permutation(rows[first])[:k].tolist()
        rest = own[~np.isin(self.groups[own], self.groups[taken]) & self.inside[own]]
        return np.array(taken), rest

    def figures(self, logits: NDArray[np.float32], policy: Policy, rest: NDArray[np.int64]) -> dict[str, float]:
        """Of the rest of a line, and of the outside."""
        rows = np.concatenate([rest, self.outside])
        verdicts = [judge(logits[r], self.seen.embeddings[r], None, self.bundle.classes, policy) for r in rows]
        answers = np.array([each.answer for each in verdicts])[: len(rest)]
        forced = np.array([each.forced == "unfit" for each in verdicts])[: len(rest)]
        scores = np.array([np.nan if each.ood_score is None else each.ood_score for each in verdicts])
        unfit = self.unfit[rest]
        return {
            "forced": float((forced == unfit).mean()),
            "review": float((answers == "review").mean()),
            "escapes": float((answers[unfit] == "fit").mean()) if unfit.any() else float("nan"),
            "overkill": float((answers[~unfit] == "unfit").mean()) if (~unfit).any() else float("nan"),
            "ood": roc_auc(scores, np.arange(len(rows)) >= len(rest)),
            "promised": policy.alpha,
        }


def measure(lab: Lab, line: str, counts: Sequence[int], draws: int) -> Iterator[tuple[str, dict[str, float]]]:
    """The line today, and commissioned by k photographs of each class: means over the draws."""
    everything = np.flatnonzero((lab.sources == line) & lab.inside)
    yield "today", lab.figures(lab.seen.logits, lab.bundle.policy, everything)
    memory = lab.memory(line)
    for k in counts:
        found: list[dict[str, float]] = []
        for seed in range(draws):
            taken, rest = lab.draw(line, k, seed)
            if len(rest) < 10:
                continue
            answered = lab.examples(taken, np.ones(len(taken)))
            made = commission(
                memory, answered, lab.seen.logits[taken], lab.bundle.classes, lab.bundle.policy, seed=seed
            )
            logits = made.calibration.logits(lab.seen.logits, lab.seen.embeddings)
            found.append(lab.figures(logits, made.calibration.policy, rest))
        if found:
            yield f"k = {k}", {name: float(np.nanmean([each[name] for each in found])) for name in FIGURES}


def _all_seen(photos: Sequence[LabelledPhoto], model: Model, kept: Path | None) -> Seen:
    if kept is not None and kept.is_file():
        with np.load(kept) as arrays:
            return Seen(arrays["logits"], arrays["embeddings"], arrays["measured"])

    def opened() -> Iterator[Photo]:
        for photo in photos:
            yield open_photo(photo.path.read_bytes(), LIMITS)

    seen = see(opened(), model)
    if kept is not None:
        np.savez(kept, **vars(seen))
    return seen


def main() -> None:
    """Print a table for each line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, help="a table, or a folder with photos.csv, of several sources")
    parser.add_argument("--model", type=Path, help="by default the shipped one")
    parser.add_argument("--lines", nargs="+", default=LINES)
    parser.add_argument("--outside", nargs="+", default=OUTSIDE)
    parser.add_argument("--k", nargs="+", type=int, default=[5, 10, 20, 40])
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--embeddings", type=Path, help="keep what the network says in this .npz, for the next run")
    chosen: Any = parser.parse_args()
    model = load_model(chosen.model)
    photos = read_photos(chosen.photos)
    lab = Lab(photos, _all_seen(photos, model, chosen.embeddings), model, chosen.outside)
    print(f"{'':12} {'':8}", *(f"{name:>9}" for name in FIGURES))
    for line in chosen.lines:
        for name, values in measure(lab, line, chosen.k, chosen.draws):
            print(f"{line:12} {name:8}", *(f"{values[each]:9.3f}" for each in FIGURES), flush=True)


if __name__ == "__main__":
    main()
