import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from cases import for_each
from vistobueno.core.calibration import (
    answer_thresholds,
    conformal_thresholds,
    fit_doubt,
    fit_scope,
    fit_temperature,
    scope_distances,
    temperatures_at,
    weigh_scope,
)
from vistobueno.core.policy import Policy, Scope
from vistobueno.core.verdict import ood_score, scope_distance

DRAWS = 2_000
Floats = NDArray[np.float64]

# Probabilities with many ties, exact zeros and exact ones among them: where an off-by-one would show.
probability = st.one_of(
    st.floats(0, 1), st.sampled_from([0.0, 1.0, 0.5, 0.3, 0.7, 0.9, 1e-12, 1e-300, 1 - 1e-12, np.nextafter(1, 0)])
)
photographs = st.lists(st.tuples(probability, st.booleans()), min_size=0, max_size=120)
risk = st.floats(0.005, 0.9)
some = settings(max_examples=60, deadline=None)


def arrays_of(rows: list[tuple[float, bool]]) -> tuple[Floats, NDArray[np.bool_]]:
    return np.array([p for p, _ in rows], np.float64), np.array([unfit for _, unfit in rows], bool)


def escapes(p: Floats, unfit: NDArray[np.bool_], low: float) -> int:
    return int((p[unfit] <= low).sum())


def overkills(p: Floats, unfit: NDArray[np.bool_], high: float) -> int:
    return int((p[~unfit] >= high).sum())


# Thresholds


@some
@given(photographs, risk, risk)
def test_errors_on_the_calibration_photographs_leave_room_for_the_next(
    rows: list[tuple[float, bool]], alpha: float, beta: float
) -> None:
    p, unfit = arrays_of(rows)
    low, high = conformal_thresholds(p, unfit, alpha, beta)
    assert low < high
    n, m = int(unfit.sum()), int((~unfit).sum())
    wrong, hard = escapes(p, unfit, low), overkills(p, unfit, high)
    assert wrong == 0 or (wrong + 1) / (n + 1) <= alpha + 1e-9
    assert hard == 0 or (hard + 1) / (m + 1) <= beta + 1e-9


@some
@given(photographs, risk, risk)
def test_no_answer_contradicts_the_more_probable_condition(
    rows: list[tuple[float, bool]], alpha: float, beta: float
) -> None:
    p, unfit = arrays_of(rows)
    low, high = answer_thresholds(p, unfit, alpha, beta)
    assert low < 0.5 <= high
    plain_low, plain_high = conformal_thresholds(p, unfit, alpha, beta)
    assert escapes(p, unfit, low) <= escapes(p, unfit, plain_low)
    assert overkills(p, unfit, high) <= overkills(p, unfit, plain_high)


def test_a_model_biased_towards_unfit_is_not_followed_below_its_own_belief() -> None:
    """All it says is above 0.6: whoever follows the order alone calls fit what it holds for unfit."""
    p, unfit = np.linspace(0.6, 1.0, 400), np.arange(400) >= 200
    assert conformal_thresholds(p, unfit, 0.01, 0.02)[0] > 0.6
    assert answer_thresholds(p, unfit, 0.01, 0.02)[0] < 0.5


@for_each("tied", [0.0, 0.3, 0.5, 0.6180339887, 0.9, 1 - 1e-12, 1.0])
def test_a_tie_at_the_threshold_falls_on_the_careful_side(tied: float) -> None:
    p = np.concatenate([np.full(99, tied), np.full(99, tied)])
    unfit = np.repeat([True, False], 99)
    low, high = conformal_thresholds(p, unfit, 0.01, 0.01)
    assert escapes(p, unfit, low) == 0
    assert overkills(p, unfit, high) == 0


@some
@given(photographs, risk, risk, st.floats(1, 5))
def test_a_larger_risk_never_answers_less(
    rows: list[tuple[float, bool]], alpha: float, beta: float, more: float
) -> None:
    p, unfit = arrays_of(rows)
    low, high = conformal_thresholds(p, unfit, alpha, beta)
    bolder_low, higher = conformal_thresholds(p, unfit, min(0.99, alpha * more), beta)
    assert bolder_low >= low
    assert higher >= high
    lower, bolder_high = conformal_thresholds(p, unfit, alpha, min(0.99, beta * more))
    assert bolder_high <= high
    assert lower <= low
    answered = (p <= low) | (p >= high)
    assert ((p <= bolder_low) | (p >= higher))[answered].all()
    assert ((p <= lower) | (p >= bolder_high))[answered].all()


