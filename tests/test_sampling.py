import hashlib

import pytest

from vistobueno.core.lots.sampling import (
    AQLS,
    LETTERS,
    PlanRefused,
    code_letter,
    document_for,
    plan_for,
    plan_of_letter,
)
from vistobueno.core.lots.switching import Series, SeriesStopped


def numbers(letter: str, aql: float, severity: str = "normal") -> tuple[int, int, int]:
    plan = plan_of_letter(letter, aql, severity)  # type: ignore[arg-type]
    return plan.fruit, plan.accept, plan.refuse


def test_the_plans_are_those_of_the_tables() -> None:
    published = {
        ("F", 2.5): (20, 1, 32, 1), ("G", 1.0): (50, 1, 80, 1), ("J", 1.0): (80, 2, 80, 1), ("K", 2.5): (125, 7, 125, 5),
        ("L", 4.0): (200, 14, 200, 12), ("L", 6.5): (200, 21, 200, 18), ("A", 10.0): (5, 1, 8, 1), ("A", 6.5): (2, 0, 3, 0),
        ("B", 6.5): (2, 0, 3, 0), ("C", 6.5): (8, 1, 13, 1), ("E", 650.0): (5, 44, 5, 41), ("E", 1000.0): (3, 44, 3, 41),
        ("R", 0.010): (1_250, 0, 2_000, 0), ("R", 0.015): (800, 0, 1_250, 0), ("R", 0.025): (2_000, 1, 3_150, 1),
        ("Q", 0.025): (2_000, 1, 3_150, 1), ("R", 0.65): (2_000, 21, 2_000, 18), ("R", 1.0): (1_250, 21, 1_250, 18),
    }  # fmt: skip
    for (letter, aql), (n, accept, n_tight, accept_tight) in published.items():
        assert numbers(letter, aql) == (n, accept, accept + 1), (letter, aql)
        assert numbers(letter, aql, "tightened") == (n_tight, accept_tight, accept_tight + 1), (letter, aql)


def test_reduced_plans_are_those_of_mil_std_105e_with_their_gap() -> None:
    published = {
        ("K", 2.5): (50, 3, 6), ("L", 2.5): (80, 5, 8), ("N", 2.5): (200, 10, 13), ("A", 25.0): (2, 1, 2),
        ("B", 15.0): (2, 0, 2), ("B", 40.0): (2, 2, 4), ("B", 100.0): (2, 5, 6), ("B", 1000.0): (2, 30, 31),
        ("A", 4.0): (2, 0, 1), ("C", 650.0): (2, 21, 24), ("R", 0.040): (800, 1, 3), ("Q", 0.025): (800, 0, 2),
    }  # fmt: skip
    for (letter, aql), expected in published.items():
        assert numbers(letter, aql, "reduced") == expected, (letter, aql)
    assert plan_of_letter("K", 2.5, "reduced").source == "MIL-STD-105E"
    assert plan_of_letter("K", 2.5, "tightened").source == "ISO 2859-1"


def test_all_cells_are_as_when_they_were_compared_with_a_published_list() -> None:
    cells = [
        numbers(letter, aql, each) for each in ("normal", "tightened", "reduced") for letter in LETTERS for aql in AQLS
    ]
    assert len(cells) == 3 * 416
    assert (
        hashlib.sha256(repr(cells).encode()).hexdigest()
        == "c130b1e7965cfaddf63fcd974546ffbdaf6b4406cadd055250633a956e48e3c5"
    )


def test_tightened_inspection_never_accepts_more_often() -> None:
    for letter in LETTERS:
        for aql in AQLS:
            normal, tight = plan_of_letter(letter, aql), plan_of_letter(letter, aql, "tightened")
            for share in (0.001, 0.01, 0.1, 0.4):
                assert tight.chance_to_accept(share) <= normal.chance_to_accept(share) + 1e-9, (letter, aql)


def test_the_one_cell_that_sources_give_differently_says_so() -> None:
    doubtful = [
        (letter, aql)
        for letter in LETTERS
        for aql in AQLS
        for severity in ("normal", "tightened", "reduced")
        if not plan_of_letter(letter, aql, severity).confirmed
    ]
    assert doubtful == [("A", 10.0)]


def test_code_letters_come_from_lot_size_and_level() -> None:
    letters = {
        (2, "II"): "A", (8, "III"): "B", (9, "II"): "B", (1_200, "II"): "J", (1_201, "II"): "K", (1_200, "S-3"): "E",
        (10_000, "S-4"): "G", (500_000, "III"): "Q", (500_001, "III"): "R", (10**9, "S-1"): "D", (280, "I"): "E",
    }  # fmt: skip
    for (lot, level), letter in letters.items():
        assert code_letter(lot, level) == letter, (lot, level)  # type: ignore[arg-type]
    for lot in (0, 1):
        with pytest.raises(PlanRefused, match="lot_too_small"):
            code_letter(lot)


