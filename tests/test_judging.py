from dataclasses import replace
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vistobueno.core.lots.counts import CountsRefused, Finding, Fruit, PackageCounts
from vistobueno.core.lots.judging import Judgement, judge_lot
from vistobueno.core.lots.reading import shipped_standards, standard_of

APPLES = shipped_standards()["unece-ffv-50"]
AMERICAN = shipped_standards()["us-7cfr51-apples"]
ARRIVAL = shipped_standards()["us-7cfr51-628-arrival"]

SCAB, SCAB_II = (Finding("scab", "slight"),), (Finding("scab", "moderate"),)
SERIOUS, DECAYED, UNNAMED = (Finding("scab", "serious"),), (Finding("decay"),), ()


def lot(*unfit: Fruit, of: int = 100, packages: int = 1, to_come: int = 0, awaited: int = 0) -> list[PackageCounts]:
    """All unfit fruit in the first of equal packages."""
    counts = [PackageCounts(number + 1, of // packages) for number in range(packages)]
    counts[0] = replace(counts[0], unfit=unfit, awaited=awaited)
    counts[-1] = replace(counts[-1], to_come=to_come)
    return counts


def causes(judged: Judgement) -> set[tuple[str, str | None, str | None]]:
    return {(each.cause, each.class_key, each.limit) for each in judged.reasons if each.cause != "not_measured"}


def test_a_lot_within_every_limit_is_accepted_in_its_class() -> None:
    judged = judge_lot(lot(*[SCAB_II] * 10), APPLES, "I")
    assert (judged.decision, judged.accepted_as) == ("accepted", "I")
    total = judged.classes[0].limits[0].lot
    assert (total.count, total.of, total.most, total.share) == (10, 100, 10, 0.10)
    assert (judged.standard, judged.version, judged.digest) == (APPLES.key, APPLES.version, APPLES.digest)


def test_a_lot_over_a_limit_falls_to_the_class_that_bears_it() -> None:
    judged = judge_lot(lot(*[SCAB_II] * 11), APPLES, "I")
    assert (judged.decision, judged.accepted_as) == ("lower_class", "II")
    assert causes(judged) == {("over", "I", "total")}


def test_a_lot_that_no_class_bears_is_refused_with_every_reason() -> None:
    judged = judge_lot(lot(*[DECAYED] * 3), APPLES, "I")
    assert (judged.decision, judged.accepted_as) == ("refused", None)
    assert causes(judged) == {("over", "I", "below_next"), ("over", "II", "decay")}


def test_within_the_total_little_may_be_below_the_next_class_or_decayed() -> None:
    assert judge_lot(lot(*[SCAB_II] * 5, DECAYED), APPLES, "I").decision == "accepted"
    assert judge_lot(lot(*[SCAB_II] * 5, DECAYED, SERIOUS), APPLES, "I").accepted_as == "II"


def test_what_a_class_bears_is_no_defect_of_it() -> None:
    judged = judge_lot(lot(*[SCAB] * 40), APPLES, "I")
    assert judged.decision == "accepted" and judged.classes[0].limits[0].lot.count == 0
    assert judge_lot(lot(*[SCAB] * 40), APPLES, "extra").accepted_as == "I"


def test_a_fruit_with_several_defects_counts_once() -> None:
    judged = judge_lot(lot((*SCAB_II, Finding("russeting", "moderate"), *DECAYED)), APPLES, "I")
    assert [each.lot.count for each in judged.classes[0].limits if each.limit.key != "size"] == [1, 1]


def test_an_unfit_fruit_without_a_name_fails_its_class_and_leaves_the_rest_open() -> None:
    judged = judge_lot(lot(*[UNNAMED] * 5), APPLES, "I")
    total, below = judged.classes[0].limits[:2]
    assert (total.lot.count, total.kept) == (5, True)
    assert (below.lot.count, below.lot.possible, below.kept) == (0, 5, None)
    assert judged.decision == "undecided" and causes(judged) == {("open", "I", "below_next")}
    assert judge_lot(lot(*[UNNAMED] * 11), APPLES, "II").decision == "refused"


def test_a_defect_without_a_severity_is_bad_enough_for_the_class_it_was_called_unfit_in() -> None:
    judged = judge_lot(lot(*[(Finding("scab"),)] * 11), APPLES, "I")
    assert judged.classes[0].limits[0].lot.count == 11
    assert judged.decision == "undecided"  # in class II they may all be borne, or none
    assert judge_lot(lot(*[(Finding("scab"),)] * 11), APPLES, "II").decision == "refused"


def test_a_severity_that_the_standard_leaves_out_is_like_the_next_worse_one() -> None:
    plain = APPLES.document()
    plain["defects"] = [
        {"key": "scab", "kind": "quality", "grades": {"moderate": {"best": "II", "confirmed": True}}},
        {"key": "scald", "kind": "condition", "grades": {"serious": {"best": "II", "confirmed": True}}},
        {"key": "decay", "kind": "condition", "decay": True, "grades": {"slight": {"best": None, "confirmed": True}}},
    ]
    standard = standard_of(plain)
    scab, scald = {"slight": "II", "moderate": "II", "serious": None, None: None}, {"serious": "II", None: "II"}
    for defect, accepted in (("scab", scab), ("scald", scald)):
        for severity, best in accepted.items():
            judged = judge_lot(lot(*[(Finding(defect, severity),)] * 11), standard, "I")  # type: ignore[arg-type]
            assert judged.accepted_as == best, (defect, severity)


def test_a_defect_that_the_standard_does_not_list_is_of_unknown_severity_but_no_decay() -> None:
    judged = judge_lot(lot(*[(Finding("latex", "slight"),)] * 5), APPLES, "II")
    assert judged.decision == "accepted" and judged.classes[0].limits[0].lot.count == 5


def test_answers_that_are_awaited_may_turn_out_either_way() -> None:
    assert judge_lot(lot(*[SCAB_II] * 5, awaited=1), APPLES, "I").decision == "accepted"
    assert judge_lot(lot(*[SCAB_II] * 5, awaited=2), APPLES, "I").decision == "undecided"
    assert judge_lot(lot(*[SCAB_II] * 10, awaited=1), APPLES, "I").decision == "undecided"


def test_an_inspection_ends_early_when_what_is_to_come_cannot_change_the_decision() -> None:
    refused = judge_lot(lot(*[SERIOUS] * 21, to_come=100), APPLES, "I")
    assert refused.decision == "refused" and refused.ended_early
    assert judge_lot(lot(*[SERIOUS] * 20, to_come=100), APPLES, "I").decision == "undecided"
    accepted = judge_lot(lot(of=400, to_come=4), APPLES, "I")
    assert accepted.decision == "accepted" and accepted.ended_early
    assert judge_lot(lot(of=400, to_come=5), APPLES, "I").decision == "undecided"  # of 405, 4 may be below class II
    assert not judge_lot(lot(), APPLES, "I").ended_early


def test_a_package_has_its_own_limit_where_the_standard_has_one() -> None:
    spread = [replace(each, unfit=(SCAB_II,) * 2) for each in lot(of=100, packages=5)]
    assert judge_lot(spread, AMERICAN, "us-1").decision == "accepted"
    judged = judge_lot(lot(*[SCAB_II] * 10, of=100, packages=5), AMERICAN, "us-1")
    assert judged.decision == "refused" and causes(judged) == {("over_in_package", "us-1", "total")}
    assert [each.package for each in judged.reasons if each.cause == "over_in_package"] == [1]


def test_one_decayed_fruit_is_always_allowed_in_an_american_package() -> None:
    assert judge_lot(lot(DECAYED, of=100, packages=5), AMERICAN, "us-1").decision == "accepted"
    assert judge_lot(lot(DECAYED, DECAYED, of=200, packages=10), AMERICAN, "us-1").decision == "refused"


def test_limits_can_be_for_one_defect_one_severity_or_one_kind() -> None:
    worms = [(Finding("insect", "serious"),)] * 6
    assert causes(judge_lot(lot(*worms, packages=1), AMERICAN, "us-1")) == {("over", "us-1", "insect")}
    scars = [(Finding("scarring", "moderate"),)] * 11
    bruises = [(Finding("bruise", "moderate"),)] * 11
    assert causes(judge_lot(lot(*scars), ARRIVAL, "us-1")) == {("over", "us-1", "permanent")}
    assert judge_lot(lot(*bruises), ARRIVAL, "us-1").decision == "accepted"


def test_fewer_fruit_than_the_standard_asks_for_decide_nothing() -> None:
    assert causes(judge_lot(lot(of=24), ARRIVAL, "us-1")) == {("too_few", None, None)}
    assert judge_lot(lot(of=24), ARRIVAL, "us-1").decision == "undecided"
    assert judge_lot(lot(of=25), ARRIVAL, "us-1").decision == "accepted"
    assert judge_lot([], APPLES, "I").decision == "undecided"


def test_size_is_judged_where_it_was_measured_and_else_said_to_be_left_out() -> None:
    unmeasured = judge_lot(lot(), APPLES, "I")
    assert unmeasured.decision == "accepted" and [each.cause for each in unmeasured.reasons] == ["not_measured"]
    wrong = [replace(each, sized=50, out_of_size=6) for each in lot()]
    assert judge_lot(wrong, APPLES, "I").decision == "refused"
    assert judge_lot([replace(each, out_of_size=5) for each in wrong], APPLES, "I").decision == "accepted"


def test_the_same_counts_are_judged_by_several_standards() -> None:
    counts = lot(*[SCAB_II] * 10, of=200, packages=2)
    strict = APPLES.document()
    strict["classes"][1]["figures"]["total"]["share"] = 0.02
    customer = standard_of({**strict, "key": "customer", "version": 4})
    found = [judge_lot(counts, standard, "I") for standard in (APPLES, customer)]
    assert [each.accepted_as for each in found] == ["I", "II"] and found[1].version == 4


def test_confirmed_is_said_of_the_limits_that_decided() -> None:
    assert judge_lot(lot(), APPLES, "I").confirmed
    assert not judge_lot(lot(), APPLES, "extra").confirmed


def test_what_cannot_be_counted_or_asked_is_refused() -> None:
    with pytest.raises(CountsRefused, match="class_unknown"):
        judge_lot(lot(), APPLES, "III")
    with pytest.raises(CountsRefused, match="package_twice"):
        judge_lot([PackageCounts(1, 10), PackageCounts(1, 10)], APPLES, "I")
    for wrong in (
        {"looked_at": 1, "unfit": (UNNAMED, UNNAMED)},
        {"looked_at": 1, "unfit": (UNNAMED,), "awaited": 1},
        {"looked_at": 5, "awaited": -1},
        {"looked_at": 5, "to_come": -1},
        {"looked_at": 5, "sized": 2, "out_of_size": 3},
        {"looked_at": -1},
    ):
        with pytest.raises(CountsRefused, match="counts_impossible"):
            PackageCounts(1, **wrong)  # type: ignore[arg-type]


FRUIT = st.sampled_from([SCAB, SCAB_II, SERIOUS, DECAYED, UNNAMED, (Finding("scab"),), (Finding("insect", "serious"),)])
NAMED = st.sampled_from([SCAB_II, SERIOUS, DECAYED])


@settings(max_examples=150)
@given(data=st.data(), standard=st.sampled_from([(APPLES, "extra"), (APPLES, "I"), (APPLES, "II"), (AMERICAN, "us-1")]))
def test_an_early_decision_is_the_one_that_stands_however_the_rest_turns_out(data: st.DataObject, standard) -> None:  # type: ignore[no-untyped-def]
    counts = []
    for number in range(1, data.draw(st.integers(1, 4)) + 1):
        unfit = tuple(data.draw(st.lists(FRUIT, max_size=6)))
        awaited, to_come = data.draw(st.integers(0, 2)), data.draw(st.integers(0, 12))
        looked_at = len(unfit) + awaited + data.draw(st.integers(1, 80))
        counts.append(PackageCounts(number, looked_at, unfit, awaited, to_come))
    early = judge_lot(counts, *standard)
    later = [finished(data, each) for each in counts]
    if early.decision != "undecided":
        settled = judge_lot(later, *standard)
        assert (settled.decision, settled.accepted_as) == (early.decision, early.accepted_as)


def finished(data: st.DataObject, counts: PackageCounts) -> PackageCounts:
    """All looked at, all answered, everything named."""
    more = data.draw(st.lists(NAMED, max_size=counts.awaited + counts.to_come))
    named: dict[Fruit, st.SearchStrategy[Fruit]] = {
        UNNAMED: st.sampled_from([SCAB_II, SERIOUS, DECAYED]),
        (Finding("scab"),): st.sampled_from([SCAB_II, SERIOUS]),
    }
    told = (data.draw(named[each]) if each in named else each for each in counts.unfit)
    return PackageCounts(counts.number, counts.looked_at + counts.to_come, tuple(chain(told, more)))
