"""Commissioning: fit a model's last layer, scope and thresholds to a line, from photographs of it that people answered.

Pure numpy: embeddings and labels in, a `Calibration` and what it is worth out. Files and models are other rooms' matter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .calibration import fit_temperature, weigh_scope
from .classes import ClassInfo
from .errors import DataRefused
from .layers import (
    FOLDS,
    WEIGHTS,
    Examples,
    Indices,
    Layers,
    Logits,
    Progress,
    cross_fitted,
    cross_fitted_memory,
    folds_of,
)
from .policy import Policy, Scope
from .promises import Promise, counts_of, line_thresholds
from .shares import Share, share_of
from .verdict import Verdict, distance_of, energy, judge, ood_score, other_log_odds, softmax

Floats = NDArray[np.floating]

MOST_LOST = 0.005  # of the forced accuracy on what the model was trained on
_PASSED = 0.99  # share of a line's fruit that its scope lets through at the least
_CAUGHT = 0.95  # share of what is known to be something else that it may be as loose as to catch
_PRIOR = 20.0  # photographs of the training memory that the temperature heeds, beside the line's own
FITTED_TO = "fitted_to"
"""The fact that names the photographs a calibration was fitted to."""
FEWEST = 5  # groups of the products without which nothing can be learnt about a line


@dataclass(frozen=True, eq=False)
class Calibration:
    """A line's own last layer and policy, for one model.

    Attributes:
        network: SHA-256 of the model.tflite whose embeddings it was fitted to.
        kernel, bias: (D, K) and (K,): logits = embedding / ‖embedding‖ @ kernel + bias; None where the network's own
            logits stay.
        facts: what it was made from and what it is worth, as JSON takes it; see `_facts`.
    """

    network: str
    policy: Policy
    kernel: NDArray[np.float32] | None
    bias: NDArray[np.float32] | None
    facts: Mapping[str, Any]

    @property
    def fitted_to(self) -> frozenset[str]:
        """SHA-256 (hex) of the line's photographs, as far as they were kept."""
        kept = self.facts.get(FITTED_TO)
        return frozenset(each for each in kept if isinstance(each, str)) if isinstance(kept, list) else frozenset()

    def logits(self, own: Floats, embeddings: Floats | None) -> Logits:
        """Logits (…, K), from the network's own and the embeddings (…, D)."""
        if self.kernel is None or self.bias is None or embeddings is None:
            return np.asarray(own, np.float32)
        length = np.maximum(np.linalg.norm(embeddings, axis=-1, keepdims=True), 1e-12)
        return np.asarray(embeddings / length @ self.kernel + self.bias, np.float32)


@dataclass(frozen=True)
class Rates:
    """How a line's photographs were judged, those that a cross-fit left out by what it learnt from the others."""

    forced: Share
    escapes: Share
    overkill: Share
    review: Share


@dataclass(frozen=True, eq=False)
class Commissioned:
    """A calibration and what is known of it.

    Attributes:
        weight: what the line counts, relative to the training memory; chosen from `WEIGHTS` by cross-validation.
        before, after: of the line; its verdicts by photograph are in ``verdicts_before`` and ``verdicts_after``.
        known: forced accuracy by source of the training memory, without the line's photographs and with them; the whole
            is under the empty name.
    """

    calibration: Calibration
    escapes: Promise
    overkill: Promise
    weight: float
    before: Rates
    after: Rates
    known: Mapping[str, tuple[Share, Share]]
    verdicts_before: tuple[Verdict, ...]
    verdicts_after: tuple[Verdict, ...]


