import pytest
from hypothesis import given
from hypothesis import strategies as st

from vistobueno.core.intervals import wilson


def test_wilson_is_that_of_the_books() -> None:
    assert wilson(1, 10) == pytest.approx((0.0179, 0.4042), abs=5e-4)  # Newcombe 1998
    assert wilson(0, 0) == (0.0, 1.0)


@given(st.integers(1, 10_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_an_interval_holds_its_share(pair: tuple[int, int]) -> None:
    count, of = pair
    low, high = wilson(count, of)
    assert 0 <= low <= count / of + 1e-12
    assert count / of - 1e-12 <= high <= 1
