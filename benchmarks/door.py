"""Inspections a second at the store's own door: writers without HTTP, verdict or photograph, each commit durable.

python benchmarks/door.py [--writers 8] [--seconds 5] [--database URL]

Beside it: how often a second this disk syncs, which bounds whoever commits one at a time.
"""

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from kept import ANA, MAP, draft
from vistobueno.store.database import migrate, open_database
from vistobueno.store.ledger import Ledger


def main() -> None:
    """Print rates, one by one and together."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--database", default="")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as work, database(asked.database) as url:
        print(f"{'syncs of this disk':36}{rate(sync_of(Path(work)), 1, asked.seconds):8.0f} a second")
        engine = open_database(url)
        migrate(engine)
        ledger = Ledger(engine)

        def one() -> None:
            ledger.add(draft(ANA), MAP, None)

        for writers in (1, asked.writers):
            name = f"inspections, {writers} writer{'s' if writers > 1 else ''}, {engine.dialect.name}"
            print(f"{name:36}{rate(one, writers, asked.seconds):8.0f} a second", flush=True)
        engine.dispose()


@contextmanager
def database(url: str) -> Iterator[str]:
    """The one that was asked for; else a PostgreSQL of its own, which syncs each commit."""
    if url:
        yield url
        return
    from servers import postgresql_server

    with postgresql_server(durable=True) as server:
        yield server.new_database()


def rate(work: Callable[[], object], writers: int, seconds: float) -> float:
    """How often a second so many threads do it."""
    done = [0] * writers
    end = time.monotonic() + seconds

    def run(place: int) -> None:
        while time.monotonic() < end:
            work()
            done[place] += 1

    threads = [threading.Thread(target=run, args=(place,)) for place in range(writers)]
    begin = time.monotonic()
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return sum(done) / (time.monotonic() - begin)


def sync_of(folder: Path) -> Callable[[], None]:
    """Writes a page of a file and has the disk keep it."""
    descriptor = os.open(folder / "page", os.O_WRONLY | os.O_CREAT)

    def sync() -> None:
        os.pwrite(descriptor, b"\0" * 8192, 0)
        os.fdatasync(descriptor)

    return sync


if __name__ == "__main__":
    main()