def test_an_isolated_lot_and_a_short_series_belong_to_another_document() -> None:
    assert [document_for(lots) for lots in (1, 9, 10, 50)] == ["ISO 2859-2", "ISO 2859-2", "ISO 2859-1", "ISO 2859-1"]


def test_a_sample_as_large_as_the_lot_is_all_of_it() -> None:
    plan = plan_for(60, 0.10)
    assert plan.all_fruit and plan.fruit == 60 and plan.accept == 0
    assert not plan_for(10_000, 0.10).all_fruit


def test_an_aql_that_has_no_plans_is_refused_and_the_others_are_named() -> None:
    with pytest.raises(PlanRefused) as refused:
        plan_for(1_000, 3.0)
    assert refused.value.code == "aql_unknown" and "2.5" in refused.value.es and "2.5" in refused.value.en


def test_the_operating_characteristic_is_the_published_one() -> None:
    plan = plan_of_letter("K", 2.5)
    for share, chance in ((0.0322, 0.95), (0.0612, 0.50), (0.0924, 0.10)):
        assert plan.chance_to_accept(share) == pytest.approx(chance, abs=0.003)
    lot = plan_of_letter("J", 2.5)
    assert (lot.fruit, lot.accept) == (80, 5)
    for unfit, chance in ((25, 0.9888), (50, 0.79637), (100, 0.16582)):
        assert lot.chance_to_accept(unfit / 1_000, lot=1_000) == pytest.approx(chance, abs=0.00005)


def test_a_plan_ends_as_soon_as_the_fruit_to_come_cannot_change_it() -> None:
    plan = plan_of_letter("K", 2.5)  # 125 fruit, 7 / 8
    assert plan.decide(8, 100) == "refused" and plan.decide(7, 0) == "accepted"
    assert plan.decide(3, 4) == "accepted" and plan.decide(3, 5) is None


def walk(series: Series, unfit: list[int], letter: str = "K", aql: float = 2.5) -> Series:
    for count in unfit:
        series = series.after(plan_of_letter(letter, aql, series.severity), count)
    return series


def test_two_of_five_lots_refused_tighten_and_five_accepted_in_a_row_end_it() -> None:
    assert walk(Series(), [9, 0, 0, 0]).state == "normal"
    assert walk(Series(), [9, 0, 0, 0, 9]).state == "tightened"
    assert walk(Series(), [9, 0, 0, 0, 0, 9]).state == "normal"
    tightened = walk(Series(), [9, 9])
    assert walk(tightened, [0, 0, 0, 0]).state == "tightened"
    assert walk(tightened, [0] * 5) == Series()
    assert walk(tightened, [0, 0, 0, 0, 9, 0, 0, 0, 0]).state == "tightened"


def test_five_lots_refused_while_tightened_stop_it_until_somebody_resumes() -> None:
    tightened = walk(Series(), [9, 9])
    stopped = walk(tightened, [9, 0, 9, 0, 9, 0, 9, 0, 9])
    assert stopped.state == "stopped"
    with pytest.raises(SeriesStopped):
        _ = stopped.severity
    assert stopped.resumed() == Series("tightened")


def test_a_score_of_thirty_reduces_and_one_doubtful_lot_ends_it() -> None:
    assert walk(Series(), [0] * 9).state == "normal"
    reduced = walk(Series(), [0] * 10)
    assert reduced.state == "reduced"
    assert walk(reduced, [3]) == reduced
    assert walk(reduced, [4]) == Series()  # between 3 and 6: accepted, but normal from now on
    assert walk(Series(), [0] * 9 + [6]).score == 0  # accepted with 7, but not by the AQL one step tighter, 5
    assert walk(Series(), [0] * 15, "F").state == "reduced"  # Ac is 1: two a lot
    assert walk(Series(), [0] * 14, "F").state == "normal"


def test_reduced_inspection_needs_steady_production() -> None:
    series = Series()
    for _ in range(12):
        series = series.after(plan_of_letter("K", 2.5), 0, steady=False)
    assert series.state == "normal" and series.after(plan_of_letter("K", 2.5), 0).state == "reduced"
    assert Series("reduced").after(plan_of_letter("K", 2.5, "reduced"), 0, steady=False) == Series()
