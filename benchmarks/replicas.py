"""Photographs a second that one, two and three stations acknowledge together, on one PostgreSQL and one folder of photographs.

python benchmarks/replicas.py [photographs] [rounds]

Clients share the stations evenly, as a proxy would deal them out. All of it runs on one machine: where one station already
takes all its cores, more of them show what sharing costs, not what more machines would bring.
"""

import contextlib
import signal
import sys
import tempfile
from pathlib import Path
from statistics import median, quantiles

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from figures import Figure, paired, table
from machine import cores
from processes import child
from servers import postgresql_server
from station import TARGET, client, serving

MOST, SENDERS = 3, 12


def main() -> None:
    """Print the table."""
    given = [int(each) for each in sys.argv[1:]]
    photographs, rounds = (*given, *(60, 3)[len(given) :])
    rates: dict[int, list[float]] = {count: [] for count in range(1, MOST + 1)}
    waits: dict[int, list[float]] = {count: [] for count in rates}
    with (
        postgresql_server(durable=True) as server,
        tempfile.TemporaryDirectory(prefix="vistobueno-replicas-") as work,
        contextlib.ExitStack() as stations,
    ):
        folder, database = Path(work), server.new_database()
        large = child("draw", folder=folder / "large", width=4000, height=3000, count=3)[1]
        model = Path(child("bundle", path="")[1]["path"])
        (folder / "evidence").mkdir()
        key = client("key", folder=folder / "1", database=database)
        shared = {"DATABASE_URL": database, "EVIDENCE_URL": str(folder / "evidence"), "SECRET_KEY": "bench" * 8}
        servers = [stations.enter_context(serving(folder / f"{each}", model, **shared)) for each in rates]
        for each in servers:
            each.tell(signal.SIGSTOP)
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "image/jpeg"}
        for number in range(-1, rounds):  # the first for nothing: caches
            for count in rates:
                print(f"· {count} of {MOST} stations, round {number + 1} of {rounds}", flush=True)
                with contextlib.ExitStack() as awake:
                    for each in servers[:count]:
                        awake.enter_context(each.awake())
                    ports = [each.port for each in servers[:count]]
                    sent = client("send", ports=ports, path=TARGET, headers=headers, photos=large, count=photographs,
                                  clients=SENDERS)  # fmt: skip
                if number >= 0:
                    rates[count].append(photographs / sent["seconds"])
                    waits[count] += sent["waits"]
    rows = [
        Figure(f"POST of 12 MP, kept, {count} of {MOST} stations, {cores()} cores", "one station", "/s",
               median(rates[count]), median(rates[1]), paired(rates[count], rates[1]))
        for count in rates
    ]  # fmt: skip
    rows += [
        Figure(f"p99 of {SENDERS} clients, {count} stations", "p50", "s", quantiles(each, n=100)[98],
               median(each), quantiles(each, n=100)[98] / median(each))
        for count, each in waits.items()
    ]  # fmt: skip
    print("\n" + table(rows, judged=False))


if __name__ == "__main__":
    main()