def commission(
    memory: Examples | None,
    line: Examples,
    own_logits: Floats,
    classes: tuple[ClassInfo, ...],
    policy: Policy,
    *,
    network: str = "",
    alpha: float | None = None,
    beta: float | None = None,
    seed: int = 0,
    progress: Progress = lambda step, done, total: None,
) -> Commissioned:
    """Fit last layer, temperature, scope and thresholds to a line.

    The line's photographs are judged by layers that were fitted without any of their group: on what these say, weight,
    temperature, scope and thresholds are set. Thresholds keep an escape rate of ``alpha`` or, with n groups of unfit
    fruit too few for it, 1 / (n + 1): no data of n can promise less. Where that would send more than `promises.PATIENCE` of the
    fruit to people, the promise is made for a larger rate, the next of 2 / (n + 1), 3 / (n + 1) … up to 10 %; likewise
    for overkill, up to 15 %.

    Args:
        memory: what the model was trained on; None: the layer is left as it is or, where the line's photographs show
            something else than the products too, fitted to them alone: whichever judges the line better.
        own_logits: (N, K) what the network itself says of the line's photographs.
        policy: of the model; ``alpha`` and ``beta`` are its by default.

    Raises:
        DataRefused: ``line_few``.
    """
    products = np.array([each.product is not None for each in classes])
    unfit_classes = np.array([each.condition == "unfit" for each in classes])
    inside, unfit = products[line.labels], unfit_classes[line.labels]
    _refuse_few(line, inside)
    wished = (policy.alpha if alpha is None else alpha, policy.beta if beta is None else beta)
    layers = Layers(memory, line, len(classes))
    folds = folds_of(line.labels, line.groups, FOLDS, seed)
    weights: tuple[float, ...] = WEIGHTS
    if memory is None:
        weights = (1.0,) if np.isin(np.flatnonzero(~products), line.labels).all() else ()
    crossed = cross_fitted(layers, weights, line, folds, progress)
    if memory is None:
        crossed[0.0] = np.asarray(own_logits, np.float32)
    of_memory = {} if memory is None else cross_fitted_memory(layers, memory, seed, progress)
    counts = counts_of(line.groups, line.weights)
    outside = None if memory is None else ~products[memory.labels]
    losses = {
        weight: _loss(logits, line.labels, counts)
        + (_scope_loss(logits[inside], of_memory[weight][outside], classes) if outside is not None else 0.0)
        for weight, logits in crossed.items()
    }
    weight = min(losses, key=losses.__getitem__)
    known: dict[str, tuple[Share, Share]] = {}
    if memory is not None:
        weight, known = _bearable(weight, of_memory, memory, products, unfit_classes)
    logits, known_logits = crossed[weight], of_memory.get(weight)
    temperature = _temperature(logits, line.labels, counts, known_logits, memory)
    changed = replace(policy, temperature=temperature, familiar=0.0, doubt=0.0)
    known_outside = None if known_logits is None or outside is None else known_logits[outside]
    changed = replace(changed, scope=_scope(logits, line.embeddings, inside, known_outside, classes, policy.scope))
    p = p_unfit(logits / temperature, classes)
    low, high, escapes, overkill = line_thresholds(
        p[inside], unfit[inside], line.groups[inside], line.weights[inside], wished
    )
    changed = replace(changed, fit_below=low, unfit_above=high, alpha=escapes.rate, beta=overkill.rate)
    kernel, bias = layers.folded(weight) if weight else (None, None)
    before = _verdicts(own_logits, line.embeddings, classes, policy)
    after = _verdicts(logits, line.embeddings, classes, changed)
    found = Commissioned(
        Calibration(network, changed, kernel, bias, {}),
        escapes,
        overkill,
        weight,
        _rates(before, inside, unfit, line),
        _rates(after, inside, unfit, line),
        known,
        before,
        after,
    )
    return replace(found, calibration=replace(found.calibration, facts=_facts(found, line, classes, memory)))


def p_unfit(logits: Floats, classes: tuple[ClassInfo, ...]) -> NDArray[np.float64]:
    """Probability of unfit, given one of the products, of logits (N, K): (N,)."""
    z = np.asarray(logits, np.float64)
    sides = [[k for k, each in enumerate(classes) if each.condition == side] for side in ("unfit", "fit")]
    unfit, fit = (np.logaddexp.reduce(z[:, side], axis=1) if side else np.full(len(z), -np.inf) for side in sides)
    return np.asarray(np.exp(unfit - np.logaddexp(unfit, fit)), np.float64)


def _refuse_few(line: Examples, inside: NDArray[np.bool_]) -> None:
    count = len(np.unique(line.groups[inside]))
    if count < FEWEST:
        raise DataRefused(
            "line_few",
            es=f"Hay {count} fotos de los productos que no son copias unas de otras; hacen falta al menos {FEWEST}, y con "
            "20 de cada clase se promete algo útil. Añada fotos de la línea.",
            en=f"There are {count} photographs of the products that are not copies of each other; at least {FEWEST} are "
            "needed, and a useful promise takes 20 of each class. Add photographs of the line.",
        )


def _loss(logits: Floats, labels: Indices, counts: Floats) -> float:
    """Mean cross-entropy at the temperature that suits the logits best: weights are compared, not their scale."""
    p = softmax(logits / fit_temperature(logits, labels))
    return float((counts * -np.log(p[np.arange(len(labels)), labels] + 1e-12)).mean())


def _scope_loss(inside: Logits, outside: Logits, classes: tuple[ClassInfo, ...]) -> float:
    """Mean cross-entropy of what tells the line's fruit from the memory's other things, both counting alike."""
    if not len(outside):
        return 0.0
    signs = [_signs(part, classes) for part in (inside, outside)]
    weights = weigh_scope(*signs).weights.astype(np.float64)
    scores = [weights[0] + part @ weights[1:] for part in signs]
    return float(np.logaddexp(0, scores[0]).mean() + np.logaddexp(0, -scores[1]).mean()) / 2


def _bearable(
    wanted: float,
    of_memory: Mapping[float, Logits],
    memory: Examples,
    products: NDArray[np.bool_],
    unfit: NDArray[np.bool_],
) -> tuple[float, dict[str, tuple[Share, Share]]]:
    """The largest weight up to ``wanted`` that costs what was known no more than may be, or the smallest of all.

    Returns:
        The weight, and the memory's forced accuracy by source, without the line and with it.
    """
    known: dict[str, tuple[Share, Share]] = {}
    weight = wanted
    for weight in sorted((each for each in of_memory if 0 < each <= wanted), reverse=True):
        known = _compared(of_memory[0.0], of_memory[weight], memory, products, unfit)
        if known[""][0].share - known[""][1].share <= MOST_LOST:
            break
    return weight, known


