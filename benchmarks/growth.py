"""What a station's rows cost as they grow: each question at 10³ to 10⁷ inspections on one PostgreSQL, in one run.

python benchmarks/growth.py [--rows 1000 10000 100000 1000000 10000000] [--rounds 20] [--backup-to 1000000]

The rows are those of `million.fill`, spread over a year whatever their number. Ten million take some 15 GB and, on two cores,
ten minutes; they are gone afterwards.
"""

import argparse
import itertools
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from sqlalchemy import Engine, text

from kept import ANA, MAP, draft
from machine import facts
from million import fill, p95, questions, seconds_of
from servers import postgresql_server
from vistobueno.core.inspection import Filter
from vistobueno.core.lots.lot import LotFacts
from vistobueno.services.lots import Lots
from vistobueno.services.reports import Reports
from vistobueno.settings import Settings
from vistobueno.store.backup.write import write_backup
from vistobueno.store.database import migrate, open_database, reading
from vistobueno.store.days import Days
from vistobueno.store.ledger import Ledger
from vistobueno.store.lists import inspections_count
from vistobueno.store.photos.evidence import Evidence, open_evidence
from vistobueno.web.middleware.allocator import freeze

LIMA = ZoneInfo("America/Lima")
ASKED = (
    "list, all", "list, a page in the middle", "list, product and answer", "list, one inspector's unfit oranges",
    "list, waiting", "list, name: two letters", "list, name: two rare letters", "list, name: a rare one",
    "list, name: one day", "list, name: none", "control, half a year by week", "control, a year by day",
    "control, a year by line", "control, a year by packer", "control, a year by inspector", "one inspection",
)  # fmt: skip
"""Of the questions to a million."""


@dataclass(frozen=True)
class Measured:
    """One question at one number of rows, in ``unit``; what is measured once has a ``p50`` alone."""

    p50: float
    p95: float | None = None
    unit: str = "ms"

    @property
    def words(self) -> str:
        """As a cell of the table."""
        return " · ".join(
            f"{each:.3g}" if each < 100 else f"{each:,.0f}" for each in (self.p50, self.p95) if each is not None
        )


def main() -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[10**power for power in range(3, 8)])
    parser.add_argument("--rounds", type=int, default=20, help="answers of each question; those over a second: three")
    parser.add_argument("--backup-to", type=int, default=10**6, metavar="ROWS", help="back up so many rows and fewer")
    asked = parser.parse_args()
    found = measured(asked.rows, asked.rounds, asked.backup_to)
    print("\n" + table(found))
    print("\n" + "\n".join(f"{name}: {value}" for name, value in facts().items()))


def measured(rows: Sequence[int], rounds: int, backup_to: int = 0) -> dict[int, dict[str, Measured]]:
    """Everything at each number of rows, by its name; each number has a server of its own, which is gone afterwards."""
    found = {}
    for count in rows:
        with postgresql_server(durable=True) as server, tempfile.TemporaryDirectory() as work:
            found[count] = dict(_measured(server.new_database(), Path(work), count, rounds, count <= backup_to))
    return found


def table(found: dict[int, dict[str, Measured]]) -> str:
    """A row for each question; the last column is how its median grew from 10,000 rows, or the fewest, to the most."""
    counts = sorted(found)
    base = 10_000 if 10_000 in found else counts[0]
    rows = [["", *(f"{each:,}" for each in counts), f"most ÷ {base:,}"], ["---", *("---:" for _ in counts), "---:"]]
    for name in dict.fromkeys(itertools.chain.from_iterable(found.values())):
        here = [found[count].get(name) for count in counts]
        unit = next(each.unit for each in here if each)
        most, first = here[-1], found[base].get(name)
        grew = f"{most.p50 / first.p50:.3g}" if most and first else "–"
        rows.append([f"{name}, {unit}", *(each.words if each else "–" for each in here), grew])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _measured(url: str, folder: Path, count: int, rounds: int, backup: bool) -> Iterator[tuple[str, Measured]]:
    """Everything at one number of rows, in a database that is empty."""
    engine = open_database(url)
    start = time.perf_counter()
    _prepare(engine)
    fill(engine, count)
    freeze()  # as a station does once it is ready
    yield _said("filled", Measured(time.perf_counter() - start, unit="s"), count)
    for name, question in _questions(engine, folder, count):
        taken = [each * 1e3 for each in _timed(question, rounds)]
        yield _said(name, Measured(median(taken), p95(taken)), count)
    if backup:
        evidence = open_evidence(Settings(data_dir=folder), engine)
        start = time.perf_counter()
        write_backup(engine, evidence, folder / "models", folder / "backup.zip")
        yield _said("backup, rows alone", Measured(time.perf_counter() - start, unit="s"), count)
        yield _said("its file", Measured((folder / "backup.zip").stat().st_size / 1e6, unit="MB"), count)
    with reading(engine) as connection:
        size = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
    yield _said("database", Measured(size / 1e6, unit="MB"), count)
    engine.dispose()