@some
@given(photographs, st.randoms())
def test_the_order_of_the_photographs_does_not_matter(rows: list[tuple[float, bool]], random: object) -> None:
    before = conformal_thresholds(*arrays_of(rows), 0.1, 0.1)
    random.shuffle(rows)  # type: ignore[attr-defined]
    assert conformal_thresholds(*arrays_of(rows), 0.1, 0.1) == before


@pytest.mark.parametrize(("n", "alpha"), [(0, 0.01), (98, 0.01), (18, 0.05), (3, 0.2)])
def test_too_few_photographs_for_a_risk_give_that_side_up(n: int, alpha: float) -> None:
    p, unfit = np.concatenate([np.full(n, 0.99), np.full(200, 0.01)]), np.repeat([True, False], [n, 200])
    low, high = conformal_thresholds(p, unfit, alpha, 0.02)
    assert low < 0
    assert high <= 1
    flipped_low, flipped_high = conformal_thresholds(1 - p, ~unfit, 0.02, alpha)
    assert flipped_high > 1
    assert flipped_low >= 0


@pytest.mark.parametrize(("n", "alpha"), [(99, 0.01), (19, 0.05), (4, 0.2)])
def test_just_enough_photographs_for_a_risk_allow_no_escape(n: int, alpha: float) -> None:
    p = np.concatenate([np.linspace(0.4, 1, n), np.linspace(0, 0.6, 200)])
    unfit = np.repeat([True, False], [n, 200])
    low, _ = conformal_thresholds(p, unfit, alpha, 0.02)
    assert low == np.nextafter(0.4, 0)


def test_without_any_photograph_everything_is_reviewed() -> None:
    low, high = conformal_thresholds(np.zeros(0), np.zeros(0, bool), 0.01, 0.02)
    assert low < 0
    assert high > 1


def test_where_fit_and_unfit_lie_apart_nothing_is_reviewed() -> None:
    p, unfit = np.repeat([0.9, 0.1], 200), np.repeat([True, False], 200)
    low, high = conformal_thresholds(p, unfit, 0.01, 0.02)
    assert 0.1 < low < high < 0.9
    assert high - low < 1e-9


@some
@given(st.lists(st.tuples(probability, st.booleans(), st.sampled_from("abc")), min_size=0, max_size=150), risk, risk)
def test_the_guarantee_is_sought_within_each_group_that_has_enough(
    rows: list[tuple[float, bool, str]], alpha: float, beta: float
) -> None:
    p, unfit = arrays_of([(p, unfit) for p, unfit, _ in rows])
    groups = np.array([group for _, _, group in rows], str)
    low, high = conformal_thresholds(p, unfit, alpha, beta, groups.tolist())
    for group in ["all", *np.unique(groups)]:
        own = np.ones(len(p), bool) if group == "all" else groups == group
        n, m = int((own & unfit).sum()), int((own & ~unfit).sum())
        if alpha * (n + 1) >= 1:
            assert (escapes(p[own], unfit[own], low) + 1) / (n + 1) <= alpha + 1e-9
        if beta * (m + 1) >= 1:
            assert (overkills(p[own], unfit[own], high) + 1) / (m + 1) <= beta + 1e-9


def test_a_hard_source_makes_the_thresholds_of_all_stricter() -> None:
    rng = np.random.default_rng(0)
    unfit = np.tile([True, False], 600)
    p = np.where(unfit, rng.beta(8, 2, 1200), rng.beta(2, 8, 1200))
    groups = np.repeat(["easy", "hard"], 600)
    p[600:] = np.where(unfit[600:], rng.beta(4, 3, 600), rng.beta(3, 4, 600))
    low, high = conformal_thresholds(p, unfit, 0.01, 0.02)
    stricter_low, stricter_high = conformal_thresholds(p, unfit, 0.01, 0.02, groups.tolist())
    assert stricter_low < low < high < stricter_high


def _saturated(rng: np.random.Generator, size: tuple[int, int]) -> Floats:
    return np.where(rng.random(size) < 0.9, 1.0, rng.random(size).round(1))


