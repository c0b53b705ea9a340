import runpy
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vistobueno.core.lots.estimate import Estimate, EstimateRefused, NoEstimate, PackageAnswers, Rate, estimate_share
from vistobueno.core.shares import share_of

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "estimate.py"
ESCAPES, OVERKILL = Rate(10, 200), Rate(30, 1_000)
KNOWN = Rate(0, 1e7)  # an error rate that is surely nothing


def packages(*unfit: int, fruit: int = 50) -> list[PackageAnswers]:
    return [PackageAnswers(fruit, each, fruit - each, each) for each in unfit]


def estimated(*unfit: int, fruit: int = 50, escapes: Rate = ESCAPES, overkill: Rate = OVERKILL) -> Estimate:
    found = estimate_share(packages(*unfit, fruit=fruit), escapes, overkill)
    assert isinstance(found, Estimate)
    return found


def test_the_estimate_is_rogan_and_gladens_where_much_is_known() -> None:
    found = estimated(*[200] * 30, fruit=1_000, escapes=Rate(5_000, 100_000), overkill=Rate(3_000, 100_000))
    assert found.share == pytest.approx((0.20 - 0.03) / (1 - 0.05 - 0.03), abs=0.005)
    assert found.low < found.share < found.high and found.high - found.low < 0.03
    assert found.counted.share == pytest.approx(0.20)


def test_what_a_line_calls_unfit_by_mistake_is_no_unfit_fruit() -> None:
    found = estimated(1, 2, 1, 2, 1, 2, 1, 2)  # 3 %, which the overkill alone explains
    assert found.low < 0.005 and found.share < 0.02 < found.counted.share


def test_no_unfit_fruit_counted_is_no_proof_that_there_are_none() -> None:
    found = estimated(0, 0, 0, 0, 0)
    assert found.low < 0.001 and 0.005 < found.high < 0.10


def test_packages_that_differ_widen_the_interval_and_cost_effective_fruit() -> None:
    alike, unlike = estimated(6, 7, 6, 7, 6, 7, 6, 7), estimated(0, 20, 1, 2, 19, 0, 10, 0)
    assert unlike.counted.share == alike.counted.share
    assert unlike.high - unlike.low > 1.5 * (alike.high - alike.low)
    assert unlike.correlation > alike.correlation and unlike.design_effect > 2 * alike.design_effect
    assert unlike.effective == pytest.approx(400 / unlike.design_effect)


def test_more_packages_more_fruit_and_a_larger_audit_each_narrow_the_interval() -> None:
    def width(found: Estimate) -> float:
        return found.high - found.low

    some = estimated(5, 8, 4, 6, 7)
    assert width(estimated(*[5, 8, 4, 6, 7] * 3)) < width(some)
    assert width(estimated(10, 16, 8, 12, 14, fruit=100)) < width(some)
    assert width(estimated(5, 8, 4, 6, 7, escapes=Rate(2, 40), overkill=Rate(6, 200))) > width(some)


def test_a_lot_whose_packages_were_all_opened_has_only_its_fruit_and_the_line_left_to_doubt() -> None:
    counts = packages(2, 9, 1, 12, 5, 3)
    few, all_, unknown = (estimate_share(counts, ESCAPES, OVERKILL, packages_in_lot=n) for n in (60, 6, None))
    assert isinstance(few, Estimate) and isinstance(all_, Estimate) and isinstance(unknown, Estimate)
    assert all_.high - all_.low < few.high - few.low <= unknown.high - unknown.low
    assert all_.design_effect == 1


def test_where_people_looked_too_the_line_makes_no_mistake() -> None:
    unfit = [5, 8, 4, 6, 7]
    checked = [PackageAnswers(50, each, 50 - each, each, 50 - each, each) for each in unfit]
    by_people = estimate_share(checked, ESCAPES, OVERKILL)
    perfect = estimate_share(packages(*unfit), KNOWN, KNOWN)
    assert isinstance(by_people, Estimate) and isinstance(perfect, Estimate)
    assert (by_people.share, by_people.low, by_people.high) == pytest.approx(
        (perfect.share, perfect.low, perfect.high), abs=0.002
    )