def _prepare(engine: Engine) -> None:
    """The schema and a line; a log of writes that does not stop the filling."""
    migrate(engine)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ALTER SYSTEM SET max_wal_size = '8GB'")
        connection.exec_driver_sql("SELECT pg_reload_conf()")


def _questions(engine: Engine, folder: Path, count: int) -> Iterator[tuple[str, Callable[[], object]]]:
    """What pages, programs and the inspector's phone ask, each with its name."""
    known = dict(questions(engine, count))
    yield from ((name, known[name]) for name in ASKED)
    yield "count, all of one answer", lambda: inspections_count(engine, Filter(answer="unfit"), 10_001)
    yield "count, name: a rare one", lambda: inspections_count(engine, Filter(text=f"lote-{count // 1200}-"), 10_001)
    ledger, today = Ledger(engine), datetime.now(UTC).date()

    kept = Days(engine)

    def home(days: Days) -> None:
        ledger.waiting_count(ANA)
        ledger.waiting_count(ANA, blind=True)
        days.counts(today - timedelta(days=13), today, LIMA)

    yield "home, its counts", lambda: home(kept)
    yield "home, the first time in a process", lambda: home(Days(engine))
    lots, evidence = Lots(engine), open_evidence(Settings(data_dir=folder), engine)
    number = _lot(lots, ledger)
    yield "lot page", lambda: (lots.status(number), lots.estimate(number))
    yield "lot page, of 400 photographs", lambda: (lots.status(1 + count // 800), lots.estimate(1 + count // 800))
    yield "lot decided, its report issued", _report(engine, evidence, lots, number, folder)
    yield "one inspection acknowledged", lambda: ledger.add(draft(ANA), MAP, None)
    reviewed = iter(range(count // 2, count, 7))
    yield "one review acknowledged", lambda: ledger.review(next(reviewed), ANA, "fit", "")


def _lot(lots: Lots, ledger: Ledger) -> int:
    """An open lot of five packages with four fruit each."""
    facts_ = LotFacts(packer="packer 1", origin="Perú", product="banana", packages=120, grade="I", code="growth")
    lot, _ = lots.open(facts_, ["codex-cxs-205"], ANA, opened=5, fruit=4)
    for package, _ in itertools.product(lot.draw.numbers, range(4)):
        made = ledger.add(draft(ANA, lot=lot.number, package=package, product="banana"), MAP, None)
        ledger.review(made.number, ANA, "fit", "")
    return lot.number


def _report(engine: Engine, evidence: Evidence, lots: Lots, number: int, folder: Path) -> Callable[[], object]:
    reports, reasons = Reports(engine, evidence, Settings(data_dir=folder)), itertools.count(1)

    def issue() -> None:
        lots.decide(number, "refused", ANA, reason=f"decision {next(reasons)}")
        reports.issue(number, "es", ANA, LIMA)

    return issue


def _timed(question: Callable[[], object], rounds: int) -> Sequence[float]:
    """Seconds of so many answers, or of three where one takes a second."""
    start = time.perf_counter()
    question()
    slow = time.perf_counter() - start > 1
    return seconds_of(question, min(rounds, 3) if slow else rounds)


def _said(name: str, measured: Measured, count: int) -> tuple[str, Measured]:
    print(f"· {count:>10,}  {name}: {measured.words} {measured.unit}", flush=True)
    return name, measured


if __name__ == "__main__":
    main()