@for_each(
    "unfit_scores",
    [lambda rng, size: rng.beta(8, 2, size), lambda rng, size: rng.random(size), _saturated],
)
@for_each(("n", "alpha"), [(30, 0.05), (99, 0.01), (250, 0.01), (250, 0.1), (60, 0.3)])
def test_the_guarantee_holds_for_the_next_photograph_whatever_the_model(
    unfit_scores: object, n: int, alpha: float
) -> None:
    rng = np.random.default_rng(n)
    known = unfit_scores(rng, (DRAWS, n))  # type: ignore[operator]
    new = unfit_scores(rng, (DRAWS, 50))  # type: ignore[operator]
    unfit = np.repeat([True, False], n)
    escaped, overkilled = np.zeros(DRAWS), np.zeros(DRAWS)
    for draw in range(DRAWS):  # unfit photographs, and fit ones as their mirror image
        p = np.concatenate([known[draw], 1 - known[draw]])
        low, high = conformal_thresholds(p, unfit, alpha, alpha)
        escaped[draw] = (new[draw] <= low).mean()
        overkilled[draw] = (1 - new[draw] >= high).mean()
    for rates in (escaped, overkilled):
        assert rates.mean() <= alpha + 3 * rates.std() / math.sqrt(DRAWS)


# Temperature


def drawn_logits(rng: np.random.Generator, n: int, temperature: float) -> tuple[Floats, NDArray[np.int64]]:
    """Logits whose labels were drawn from softmax(logits / temperature)."""
    logits = rng.normal(0, 3, (n, 5))
    gumbel = rng.gumbel(size=logits.shape)
    return logits, np.argmax(logits / temperature + gumbel, axis=1)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5, 6.0])
def test_a_known_temperature_is_recovered(temperature: float) -> None:
    found = fit_temperature(*drawn_logits(np.random.default_rng(1), 20_000, temperature))
    assert found == pytest.approx(temperature, rel=0.06)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.25, 4), st.floats(-50, 50))
def test_the_temperature_follows_the_scale_of_the_logits_and_not_their_level(times: float, shift: float) -> None:
    logits, labels = drawn_logits(np.random.default_rng(2), 500, 1.2)
    base = fit_temperature(logits, labels)
    assert fit_temperature(logits * times, labels) == pytest.approx(base * times, rel=1e-3)
    assert fit_temperature(logits + shift, labels) == pytest.approx(base, rel=1e-3)


def test_the_temperature_stays_within_bounds_where_every_answer_is_right_or_none() -> None:
    logits, labels = np.eye(4), np.arange(4)
    assert fit_temperature(logits, labels) == pytest.approx(0.05, rel=0.01)
    assert fit_temperature(-logits, labels) == pytest.approx(20, rel=0.01)


def test_doubt_is_none_where_far_photographs_are_judged_as_well_as_near_ones() -> None:
    rng = np.random.default_rng(3)
    logits, labels = drawn_logits(rng, 3_000, 1.0)
    assert fit_doubt(logits, labels, rng.uniform(0, 10, 3_000), Policy(familiar=2.0)) < 0.03
    assert fit_doubt(logits, labels, np.full(3_000, 1.0), Policy(familiar=2.0)) == 0.0


def test_doubt_finds_how_fast_answers_lose_their_worth_with_distance() -> None:
    rng = np.random.default_rng(4)
    distances = rng.uniform(0, 10, 20_000)
    policy = Policy(familiar=2.0, doubt=0.25)
    logits = rng.normal(0, 3, (20_000, 5))
    labels = np.argmax(logits / temperatures_at(distances, policy)[:, None] + rng.gumbel(size=logits.shape), axis=1)
    assert fit_doubt(logits, labels, distances, Policy(familiar=2.0)) == pytest.approx(0.25, rel=0.25)


# Scope


@pytest.fixture(scope="module")
def clusters() -> tuple[Floats, NDArray[np.int64], Floats]:
    """Embeddings of three classes (training and, apart, calibration), 24 dimensions of which few matter."""
    rng = np.random.default_rng(5)
    centres = np.pad(np.eye(3) * 8, ((0, 0), (0, 21)))
    labels = np.repeat(np.arange(3), 200)
    return rng.normal(0, 1, (600, 24)) + centres[labels], labels, rng.normal(0, 1, (600, 24)) + centres[labels]


