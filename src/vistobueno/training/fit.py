"""Train: labelled photographs → a calibrated bundle, in one resumable run that the same seed repeats."""

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ..core.classes import ClassInfo
from ..core.errors import DataRefused
from ..core.input import InputSpec
from ..core.photo import Photo
from ..core.policy import Policy
from ..core.verdict import Verdict, judge
from ..core.version import __version__
from ..model.bundle import GOLDEN, HELD_OUT, MEMORY, MODEL_H5, MODEL_TFLITE, Bundle, write_bundle
from ..model.memory import Memory
from ..model.runtime import golden_file, prepare, scaled
from .backbone import choose_backbone
from .cards import cards
from .convert import as_list, prove_equal, to_h5, to_tflite, with_outputs
from .corruptions import PER_CLASS, corruption_figures
from .cross_validation import Course, fair, fold_models, leave_one_source_out, out_of_fold_predictions
from .data import LabelledPhoto, data_digest, read_data, readable, unreadable, weights_of
from .evaluate import held_out_figures
from .features import Progress, compute, split_network
from .finetuning import Recipe
from .labels import OTHER
from .lines import line_figures
from .memory import keep_freed_memory
from .out_of_fold import OutOfFold, hashes_of
from .settle import settle_policy, with_quality

VIEWS = 7
_NAMES = {
    "apple": ("manzana", "apple"),
    "banana": ("banano", "banana"),
    "orange": ("naranja", "orange"),
}


def train(
    data: Path,
    out: Path,
    *,
    backbone: str = "efficientnet-lite0",
    epochs: int | None = None,
    views: int | None = None,
    seed: int = 7,
    alpha: float = 0.01,
    beta: float = 0.02,
    version: str = __version__,
    work: Path | None = None,
    skip_unreadable: bool = False,
    corrupted: int = PER_CLASS,
    lines: bool = False,
    progress: Progress = lambda step, done, total: None,
) -> Bundle:
    """Train on every photograph, and judge the result on predictions of models that did not see them.

    The data is parted by group into folds; a model is trained without each fold, and one without each source or, of more
    than five, without each of five groups of them. Their predictions set temperature, thresholds and scope and give the
    figures; the model that ships is trained on all.

    Args:
        data: class folders or a table, see `read_data`.
        out: the bundle's folder.
        views: pictures made of each photograph beside itself.
        version: of the bundle.
        work: where what was computed is kept; a run with the same arguments goes on where it was cut. By default
            ``.<out>-work`` beside ``out``, removed at the end.
        skip_unreadable: go on without the photographs that cannot be read; the bundle says how many there were.
        corrupted: photographs of each class that are made worse, to see what becomes of the verdicts; 0 for none.
        lines: also measure what commissioning does for each source that a model never saw.

    Raises:
        DataRefused: what `read_data` raises, ``data_classes``, ``data_few`` or ``photos_unreadable``.
    """
    keep_freed_memory()
    recipe = Recipe(probe_epochs=epochs, epochs=epochs, least_steps=1) if epochs else Recipe()
    views = views or VIEWS
    found = read_data(data)
    photos, refused = readable(found.photos)
    if refused and not skip_unreadable:
        raise unreadable(refused)
    classes = classes_of(photos)
    _refuse_few(photos)
    keys = tuple(each.key for each in classes)
    chosen = choose_backbone(backbone)
    facts = {"backbone": backbone, "views": views, "seed": seed, "recipe": asdict(recipe), "data": data_digest(photos)}
    kept = work or out.parent / f".{out.name}-work"
    hashes = hashes_of(photos)
    viewed = {"backbone": backbone, "views": views, "seed": seed, "photographs": hashes, "program": __version__}
    shelf = kept / _name_of(viewed)  # its views serve every recipe
    folder = shelf / _name_of([facts, [(photo.label, photo.condition, photo.group, photo.source) for photo in photos]])
    folder.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(seed)
    network = chosen.build(chosen.size)
    trunk, tail = split_network(network)
    features = compute(photos, keys, chosen, trunk, tail, views=views, seed=seed, work=shelf, progress=progress)
    course = Course(photos, classes, features, tail, recipe, seed, folder, progress)
    seen = out_of_fold_predictions(course)
    rows_out, left_out = leave_one_source_out(course)
    held_out = OutOfFold(hashes, seen, rows_out, left_out)
    judged = fair(photos, rows_out)
    everyone = np.arange(len(photos))
    final = course.trained("final", everyone)
    policy = settle_policy(seen, left_out.at(np.flatnonzero(judged)), rows_out[judged], photos, classes, alpha, beta)
    policy = with_quality(policy, [photo for photo in photos if photo.label != OTHER])
    spec = InputSpec(chosen.size, chosen.size, scale=chosen.scale, offset=chosen.offset)
    metrics = held_out_figures(photos, held_out, classes, policy)
    if corrupted:
        metrics["corruptions"] = _corrupted(course, trunk, spec, policy, corrupted, progress)
    if lines:
        metrics["commissioned"] = line_figures(course, policy)
    tail.set_weights(final.weights)  # the tail's layers are the network's own
    serving = with_outputs(network.input, network.output, final.last.as_dense(), normalised=True)
    tflite = to_tflite(serving)
    prove_equal(serving, tflite, spec)
    flags = (f" --epochs {epochs}" if epochs else "") + (f" --version {version}" if version != __version__ else "")
    flags += " --lines" if lines else ""
    origin = {
        "command": f"vistobueno train {data.name} --out {out.name} --backbone {backbone} --views {views}{flags} --seed {seed}",
        "program": __version__,
        "unknown": [],
    }
    files = {
        MODEL_H5: to_h5(serving),
        MODEL_TFLITE: tflite,
        GOLDEN: golden_file(spec, keys, lambda picture: as_list(serving(scaled(picture, spec)))[0].numpy()[0]),
        HELD_OUT: held_out.content(),
        MEMORY: _memory(photos, features.labels, final.embeddings, weights_of(photos, recipe.balance)),
    }
    written: dict[str, Any] = {
        "name": out.name,
        "version": version,
        "created": datetime.now(UTC).date().isoformat(),
        "input": spec,
        "classes": classes,
        "policy": policy,
        "labels_proved": True,
        "training": {
            **facts,
            "photographs": len(photos),
            "unreadable": len(refused),
            "passed_over": len(found.passed_over),
            "sources": sorted({photo.source for photo in photos}),
        },
        "metrics": metrics,
        "origin": origin,
    }
    bundle = write_bundle(out, {**files, **cards(written)}, **written)
    if work is None:
        shutil.rmtree(kept, ignore_errors=True)
    return bundle


