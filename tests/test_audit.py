from collections import Counter

import numpy as np
import pytest

from vistobueno.core.audit import Audit, Drawn, audited, kappa, line_audit


def test_the_draw_is_the_same_for_whoever_repeats_it_and_another_for_another_line() -> None:
    one, same, other = Audit("line 1"), Audit("line 1"), Audit("line 2")
    places = range(1, 3_000)
    assert [one.asks(n) for n in places] == [same.asks(n) for n in places] != [other.asks(n) for n in places]


def test_all_of_the_first_are_asked_and_then_the_share() -> None:
    audit = Audit("seed", share=0.05, first=100)
    assert all(audit.asks(n) and audit.chance(n) == 1 for n in range(1, 101))
    later = [audit.asks(n) for n in range(101, 20_101)]
    assert 0.045 < np.mean(later) < 0.055 and audit.chance(101) == 0.05


def test_the_estimate_is_that_of_the_whole_line_though_its_beginning_is_asked_more_often() -> None:
    """The beginning was worse; a plain share of what was asked would say so of the whole line."""
    rng = np.random.default_rng(1)
    count, held, estimates = 6_000, [], []
    for run in range(120):
        audit = Audit(f"run {run}", share=0.05, first=100)
        unfit = np.ones(count, bool)
        escaped = rng.random(count) < np.where(np.arange(count) < 100, 0.5, 0.04)
        asked = np.array([audit.asks(n + 1) for n in range(count)])
        chances = np.array([audit.chance(n + 1) for n in range(count)])
        answers = np.where(escaped, "fit", "unfit")
        found = audited(answers[asked], unfit[asked], chances[asked], np.flatnonzero(asked)).escapes
        estimates.append(found.share)
        held.append(found.low <= escaped.mean() <= found.high)
    assert np.mean(estimates) == pytest.approx(0.04 + 0.46 / 60, abs=0.006)
    assert np.mean(held) >= 0.9


def test_nineteen_of_twenty_intervals_of_a_line_s_rates_hold_the_truth() -> None:
    """Drawn as the station draws: all of the first, then a share; three in four are answered by the time it is asked."""
    rng, held = np.random.default_rng(4), []
    for rate in (0.03, 0.1, 0.2):
        for run in range(250):
            audit, drawn = Audit(f"{rate} {run}"), []
            for place in range(1, 2_501):
                if audit.asks(place):
                    unfit, wrong = rng.random(2) < (0.5, rate)
                    said = ("unfit" if unfit else "fit",) if rng.random() < 0.75 else ()
                    drawn.append(Drawn("fit" if unfit == wrong else "unfit", audit.chance(place), str(place), said))
            found = line_audit("line", drawn)
            held += [each.low <= rate <= each.high for each in (found.escapes, found.overkill)]
    assert 0.93 <= np.mean(held) <= 0.97


def test_a_line_s_audit_counts_the_first_answer_of_each_and_compares_it_with_the_second_person_s() -> None:
    drawn = [
        Drawn("fit", 1.0, "a", ("unfit", "unfit")),
        Drawn("unfit", 1.0, "b", ("unfit", "fit")),
        Drawn("fit", 0.05, "c", ("fit",)),
        Drawn("fit", 1.0, "d", ("other",)),
        Drawn("review", 1.0, "e"),
    ]
    found = line_audit("line", drawn)
    assert (found.drawn, found.answered, found.waiting, found.fit, found.unfit) == (5, 4, 1, 1, 2)
    assert (found.escapes.share, found.overkill.share, found.kappa.n) == (0.5, 0.0, 2)
    assert found.review.share == pytest.approx(1 / 24)
    empty = line_audit("line", [])
    assert (empty.escapes.n, empty.review.n, empty.kappa.n) == (0, 0, 0)


def test_rates_are_of_all_unfit_and_of_all_fit() -> None:
    answers = np.array(["fit", "unfit", "review", "unfit", "fit", "fit"])
    unfit = np.array([True, True, True, False, False, False])
    found = audited(answers, unfit, np.ones(6), np.arange(6))
    assert (found.escapes.share, found.overkill.share, found.review.share) == pytest.approx((1 / 3, 1 / 3, 1 / 6))


def test_kappa_is_one_where_two_always_agree_and_none_where_chance_explains_all() -> None:
    rng = np.random.default_rng(2)
    truth = rng.choice(["fit", "unfit"], 400)
    assert kappa(Counter(zip(truth, truth, strict=True))).share == 1
    guessed = kappa(Counter(zip(truth, rng.choice(["fit", "unfit"], 400), strict=True)))
    assert guessed.low <= 0 <= guessed.high
    assert kappa({("fit", "fit"): 5}).n == kappa({}).n == 0


def test_nineteen_of_twenty_intervals_of_kappa_hold_the_truth() -> None:
    rng = np.random.default_rng(3)
    held = []
    for _ in range(500):
        first = rng.random(200) < 0.5
        second = np.where(rng.random(200) < 0.1, ~first, first)  # they differ on a tenth: kappa is 0.8
        found = kappa(Counter(zip(first.astype(str), second.astype(str), strict=True)))
        held.append(found.low <= 0.8 <= found.high)
    assert np.mean(held) >= 0.92
