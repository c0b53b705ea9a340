"""Lists, filters and charts over a million inspections, on SQLite and PostgreSQL: how long a page waits.

python benchmarks/million.py [--rows 1000000] [--rounds 40] [--slowest 12]
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles

from sqlalchemy import Connection, Engine, text

from vistobueno.core.control.asked import Asked, By
from vistobueno.core.inspection import Filter
from vistobueno.services.control import Control
from vistobueno.store.database import migrate, open_database, writing
from vistobueno.store.days import day_counts
from vistobueno.store.ledger import Ledger
from vistobueno.store.lists import inspections_page, waiting_page
from vistobueno.store.migrations.versions.control import DAY, FILLED
from vistobueno.store.migrations.versions.shares import SUMMED
from vistobueno.web.middleware.allocator import freeze

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))  # the suite's own way to a real PostgreSQL

DAYS = 365
_NUMBERS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count) SELECT {} FROM n",
    "postgresql": "SELECT {} FROM generate_series(1, CAST(:count AS int)) AS n(i)",
}
_NAME = (
    "CASE WHEN i % 3 = 0 THEN 'lote-' || (i / 400) || '-' || (i % 400) || '.jpg' "
    "ELSE 'IMG_' || (20250000 + i / 2740) || '_' || i || '.jpg' END"
)
# One in seven waits or waited for a person; one in a thousand photographs is poor; ten inspectors, one machine, three
# lines; lots of 400 photographs, each of one product and of one of nine packers, named by phone or by lot; one in twenty is
# drawn for the blind audit, one in a hundred for two people.
_COLUMNS = {
    "number": "i",
    "actor_kind": "CASE WHEN i % 11 = 0 THEN 'key' ELSE 'person' END",
    "actor_id": "i % 11",
    "actor_name": "'inspector ' || (i % 11)",
    "source": "CASE WHEN i % 11 = 0 THEN 'api' WHEN i % 50 = 1 THEN 'bulk' ELSE 'page' END",
    "filename": _NAME,
    "filename_folded": f"lower({_NAME})",
    "model_digest": "'d707672dfd40ce8db04fbd6157073a0ab6453d3c6902966c8a2ce3f32d8e9943'",
    "model_name": "'vistobueno-lite0'",
    "model_version": "'0.1.0'",
    "photo_sha256": "'e2fc1c697542293c6c30d520502111092d3860b1c568bf194dcda73bdbbe08af'",
    "evidence": "'2025/01/01/' || i || '.jpg'",
    "width": "4000",
    "height": "3000",
    "format": "'jpeg'",
    "bytes": "2000000 + i % 1000000",
    "sharpness": "20 + i % 30",
    "brightness": "0.5",
    "clipped": "0.01",
    "answer": "CASE i % 7 WHEN 0 THEN 'review' WHEN 1 THEN 'unfit' ELSE 'fit' END",
    "reasons": "CASE WHEN i % 1001 = 0 THEN 'poor_photo,uncertain' WHEN i % 7 = 0 THEN 'uncertain' ELSE '' END",
    "forced": "CASE i % 7 WHEN 1 THEN 'unfit' ELSE 'fit' END",
    "product": "CASE i / 400 % 5 WHEN 0 THEN 'orange' WHEN 1 THEN 'banana' ELSE 'apple' END",
    "class_key": "'apple_fit'",
    "probability_unfit": "(i % 1000) / 1000.0",
    "elapsed_ms": "60",
    "line": "'line ' || (i % 11 % 3)",
    "lot": "1 + i / 400",
    "audit_chance": "CASE WHEN i % 20 = 3 THEN 0.05 END",
    "audit_people": "CASE WHEN i % 100 = 3 THEN 2 WHEN i % 20 = 3 THEN 1 ELSE 0 END",
}

_POOR = (
    "INSERT INTO reasons (reason, inspection_number) "
    "SELECT 'poor_photo', number FROM inspections WHERE reasons LIKE 'poor%'"
)
_REVIEWS = (
    "INSERT INTO reviews (id, inspection_number, at, actor_kind, actor_id, actor_name, answer, note, first) "
    "SELECT number, number, at, 'person', 1, 'supervisor', CASE WHEN number % 20 = 0 THEN 'unfit' ELSE 'fit' END, '', true "
    "FROM inspections "
    "WHERE answer = 'review' AND number % 9 <> 0"
)
_LOTS = (
    "INSERT INTO lots (number, code, packer, origin, product, grade, packages, variety, size, plan_seed, plan_opened, "
    "plan_fruit, opened_at, actor_kind, actor_id, actor_name, demo, standards) "
    "SELECT lot, 'L-' || lot, 'packer ' || (lot % 9), 'Ecuador', 'apple', 'I', 240, '', '', 'seed', 7, 20, min(at), 'person', "
    "1, 'supervisor', false, '[]' FROM inspections GROUP BY lot"
)
_BLIND = (
    "INSERT INTO reviews "
    "(id, inspection_number, at, actor_kind, actor_id, actor_name, answer, note, first, blind, defects) "
    "SELECT {person} * 10000000 + number, number, at, 'person', {person}, 'auditor', "
    "CASE WHEN forced = 'unfit' OR number % 13 = {person} THEN 'unfit' ELSE 'fit' END, '', answer <> 'review' AND {person} = 1, "
    "true, CASE WHEN forced <> 'unfit' AND number % 13 <> {person} THEN NULL WHEN number % 3 = 0 THEN 'bruise' "
    "WHEN number % 3 = 1 THEN 'decay,bruise' ELSE 'scab' END "
    "FROM inspections WHERE audit_people >= {person} AND NOT (answer = 'review' AND number % 9 = 0)"
)
_DISAGREEMENTS = (
    "INSERT INTO disagreements (inspection_number, kind) "
    "SELECT inspection_number, 'forced' FROM reviews WHERE answer = 'unfit' AND NOT blind"
)
_ESCAPES = (
    "INSERT INTO disagreements (inspection_number, kind) SELECT number, 'escape' FROM inspections "
    "JOIN reviews ON inspection_number = number AND blind AND reviews.actor_id = 1 "
    "WHERE inspections.answer = 'fit' AND reviews.answer = 'unfit'"
)
_TALLIES = (
    "INSERT INTO tallies (day, product, answer, count) "
    "SELECT {}, product, answer, count(*) FROM inspections GROUP BY 1, 2, 3"
)


def fill(engine: Engine, count: int) -> None:
    """``count`` inspections spread over a year that ends now, with what goes with them."""
    kind = engine.dialect.name
    begin, step = datetime.now(UTC) - timedelta(days=DAYS), DAYS * 86_400 / count
    values = dict(_COLUMNS)
    if kind == "sqlite":
        values["at"] = "strftime('%Y-%m-%d %H:%M:%f', :begin, '+' || (i * :step) || ' seconds') || '000'"
        values |= {"probabilities": '\'{"apple_fit": 0.98, "apple_unfit": 0.02}\'', "activation": "zeroblob(98)"}
    else:
        values["at"] = "CAST(:begin AS timestamptz) + i * CAST(:step AS float) * interval '1 second'"
        values |= {"probabilities": 'CAST(\'{"apple_fit": 0.98, "apple_unfit": 0.02}\' AS json)'}
        values |= {"activation": "decode(repeat('00', 98), 'hex')"}
    values["activation_width"] = "7"
    given = {"count": count, "step": step, "begin": begin.strftime("%Y-%m-%d %H:%M:%S")}
    numbers = _NUMBERS[kind].format(", ".join(values.values()))
    statements = [
        f"INSERT INTO inspections ({', '.join(values)}) {numbers}",
        "INSERT INTO reasons (reason, inspection_number) SELECT 'uncertain', number FROM inspections WHERE reasons <> ''",
        _POOR,
        _REVIEWS,
        *(_BLIND.format(person=person) for person in (1, 2)),
        _LOTS,
        _DISAGREEMENTS,
        _ESCAPES,
        "INSERT INTO waiting (inspection_number) SELECT number FROM inspections WHERE answer = 'review' AND number % 9 = 0",
        _TALLIES.format("date(at)" if kind == "sqlite" else "CAST(at AS date)"),
        *(each.format(day=DAY[kind]) for each in FILLED),
        *(made for each in SUMMED for made in (f"DELETE FROM {each.table}", each.filled)),  # noqa: S608
    ]
    with writing(engine) as connection:
        if kind == "postgresql":  # row by row is slow where there are a million at once
            statements = [*_BULK, *_dropped(connection), *statements, *_made_again(connection)]
        for statement in statements:
            wanted = {name: value for name, value in given.items() if f":{name}" in statement}
            connection.execute(text(statement), wanted)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE" if kind == "postgresql" else "ANALYZE")  # not while it is measured


_BULK = ("SET LOCAL session_replication_role = replica", "SET LOCAL maintenance_work_mem = '512MB'")  # no triggers
_UNIQUE = "FROM pg_constraint WHERE conrelid = 'inspections'::regclass AND contype = 'u'"
_INDEXES = (
    "FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid "
    f"WHERE indrelid = 'inspections'::regclass AND NOT indisprimary AND relname NOT IN (SELECT conname {_UNIQUE})"
)


def _dropped(connection: Connection) -> list[str]:
    """What takes PostgreSQL's indexes off the inspections."""
    unique = f"SELECT 'ALTER TABLE inspections DROP CONSTRAINT ' || conname {_UNIQUE}"
    return [
        *connection.execute(text(unique)).scalars(),
        *connection.execute(text(f"SELECT 'DROP INDEX ' || relname {_INDEXES}")).scalars(),
    ]