def _corrupted(
    course: Course, trunk: keras.Model, spec: InputSpec, policy: Policy, per_class: int, progress: Progress
) -> dict[str, Any]:
    """`corruption_figures` by the models that were trained without each photograph."""
    parts = []
    for model, rows in fold_models(course):
        tail = keras.models.clone_model(course.tail)
        tail.set_weights(model.weights)
        parts.append((set(rows.tolist()), model.last, _embedder(trunk, tail)))

    def verdicts(row: int, versions: Sequence[Photo]) -> list[Verdict]:
        last, embed = next((last, embed) for rows, last, embed in parts if row in rows)
        seen = embed(np.concatenate([scaled(prepare(each, spec), spec) for each in versions]))
        pairs = zip(last.logits(seen), versions, strict=True)
        return [judge(logits, None, photo, course.classes, policy) for logits, photo in pairs]

    return corruption_figures(
        course.photos,
        verdicts,
        course.classes,
        per_class=per_class,
        progress=lambda done, total: progress("corruptions", done, total),
    )


def _embedder(trunk: keras.Model, tail: keras.Model) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    run = tf.function(lambda x: tf.reduce_mean(tail(trunk(x, training=False), training=False), axis=(1, 2)))
    return lambda values: run(tf.constant(values)).numpy()


def classes_of(photos: Sequence[LabelledPhoto]) -> tuple[ClassInfo, ...]:
    """The classes that labels name, in alphabetical order, `other` last.

    Raises:
        DataRefused: ``data_classes`` when there is nothing to tell apart.
    """
    labels = sorted({photo.label for photo in photos} - {OTHER})
    if len(labels) < 2:
        names = ", ".join(labels)
        raise DataRefused(
            "data_classes",
            es=f"Hacen falta dos clases o más, aparte de other; hay: {names}.",
            en=f"There must be at least two classes besides other; there are: {names}.",
        )
    classes = []
    for label in labels:
        product, _, condition = label.rpartition("_")
        product_es, product_en = _NAMES.get(product, (product, product))
        es = "apta" if product_es.endswith("a") else "apto"
        spoken = {"es": f"{product_es} {es}", "en": f"fit {product_en}"}
        if condition == "unfit":
            spoken = {"es": f"{product_es} no {es}", "en": f"not fit {product_en}"}
        classes.append(ClassInfo(label, product, "unfit" if condition == "unfit" else "fit", spoken))
    if any(photo.label == OTHER for photo in photos):
        classes.append(ClassInfo(OTHER, None, None, {"es": "otra cosa", "en": "something else"}))
    return tuple(classes)


def _refuse_few(photos: Sequence[LabelledPhoto]) -> None:
    """Every class needs two groups: one to learn from, one to judge the learning by."""
    groups = {(photo.label, photo.group) for photo in photos}
    few = sorted(label for label, count in Counter(label for label, _ in groups).items() if count < 2)
    if few:
        names = ", ".join(few)
        raise DataRefused(
            "data_few",
            es=f"Hay muy pocas fotografías de: {names}. Ponga al menos dos que no sean copias la una de la otra.",
            en=f"There are too few photographs of: {names}. Add at least two that are not copies of each other.",
        )


def _memory(
    photos: Sequence[LabelledPhoto],
    labels: NDArray[np.int64],
    embeddings: NDArray[np.float32],
    weights: NDArray[np.float64],
) -> bytes:
    """What a station fits a last layer from again; its groups are told apart by source, too."""
    names, sources = np.unique([photo.source for photo in photos], return_inverse=True)
    _, groups = np.unique([f"{photo.source}/{photo.group}" for photo in photos], return_inverse=True)
    return Memory(embeddings, labels, sources, tuple(names.tolist()), groups, weights.astype(np.float32)).content()


def _name_of(facts: object) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]