def test_a_line_that_nobody_measured_gives_counts_and_the_reason() -> None:
    for escapes, overkill in ((Rate(0, 0), OVERKILL), (ESCAPES, Rate(0, 0))):
        found = estimate_share(packages(5, 8, 4), escapes, overkill)
        assert isinstance(found, NoEstimate) and found.why == "not_measured"
        assert found.counted.share == pytest.approx(17 / 150) and found.counted.low < 17 / 150 < found.counted.high


def test_nothing_is_estimated_while_people_still_owe_answers_or_nothing_was_seen() -> None:
    awaited = estimate_share(packages(5, 8), ESCAPES, OVERKILL, awaited=1)
    nothing = estimate_share([PackageAnswers(0, 0, 0, 0)], ESCAPES, OVERKILL)
    useless = estimate_share(packages(5, 8), Rate(60, 100), Rate(50, 100))
    assert [each.why for each in (awaited, nothing, useless) if isinstance(each, NoEstimate)] == [
        "awaited", "nothing", "useless",
    ]  # fmt: skip
    assert isinstance(estimate_share([], ESCAPES, OVERKILL), NoEstimate)


def test_the_same_counts_give_the_same_digits() -> None:
    assert estimated(5, 8, 4, 6, 7) == estimated(5, 8, 4, 6, 7)


def test_an_audits_share_keeps_its_effective_number() -> None:
    rng = np.random.default_rng(1)
    hits, weights = rng.random(300) < 0.1, np.where(np.arange(300) < 100, 1.0, 20.0)
    audited = share_of(hits, np.arange(300), weights)
    rate = Rate.from_share(audited)
    assert rate.hits / rate.of == pytest.approx(audited.share)
    assert rate.of == pytest.approx(weights.sum() ** 2 / (weights**2).sum(), rel=1e-3)
    none = share_of(np.zeros(40, bool), np.arange(40), np.ones(40))
    assert (Rate.from_share(none).hits, Rate.from_share(none).of) == (0.0, pytest.approx(40, rel=1e-3))
    assert Rate.from_share(share_of(np.zeros(0, bool), np.zeros(0), np.ones(0))).of == 0


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_the_interval_is_always_in_order_and_between_nothing_and_all(data: st.DataObject) -> None:
    counts = []
    for _ in range(data.draw(st.integers(1, 6))):
        fruit = data.draw(st.integers(1, 200))
        unfit = data.draw(st.integers(0, fruit))
        counts.append(PackageAnswers(fruit, unfit, fruit - unfit, unfit))
    audits = [Rate(hits * of, of) for hits, of in ((0.02, 50), (0.2, 9), (0.0, 400), (0.4, 1e4))]
    escapes, overkill = data.draw(st.sampled_from(audits)), data.draw(st.sampled_from(audits))
    found = estimate_share(counts, escapes, overkill, packages_in_lot=data.draw(st.sampled_from([None, 6, 300])))
    assert isinstance(found, Estimate)
    assert 0 <= found.low <= found.share <= found.high <= 1 and found.low < found.high
    assert found.design_effect >= 1 and found.counted.low <= found.counted.share <= found.counted.high


def test_answers_that_do_not_add_up_are_refused() -> None:
    for wrong in (
        (10, 11, 0, 0),
        (10, 2, 9, 2),
        (10, 2, 5, 2, 6, 0),
        (10, 2, 5, 2, 0, 3),
        (10, -1, 5, 2),
        (-1, 0, 0, 0),
    ):
        with pytest.raises(EstimateRefused, match="answers_impossible"):
            PackageAnswers(*wrong)


def test_nineteen_of_twenty_intervals_hold_the_truth_or_nearly() -> None:
    """Two cells of benchmarks/estimate.py, whose whole table is in its README."""
    simulated = runpy.run_path(str(BENCHMARK), run_name="estimate")["simulated"]
    for share, correlation, audit in ((0.10, 0.10, 200), (0.30, 0.0, 60)):
        found = simulated(share, correlation, audit, opened=8, fruit=20, runs=40)
        assert found.covered >= 0.85, (share, correlation, audit)
        assert found.none == 0
