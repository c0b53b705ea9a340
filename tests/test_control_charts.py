"""The statistics of control charts, by published examples, closed forms, and false alarms of processes in control."""

from itertools import pairwise
from math import factorial, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vistobueno.core.audit import Drawn, line_audit
from vistobueno.core.control.nelson import RULES, broken
from vistobueno.core.control.p_chart import Group, p_chart
from vistobueno.core.control.pareto import pareto
from vistobueno.core.control.trends import AuditCount, trend

# Montgomery, Introduction to statistical quality control, 7.2: cans of orange juice, and purchase orders
CANS = [12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22, 8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6]
ORDERS = [(12, 100), (8, 80), (6, 80), (9, 100), (10, 110), (12, 110), (11, 100), (16, 100), (10, 90), (6, 90),
          (20, 110), (15, 120), (9, 120), (8, 120), (6, 110), (8, 80), (10, 80), (7, 80), (5, 90), (8, 100), (5, 100),
          (8, 100), (10, 100), (6, 90), (9, 90)]  # fmt: skip


def groups(pairs: list[tuple[int, int]]) -> list[Group]:
    return [Group(str(place), n, unfit) for place, (unfit, n) in enumerate(pairs, 1)]


def test_the_published_chart_of_cans_has_its_limits_and_its_two_points_outside() -> None:
    chart = p_chart(groups([(each, 50) for each in CANS]))
    assert chart.center == pytest.approx(0.2313, abs=1e-4)
    assert (chart.points[0].low, chart.points[0].high) == pytest.approx((0.0524, 0.4102), abs=1e-4)
    assert [each.name for each in chart.points if "beyond_limits" in each.rules] == ["15", "23"]


def test_the_published_chart_of_unequal_samples_has_a_limit_for_each() -> None:
    chart = p_chart(groups(ORDERS))
    assert chart.center == pytest.approx(234 / 2450)
    assert [each.name for each in chart.points if "beyond_limits" in each.rules] == ["11"]
    by_size = {each.n: each.high for each in chart.points}
    assert by_size[80] == pytest.approx(0.194, abs=1e-3) and by_size[110] == pytest.approx(0.180, abs=1e-3)


def test_each_rule_marks_the_point_that_completes_its_pattern() -> None:
    calm = [0.4, -0.6, -0.2, 0.9, 0.3]
    patterns = {
        "beyond_limits": [*calm, -3.1],
        "one_side": [-0.1, *[0.5, 0.9, 0.2, 0.6, 0.4, 0.7, 0.1, 0.8, 0.3]],
        "trend": [0.5, *[-1.0, -0.5, -0.2, 0.4, 0.9, 1.5]],
        "alternating": [0.5 * (-1) ** place + 0.01 * place for place in range(14)],
    }
    for rule, points in patterns.items():
        told = broken(points)
        assert told[-1] == (rule,) and not any(told[:-1]), rule
        assert broken([-each for each in points])[-1] == (rule,), rule
        kept = (rule,) if rule == "beyond_limits" else ()
        assert broken(points, ordered=False)[-1] == kept, rule
    assert tuple(patterns) == RULES
    assert broken([]) == () and broken(patterns["one_side"][:-1])[-1] == ()


def zigzags(count: int) -> int:
    """In how many orders ``count`` numbers rise and fall by turns, rising first (Euler's zigzag numbers)."""
    row = [1]
    for _ in range(count):
        sums = [0]
        for each in reversed(row):
            sums.append(sums[-1] + each)
        row = sums
    return row[-1]


def test_of_a_process_in_control_each_rule_complains_as_rarely_as_combinatorics_say() -> None:
    expected = (0.0027, 2 * 0.5**9, 2 / factorial(6), 2 * zigzags(14) / factorial(14))
    told = broken(np.random.default_rng(1).normal(size=400_000).tolist())
    for rule, chance in zip(RULES, expected, strict=True):
        assert np.mean([rule in each for each in told]) == pytest.approx(chance, rel=0.15), rule


def test_shares_of_unequal_groups_in_control_complain_about_as_rarely() -> None:
    rng = np.random.default_rng(2)
    n = rng.integers(150, 1500, 60_000)
    chart = p_chart([Group("", int(each), int(bad)) for each, bad in zip(n, rng.binomial(n, 0.08), strict=True)])
    told = [each.rules for each in chart.points]
    assert np.mean(["beyond_limits" in each for each in told]) == pytest.approx(0.0027, abs=0.0012)
    assert np.mean(["one_side" in each for each in told]) == pytest.approx(2 * 0.5**9, rel=0.25)
    assert not chart.restless and chart.spread == pytest.approx(1, abs=0.02)
    assert {each.judged for each in chart.points} == {True}


def test_a_moving_average_in_control_warns_once_in_370_points_and_soon_of_a_small_shift() -> None:
    rng, n, p = np.random.default_rng(3), 5000, 0.2
    center = [Group("", n * 10**6, round(n * 10**6 * p))]  # so heavy that the centre is the true share

    def until_warned(share: float, most: int) -> float:
        lengths = []
        for _ in range(150):
            drawn = rng.binomial(n, share, most)
            chart = p_chart(center + [Group("", n, int(bad)) for bad in drawn])
            beyond = [each.ewma is not None and each.ewma.beyond for each in chart.points[1:]]
            lengths.append(beyond.index(True) + 1 if True in beyond else len(beyond))
        return float(np.mean(lengths))

    assert 370 * 0.8 < until_warned(p, 1100) / (1 - np.exp(-1100 / 370)) < 370 * 1.2  # cut off where few are left
    assert until_warned(p + sqrt(p * (1 - p) / n), 100) < 15


