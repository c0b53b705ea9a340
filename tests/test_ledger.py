import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import IntegrityError

from kept import ANA, MAP, SORTER, draft, keep
from vistobueno.core.inspection import Actor, Filter, Inspection
from vistobueno.store.database import migrate, open_database, reading, writing
from vistobueno.store.days import day_counts
from vistobueno.store.errors import Conflict, NotFound
from vistobueno.store.ledger import Ledger
from vistobueno.store.lists import CursorRefused, inspections_count, inspections_page, waiting_page
from vistobueno.store.schema import daily_counts, inspections, review_queue
from vistobueno.store.writes import Write, content_of

NAMESAKE = Actor("person", SORTER.id, SORTER.name)
ON_MANY = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def everything(engine: Engine, asked: Filter = Filter(), limit: int = 500) -> list[Inspection]:
    found: list[Inspection] = []
    after = None
    while True:
        page = inspections_page(engine, asked, after, limit)
        found += page.items
        after = page.next
        if after is None:
            return found


def test_what_was_kept_comes_back_as_it_was(engine: Engine) -> None:
    given_ = draft(answer="review", reasons=("poor_photo", "uncertain"), actor=SORTER, source="api", ood_score=None)
    kept = Ledger(engine).add(given_, MAP, None)
    assert kept == replace(given_, number=1, at=kept.at, has_heat_map=True)
    assert Ledger(engine).inspection(1) == kept
    assert abs(datetime.now(UTC) - kept.at) < timedelta(minutes=1)


def test_numbers_have_no_gaps_and_no_number_is_earlier_than_one_before(engine: Engine) -> None:
    first = keep(engine)
    ahead = first.at + timedelta(days=1)
    with pytest.raises(IntegrityError):  # a row that is not kept takes no number
        keep(engine, evidence=first.evidence)
    second = keep(engine)
    assert (first.number, second.number) == (1, 2)
    with writing(engine) as connection:  # as if the clock had been a day ahead
        columns = ", ".join(c.name for c in inspections.c if c.name not in ("number", "at", "evidence"))
        connection.execute(
            text(
                f"INSERT INTO inspections (number, at, evidence, {columns}) "  # noqa: S608
                f"SELECT 3, :at, 'ahead', {columns} FROM inspections WHERE number = 1"
            ).bindparams(at=ahead if engine.dialect.name == "postgresql" else ahead.replace(tzinfo=None).isoformat(" "))
        )
    assert keep(engine).at == ahead


def test_where_the_model_looked_is_kept_small(engine: Engine) -> None:
    huge = np.array([[1e9, -1e9], [0.25, 3.0]], np.float32)
    ledger = Ledger(engine)
    ledger.add(draft(), MAP, None)
    ledger.add(draft(), huge, None)
    ledger.add(draft(), None, None)
    assert np.array_equal(ledger.activation(1), MAP)
    assert ledger.activation(2).tolist() == [[65504, -65504], [0.25, 3.0]]
    assert ledger.activation(3) is None
    with pytest.raises(NotFound, match="no_inspection"):
        ledger.activation(4)


@pytest.mark.parametrize(
    ("given_", "kept"),
    [("a.jpg", "a.jpg"), ("C:\\fotos\\lote 7.jpg", "lote 7.jpg"), ("../../etc/passwd", "passwd"), ("", None), (None, None),
     ("a\x00b\n.jpg", "ab.jpg"), ("ñandú 🍌.jpg", "ñandú 🍌.jpg"), ("x" * 400, "x" * 255), ("lote/", None), ("\ud800.jpg", ".jpg")],
)  # fmt: skip
def test_a_file_s_name_is_kept_without_its_way_and_what_cannot_be_shown(
    engine: Engine, given_: str | None, kept: str | None
) -> None:
    assert keep(engine, filename=given_).filename == kept