def _made_again(connection: Connection) -> list[str]:
    """What makes them as they are now."""
    unique = f"SELECT 'ALTER TABLE inspections ADD ' || pg_get_constraintdef(oid) {_UNIQUE}"
    return [
        *connection.execute(text(unique)).scalars(),
        *connection.execute(text(f"SELECT pg_get_indexdef(indexrelid) {_INDEXES}")).scalars(),
    ]


def questions(engine: Engine, count: int) -> Iterator[tuple[str, Callable[[], object]]]:
    """What pages and programs ask, each with its name."""
    now = datetime.now(UTC)
    lists: dict[str, Filter] = {
        "all": Filter(),
        "one answer": Filter(answer="unfit"),
        "product and answer": Filter(product="orange", answer="unfit"),
        "one day": Filter(since=now - timedelta(days=200), until=now - timedelta(days=199)),
        "a month, unfit oranges": Filter(
            product="orange", answer="unfit", since=now - timedelta(days=200), until=now - timedelta(days=170)
        ),
        "one inspector": Filter(actor_kind="person", actor_id=3),
        "one inspector's unfit oranges": Filter(actor_kind="person", actor_id=3, product="orange", answer="unfit"),
        "machines": Filter(actor_kind="key"),
        "a machine that has a person's number": Filter(actor_kind="key", actor_id=3),
        "from machines, to review": Filter(source="api", answer="review"),
        "poor photographs": Filter(reason="poor_photo"),
        "poor photographs of oranges": Filter(reason="poor_photo", product="orange"),
        "reviewed": Filter(reviewed=True),
        "not reviewed": Filter(reviewed=False),
        "reviewed, fit": Filter(reviewed=True, answer="review", product="banana"),
        "disagreements": Filter(disagrees=True),
        "disagreements on bananas": Filter(disagrees=True, product="banana"),
        "disagreements, escapes": Filter(disagreement="escape"),
        "reviewed, no disagreement": Filter(disagrees=False, reviewed=True),
        "name: a rare one": Filter(text=f"lote-{count // 1200}-"),
        "name: a common one": Filter(text=".jpg"),
        "name: one day": Filter(text=f"IMG_{20250000 + count // 5480}"),
        "name: two letters": Filter(text="te"),
        "name: two rare letters": Filter(text="zz"),
        "name: none": Filter(text="mango"),
        "name and answer": Filter(text="lote-", answer="review"),
        "nobody's": Filter(actor_id=99),
        "of no such product": Filter(product="mango", answer="unfit"),
    }
    for name, asked in lists.items():
        yield f"list, {name}", lambda asked=asked: inspections_page(engine, asked, None, 50)
    middle = inspections_page(engine, Filter(until=now - timedelta(days=180)), None, 1).next
    yield "list, a page in the middle", lambda: inspections_page(engine, Filter(), middle, 50)
    yield "list, waiting", lambda: waiting_page(engine, None, 50)
    ledger, today = Ledger(engine), now.date()
    yield "count, waiting", ledger.waiting_count
    yield "count, disagreements", ledger.disagreement_counts
    yield "chart of a month", lambda: day_counts(engine, today - timedelta(days=30), today)
    yield "chart of a year", lambda: day_counts(engine, today - timedelta(days=DAYS), today)
    control = Control(engine)
    year, quarter = today - timedelta(days=DAYS), today - timedelta(days=91)
    charts: dict[str, Asked] = {
        "a year by week": Asked(year, today),
        "a year by day": Asked(year, today, "day"),
        "half a year by week": Asked(today - timedelta(days=182), today),
        "a quarter, one line and product": Asked(quarter, today, line="line 1", product="apple"),
    }
    groups: tuple[By, ...] = ("line", "product", "packer", "inspector")
    charts |= {f"a year by {each}": Asked(year, today, each) for each in groups}
    for name, seen in charts.items():
        yield f"control, {name}", lambda seen=seen: control.view(seen)
    yield "one inspection", lambda: ledger.inspection(count // 2)


def seconds_of(question: Callable[[], object], rounds: int) -> list[float]:
    """How long each of ``rounds`` answers took, the first unasked-for."""
    question()
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        question()
        taken.append(time.perf_counter() - start)
    return taken


def answer(kind: str, folder: str, count: int, rounds: int) -> dict[str, list[float]]:
    """Seconds by question, on a database that is made for it in ``folder``."""
    with ExitStack() as stack:
        if kind == "postgresql":
            from servers import postgresql_server

            url = stack.enter_context(postgresql_server()).new_database()
        else:
            url = f"sqlite:///{Path(folder) / 'million.sqlite'}"
        engine = open_database(url)
        stack.callback(engine.dispose)
        migrate(engine)
        fill(engine, count)
        freeze()  # as a station does once it is ready
        return {name: seconds_of(question, rounds) for name, question in questions(engine, count)}


def p95(seconds: list[float]) -> float:
    """The 95th percentile."""
    return quantiles(seconds, n=20)[-1] if len(seconds) > 1 else seconds[0]


def main() -> None:
    """Print the slowest answers of both databases as Markdown, p50 · p95 in milliseconds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10**6)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--slowest", type=int, default=12, help="questions that are printed")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = [answer(kind, folder, asked.rows, asked.rounds) for kind in ("sqlite", "postgresql")]
    slowest = sorted(found[0], key=lambda name: -max(p95(each[name]) for each in found))
    print("| question | SQLite | PostgreSQL |\n| --- | ---: | ---: |")
    for name in slowest[: asked.slowest]:
        cells = (f"{median(each[name]) * 1e3:.3g} · {p95(each[name]) * 1e3:.3g}" for each in found)
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
