"""The compass: what the recipe of `vistobueno train` does with cameras and grounds that it never saw.

    python benchmarks/compass.py PHOTOS                            # studio and basket are known, the rest is not
    python benchmarks/compass.py PHOTOS --set rate=3e-4           # the same with another recipe

A model is trained on three folds of the known sources, once a seed, and judged on the sources left out and on the fruit of
the fold left out, cut out and laid on crops of `other` photographs that it never saw, so that a ground says nothing of the
fruit. Seeds differ in their fold, too: a difference smaller than the spread is none.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from vistobueno.core.classes import ClassInfo
from vistobueno.core.verdict import other_log_odds, probability_unfit, softmax
from vistobueno.training import augment
from vistobueno.training.backbone import Backbone, choose_backbone
from vistobueno.training.data import LabelledPhoto, conditions_of, fold_of_each, read_photos, weights_of
from vistobueno.training.features import Features, compute, open_one, split_network
from vistobueno.training.figures import roc_auc
from vistobueno.training.finetuning import Recipe, embed, fit_tail
from vistobueno.training.fit import VIEWS, classes_of
from vistobueno.training.last_layer import fit_last_layer
from vistobueno.training.memory import keep_freed_memory
from vistobueno.training.segmentation import cut_out

Rows = NDArray[np.int64]
FOLDS = 4


def elsewhere(
    photos: Sequence[LabelledPhoto], rows: Rows, places: Rows, backbone: Backbone, trunk: keras.Model, seed: int
) -> tuple[Rows, NDArray[np.float16]]:
    """What the trunk sees of the fruit of ``rows`` on crops of the photographs ``places``.

    Returns:
        The rows whose fruit could be cut out (n,), and its maps (n, h, w, C).
    """
    pictures = [open_one(photos[row], backbone.size) for row in [*rows, *places]]
    fruit, grounds = pictures[: len(rows)], pictures[len(rows) :]
    kept, made = [], []
    for row, picture in zip(rows, fruit, strict=True):
        rng = np.random.default_rng((seed, int(row)))
        cutout = cut_out(picture)
        if cutout is not None:
            ground = grounds[int(rng.integers(len(grounds)))]
            kept.append(int(row))
            made.append(augment.compose([cutout], ground, backbone.size, rng))
    scale, offset = np.asarray(backbone.scale, np.float32), np.asarray(backbone.offset, np.float32)
    maps = [
        trunk(np.stack(made[start : start + 64]).astype(np.float32) * scale + offset, training=False).numpy()
        for start in range(0, len(made), 64)
    ]
    return np.array(kept, np.int64), np.concatenate(maps or [np.zeros(0)]).astype(np.float16)


def judged(logits: NDArray[np.float32], truth: Rows, classes: tuple[ClassInfo, ...]) -> dict[str, float]:
    """Figures of the products among n photographs with ``logits`` (n, K) and true classes ``truth`` (n,)."""
    own = np.array([classes[label].product is not None for label in truth])
    unfit = np.array([classes[label].condition == "unfit" for label in truth])[own]
    p = np.array([probability_unfit(each, classes) for each in softmax(logits[own])])
    products = [index for index, each in enumerate(classes) if each.product is not None]
    best = np.array(products)[logits[own][:, products].argmax(axis=1)]
    given = {
        "fit/unfit right": float(((p >= 0.5) == unfit).mean()),
        "class right": float((best == truth[own]).mean()),
    }
    return given | ({"AUC of unfit": roc_auc(p, unfit)} if 0 < unfit.sum() < len(unfit) else {})


def bearings(
    photos: Sequence[LabelledPhoto],
    classes: tuple[ClassInfo, ...],
    features: Features,
    network: tuple[Backbone, keras.Model, keras.Model],
    known: Sequence[str],
    recipe: Recipe,
    seed: int,
) -> dict[str, float]:
    """Train once and judge; shares and areas from 0 to 1 by name."""
    backbone, trunk, tail = network
    sources = np.array([photo.source for photo in photos])
    out = fold_of_each(photos, FOLDS, 7) == seed % FOLDS
    seen = np.isin(sources, known)
    rows, left_out, fold = np.flatnonzero(seen & ~out), np.flatnonzero(~seen), np.flatnonzero(seen & out)
    weights, labels = weights_of(photos, recipe.balance), features.labels
    learnt = fit_tail(
        tail, features, rows, weights, conditions_of(photos), classes, recipe, seed, lambda done, total: None
    )
    embeddings = embed(learnt, features)
    last = fit_last_layer(embeddings[rows], labels[rows], weights[rows], len(classes), recipe.strength)
    inside = np.array([classes[label].product is not None for label in labels])

    def logits_of(chosen: Rows) -> NDArray[np.float32]:
        return last.logits(embeddings[chosen])

    result = {f"known fold, {name}": value for name, value in judged(logits_of(fold), labels[fold], classes).items()}
    unknown = judged(logits_of(left_out), labels[left_out], classes)
    result |= {f"unknown sources, {name}": value for name, value in unknown.items()}
    outside = left_out[~inside[left_out]]
    if len(outside):
        odds = np.array([other_log_odds(each, classes) for each in logits_of(left_out)])
        result["unknown sources, AUC of out of distribution"] = roc_auc(odds, ~inside[left_out])
        kept, maps = elsewhere(photos, fold[inside[fold]], outside, backbone, trunk, seed)
        if len(kept):
            moved = Features(maps[:, np.newaxis], np.zeros((len(maps), 1, 1), np.float16), labels[kept])
            composed = judged(last.logits(embed(learnt, moved)), labels[kept], classes)
            result |= {f"unknown grounds, {name}": value for name, value in composed.items()}
    return result


def main() -> None:
    """Print each bearing: mean and standard deviation over the seeds, and each seed's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--known", default="studio,basket", help="sources to train on, with commas")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--backbone", default="efficientnet-lite0")
    parser.add_argument("--views", type=int, default=VIEWS)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="of the recipe")
    parser.add_argument(
        "--work", type=Path, help="keeps the views, which serve only the program and backbone that made them"
    )
    chosen = parser.parse_args()
    keep_freed_memory()
    kinds = {each.name: type(each.default) for each in fields(Recipe)}
    changes = dict(change.split("=", 1) for change in chosen.set)
    recipe = replace(Recipe(), **{name: kinds[name](float(value)) for name, value in changes.items()})
    photos = read_photos(chosen.data)
    classes = classes_of(photos)
    backbone = choose_backbone(chosen.backbone)
    trunk, tail = split_network(backbone.build(backbone.size))
    keys = [each.key for each in classes]
    with tempfile.TemporaryDirectory() as passing:
        work = chosen.work or Path(passing)
        work.mkdir(parents=True, exist_ok=True)
        features = compute(photos, keys, backbone, trunk, tail, views=chosen.views, seed=7, work=work,
                           progress=lambda step, done, total: None)  # fmt: skip
    runs = [
        bearings(photos, classes, features, (backbone, trunk, tail), chosen.known.split(","), recipe, seed)
        for seed in range(1, chosen.seeds + 1)
    ]
    width = max(map(len, runs[0]))
    for name in runs[0]:
        values = np.array([run[name] for run in runs])
        each = "  ".join(f"{value:.3f}" for value in values)
        print(f"{name:{width}s}  {values.mean():.3f} ± {values.std():.3f}   {each}")


if __name__ == "__main__":
    main()