def test_a_review_stands_beside_the_verdict_and_ends_the_waiting(engine: Engine) -> None:
    ledger = Ledger(engine)
    number = keep(engine, answer="review").number
    keep(engine, answer="review")
    assert ledger.waiting_count() == 2
    first, _ = ledger.review(number, ANA, "unfit", "  a bruise  ")
    second, _ = ledger.review(number, SORTER, "fit", "")
    third, _ = ledger.review(number, ANA, "retake", "")
    fourth, _ = ledger.review(number, ANA, "unfit", "", None, ("decay", "bruise"))
    found = ledger.inspection(number)
    assert found.verdict.answer == "review"
    assert found.reviews == (first, second, third, fourth)
    assert fourth.defects == ("decay", "bruise")
    assert (first.note, first.actor, second.answer) == ("a bruise", ANA, "fit")
    assert ledger.waiting_count() == 1
    assert [each.number for each in waiting_page(engine, None, 10).items] == [2]


def test_a_fit_one_may_be_reviewed_and_one_that_is_not_there_may_not(engine: Engine) -> None:
    ledger = Ledger(engine)
    number = keep(engine, answer="fit").number
    assert ledger.review(number, ANA, "unfit", "")[0].answer == "unfit"
    with pytest.raises(NotFound, match="no_inspection"):
        ledger.review(99, ANA, "fit", "")
    with pytest.raises(NotFound, match="no_inspection"):
        ledger.inspection(2**70)


def test_a_note_keeps_its_lines_and_loses_what_no_database_holds(engine: Engine) -> None:
    number = keep(engine).number
    assert Ledger(engine).review(number, ANA, "fit", " one\ntwo\x00\ud800 ")[0].note == "one\ntwo"


@pytest.mark.parametrize("asked", [Filter(product="a\x00"), Filter(reason="\ud800"), Filter(actor_id=2**70)])
def test_what_nothing_can_be_called_finds_nothing(engine: Engine, asked: Filter) -> None:
    keep(engine)
    assert everything(engine, asked) == []


def test_several_are_found_at_once_with_their_reviews_and_what_is_not_there_is_left_out(engine: Engine) -> None:
    numbers = [keep(engine, answer="review").number for _ in range(3)]
    Ledger(engine).review(2, ANA, "fit", "")
    found = Ledger(engine).several([3, 2, 2, 9, 0, -1, 2**70])
    assert sorted((each.number, len(each.reviews)) for each in found) == [(2, 1), (3, 0)]
    assert len(Ledger(engine).several(number for number in [*numbers, *range(10, 2000)])) == 3
    assert Ledger(engine).several([]) == []


def test_the_same_write_is_found_again_and_another_is_refused(engine: Engine) -> None:
    ledger, write = Ledger(engine), Write("k1", SORTER, "1" * 64)
    assert ledger.written(write) is None
    kept = ledger.add(draft(), MAP, write)
    assert ledger.written(write) == kept
    with pytest.raises(Conflict, match="key_used"):
        ledger.written(replace(write, content_sha256="2" * 64))
    assert ledger.written(replace(write, actor=ANA)) is None  # another's key of the same name


def test_the_same_review_is_given_once_and_its_key_means_nothing_else(engine: Engine) -> None:
    ledger = Ledger(engine)
    one, other = (keep(engine, answer="review").number for _ in range(2))
    write = Write("k", SORTER, content_of("review", one, "fit", "a shadow"))
    first, before = ledger.review(one, SORTER, "fit", "a shadow", write)
    ledger.review(one, ANA, "unfit", "")
    assert (before, ledger.review(one, SORTER, "fit", "a shadow", write)) == (False, (first, True))
    assert len(ledger.inspection(one).reviews) == 2
    for what in (content_of("review", other, "fit", "a shadow"), content_of("review", one, "unfit", ""), "0" * 64):
        for act in (lambda again: ledger.review(other, SORTER, "fit", "", again), ledger.claim, ledger.written):
            with pytest.raises(Conflict, match="key_used"):
                act(replace(write, content_sha256=what))
    assert not ledger.inspection(other).reviews
    assert not ledger.review(one, ANA, "fit", "a shadow", replace(write, actor=ANA))[1]  # another's key is another
    with pytest.raises(NotFound):
        ledger.review(99, SORTER, "fit", "", replace(write, key="new"))
    assert not ledger.is_used(replace(write, key="new"))


