"""What commissioning does for a line: each source that a model never saw stands for one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.commissioning import commission
from ..core.layers import Examples
from ..core.policy import Policy
from ..core.verdict import judge
from .cross_validation import Course, Rows, source_models
from .data import LabelledPhoto, products_told_apart, weights_of
from .evaluate import judged_from
from .figures import describe

COUNTS = (5, 10, 20, 40)
_LEFT = 10  # groups of each class that must be left to judge


def line_figures(course: Course, policy: Policy, counts: Sequence[int] = COUNTS) -> dict[str, dict[str, Any]]:
    """Of each source that shows a product in both conditions: `describe`, by how many photographs of each class were answered.

    The photographs answered are of as many groups, drawn with the course's seed; judged are those of other groups.
    """
    photos, labels = course.photos, course.features.labels
    names, groups = (np.array([getattr(photo, name) for photo in photos]) for name in ("source", "group"))
    weights = weights_of(photos, course.recipe.balance)
    products = np.array([each.product is not None for each in course.classes])
    told = products_told_apart(photos)
    found: dict[str, dict[str, Any]] = {}
    for model, others, own in source_models(course):
        logits = model.last.logits(model.embeddings)

        def examples(rows: Rows, counted: NDArray[np.float64], seen: NDArray[np.float32]) -> Examples:
            return Examples(seen[rows], labels[rows], groups[rows], counted[rows], names[rows])

        memory = examples(others, weights, model.embeddings)
        for source in sorted({str(names[row]) for row in own if told[str(names[row])]}):
            rows = np.array([row for row in own if names[row] == source and _belongs(photos[row], told[source])])
            for count in counts:
                answered = _answered(labels[rows], groups[rows], products, count, course.seed)
                if answered is None:
                    break
                line = rows[answered]
                rest = rows[~np.isin(groups[rows], groups[line])]
                made = commission(
                    memory, examples(line, np.ones(len(photos)), model.embeddings), logits[line], course.classes, policy
                ).calibration
                said = made.logits(logits[rest], model.embeddings[rest])
                verdicts = [judge(each, None, None, course.classes, made.policy) for each in said]
                judged = judged_from([photos[row] for row in rest], verdicts, course.classes)
                found.setdefault(source, {})[str(count)] = describe(judged)
    return found


def _belongs(photo: LabelledPhoto, told: set[str]) -> bool:
    """Whether it is of the line: a product that it shows in both conditions, or what is none of the products."""
    return not photo.product or photo.product in told


def _answered(
    labels: Rows, groups: NDArray[np.str_], products: NDArray[np.bool_], count: int, seed: int
) -> Rows | None:
    """Places of ``count`` photographs of each class, no two of a group; None where too few groups would be left.

    Of what is none of the products a line shows what it happens to show: of that no more than half are taken.
    """
    order = np.random.default_rng((seed, count)).permutation(len(labels)).tolist()
    chosen: list[int] = []
    for label in np.unique(labels):
        firsts = list({groups[at]: at for at in order if labels[at] == label}.values())
        if products[label] and len(firsts) < count + _LEFT:
            return None
        chosen += firsts[: count if products[label] else min(count, len(firsts) // 2)]
    return np.array(chosen)