def test_the_moving_average_s_limits_are_the_closed_form_where_groups_are_alike() -> None:
    chart = p_chart(groups([(each, 50) for each in CANS]))
    sigma = sqrt(chart.center * (1 - chart.center) / 50)
    value = chart.center
    for place, each in enumerate(chart.points, 1):
        value = 0.2 * each.share + 0.8 * value
        half = 2.86 * sigma * sqrt(0.2 / 1.8 * (1 - 0.8 ** (2 * place)))
        assert each.ewma is not None
        assert (each.ewma.value, each.ewma.high) == pytest.approx((value, chart.center + half))
        assert each.ewma.beyond == (abs(value - chart.center) > half)


def test_a_process_that_wanders_by_itself_is_told_and_laney_s_limits_bear_with_it() -> None:
    rng = np.random.default_rng(4)
    shares = np.clip(rng.normal(0.1, 0.02, 60), 0.01, 1)
    wandering = [Group("", 20_000, int(rng.binomial(20_000, each))) for each in shares]
    narrow, wide = p_chart(wandering), p_chart(wandering, limits="laney")
    assert narrow.restless and narrow.spread is not None and narrow.spread > 5
    assert sum("beyond_limits" in each.rules for each in narrow.points) > 20
    assert sum("beyond_limits" in each.rules for each in wide.points) <= 2
    # binomial data leave Laney's limits where they were
    calm = [Group("", 500, int(each)) for each in rng.binomial(500, 0.1, 3000)]
    assert p_chart(calm, limits="laney").points[0].high == pytest.approx(p_chart(calm).points[0].high, abs=0.002)
    told = [p_chart([Group("", 500, int(each)) for each in rng.binomial(500, 0.1, 20)]).restless for _ in range(1000)]
    assert np.mean(told) < 0.02
    one_bad_week = [Group("", 500, 50 + 100 * (place == 20)) for place in range(24)]
    assert not p_chart(one_bad_week).restless


def test_a_group_that_is_too_small_is_drawn_and_not_judged() -> None:
    chart = p_chart([Group("a", 400, 40), Group("b", 6, 6), Group("c", 0, 0), Group("d", 400, 38)])
    assert [(each.name, each.judged, each.rules) for each in chart.points] == [
        ("a", True, ()), ("b", False, ()), ("d", True, ()),
    ]  # fmt: skip
    assert chart.judged == 2
    assert p_chart([]).points == () and p_chart([Group("a", 0, 0)]).points == ()
    nothing_unfit = p_chart([Group("a", 50, 0), Group("b", 50, 0)])
    assert nothing_unfit.judged == 0 and not any(each.ewma and each.ewma.beyond for each in nothing_unfit.points)


def test_groups_without_an_order_are_compared_by_their_limits_alone() -> None:
    chart = p_chart([Group(str(each), 500, 40 + each) for each in range(12)], ordered=False, limits="laney")
    assert {each.rules for each in chart.points} == {()} and {each.ewma for each in chart.points} == {None}
    assert chart.spread is None


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 300)), max_size=30))
def test_limits_hold_the_center_and_stay_shares(pairs: list[tuple[int, int]]) -> None:
    chart = p_chart([Group("", unfit + fit, unfit) for unfit, fit in pairs])
    assert len(chart.points) == sum(unfit + fit > 0 for unfit, fit in pairs)
    for each in chart.points:
        assert 0 <= each.low <= chart.center + 1e-12 and chart.center - 1e-12 <= each.high <= 1
        assert each.judged or each.rules == ()


def test_defects_stand_by_weight_and_come_to_all_of_them() -> None:
    bars = pareto({"scab": 5, "bruise": 30, "decay": 5, "latex": 0})
    assert [(each.defect, each.count) for each in bars] == [("bruise", 30), ("decay", 5), ("scab", 5)]
    assert [each.cumulative for each in bars] == pytest.approx([0.75, 0.875, 1.0])
    assert all(one.share >= two.share for one, two in pairwise(bars)) and pareto({}) == ()


def test_rates_of_counts_are_those_of_the_photographs_one_by_one() -> None:
    rng = np.random.default_rng(5)
    drawn = []
    for place in range(500):
        said = ("fit", "unfit", "other")[rng.choice(3, p=[0.6, 0.35, 0.05])]
        answer = ("fit", "unfit", "review")[rng.integers(3)] if rng.random() < 0.3 else said.replace("other", "review")
        second = (said,) if rng.random() < 0.8 else ("fit",)
        people = ((said,), (said, *second), ())[rng.choice(3, p=[0.7, 0.2, 0.1])]
        drawn.append(Drawn(answer, 1.0 if place < 60 else 0.05, str(place), people))  # type: ignore[arg-type]
    alike: dict[tuple[object, ...], int] = {}
    for each in drawn:
        alike[each.answer, each.chance, each.said] = alike.get((each.answer, each.chance, each.said), 0) + 1
    counts = [AuditCount(*key, count) for key, count in alike.items()]  # type: ignore[arg-type]
    found, whole = trend("2026-11-23", 9000, 900, counts), line_audit("a", drawn)
    for name in ("escapes", "overkill", "kappa"):
        assert vars(getattr(found, name)) == pytest.approx(vars(getattr(whole, name))), name
    assert (found.review.share, found.review.n) == (0.1, 9000)
    assert (
        found.model.n
        == found.people.n
        == sum(each.answer != "review" and each.said[:1] in (("fit",), ("unfit",)) for each in drawn)
    )
    empty = trend("2026-11-23", 0, 0, [])
    assert {each.n for each in (empty.review, empty.escapes, empty.overkill, empty.kappa, empty.model)} == {0}