def test_the_same_review_twice_at_once_is_given_once(engine: Engine) -> None:
    number = keep(engine, answer="review").number
    write = Write("k", ANA, content_of("review", number, "fit", ""))
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: Ledger(engine).review(number, ANA, "fit", "", write), range(8)))
    assert len({review.id for review, _ in made}) == 1
    assert sorted(before for _, before in made) == [False] + [True] * 7
    assert len(Ledger(engine).inspection(number).reviews) == 1


def test_two_at_once_with_the_same_key_make_one_inspection(engine: Engine) -> None:
    ledger, write = Ledger(engine), Write("k1", SORTER, "1" * 64)
    barrier, outcomes = threading.Barrier(8), []

    def one() -> None:
        barrier.wait()
        try:
            outcomes.append(ledger.add(draft(), MAP, write).number)
        except IntegrityError:
            outcomes.append(None)

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes, key=str) == [1, *[None] * 7]
    assert len(everything(engine)) == 1


def test_many_at_once_are_all_kept_and_counted(engine: Engine) -> None:
    barrier = threading.Barrier(8)

    def some() -> None:
        barrier.wait()
        for number in range(5):
            keep(engine, answer=("fit", "unfit", "review")[number % 3], product=("apple", "orange")[number % 2])

    threads = [threading.Thread(target=some) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.number for each in everything(engine)] == list(range(40, 0, -1))
    assert_counts_agree(engine)


def assert_counts_agree(engine: Engine) -> None:
    with reading(engine) as connection:
        told = {(row.day, row.product, row.answer): row[3] for row in connection.execute(select(daily_counts))}
        waits = set(connection.execute(select(review_queue.c.inspection_number)).scalars())
        answers = (
            select(inspections.c.answer, func.count()).group_by(inspections.c.answer).order_by(inspections.c.answer)
        )
        by_answer = {row.answer: row[1] for row in connection.execute(answers)}
    kept = everything(engine)
    assert told == Counter((each.at.date(), each.verdict.product, each.verdict.answer) for each in kept)
    days = day_counts(engine, date.min, date.max)
    assert {(each.day, each.product, each.answer): each.count for each in days} == Counter(
        (each.at.date(), each.verdict.recognised_product, each.verdict.answer) for each in kept
    )
    assert waits == {each.number for each in kept if each.verdict.answer == "review" and not each.reviews}
    assert by_answer == Counter(each.verdict.answer for each in kept)


def how(each: Inspection) -> str | None:
    """A person's last answer against the model's."""
    verdict, said = each.verdict, each.reviews[-1].answer if each.reviews else "retake"
    if verdict.answer != "review":
        return {"fitunfit": "escape", "unfitfit": "overkill", "fitother": "other", "unfitother": "other"}.get(
            verdict.answer + said
        )
    return "forced" if {verdict.forced, said} == {"fit", "unfit"} else None