@pytest.fixture(scope="module")
def scope(clusters: tuple[Floats, NDArray[np.int64], Floats]) -> Scope:
    return fit_scope(clusters[0], clusters[1], dimensions=16)


def signs_of(embeddings: Floats, scope: Scope, odds: float = 0.0) -> Floats:
    distances = scope_distances(embeddings, scope)
    return np.column_stack([distances, np.full(len(distances), odds)])


def test_distances_of_many_are_the_distances_of_each(clusters: tuple[Floats, ...], scope: Scope) -> None:
    many = scope_distances(clusters[2][:20], scope)
    np.testing.assert_allclose(many, [scope_distance(each, scope) for each in clusters[2][:20]], rtol=1e-9)


def test_nothing_is_a_stranger_before_the_scope_is_weighed(scope: Scope) -> None:
    assert scope.threshold == math.inf
    assert scope.components.shape == (24, 16)
    assert scope.centres.shape == (3, 16)


def test_the_space_is_never_larger_than_the_embedding(clusters: tuple[Floats, ...]) -> None:
    assert fit_scope(clusters[0], clusters[1].astype(int), dimensions=999).components.shape == (24, 24)


@for_each("pass_rate", [0.9, 0.99, 1.0])
@for_each("times", [1.0, 1e4])
def test_the_promised_share_of_products_passes_judged_as_serving_judges(
    pass_rate: float, times: float, clusters: tuple[Floats, ...], scope: Scope
) -> None:
    inside = signs_of(clusters[2], scope) * times
    weighed = weigh_scope(scope, inside, inside + np.array([40 * times, 5.0]), pass_rate=pass_rate)
    served = [float(weighed.weights @ np.array([1.0, *row])) for row in inside]
    assert np.mean(np.array(served) <= weighed.threshold) >= pass_rate


def test_the_promise_holds_on_photographs_nobody_calibrated_on(clusters: tuple[Floats, ...], scope: Scope) -> None:
    weighed = weigh_scope(scope, signs_of(clusters[2], scope))
    rng = np.random.default_rng(6)
    new = rng.normal(0, 1, (2_000, 24)) + np.pad(np.eye(3) * 8, ((0, 0), (0, 21)))[rng.integers(0, 3, 2_000)]
    passed = (scope_distances(new, weighed) <= weighed.threshold).mean()
    assert 0.975 <= passed < 1


def test_what_is_far_from_every_class_is_a_stranger(clusters: tuple[Floats, ...], scope: Scope) -> None:
    weighed = weigh_scope(scope, signs_of(clusters[2], scope))
    rng = np.random.default_rng(7)
    between = np.pad(np.full((100, 3), 8 / 3), ((0, 0), (0, 21))) + rng.normal(0, 1, (100, 24))
    beyond = np.pad(np.full((100, 3), -8.0), ((0, 0), (0, 21))) + rng.normal(0, 1, (100, 24))
    for strangers in (between, beyond):
        assert (scope_distances(strangers, weighed) > weighed.threshold).mean() > 0.95


def test_the_sign_that_tells_strangers_apart_is_the_one_that_counts(scope: Scope) -> None:
    rng = np.random.default_rng(8)
    inside, outside = rng.normal(0, 1, (400, 2)), rng.normal(0, 1, (400, 2)) + np.array([0.0, 4.0])
    _, far, odds = weigh_scope(scope, inside, outside).weights
    assert odds > 5 * abs(far)


def test_a_sign_that_points_the_wrong_way_never_speaks_for_a_stranger(scope: Scope) -> None:
    rng = np.random.default_rng(9)
    inside, outside = rng.normal(0, 1, (400, 2)), rng.normal(0, 1, (400, 2)) + np.array([-3.0, 4.0])
    weighed = weigh_scope(scope, inside, outside)
    assert weighed.weights[1] == 0
    assert (weighed.weights >= 0)[1:].all()


def test_without_strangers_the_distance_alone_counts(scope: Scope) -> None:
    inside = np.random.default_rng(10).normal(0, 1, (100, 2))
    for outside in (None, np.zeros((0, 2))):
        weighed = weigh_scope(scope, inside, outside)
        assert weighed.weights.tolist() == [0.0, 1.0, 0.0]
        assert ood_score(np.zeros(0), 3.0, (), weighed) == pytest.approx(3.0)
