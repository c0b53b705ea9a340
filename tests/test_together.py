"""Inspections that come at once share a transaction: each is durable when it is answered, and fails alone."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from sqlalchemy import Engine, event, func, select
from sqlalchemy.exc import IntegrityError

from kept import ANA, MAP, draft
from vistobueno.core.inspection import Inspection
from vistobueno.store import schema
from vistobueno.store.database import Unavailable, reading
from vistobueno.store.ledger import Ledger
from vistobueno.store.together import Together
from vistobueno.store.writes import Write

WRITERS, EACH = 8, 12


def at_once(works: list[Callable[[], object]]) -> list[object]:
    """What each gives or raises, all of them begun together."""
    begin = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> object:
        begin.wait()
        try:
            return work()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def test_numbers_have_no_gaps_and_fewer_commits_than_rows(engine: Engine) -> None:
    ledger, commits = Ledger(engine), list[int]()
    event.listen(engine, "commit", lambda _: commits.append(1))
    made: list[Inspection] = []

    def write() -> None:
        for _ in range(EACH):
            kept = ledger.add(draft(ANA), MAP, None)
            with reading(engine) as connection:  # durable when it is answered
                assert connection.execute(
                    select(schema.inspections.c.number).where(schema.inspections.c.number == kept.number)
                ).scalar()
            made.append(kept)

    assert at_once([write] * WRITERS) == [None] * WRITERS
    assert sorted(each.number for each in made) == list(range(1, WRITERS * EACH + 1))
    moments = [each.at for each in sorted(made, key=lambda each: each.number)]
    assert moments == sorted(moments)
    written = len(commits) - WRITERS * EACH  # those of the readings left out
    assert written < WRITERS * EACH
    with reading(engine) as connection:
        assert connection.execute(select(func.sum(schema.daily_counts.c.count))).scalar() == WRITERS * EACH


def test_one_that_is_refused_fails_alone(engine: Engine) -> None:
    ledger, same = Ledger(engine), Write("belt 2", ANA, "1" * 64)
    works: list[Callable[[], object]] = [
        lambda: ledger.add(draft(ANA), MAP, same),
        lambda: ledger.add(draft(ANA), MAP, same),
        lambda: ledger.add(draft(ANA, lot=9, package=1), MAP, None),
        *[lambda: ledger.add(draft(ANA), MAP, None)] * 5,
    ]
    said = at_once(works)
    kept = sorted(each.number for each in said if isinstance(each, Inspection))
    assert kept == list(range(1, 7))
    assert sum(isinstance(each, IntegrityError) for each in said) == 1
    assert sum(isinstance(each, Exception) for each in said) == 2  # a lot that is not there, too


def test_a_database_that_is_away_is_told_to_all_who_wait(engine: Engine) -> None:
    tried: list[int] = []

    def away(_: object, entries: Sequence[int]) -> list[int]:
        tried.append(len(entries))
        raise Unavailable("database_away", es="No está.", en="It is away.")

    together = Together[int, int](engine, away)
    said = at_once([lambda: together.do(1)] * WRITERS)
    assert all(isinstance(each, Unavailable) for each in said) and sum(tried) == WRITERS


def test_entries_keep_their_order_and_each_has_its_own_answer(engine: Engine) -> None:
    together = Together[int, int](engine, lambda _, entries: [60 // each for each in entries])
    assert at_once([partial(together.do, each) for each in range(1, 7)]) == [60, 30, 20, 15, 12, 10]
    said = at_once([partial(together.do, each) for each in (0, 1, 0, 2)])
    assert [said[1], said[3]] == [60, 30]
    assert all(isinstance(said[place], ZeroDivisionError) for place in (0, 2))