STEPS = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {
                "answer": st.sampled_from(["fit", "unfit", "review"]),
                "forced": st.sampled_from(["fit", "unfit"]),
                "product": st.sampled_from(["apple", "banana"]),
                "reasons": st.sampled_from([(), ("uncertain",), ("poor_photo", "out_of_scope"), ("out_of_scope",)]),
                "source": st.sampled_from(["page", "api"]),
                "line": st.sampled_from(["principal", "Mesa 2"]),
                "actor": st.sampled_from([ANA, SORTER, NAMESAKE]),
                "filename": st.sampled_from([None, "lote-7.jpg", "LOTE 8.png", "ñ_100%.jpg", "x"]),
            }
        ),
        st.tuples(st.integers(1, 12), st.sampled_from(["fit", "unfit", "other", "retake"])),
    ),
    max_size=14,
)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@ON_MANY
@given(steps=STEPS, limit=st.integers(1, 5))
def test_tallies_what_waits_filters_and_pages_agree_with_the_inspections(
    kind: str, steps: list[Any], limit: int, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    url = (
        request.getfixturevalue("postgresql").new_database()
        if kind == "postgresql"
        else f"sqlite:///{tmp_path_factory.mktemp('law') / 'station.sqlite'}"
    )
    engine = open_database(url)
    migrate(engine)
    kept = 0
    for step in steps:
        if isinstance(step, dict):
            keep(engine, **step)
            kept += 1
        elif step[0] <= kept:
            Ledger(engine).review(step[0], ANA, step[1], "")
    assert_counts_agree(engine)
    every = everything(engine)
    middle = every[len(every) // 2].at if every else datetime.now(UTC)
    laws: list[tuple[Filter, Any]] = [
        (Filter(), lambda each: True),
        (Filter(answer="review"), lambda each: each.verdict.answer == "review"),
        (Filter(product="apple", answer="fit"),
         lambda each: each.verdict.recognised_product == "apple" and each.verdict.answer == "fit"),
        (Filter(product="banana"), lambda each: each.verdict.recognised_product == "banana"),
        (Filter(product="banana", reason="uncertain"),
         lambda each: each.verdict.recognised_product == "banana" and "uncertain" in each.verdict.reasons),
        (Filter(product="apple", reason="out_of_scope"), lambda each: False),
        (Filter(reason="uncertain"), lambda each: "uncertain" in each.verdict.reasons),
        (Filter(reason="poor_photo"), lambda each: "poor_photo" in each.verdict.reasons),
        (Filter(actor_id=7, source="api"), lambda each: each.actor.id == 7 and each.source == "api"),
        (Filter(line="Mesa 2"), lambda each: each.line == "Mesa 2"),
        (Filter(line="Mesa 2", reason="uncertain"),
         lambda each: each.line == "Mesa 2" and "uncertain" in each.verdict.reasons),
        (Filter(actor_kind="key"), lambda each: each.actor.kind == "key"),
        (Filter(actor_kind="person", actor_id=7), lambda each: each.actor == NAMESAKE),
        (Filter(actor_kind="key", actor_id=7, reason="uncertain"),
         lambda each: each.actor == SORTER and "uncertain" in each.verdict.reasons),
        (Filter(reviewed=True), lambda each: each.reviews != ()),
        (Filter(reviewed=False), lambda each: each.reviews == ()),
        (Filter(answer="review", reviewed=False), lambda each: each.verdict.answer == "review" and each.reviews == ()),
        (Filter(disagrees=True), lambda each: how(each) is not None),
        (Filter(disagrees=False, reviewed=True), lambda each: each.reviews != () and how(each) is None),
        (Filter(disagrees=False, disagreement="escape"), lambda each: False),
        (Filter(disagreement="escape", product="apple"),
         lambda each: how(each) == "escape" and each.verdict.recognised_product == "apple"),
        (Filter(disagreement="forced", reason="uncertain", reviewed=True),
         lambda each: how(each) == "forced" and "uncertain" in each.verdict.reasons),
        (Filter(disagreement="overkill", reviewed=False), lambda each: False),
        (Filter(since=middle), lambda each: each.at >= middle),
        (Filter(until=middle), lambda each: each.at < middle),
        (Filter(text="lote"), lambda each: "lote" in (each.filename or "").lower()),
        (Filter(text="LOTE-7", product="apple"),
         lambda each: "lote-7" in (each.filename or "").lower() and each.verdict.recognised_product == "apple"),
        (Filter(text="0%"), lambda each: "0%" in (each.filename or "")),
        (Filter(text="x"), lambda each: each.filename == "x"),
        (Filter(text="_10"), lambda each: "_10" in (each.filename or "")),
    ]  # fmt: skip
    assert Ledger(engine).disagreement_counts() == Counter(filter(None, map(how, every)))
    for asked, lets_through in laws:
        meant = [each for each in every if lets_through(each)]
        assert everything(engine, asked, limit) == meant, asked
        assert inspections_count(engine, asked, 1000) == len(meant), asked
        assert inspections_count(engine, asked, 2) == min(2, len(meant)), asked
    engine.dispose()


def test_a_cursor_holds_while_inspections_are_added(engine: Engine) -> None:
    for _ in range(5):
        keep(engine)
    first = inspections_page(engine, Filter(), None, 2)
    keep(engine)
    second = inspections_page(engine, Filter(), first.next, 2)
    third = inspections_page(engine, Filter(), second.next, 2)
    assert [each.number for page in (first, second, third) for each in page.items] == [5, 4, 3, 2, 1]
    assert third.next is None


@pytest.mark.parametrize(
    "cursor", ["", "x", "bjU=; DROP TABLE", "ñ", "bm4", "LTE", "A" * 200, "bjk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5"]
)
def test_a_cursor_that_no_page_gave_is_refused(engine: Engine, cursor: str) -> None:
    with pytest.raises(CursorRefused, match="cursor_invalid"):
        inspections_page(engine, Filter(), cursor, 10)


def test_few_letters_are_looked_for_some_names_at_a_time_and_all_are_found(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vistobueno.store.lists.LOOKED_THROUGH", 4)
    for number in range(1, 12):
        keep(engine, filename="zorro.jpg" if number in (2, 9) else "apple.jpg", line="two" if number < 4 else "one")
    pages, after = [], None
    while not pages or after is not None:
        page = inspections_page(engine, Filter(text="ZO"), after, 3)
        pages.append([each.number for each in page.items])
        after = page.next
    assert pages == [[9], [], [2]], "four names a page, the last of three"
    assert [each.number for each in inspections_page(engine, Filter(text="zo"), None, 1).items] == [9]
    assert inspections_count(engine, Filter(text="zo"), 10) is None
    few = Filter(text="zo", line="two")
    assert [each.number for each in everything(engine, few)] == [2] and inspections_count(engine, few, 10) == 1
    assert inspections_page(engine, few, None, 3).next is None


@pytest.mark.parametrize("wanted", ['"', "''", "a\"b OR 'c", "NEAR(", "*", "%", "_", "\\", "-", "AND", "\x00abc", "ab"])
def test_a_search_is_for_letters_and_never_a_language(engine: Engine, wanted: str) -> None:
    keep(engine, filename="apple.jpg")
    assert everything(engine, Filter(text=wanted)) == []


def test_a_name_is_found_whatever_its_capitals_and_accents(engine: Engine) -> None:
    names = [
        "Ñandú 7.jpg",
        "Camión_CÓRDOBA.JPG",
        "STRASSE ﬁn.jpg",
        "caf\N{COMBINING ACUTE ACCENT}e.png",
        "ΛΕΜΌΝΙ.jpg",
        None,
    ]
    for name in names:
        keep(engine, filename=name)
    for number, wanted in {
        1: ["ña", "ÑA", "Ña", "DÚ", "nandu", "ÑANDÚ", "nandú 7.JPG", "dú 7", "du", "N\N{COMBINING TILDE}AN"],
        2: ["córdoba", "CORDOBA", "Mión_c", "ÓR"],
        3: ["straße", "ﬁ", "FIN"],
        5: ["λεμόνι", "Λε", "ονι.jpg"],
    }.items():
        for each in wanted:
            assert [found.number for found in everything(engine, Filter(text=each))] == [number], each
    assert len(everything(engine, Filter(text="jpg"))) == 4
    assert everything(engine, Filter(text="ñandux")) == everything(engine, Filter(text="ñu")) == []


def test_a_page_is_never_longer_than_may_be(engine: Engine) -> None:
    for _ in range(3):
        keep(engine)
    assert len(inspections_page(engine, Filter(), None, 0).items) == 1
    assert len(inspections_page(engine, Filter(), None, 10**9).items) == 3


def test_counts_of_days_are_by_product_and_answer(engine: Engine) -> None:
    today = keep(engine).at.date()
    keep(engine)
    keep(engine, answer="unfit", product="orange")
    counts = day_counts(engine, today, today)
    assert [(each.product, each.answer, each.count) for each in counts] == [("apple", "fit", 2), ("orange", "unfit", 1)]
    assert day_counts(engine, today + timedelta(days=1), today + timedelta(days=9)) == ()
