import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vistobueno.core.lots.chances import beta_binomial, binomial, hypergeometric, summed
from vistobueno.core.lots.draw import Draw, DrawRefused
from vistobueno.core.lots.risk import (
    Take,
    TakeRefused,
    allowed,
    chance_to_accept,
    kilograms_to_take,
    packages_to_open,
    risks,
    share_accepted,
)


def test_a_limit_of_ten_percent_over_a_hundred_fruit_accepts_as_often_as_it_should() -> None:
    found = chance_to_accept(Take(1, 100, 0.0), 0.10, [0.05, 0.10, 0.15, 0.20])
    assert found == pytest.approx([0.989, 0.583, 0.099, 0.006], abs=0.0006)


def test_fruit_of_one_box_resemble_each_other_and_that_makes_a_decision_less_sure() -> None:
    alone, alike = Take(5, 100, 0.0), Take(5, 100, 0.05)
    assert alike.design_effect == pytest.approx(5.95)
    assert chance_to_accept(alone, 0.10, [0.15, 0.08]) == pytest.approx([0.001, 0.954], abs=0.0006)
    assert chance_to_accept(alike, 0.10, [0.15, 0.08]) == pytest.approx([0.096, 0.776], abs=0.0006)
    found = risks(alike, 0.10, good=0.08, bad=0.15)
    assert (found.producer, found.consumer) == pytest.approx((1 - 0.776, 0.096), abs=0.0006)


def test_the_share_that_is_accepted_half_the_time_is_found() -> None:
    take = Take(10, 50, 0.05)

    def chance(share: float) -> float:
        return float(chance_to_accept(take, 0.10, [share])[0])

    assert chance(share_accepted(chance, 0.5)) == pytest.approx(0.5, abs=1e-6)
    assert share_accepted(chance, 0.95) < share_accepted(chance, 0.5) < share_accepted(chance, 0.10)


@given(n=st.integers(1, 300), p=st.floats(0, 1), correlation=st.floats(0, 0.9))
def test_distributions_sum_to_one_and_have_their_mean_and_variance(n: int, p: float, correlation: float) -> None:
    x, found = np.arange(n + 1), beta_binomial(n, p, correlation)
    mean = float((found * x).sum())
    assert found.sum() == pytest.approx(1, abs=1e-8) and mean == pytest.approx(n * p, abs=1e-6 * n)
    variance = float((found * (x - n * p) ** 2).sum())
    assert variance == pytest.approx(n * p * (1 - p) * (1 + (n - 1) * correlation), rel=1e-6, abs=1e-6)


def test_the_sum_of_two_counts_is_their_convolution() -> None:
    one = beta_binomial(12, 0.2, 0.1)
    assert summed(one, 2) == pytest.approx(np.convolve(one, one), abs=1e-12)
    assert summed(binomial(10, 0.3), 3) == pytest.approx(binomial(30, 0.3), abs=1e-12)


def test_of_a_whole_lot_the_count_is_certain() -> None:
    assert hypergeometric(50, 7, 50)[7] == pytest.approx(1)
    assert hypergeometric(50, 0, 20)[0] == pytest.approx(1)


def test_a_share_is_rounded_down_to_fruit_whatever_floating_point_says() -> None:
    assert [allowed(0.1, n) for n in (9, 10, 30, 70)] == [0, 1, 3, 7]
    assert allowed(0.29, 100) == 29


def test_how_much_to_take_grows_with_the_lot_and_never_beyond_it() -> None:
    steps = {1: 1, 4: 4, 100: 5, 101: 7, 300: 7, 301: 9, 500: 9, 501: 10, 1_000: 10, 1_001: 15, 10**6: 15}
    assert {lot: packages_to_open(lot) for lot in steps} == steps
    kilograms = {6: 6, 200: 10, 201: 20, 1_000: 30, 5_000: 60, 5_001: 100}
    assert {lot: kilograms_to_take(lot) for lot in kilograms} == kilograms


def test_what_cannot_be_taken_is_refused() -> None:
    for wrong in ((0, 10, 0.1), (5, 0, 0.1), (5, 10, 1.0), (5, 10, -0.1), (10**6, 10, 0.1), (5, 10, float("nan"))):
        with pytest.raises(TakeRefused, match="take_invalid"):
            Take(*wrong)


def test_the_draw_of_packages_is_repeated_by_whoever_knows_its_seed() -> None:
    assert Draw("lot 7", 240, 7).numbers == Draw("lot 7", 240, 7).numbers != Draw("lot 8", 240, 7).numbers
    numbers = Draw("lot 7", 240, 7).numbers
    assert len(set(numbers)) == 7 and numbers == tuple(sorted(numbers)) and 1 <= numbers[0] <= numbers[-1] <= 240
    assert Draw("lot 7", 240, 240).numbers == tuple(range(1, 241))


def test_opening_more_packages_adds_to_those_that_were_drawn() -> None:
    fewer, more = Draw("lot 7", 240, 7), Draw("lot 7", 240, 12)
    assert more.order[:7] == fewer.order and set(fewer.numbers) < set(more.numbers)


def test_every_package_is_drawn_as_often_as_another() -> None:
    drawn = np.bincount([n for run in range(2_000) for n in Draw(f"lot {run}", 20, 5).numbers], minlength=21)[1:]
    assert drawn.min() > 430 and drawn.max() < 570  # 500 each, with a standard deviation of 19


def test_more_packages_than_there_are_cannot_be_drawn() -> None:
    for packages, opened in ((5, 6), (5, 0), (0, 0), (10**9, 5)):
        with pytest.raises(DrawRefused, match="draw_invalid"):
            Draw("seed", packages, opened)