def _compared(
    without: Logits, with_line: Logits, memory: Examples, products: NDArray[np.bool_], unfit: NDArray[np.bool_]
) -> dict[str, tuple[Share, Share]]:
    """Forced accuracy of the memory's products, of all (under the empty name) and by source, without the line and with."""
    inside = products[memory.labels]
    names = {"": inside} | {str(name): inside & (memory.sources == name) for name in np.unique(memory.sources[inside])}
    ones = np.ones(len(inside))

    def share(logits: Logits, part: NDArray[np.bool_]) -> Share:
        said = np.asarray(_side(logits, products, unfit))
        return share_of((said == unfit[memory.labels])[part], memory.groups[part], ones[part])

    return {name: (share(without, part), share(with_line, part)) for name, part in names.items()}


def _side(logits: Logits, products: NDArray[np.bool_], unfit: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether unfit is the more probable condition, of logits (N, K): (N,)."""
    z = np.asarray(logits, np.float64)
    fit = products & ~unfit
    if not fit.any() or not unfit.any():
        return np.full(len(z), bool(unfit.any()))
    return np.asarray(np.logaddexp.reduce(z[:, unfit], axis=1) >= np.logaddexp.reduce(z[:, fit], axis=1))


def _temperature(
    logits: Logits, labels: Indices, counts: Floats, known: Logits | None, memory: Examples | None
) -> float:
    """Of the line's cross-fitted logits and, as a few photographs more, of the memory's: forty say little of a scale."""
    if known is None or memory is None:
        return fit_temperature(logits, labels, counts)
    prior = memory.weights * (_PRIOR / memory.weights.sum())
    return fit_temperature(
        np.concatenate([logits, known]), np.concatenate([labels, memory.labels]), np.concatenate([counts, prior])
    )


def _scope(
    logits: Logits,
    embeddings: Floats,
    inside: NDArray[np.bool_],
    known_outside: Logits | None,
    classes: tuple[ClassInfo, ...],
    own: Scope | None,
) -> Scope | None:
    """What tells the line's fruit from all else that is known; without any, the model's own scope made to take it in."""
    outside = logits[~inside] if known_outside is None else np.concatenate([logits[~inside], known_outside])
    if len(outside):
        signs = _signs(outside, classes)
        scope = weigh_scope(_signs(logits[inside], classes), signs, pass_rate=_PASSED)
        caught = float(np.quantile(scope.weights[0] + signs @ scope.weights[1:], 1 - _CAUGHT))
        return replace(scope, threshold=max(scope.threshold, caught))
    if own is None:
        return None
    scores = [
        ood_score(z, distance_of(z, e, own), classes, own)
        for z, e in zip(logits[inside], embeddings[inside], strict=True)
    ]
    reached = np.quantile([score for score in scores if score is not None], _PASSED, method="higher")
    return replace(own, threshold=max(own.threshold, float(reached) + 1e-6))


def _signs(logits: Logits, classes: tuple[ClassInfo, ...]) -> NDArray[np.float64]:
    """Energy and log-odds of `other`, (N, 2)."""
    return np.array([[energy(z), other_log_odds(z, classes)] for z in logits], np.float64).reshape(-1, 2)


def _verdicts(
    logits: Floats, embeddings: Floats, classes: tuple[ClassInfo, ...], policy: Policy
) -> tuple[Verdict, ...]:
    return tuple(judge(z, e, None, classes, policy) for z, e in zip(logits, embeddings, strict=True))


def _rates(verdicts: Sequence[Verdict], inside: NDArray[np.bool_], unfit: NDArray[np.bool_], line: Examples) -> Rates:
    answers = np.array([each.answer for each in verdicts])
    forced = np.array([each.forced == "unfit" for each in verdicts])

    def share(hits: NDArray[np.bool_], part: NDArray[np.bool_]) -> Share:
        return share_of(hits[part], line.groups[part], line.weights[part])

    return Rates(
        share(forced == unfit, inside),
        share(answers == "fit", inside & unfit),
        share(answers == "unfit", inside & ~unfit),
        share(answers == "review", inside),
    )


def _facts(
    found: Commissioned, line: Examples, classes: tuple[ClassInfo, ...], memory: Examples | None
) -> dict[str, Any]:
    """What a calibration says of itself, as JSON takes it."""
    return {
        "classes": {
            each.key: {
                "photographs": int((line.labels == k).sum()),
                "groups": len(np.unique(line.groups[line.labels == k])),
            }
            for k, each in enumerate(classes)
            if (line.labels == k).any()
        },
        "memory": 0 if memory is None else len(memory.labels),
        "weight": found.weight,
        "escapes": asdict(found.escapes),
        "overkill": asdict(found.overkill),
        "before": asdict(found.before),
        "after": asdict(found.after),
        "known": {name: [asdict(each) for each in pair] for name, pair in found.known.items()},
    }
