"""Commissioning: fit a model's last layer, scope and thresholds to a line, from photographs of it that people answered.

Pure numpy: embeddings and labels in, a `Calibration` and what it is worth out. Files and models are other rooms' matter.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import ceil, erf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .calibration import answer_thresholds, fit_temperature, weigh_scope
from .classes import ClassInfo
from .errors import DataRefused
from .logistic import Standard, fit_logistic, fit_standard
from .policy import Policy, Scope
from .shares import Share, share_of
from .verdict import Verdict, distance_of, energy, judge, ood_score, other_log_odds, softmax

Floats = NDArray[np.floating]
Logits = NDArray[np.float32]
Indices = NDArray[np.int64]
Progress = Callable[[str, int, int], None]

STRENGTH = 1e-3  # C of the regression, as the shipped layer's
WEIGHTS = (0.03, 0.1, 0.3, 1.0, 3.0)
"""What all of a line's photographs may count together, relative to all of the training memory."""
FOLDS, MEMORY_FOLDS = 5, 3
MOST_LOST = 0.005  # of the forced accuracy on what the model was trained on
PATIENCE = 0.06  # share of a line's fruit that people may have to look at: thresholds that ask for more are given up
_WORST = (0.10, 0.15)  # escape and overkill rate beyond which nothing is promised for the sake of patience
_AIMED = 0.05  # share of it that they look at where the promise alone would ask for less
_PASSED = 0.99  # share of a line's fruit that its scope lets through at the least
_CAUGHT = 0.95  # share of what is known to be something else that it may be as loose as to catch
_ALONE = 5_000.0  # what a line counts where the model kept no training memory, in photographs
_PRIOR = 20.0  # photographs of the training memory that the temperature heeds, beside the line's own
_WIDTH = 256  # directions of the embedding that count: a sixth of the time, and nothing is judged worse
FITTED_TO = "fitted_to"
"""The fact that names the photographs a calibration was fitted to."""
FEWEST = 5  # groups of the products without which nothing can be learnt about a line


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


@dataclass(frozen=True)
class Promise:
    """A rate that a line's photographs can promise, approximately, for photographs like them.

    Attributes:
        rate: at most, of **all** fruit of that condition; 1 where nothing is promised.
        n: groups it rests on.
        more: further ones that a promise of ``wished`` would need at the least.
    """

    rate: float
    n: int
    wished: float
    more: int


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
    fruit too few for it, 1 / (n + 1): no data of n can promise less. Where that would send more than `PATIENCE` of the
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
    fits = _Fits(memory, line, len(classes))
    folds = folds_of(line.labels, line.groups, FOLDS, seed)
    weights: tuple[float, ...] = WEIGHTS
    if memory is None:
        weights = (1.0,) if np.isin(np.flatnonzero(~products), line.labels).all() else ()
    crossed = _crossed(fits, weights, line, folds, progress)
    if memory is None:
        crossed[0.0] = np.asarray(own_logits, np.float32)
    of_memory = {} if memory is None else _of_memory(fits, memory, seed, progress)
    counts = _counts(line.groups, line.weights)
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
    kernel, bias = fits.folded(weight) if weight else (None, None)
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


def folds_of(labels: Indices, groups: NDArray[np.generic], folds: int, seed: int) -> Indices:
    """Assign each of N photographs to a fold: groups stay whole, each class is spread evenly."""
    _, first, place = np.unique(groups, return_index=True, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(first))
    order = order[np.argsort(labels[first][order], kind="stable")]  # class after class, dealt round
    fold = np.zeros(len(first), np.int64)
    fold[order] = np.arange(len(first)) % folds
    return np.asarray(fold[place], np.int64)


def p_unfit(logits: Floats, classes: tuple[ClassInfo, ...]) -> NDArray[np.float64]:
    """Probability of unfit, given one of the products, of logits (N, K): (N,)."""
    z = np.asarray(logits, np.float64)
    sides = [[k for k, each in enumerate(classes) if each.condition == side] for side in ("unfit", "fit")]
    unfit, fit = (np.logaddexp.reduce(z[:, side], axis=1) if side else np.full(len(z), -np.inf) for side in sides)
    return np.asarray(np.exp(unfit - np.logaddexp(unfit, fit)), np.float64)


class _Fits:
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


def _main_directions(x: Floats) -> NDArray[np.float32]:
    """The directions (D, d) in which standardised embeddings (N, D) differ most."""
    _, vectors = np.linalg.eigh(x.T @ x)
    return np.ascontiguousarray(vectors[:, ::-1][:, :_WIDTH], np.float32)


def _refuse_few(line: Examples, inside: NDArray[np.bool_]) -> None:
    count = len(np.unique(line.groups[inside]))
    if count < FEWEST:
        raise DataRefused(
            "line_few",
            es=f"De los productos hay {count} fotos que no sean copias unas de otras; hacen falta al menos {FEWEST}, y con "
            "20 de cada clase se promete algo útil. Añada fotos de la línea.",
            en=f"There are {count} photographs of the products that are not copies of each other; at least {FEWEST} are "
            "needed, and with 20 of each class something useful is promised. Add photographs of the line.",
        )


