from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vistobueno.training.figures import (
    FIGURES,
    Judged,
    all_figures,
    calibration_error,
    cell,
    confusion,
    describe,
    proportion,
    reliability,
    risk_coverage,
    roc_auc,
    roc_curve,
    with_interval,
)

laws = settings(max_examples=25, deadline=None)
PRODUCTS = ("apple_fit", "apple_unfit", "banana_fit", "banana_unfit")


def some_judged(count: int = 60, seed: int = 0, strangers: int = 0) -> Judged:
    """A fairly good model on ``count`` photographs of products and ``strangers`` others."""
    rng = np.random.default_rng(seed)
    labels = np.array([PRODUCTS[n % 4] for n in range(count)] + ["other"] * strangers)
    unfit = np.char.endswith(labels, "_unfit")
    p = np.clip(np.where(unfit, 0.8, 0.2) + rng.normal(0, 0.2, len(labels)), 0, 1)
    return Judged(
        labels=labels,
        sources=np.array([("studio", "store")[n % 3 == 0] for n in range(count)] + ["shelf"] * strangers),
        groups=np.array([f"g{n // 2}" for n in range(count + strangers)]),
        predicted=np.where(labels == "other", "apple_fit", labels),
        p_unfit=p,
        ood_score=np.concatenate([rng.normal(0, 1, count), rng.normal(3, 1, strangers)]),
        answers=np.where(p < 0.3, "fit", np.where(p > 0.7, "unfit", "review")),
        in_scope=labels != "other",
    )


# Wilson (1927); the values are those of R's prop.test(correct = FALSE) and of Brown, Cai and DasGupta (2001).
@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(5, 10, 0.23659, 0.76341), (0, 10, 0.0, 0.27753), (10, 10, 0.72247, 1.0), (1, 100, 0.00177, 0.05449)],
)
def test_a_share_has_its_wilson_interval(hits: int, of: int, low: float, high: float) -> None:
    assert proportion(hits, of) == pytest.approx({"share": hits / of, "low": low, "high": high, "n": of}, abs=2e-5)


def test_a_share_of_nothing_is_not_known() -> None:
    assert proportion(0, 0) == {"share": None, "low": None, "high": None, "n": 0}


