"""Commissioning on drawn embeddings: what a line learns, what it promises, and whether the promise holds."""

import json
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from small_model import CLASSES
from vistobueno.core.commissioning import MOST_LOST, Commissioned, commission, p_unfit
from vistobueno.core.errors import BundleRefused, DataRefused
from vistobueno.core.layers import FOLDS, WEIGHTS, Examples, folds_of
from vistobueno.core.policy import Policy, Scope
from vistobueno.core.promises import line_thresholds
from vistobueno.core.shares import share_of
from vistobueno.core.verdict import judge
from vistobueno.model.calibrated import digest_of, from_bytes, to_bytes

WIDE, K = 24, len(CLASSES)
OTHER = K - 1
UNFIT = np.array([each.condition == "unfit" for each in CLASSES])
CENTRES = np.random.default_rng(7).normal(0, 1, (K, WIDE)) + 3
SHIFT = np.random.default_rng(9).normal(0, 0.5, WIDE)  # a new place: the same fruit, other light and ground
POLICY = Policy(scope=Scope(np.array([0, 1, 0], np.float32), 1e9), fit_below=0.2, unfit_above=0.8)


def drawn(labels: NDArray[np.int64], seed: int, moved: float = 0.0, frames: int = 1) -> Examples:
    """Photographs of these classes; ``moved``: how far the line is from what the model knows; ``frames`` of each."""
    rng = np.random.default_rng(seed)
    fruit = CENTRES[labels] + moved * SHIFT + rng.normal(0, 0.9, (len(labels), WIDE))
    embeddings = np.repeat(fruit, frames, axis=0) + rng.normal(0, 0.1, (len(labels) * frames, WIDE))
    names = np.array([f"{seed}-{n}" for n in range(len(labels))])
    count = len(embeddings)
    return Examples(
        embeddings.astype(np.float32),
        np.repeat(labels, frames),
        np.repeat(names, frames),
        np.ones(count),
        np.array(["belt", "shop"])[np.arange(count) % 2],
    )


MEMORY = drawn(np.arange(1400) % K, seed=1)


def own_logits(examples: Examples) -> NDArray[np.float32]:
    """What a network says that knows the memory's places alone."""
    return np.asarray(-((examples.embeddings[:, None] - CENTRES[None]) ** 2).sum(axis=2), np.float32)


def commissioned(labels: list[int], memory: Examples | None = MEMORY, seed: int = 2, **asked: float) -> Commissioned:
    line = drawn(np.array(labels), seed, moved=1)
    return commission(memory, line, own_logits(line), CLASSES, POLICY, network="n", **asked)


@pytest.fixture(scope="module")
def bananas() -> Commissioned:
    return commissioned([2, 3] * 20)


def judged(found: Commissioned, examples: Examples) -> list:
    logits = found.calibration.logits(own_logits(examples), examples.embeddings)
    return [judge(each, None, None, CLASSES, found.calibration.policy) for each in logits]


def test_a_line_is_judged_better_than_before(bananas: Commissioned) -> None:
    rest = drawn(np.array([2, 3] * 200), seed=50, moved=1)
    unfit = UNFIT[rest.labels]
    before = (p_unfit(own_logits(rest), CLASSES) >= 0.5) == unfit
    after = np.array([each.forced == "unfit" for each in judged(bananas, rest)]) == unfit
    assert after.mean() > before.mean() and after.mean() > 0.95
    told = bananas.after.forced
    assert told.low <= after.mean() <= told.high


def test_what_is_no_fruit_is_told_from_the_line(bananas: Commissioned) -> None:
    fruit, strangers = drawn(np.array([2, 3] * 100), 51, moved=1), drawn(np.array([OTHER] * 100), 52, moved=1)
    passed = ["out_of_scope" in each.reasons for each in judged(bananas, fruit)]
    caught = ["out_of_scope" in each.reasons for each in judged(bananas, strangers)]
    assert np.mean(passed) < 0.1 and np.mean(caught) > 0.8


def test_what_the_model_knew_is_kept(bananas: Commissioned) -> None:
    without, with_line = bananas.known[""]
    assert without.share - with_line.share <= MOST_LOST or bananas.weight == min(WEIGHTS)
    assert set(bananas.known) == {"", "belt", "shop"}


def test_a_line_may_show_less_than_the_model_knows() -> None:
    for labels, sides in (([2] * 20, "fit"), ([3] * 20, "unfit"), ([0, 1, 2, 3, OTHER] * 8, "both")):
        found = commissioned(labels)
        assert (found.escapes.n > 0) == (sides != "fit") and (found.overkill.n > 0) == (sides != "unfit")
        for promise in (found.escapes, found.overkill):
            assert promise.n or (promise.rate == 1 and promise.more == round(1 / promise.wished) - 1)
        rest = drawn(np.array(sorted(set(labels) - {OTHER}) * 50), 60, moved=1)
        right = [(each.forced == "unfit") == UNFIT[k] for each, k in zip(judged(found, rest), rest.labels, strict=True)]
        assert np.mean(right) > 0.9


def test_without_a_memory_the_line_alone_decides_or_only_its_thresholds_are_set() -> None:
    strangers = drawn(np.array([OTHER] * 100), 52, moved=1)
    for labels in ([2, 3] * 30, [2, 3, OTHER] * 20):
        alone = commissioned(labels, memory=None)
        assert alone.known == {} and alone.calibration.facts["memory"] == 0
        assert alone.after.forced.share >= alone.before.forced.share - 0.05
        assert (alone.calibration.kernel is None) == (alone.weight == 0)
    assert alone.weight > 0  # it shows what is no fruit: the layer may be fitted to it
    assert np.mean(["out_of_scope" in each.reasons for each in judged(alone, strangers)]) > 0.8
    assert commissioned([2, 3] * 30, memory=None).calibration.kernel is None


