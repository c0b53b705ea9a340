"""How much of a lot is unfit: by people's answers alone, by a measured line, or not at all, with the reason."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine

from kept import ANA, draft
from vistobueno.core.audit import Audit
from vistobueno.core.inspection import Inspection
from vistobueno.core.lots.answered import answered
from vistobueno.core.lots.lot import Lot, LotFacts, fruit_of
from vistobueno.services.lots import Lots
from vistobueno.services.reviews import Reviews
from vistobueno.store.ledger import Ledger

CALIBRATION, OTHER = "5" * 64, "6" * 64
FACTS = LotFacts("L-7", "El Oro", "Ecuador", "banana", "I", packages=8)


def opened(engine: Engine) -> Lot:
    return Lots(engine).open(FACTS, ["codex-cxs-205"], ANA, opened=4, fruit=10)[0]


def fill(engine: Engine, lot: Lot, answer: Callable[[int], str], **changes: Any) -> list[Inspection]:
    """All fruit of the plan, each with the verdict that `answer` gives by its place."""
    places = [(package, fruit) for package in lot.draw.numbers for fruit in range(1, 11)]
    return [
        Ledger(engine).add(
            draft(**{"answer": answer(place), "lot": lot.number, "package": package, "fruit": fruit,
                     "photo_sha256": f"{place:064d}", "model_calibration": CALIBRATION, **changes}),
            None,
            None,
        )
        for place, (package, fruit) in enumerate(places)
    ]  # fmt: skip


def audit(engine: Engine, escapes: int, overkill: int, each: int = 100, calibration: str = CALIBRATION) -> None:
    """A line whose blind audit saw so many mistakes among so many unfit and as many fit fruit."""
    reviews = Reviews(engine)
    for place in range(2 * each):
        unfit = place < each
        wrong = place % each < (escapes if unfit else overkill)
        answer = "fit" if unfit == wrong else "unfit"
        photo = {"answer": answer, "photo_sha256": f"a{place:063d}", "model_calibration": calibration}
        kept = Ledger(engine).add(draft(**photo), None, None, lambda seed: Audit(seed, share=1.0, first=0, second=0.0))
        reviews.give(kept.number, ANA, "unfit" if unfit else "fit", blind=True)


def one_in_ten(place: int) -> str:
    return "unfit" if place % 10 == 3 else "fit"


def test_a_measured_line_gives_an_estimate_that_its_mistakes_are_taken_off(engine: Engine) -> None:
    lots, lot = Lots(engine), opened(engine)
    fill(engine, lot, one_in_ten)
    assert (lots.estimate(lot.number).why, lots.estimate(lot.number).counted.share) == ("not_measured", 0.1)
    audit(engine, escapes=2, overkill=5)
    found = lots.estimate(lot.number)
    assert found.why is None and found.lines == ("principal",) and found.calibration == CALIBRATION
    assert found.low is not None and found.share is not None and found.high is not None
    assert found.low < found.share < found.high and found.share < found.counted.share  # half of it is overkill
    assert found.escapes is not None and (found.escapes.share, found.escapes.n) == (0.02, 100)


def test_answers_that_are_awaited_leave_no_estimate(engine: Engine) -> None:
    lots, lot = Lots(engine), opened(engine)
    audit(engine, 2, 5)
    assert lots.estimate(lot.number).why == "nothing"
    kept = fill(engine, lot, lambda place: "review" if place == 0 else one_in_ten(place))
    assert lots.estimate(lot.number).why == "awaited"
    Reviews(engine).give(kept[0].number, ANA, "fit")
    assert lots.estimate(lot.number).why is None


def test_several_calibrations_or_lines_are_not_mixed(engine: Engine) -> None:
    lots, lot = Lots(engine), opened(engine)
    audit(engine, 2, 5)
    fill(engine, lot, one_in_ten)
    last = lot.draw.numbers[-1]
    more = {"lot": lot.number, "package": last, "fruit": 11, "answer": "fit", "model_calibration": OTHER}
    Ledger(engine).add(draft(**more), None, None)
    assert (lots.estimate(lot.number).why, lots.estimate(lot.number).calibration) == ("mixed", None)


def test_another_calibrations_audit_says_nothing(engine: Engine) -> None:
    lots, lot = Lots(engine), opened(engine)
    audit(engine, 2, 5, calibration=OTHER)
    fill(engine, lot, one_in_ten)
    assert lots.estimate(lot.number).why == "not_measured"
    uncommissioned = opened(engine)
    fill(engine, uncommissioned, one_in_ten, model_calibration=None)
    assert lots.estimate(uncommissioned.number).why == "not_measured"


def test_a_line_that_is_right_by_chance_gives_none(engine: Engine) -> None:
    lots, lot = Lots(engine), opened(engine)
    audit(engine, escapes=50, overkill=50)
    fill(engine, lot, one_in_ten)
    assert lots.estimate(lot.number).why == "useless"


def test_what_people_answered_needs_no_line(engine: Engine) -> None:
    lots, lot = Lots(engine), opened(engine)
    for place, each in enumerate(fill(engine, lot, lambda place: "review", model_calibration=None)):
        Reviews(engine).give(each.number, ANA, "unfit" if place % 10 == 3 else "fit")
    found = lots.estimate(lot.number)
    assert (found.why, found.lines, found.counted.share) == (None, (), 0.1)
    assert found.share is not None and 0.07 < found.share < 0.15


def test_several_sides_without_a_person_give_none_and_with_one_do(engine: Engine) -> None:
    lots, lot = Lots(engine), opened(engine)
    audit(engine, 2, 5)
    kept = fill(engine, lot, one_in_ten)
    place = {"lot": lot.number, "package": lot.draw.numbers[0], "fruit": 1, "model_calibration": CALIBRATION}
    side = Ledger(engine).add(draft(answer="fit", **place), None, None)
    assert lots.estimate(lot.number).why == "sides"
    for each in (kept[0], side):
        Reviews(engine).give(each.number, ANA, "fit")
    assert lots.estimate(lot.number).why is None


def test_who_answered_what(engine: Engine) -> None:
    lot = opened(engine)
    kept = fill(engine, lot, one_in_ten)
    reviews = Reviews(engine)
    reviews.give(kept[0].number, ANA, "fit")  # passed, and looked at for a reason of somebody's own
    reviews.give(kept[1].number, ANA, "unfit", blind=True)  # passed, and asked in the audit
    reviews.name(kept[3].number, ANA, ["decay"])  # rejected, and seen by who named it
    found = answered(fruit_of(lot, Ledger(engine).several([each.number for each in kept])))
    first = found.packages[0]
    assert (first.looked_at, first.unfit, first.passed, first.rejected) == (10, 2, 8, 1)
    assert (first.passed_checked, first.rejected_checked) == (1, 1)
    assert found.judged_by == {("principal", CALIBRATION)} and not found.sides and found.awaited == 0