@laws
@given(st.integers(1, 5000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_an_interval_holds_its_share_and_mirrors_the_share_of_misses(counted: tuple[int, int]) -> None:
    hits, of = counted
    share, misses = proportion(hits, of), proportion(of - hits, of)
    assert 0 <= share["low"] <= share["share"] <= share["high"] <= 1
    assert share["low"] == pytest.approx(1 - misses["high"], abs=2e-5)


@laws
@given(st.integers(0, 50), st.integers(2, 20))
def test_more_photographs_narrow_the_interval(hits: int, times: int) -> None:
    few, many = proportion(hits, 50), proportion(hits * times, 50 * times)
    assert many["high"] - many["low"] < few["high"] - few["low"]


scored = st.integers(2, 40).flatmap(
    lambda n: st.tuples(
        arrays(np.float64, n, elements=st.integers(0, 8).map(lambda value: value / 8)), arrays(np.bool_, n)
    )
)


def pair_count(scores: Any, positive: Any) -> float:
    pairs = [(a > b) + 0.5 * (a == b) for a in scores[positive] for b in scores[~positive]]
    return float(np.mean(pairs)) if pairs else float("nan")


@laws
@given(scored)
def test_the_area_under_roc_is_the_share_of_pairs_in_the_right_order(given_: tuple[Any, Any]) -> None:
    assert roc_auc(*given_) == pytest.approx(pair_count(*given_), nan_ok=True)


@laws
@given(scored)
def test_the_area_under_roc_depends_on_the_order_of_scores_alone(given_: tuple[Any, Any]) -> None:
    scores, positive = given_
    assert roc_auc(scores**3 * 7 - 2, positive) == pytest.approx(roc_auc(scores, positive), nan_ok=True)
    assert roc_auc(-scores, positive) == pytest.approx(1 - roc_auc(scores, positive), nan_ok=True)


@laws
@given(scored)
def test_the_curve_has_the_area_that_is_reported(given_: tuple[Any, Any]) -> None:
    scores, positive = given_
    false, true = roc_curve(scores, positive)
    assert (np.diff(false) >= 0).all()
    assert (np.diff(true) >= 0).all()
    if positive.any() and not positive.all():
        assert (false[0], true[0], false[-1], true[-1]) == (0, 0, 1, 1)
        assert np.trapezoid(true, false) == pytest.approx(roc_auc(scores, positive))


def test_no_area_is_given_where_a_score_is_unknown() -> None:
    assert np.isnan(roc_auc(np.array([0.1, np.nan, 0.3]), np.array([True, False, True])))


def test_a_calibrated_model_has_no_calibration_error_and_an_overconfident_one_has_its_excess() -> None:
    p, unfit = np.full(1500, 0.25), np.arange(1500) % 4 == 0
    assert calibration_error(p, unfit) == pytest.approx(0, abs=1e-9)
    assert calibration_error(np.full(1500, 0.05), unfit) == pytest.approx(0.2)


def test_calibration_error_is_at_least_what_is_wrong_on_average_and_at_most_1() -> None:
    judged = some_judged(300)
    error = calibration_error(judged.p_unfit, judged.unfit)
    assert abs(judged.p_unfit.mean() - judged.unfit.mean()) - 1e-12 <= error <= 1


def test_calibration_error_of_nothing_is_not_known() -> None:
    assert np.isnan(calibration_error(np.zeros(0), np.zeros(0, bool)))


@laws
@given(st.integers(1, 100))
def test_reliability_bins_hold_every_photograph_once_in_rising_order(count: int) -> None:
    judged = some_judged(count)
    bins = reliability(judged.p_unfit, judged.unfit)
    assert sum(n for _, _, n in bins) == count
    assert max(n for _, _, n in bins) - min(n for _, _, n in bins) <= 1
    assert [mean for mean, _, _ in bins] == sorted(mean for mean, _, _ in bins)


def test_risk_falls_to_nothing_where_only_the_surest_are_answered() -> None:
    p = np.array([0.01, 0.99, 0.55, 0.45])
    coverage, risk = risk_coverage(p, np.array([False, True, False, True]))
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert risk.tolist() == pytest.approx([0, 0, 1 / 3, 0.5])


@laws
@given(scored)
def test_at_full_coverage_the_risk_is_the_error_rate(given_: tuple[Any, Any]) -> None:
    p, unfit = given_
    coverage, risk = risk_coverage(p, unfit)
    assert coverage[-1] == 1
    assert risk[-1] == pytest.approx(((p >= 0.5) != unfit).mean())


def test_confusion_counts_the_truth_down_and_the_answer_across() -> None:
    judged = some_judged(8, strangers=3)
    wrong = judged.predicted.copy()
    wrong[0] = "apple_unfit"
    counts = confusion(replace(judged, predicted=wrong), PRODUCTS)
    assert counts.tolist() == [[1, 1, 0, 0], [0, 2, 0, 0], [0, 0, 2, 0], [0, 0, 0, 2]]


def test_figures_are_counted_as_defined() -> None:
    judged = replace(
        some_judged(8, strangers=2),
        p_unfit=np.array([0.1, 0.9, 0.1, 0.9, 0.9, 0.1, 0.6, 0.6, 0.5, 0.5]),
        answers=np.array(["fit", "unfit", "fit", "unfit", "unfit", "fit", "review", "review", "review", "fit"]),
    )
    figures = describe(judged)
    assert figures["condition_accuracy"]["share"] == 5 / 8
    assert figures["class_accuracy"]["share"] == 1
    assert (figures["escape_rate"]["share"], figures["escape_rate"]["n"]) == (1 / 4, 4)  # one of all that are unfit
    assert (figures["overkill_rate"]["share"], figures["overkill_rate"]["n"]) == (1 / 4, 4)
    assert (figures["review_share"]["share"], figures["review_share"]["n"]) == (0.25, 8)
    assert (figures["ood_reviewed"]["share"], figures["ood_reviewed"]["n"]) == (0.5, 2)


@laws
@given(st.integers(0, 60), st.integers(0, 60))
def test_whom_a_person_looks_at_neither_raises_nor_hides_a_rate(reviewed: int, seed: int) -> None:
    """A policy that reviews more can only let less through: escapes among the answered would grow."""
    judged = some_judged(60, seed)
    before = describe(judged)
    after = describe(replace(judged, answers=np.where(np.arange(60) < reviewed, "review", judged.answers)))
    for rate in ("escape_rate", "overkill_rate"):
        assert after[rate]["share"] <= before[rate]["share"]
        assert after[rate]["n"] == before[rate]["n"] == 30


def test_figures_are_given_of_everything_of_each_source_and_of_each_class() -> None:
    figures = all_figures(some_judged(60, strangers=12))
    assert set(figures["sources"]) == {"studio", "store", "shelf"}
    assert set(figures["classes"]) == {*PRODUCTS, "other"}
    assert set(FIGURES) <= set(figures["all"])
    assert set(figures["ood_auc"]) == {"shelf"}
    assert figures["ood_auc"]["shelf"]["value"] > 0.9


def test_without_a_photograph_no_figure_is_known_and_nothing_breaks() -> None:
    nothing = some_judged(4).where(np.zeros(4, bool))
    figures = all_figures(nothing)
    assert figures["all"]["condition_accuracy"]["share"] is None
    assert figures["all"]["roc_auc"]["value"] is None
    assert figures["sources"] == {}


def test_a_set_with_one_condition_has_no_area_under_roc() -> None:
    judged = some_judged(40)
    assert describe(judged.where(judged.unfit))["roc_auc"]["value"] is None


@laws
@given(st.integers(0, 50))
def test_a_bootstrap_interval_contains_its_value(seed: int) -> None:
    judged = some_judged(80, seed)
    figure = with_interval(lambda part: float(part.p_unfit.mean()), judged, draws=60)
    assert figure["low"] <= figure["value"] <= figure["high"]
    assert figure["n"] == 80


def test_a_bootstrap_draws_whole_groups() -> None:
    judged = some_judged(60)
    sizes = {name: int((judged.groups == name).sum()) for name in np.unique(judged.groups)}

    def whole(part: Judged) -> float:
        for name in np.unique(part.groups):
            assert int((part.groups == name).sum()) % sizes[str(name)] == 0
        return 1.0

    assert with_interval(whole, judged, draws=20)["value"] == 1


def test_groups_of_copies_do_not_narrow_a_bootstrap_interval() -> None:
    judged = some_judged(40)
    copies = judged.where(np.repeat(np.arange(40), 5))
    one, five = (with_interval(lambda part: float(part.p_unfit.mean()), each) for each in (judged, copies))
    assert five["high"] - five["low"] == pytest.approx(one["high"] - one["low"], abs=1e-9)


def test_the_same_photographs_give_the_same_interval() -> None:
    one, two = (describe(some_judged(60)) for _ in range(2))
    assert one == two


def test_a_cell_shows_the_figure_and_its_interval() -> None:
    assert cell(proportion(5, 10)) == "50.0 % (23.7 – 76.3)"
    assert cell({"value": 0.98765, "low": 0.9, "high": 1.0, "n": 9}, percent=False) == "0.988 (0.900 – 1.000)"
    assert cell(proportion(0, 0)) == "·"
