import numpy as np

from vistobueno.core.drift import cusum, cusum_limit, population_stability, stability_limit


def test_the_cusum_warns_of_a_line_that_errs_more_and_seldom_of_one_that_does_not() -> None:
    rng = np.random.default_rng(0)
    for expected, worse in ((0.02, 0.06), (0.05, 0.15)):
        limit = cusum_limit(expected, worse, count=400, false_alarms=0.05)
        reached = {
            rate: np.mean([cusum(rng.random(400) < rate, expected, worse).max() >= limit for _ in range(300)])
            for rate in (expected, worse)
        }
        assert reached[expected] <= 0.09 and reached[worse] >= 0.8


def test_the_cusum_forgets_what_was_good_and_not_what_is_bad() -> None:
    path = cusum(np.array([False] * 50 + [True] * 3), 0.02, 0.06)
    assert (path[:50] == 0).all() and (np.diff(path[49:]) > 0).all()


def test_stability_warns_of_scores_that_moved_and_seldom_of_those_that_did_not() -> None:
    rng = np.random.default_rng(1)
    limit = stability_limit(before=200, now=150, false_alarms=0.05)
    warned = {
        moved: np.mean(
            [population_stability(rng.normal(0, 1, 200), rng.normal(moved, 1, 150)) > limit for _ in range(300)]
        )
        for moved in (0.0, 1.0)
    }
    assert warned[0.0] <= 0.09 and warned[1.0] >= 0.95


def test_the_same_scores_are_stable_also_where_a_tenth_is_empty() -> None:
    scores = np.random.default_rng(2).normal(0, 1, 300)
    assert population_stability(scores, scores) < 1e-12
    assert np.isfinite(population_stability(scores, scores[scores > 1]))
