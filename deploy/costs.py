"""What each shape of a station carries and costs a month, from the prices in prices.toml.

python deploy/costs.py --photographs 20000 [--hours 10] [--days 365] [--language en]
python deploy/costs.py --prices mine.toml --photographs 20000
"""

import argparse
import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PRICES = Path(__file__).with_name("prices.toml")
A_SECOND = 15.0  # photographs of 12 MP that one core judges and keeps: half of what two do, benchmarks/README.md
PEAK = 3.0  # the busiest minutes beside the mean of a working day
SHARE = 0.7  # of a core that may be busy at the peak
ROW_KB = 1.3  # of a database for an inspection with its indexes: 1.13 by `fill` of benchmarks/million.py, and its map
WORK_DAYS = 26  # a month
SYSTEM_GB = 15  # of a server's disk, for what is not the station's data
LEAST_REPLICAS, LEAST_NODES = 2, 3
TEXTS = {
    "es": {
        "load": "{photographs} fotografías al día en {hours} h: {mean} por segundo, {peak} en lo más alto",
        "kept": "se guardan {days} días: {objects} GB de fotografías, {rows} GB de registros en un año",
        "heading": ("forma", "núcleos", "fotos/s", "alcanza", "al mes", "por 1.000 fotos"),
        "yes": "sí", "cpu": "no: núcleos", "disk": "no: disco",
        "container": "un contenedor", "compose": "compose, un servidor", "replicas": "{n} réplicas",
        "cluster": "clúster, {n} nodos",
        "unsure": "? lleva algún precio que no se pudo confirmar; los precios, con fecha y fuente: {file}",
    },
    "en": {
        "load": "{photographs} photographs a day in {hours} h: {mean} a second, {peak} at the most",
        "kept": "kept for {days} days: {objects} GB of photographs, {rows} GB of records in a year",
        "heading": ("shape", "cores", "photos/s", "enough", "a month", "per 1,000 photos"),
        "yes": "yes", "cpu": "no: cores", "disk": "no: disk",
        "container": "one container", "compose": "compose, one server", "replicas": "{n} replicas",
        "cluster": "cluster, {n} nodes",
        "unsure": "? has a price in it that could not be confirmed; prices with date and source: {file}",
    },
}  # fmt: skip
Prices = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Load:
    """What a plant sends, and how long it wants it kept."""

    photographs: int  # a day
    hours: float
    days: int
    kilobytes: float  # of a photograph that is kept

    @property
    def mean(self) -> float:
        """Photographs a second while it works."""
        return self.photographs / self.hours / 3600

    @property
    def peak(self) -> float:
        """Photographs a second when it is busiest."""
        return self.mean * PEAK

    @property
    def objects_gb(self) -> float:
        """Photographs that lie there once the first are removed."""
        return self.photographs * self.days * WORK_DAYS / 30 * self.kilobytes / 1e6

    @property
    def rows_gb(self) -> float:
        """Records of a year; they stay for ever."""
        return self.photographs * WORK_DAYS * 12 * ROW_KB / 1e6


@dataclass(frozen=True)
class Shape:
    """A way to run it. ``parts``: how many of each price."""

    name: str
    count: int
    cores: float
    parts: Mapping[str, float]
    enough: str = "yes"

    def monthly(self, prices: Prices) -> float:
        """US dollars."""
        return sum(prices[name]["price"] * count for name, count in self.parts.items())

    def confirmed(self, prices: Prices) -> bool:
        """Whether every price that it pays was read on the provider's own page."""
        return all(prices[name]["confirmed"] for name, count in self.parts.items() if count)


def a_second(cores: float) -> float:
    """Photographs that may come each second."""
    return cores * SHARE * A_SECOND


def shapes(load: Load, prices: Prices) -> Iterator[Shape]:
    """One container, one server, replicas behind a balancer, a cluster: each as large as the load asks, where it can be."""
    writes = load.photographs * WORK_DAYS / 1e6
    objects = {"objects_gb": load.objects_gb, "objects_put": writes}
    cores, server = prices["container"]["cores"], prices["server"]
    records = _database("container_database", load, prices)
    yield Shape("container", 1, cores, {"container": 1, **records, **objects}, _enough(cores, load))
    room = server["disk_gb"] - SYSTEM_GB
    elsewhere = {} if load.objects_gb + load.rows_gb < room else objects  # its own disk, or a bucket
    enough = "disk" if load.rows_gb > room else _enough(server["cores"], load)
    yield Shape("compose", 1, server["cores"], {"server": 1, **elsewhere}, enough)
    needed = math.ceil(load.peak / a_second(server["cores"]))
    beside = {"balancer": 1, **_database("database", load, prices), **objects}
    for name, least, more in (("replicas", LEAST_REPLICAS, {}), ("cluster", LEAST_NODES, {"control_plane": 1})):
        count = max(least, needed + 1)  # one may be away
        yield Shape(name, count, count * server["cores"], {"server": count, **more, **beside})


def _enough(cores: float, load: Load) -> str:
    return "yes" if a_second(cores) >= load.peak else "cpu"


def _database(name: str, load: Load, prices: Prices) -> dict[str, float]:
    """A database of others', with room for the records of a year."""
    return {name: 1, "database_gb": max(0.0, load.rows_gb - prices[name]["disk_gb"])}


def lines(load: Load, prices: Prices, language: str, file: str) -> Iterator[str]:
    """The table, for people."""
    say = TEXTS[language]

    def figure(value: float, digits: int = 0) -> str:
        text = f"{value:,.{digits}f}"
        return text.translate(str.maketrans(",.", ".,")) if language == "es" else text

    mean, peak = figure(load.mean, 1), figure(load.peak, 1)
    yield str(say["load"]).format(photographs=figure(load.photographs), hours=f"{load.hours:g}", mean=mean, peak=peak)
    yield str(say["kept"]).format(days=load.days, objects=figure(load.objects_gb), rows=figure(load.rows_gb))
    rows: list[tuple[str, ...]] = [tuple(say["heading"])]
    for shape in shapes(load, prices):
        monthly, mark = shape.monthly(prices), "" if shape.confirmed(prices) else " ?"
        each = monthly / (load.photographs * WORK_DAYS / 1000)
        enough = shape.enough == "yes"
        rows.append(
            (
                str(say[shape.name]).format(n=shape.count),
                figure(shape.cores, 1),
                figure(a_second(shape.cores)),
                str(say[shape.enough]),
                f"{figure(monthly)} USD{mark}" if enough else "–",
                f"{figure(each, 3)} USD{mark}" if enough else "–",
            )
        )
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    yield str(say["unsure"]).format(file=file)


def main(arguments: list[str] | None = None) -> None:
    """The command."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--photographs", type=int, default=5_000, help="a working day")
    ask.add_argument("--hours", type=float, default=10, help="of a working day")
    ask.add_argument("--days", type=int, default=365, help="that photographs are kept, RETENTION_DAYS")
    ask.add_argument("--kilobytes", type=float, default=120, help="of a photograph that is kept")
    ask.add_argument("--prices", type=Path, default=PRICES)
    ask.add_argument("--language", choices=sorted(TEXTS), default="es")
    given = ask.parse_args(arguments)
    if min(given.photographs, given.days, given.kilobytes) < 1 or not 0 < given.hours <= 24:
        ask.error("photographs, days and kilobytes are at least 1, hours at most 24")
    prices = tomllib.loads(given.prices.read_text(encoding="utf-8"))
    load = Load(given.photographs, given.hours, given.days, given.kilobytes)
    print("\n".join(lines(load, prices, given.language, given.prices.name)))


if __name__ == "__main__":
    main()