def _counts(groups: NDArray[np.generic], weights: Floats) -> NDArray[np.float64]:
    """What each photograph of a line counts in rates, 1 on average: by its weight, a group as one."""
    _, place, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    counts = weights / sizes[place]
    return np.asarray(counts / counts.mean(), np.float64)


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


def _crossed(
    fits: _Fits, weights: Sequence[float], line: Examples, folds: Indices, progress: Progress
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


def _of_memory(fits: _Fits, memory: Examples, seed: int, progress: Progress) -> dict[float, Logits]:
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


def line_thresholds(
    p: NDArray[np.float64],
    unfit: NDArray[np.bool_],
    groups: NDArray[np.generic],
    weights: NDArray[np.float64],
    wished: tuple[float, float],
) -> tuple[float, float, Promise, Promise]:
    """Thresholds for the smallest rates that a line's data can promise and its people can bear; see `commission`.

    Args:
        p: (N,) cross-fitted probability of unfit, of the products; unfit: (N,) the truth.
        groups, weights: (N,) as in `Examples`.
        wished: escape and overkill rate.

    Returns:
        ``fit_below``, ``unfit_above``, and what is promised of escapes and of overkill.
    """
    counts = _counts(groups, weights)
    floors = [_floor(groups[side], weights[side]) for side in (unfit, ~unfit)]
    steps = [0, 0]

    def asked(step: Sequence[int]) -> tuple[float, float]:
        rates = [max(w, (1 + s) * f) for w, s, f in zip(wished, step, floors, strict=True)]
        return min(rates[0], 1.0), min(rates[1], 1.0)

    def band(step: Sequence[int]) -> tuple[float, float]:
        return answer_thresholds(p, unfit, *asked(step), groups=groups.tolist(), weights=weights)

    def reviewed(limits: tuple[float, float]) -> float:
        return float((counts * ((p > limits[0]) & (p < limits[1]))).sum() / counts.sum())

    limits = band(steps)
    while reviewed(limits) > PATIENCE:
        further = [[steps[0] + 1, steps[1]], [steps[0], steps[1] + 1]]
        bearable = [each for each in further if _bearable_rates(asked(each), asked(steps))]
        if not bearable:
            break
        steps = min(bearable, key=lambda each: (reviewed(band(each)), each[0]))  # rather overkill than escapes
        limits = band(steps)
    low, high = _widened(p, counts, limits)
    promises = [
        Promise(rate if np.isfinite(floor) else 1.0, len(np.unique(groups[side])), wish, _more(wish, floor))
        for rate, floor, wish, side in zip(asked(steps), floors, wished, (unfit, ~unfit), strict=True)
    ]
    return low, high, promises[0], promises[1]


def _bearable_rates(rates: tuple[float, float], before: tuple[float, float]) -> bool:
    """Whether rates are larger than before, and no larger than anybody should promise."""
    grown = [(rate, most) for rate, was, most in zip(rates, before, _WORST, strict=True) if rate > was]
    return bool(grown) and all(rate <= most for rate, most in grown)


def _floor(groups: NDArray[np.generic], weights: NDArray[np.float64]) -> float:
    """The smallest rate that these groups can promise; infinite without any."""
    if not len(groups):
        return float("inf")
    _, place = np.unique(groups, return_inverse=True)
    heaviest = np.zeros(place.max() + 1)
    np.maximum.at(heaviest, place, weights)
    return float(heaviest.max() / heaviest.mean() / (len(heaviest) + 1)) * (1 + 1e-9)


def _more(wished: float, floor: float) -> int:
    """How many further groups a promise of ``wished`` needs at the least."""
    have = 0 if not np.isfinite(floor) else round(1 / floor) - 1
    return max(0, ceil(1 / wished - 1e-9) - 1 - have)


def _widened(p: NDArray[np.float64], counts: NDArray[np.float64], limits: tuple[float, float]) -> tuple[float, float]:
    """The band of review, widened on both sides while it takes less than what people may be asked anyway.

    Forty scores stand for a whole line: each is spread by a normal curve (a kernel estimate), so that the share of the
    line's fruit in the band is told more smoothly than by counting. It reaches twice as far towards fit: an escape costs
    more than a fit fruit that a person looks at.
    """
    margins = np.array([_margin(each) for each in p])
    width = max(0.3, 0.5 * float(np.std(margins)) * len(p) ** -0.2)

    def below(limit: float) -> float:
        return float((counts * _normal((_margin(limit) - margins) / width)).sum() / counts.sum())

    low, high = limits
    for reach in np.linspace(0, 12, 241)[1:]:
        wider = (min(limits[0], _logistic(-reach)), max(limits[1], _logistic(reach / 2)))
        if below(wider[1]) - below(wider[0]) > _AIMED:
            break
        low, high = wider
    return low, high


def _margin(p: float) -> float:
    return float(np.log(max(p, 1e-300)) - np.log(max(1 - p, 1e-300)))


def _logistic(margin: float) -> float:
    return float(1 / (1 + np.exp(-margin)))


def _normal(z: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([0.5 * (1 + erf(each / 2**0.5)) for each in z])


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
