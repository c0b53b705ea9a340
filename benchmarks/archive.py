"""An archive of 12-megapixel photographs by Ray, by threads, and by a bare loop; and scored archives imported.

python benchmarks/archive.py [--photographs 400] [--rounds 3] [--inspections 20000] [--model FOLDER]

The ways take turns on the same drawn photographs, each in a process of its own. A rate is that of a way at work, without
its start, which stands beside it.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from figures import paired
from machine import cores, facts
from processes import child

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

BARE = "bare loop, 1 core"
WAYS = {f"{name}, {jobs}": (engine, jobs)
        for name, engine in (("threads", "local"), ("Ray, processes", "ray")) for jobs in (1, 2)}  # fmt: skip


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photographs", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--inspections", type=int, default=20_000)
    parser.add_argument("--model", default="")
    asked = parser.parse_args()
    machine: dict[str, Any] = facts()
    model = child("bundle", path=asked.model)[1]["path"]
    with tempfile.TemporaryDirectory(prefix="vistobueno-bench-") as work:
        taken = scored(Path(work), model, asked.photographs, asked.rounds)
        print(f"\n{'way':22}{'a second':>10}{'of the bare loop':>18}{'start':>9}")
        for way, rounds in taken.items():
            rate = median(each["photographs"] / each["rest"] for each in rounds)
            ratio = paired(_rates(rounds), _rates(taken[BARE]))
            print(f"{way:22}{rate:10.1f}{ratio:16.2f} ×{median(each['first'] for each in rounds):7.1f} s")
        print(f"\n{'import':22}{'a second':>10}{'again':>10}")
        for name, database in (("SQLite", sqlite), ("PostgreSQL", postgresql)):
            first, again = imported(Path(work) / name, database, asked.inspections)
            print(f"{name:22}{first:10.0f}{again:10.0f}")
    print("\n" + "\n".join(f"{name}: {value}" for name, value in machine.items()))


def scored(work: Path, model: str, count: int, rounds: int) -> dict[str, list[dict[str, float]]]:
    """What each way took in each round; ways of more processes than there are cores are left out."""
    drawn = child("draw", folder=work / "drawn", width=4000, height=3000, count=3)[1]
    folder = work / "archive"
    child("fill", folder=folder, photos=drawn, count=count)
    photos = [str(each) for each in sorted(folder.iterdir())]
    ways: dict[str, Callable[[str], Any]] = {BARE: lambda _: child("loop", model=model, photos=photos)[1]}
    for name, (engine, jobs) in WAYS.items():
        if jobs <= cores():
            given = {"model": model, "folder": folder, "engine": engine, "jobs": jobs}
            ways[name] = lambda out, given=given: child("archive", out=work / out, **given)[1]
    taken: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
    for number in range(rounds):
        names = list(ways)
        for place, name in enumerate(names[number % len(names) :] + names[: number % len(names)]):
            print(f"· {name}, {number + 1} of {rounds}", flush=True)
            taken[name].append(ways[name](f"out-{number}-{place}"))
    return taken


def _rates(rounds: list[dict[str, float]]) -> list[float]:
    return [each["photographs"] / each["rest"] for each in rounds]


def imported(work: Path, database: Any, count: int) -> tuple[float, float]:
    """Inspections a second of a first import, and rows a second of one that finds them there."""
    from kept import draft
    from vistobueno.core.composed import flat
    from vistobueno.services.archives.importing import import_scored
    from vistobueno.services.archives.results import Results
    from vistobueno.services.archives.scored import Row, schema
    from vistobueno.services.parquet import arrow_values
    from vistobueno.services.shelf import Shelf
    from vistobueno.settings import Settings
    from vistobueno.store.database import migrate, open_database
    from vistobueno.store.photos.evidence import open_evidence

    work.mkdir()
    settings = Settings(data_dir=work)
    with database(work) as url:
        engine = open_database(url)
        migrate(engine)
        name = Shelf(engine, settings).at_start().name
        one = draft()
        values = arrow_values(flat(replace(one, model=name))) | {"resembles": one.verdict.product}
        row = {each: values.get(each) for each in schema().names}
        rows: list[Row] = [row | {"file": f"/{n}.jpg", "photo_sha256": f"{n:064x}"} for n in range(count)]
        with Results(work / "results", name) as results:
            results.write(rows)
        seconds = []
        for _ in range(2):
            begun = time.perf_counter()
            import_scored(engine, open_evidence(settings, engine), work / "results", "principal")
            seconds.append(time.perf_counter() - begun)
        engine.dispose()
    return count / seconds[0], count / seconds[1]


@contextmanager
def sqlite(work: Path) -> Iterator[str]:
    """A file."""
    yield f"sqlite:///{work / 'station.sqlite'}"


@contextmanager
def postgresql(work: Path) -> Iterator[str]:
    """A server of its own, which syncs each commit."""
    from servers import postgresql_server

    with postgresql_server(durable=True) as server:
        yield server.new_database()


if __name__ == "__main__":
    main()