def test_too_few_photographs_are_refused_with_a_number() -> None:
    line = drawn(np.array([2, 3]), 3, moved=1, frames=10)  # twenty photographs, two fruit
    with pytest.raises(DataRefused) as refused:
        commission(MEMORY, line, own_logits(line), CLASSES, POLICY)
    assert refused.value.code == "line_few" and "2" in refused.value.en


def test_no_fold_parts_a_group_and_each_has_its_share_of_every_class() -> None:
    examples = drawn(np.array([2] * 17 + [3] * 23), 4, frames=3)
    folds = folds_of(examples.labels, examples.groups, FOLDS, seed=0)
    for group in np.unique(examples.groups):
        assert len(set(folds[examples.groups == group])) == 1
    for label in (2, 3):
        fruit = [len(set(examples.groups[(folds == f) & (examples.labels == label)])) for f in range(FOLDS)]
        assert max(fruit) - min(fruit) <= 1


def test_the_promise_for_n_is_one_in_n_and_one() -> None:
    for n, more in ((5, 94), (20, 79), (41, 58), (99, 0), (150, 0)):
        unfit = np.arange(2 * n) % 2 == 1
        p = np.where(unfit, 0.99, 0.01)
        _, _, escapes, _ = line_thresholds(p, unfit, np.arange(2 * n), np.ones(2 * n), (0.01, 0.02))
        assert escapes.n == n and escapes.more == more
        assert escapes.rate == pytest.approx(max(0.01, 1 / (n + 1)), rel=1e-6)


def scores(rng: np.random.Generator, unfit: NDArray[np.bool_], frames: int) -> NDArray[np.float64]:
    """Probabilities of unfit of a model that is right 19 times in 20, alike for frames of one fruit."""
    margin = np.where(unfit, 1.0, -1.0) * 1.65 + rng.normal(0, 1, len(unfit))
    margin = np.repeat(margin, frames) + rng.normal(0, 0.2, len(unfit) * frames)
    return np.asarray(1 / (1 + np.exp(-2 * margin)), np.float64)


@pytest.mark.parametrize(("fruit", "frames"), [(20, 1), (40, 1), (20, 6)])
def test_escapes_stay_under_what_was_promised(fruit: int, frames: int) -> None:
    """On average over lines: what is promised is an expectation, as conformal risk control's is."""
    rng = np.random.default_rng(fruit * frames)
    truth, fresh = np.arange(2 * fruit) % 2 == 1, np.arange(2_000) % 2 == 1
    escaped, promised, reviewed = [], [], []
    for _ in range(150):
        unfit, groups = np.repeat(truth, frames), np.repeat(np.arange(2 * fruit), frames)
        low, high, escapes, overkill = line_thresholds(
            scores(rng, truth, frames), unfit, groups, np.ones(len(unfit)), (0.01, 0.02)
        )
        p = scores(rng, fresh, 1)
        escaped.append((np.mean(p[fresh] <= low), np.mean(p[~fresh] >= high)))
        promised.append((escapes.rate, overkill.rate))
        reviewed.append(np.mean((p > low) & (p < high)))
    spread = 2 * np.std(escaped, axis=0) / np.sqrt(len(escaped))
    assert (np.mean(escaped, axis=0) <= np.mean(promised, axis=0) + spread).all()
    assert np.mean(reviewed) <= 0.12


def test_photographs_that_were_asked_more_often_weigh_less() -> None:
    """A model that asks about what it is unsure of fills the sample with errors; the weights take them out again."""
    rng = np.random.default_rng(3)
    fresh = np.arange(4_000) % 2 == 1
    escaped, promised = [], []
    for _ in range(60):
        truth = np.arange(400) % 2 == 1
        p = scores(rng, truth, 1)
        chance = np.where((p > 0.05) & (p < 0.95), 1.0, 0.25)
        asked = rng.random(400) < chance
        low, _, escapes, _ = line_thresholds(
            p[asked], truth[asked], np.arange(400)[asked], 1 / chance[asked], (0.02, 0.02)
        )
        escaped.append(np.mean(scores(rng, fresh, 1)[fresh] <= low))
        promised.append(escapes.rate)
    assert np.mean(escaped) <= np.mean(promised)


def test_nineteen_of_twenty_intervals_hold_the_truth_also_where_photographs_come_in_groups() -> None:
    rng = np.random.default_rng(5)
    for frames, truth in ((1, 0.9), (1, 0.5), (6, 0.8)):
        held = []
        for _ in range(600):
            fruit = rng.random(40) < truth
            hits, groups = np.repeat(fruit, frames), np.repeat(np.arange(40), frames)
            share = share_of(hits, groups, np.ones(len(hits)))
            held.append(share.low <= truth <= share.high)
        assert np.mean(held) >= 0.925


def test_a_calibration_is_the_same_after_it_was_kept(bananas: Commissioned) -> None:
    content = to_bytes(bananas.calibration)
    again = from_bytes(content)
    assert to_bytes(again) == content and digest_of(again) == digest_of(bananas.calibration)
    rest = drawn(np.array([2, 3, OTHER] * 5), 70, moved=1)
    assert judged(bananas, rest) == judged(replace(bananas, calibration=again), rest)
    assert json.loads(json.dumps(again.facts)) == again.facts
    for broken in (b"", content[:-40], content.replace(b"kernel", b"kernal")):
        with pytest.raises(BundleRefused) as refused:
            from_bytes(broken)
        assert refused.value.code == "calibration_unreadable"
