import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from drawn_photos import PHOTO
from kept import ANA
from opened import verdict_on
from servers import PostgreSQL, postgresql_server
from vistobueno.model.bundle import Bundle
from vistobueno.services import Station, Unavailable
from vistobueno.settings import Settings

INSPECT_UNTIL_KILLED = """
import sys
from pathlib import Path
from vistobueno.settings import read_settings
from vistobueno.services import Actor, Station

station = Station.open(read_settings())
photo = Path(sys.argv[1]).read_bytes()
for number in range(10_000):
    kept = station.inspections.inspect(photo, Actor("key", 1, "sorter"), source="api", idempotency_key=str(number))
    print(kept.inspection.number, flush=True)
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no small file system may be mounted here: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def station_at(folder: Path, bundle: Bundle, **settings: str) -> Station:
    return Station.open(Settings(data_dir=folder, model_path=str(bundle.path), **settings))


def photographs(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("evidence", ["", "database:"])
def test_a_disk_that_fills_up_keeps_what_was_acknowledged_and_goes_on_with_space(
    evidence: str, small_disk: Path, small_bundle: Bundle
) -> None:
    station = station_at(small_disk, small_bundle, evidence_url=evidence)
    acknowledged = 0
    with pytest.raises(Unavailable, match="disk_full"):  # noqa: PT012 how many fit is not known before
        for _ in range(1_000):
            station.inspections.inspect(PHOTO, ANA, source="page")
            acknowledged += 1
    assert acknowledged > 3
    assert station.reviews.count() == acknowledged == len(station.inspections.page(limit=500).items)
    if not evidence:
        assert len(photographs(small_disk / "evidence")) == acknowledged
    for each in station.inspections.page(limit=500).items:
        assert station.inspections.photograph(each.number)
    subprocess.run(["mount", "-o", "remount,size=16m", str(small_disk)], check=True)
    assert station.inspections.inspect(PHOTO, ANA, source="page").inspection.number == acknowledged + 1
    station.close()


def test_a_database_that_stops_and_comes_back_needs_no_restart(small_bundle: Bundle, tmp_path: Path) -> None:
    with postgresql_server() as server:
        station = station_at(tmp_path / "data", small_bundle, database_url=server.new_database())
        station.inspections.inspect(PHOTO, ANA, source="page")
        server.stop()
        with pytest.raises(Unavailable, match="database_away"):
            station.inspections.inspect(PHOTO, ANA, source="page", idempotency_key="k")
        with pytest.raises(Unavailable, match="database_away"):
            station.inspections.page()
        assert station.ready().checks == {"model": True, "database": False, "evidence": True}
        with station.judging.admit():
            assert station.judging.run(
                verdict_on, station.models.active, PHOTO
            ).product  # what needs no database goes on
        server.start()
        kept = station.inspections.inspect(PHOTO, ANA, source="page", idempotency_key="k")
        assert (kept.inspection.number, kept.replayed) == (2, False)
        assert station.ready().ok
        station.close()


def test_a_database_that_stops_under_load_keeps_every_inspection_that_was_acknowledged(
    small_bundle: Bundle, tmp_path: Path
) -> None:
    with postgresql_server() as server:
        station = station_at(tmp_path / "data", small_bundle, database_url=server.new_database())
        acknowledged: list[int] = []
        stop = threading.Event()

        def inspect_on() -> None:
            while not stop.is_set():
                with contextlib.suppress(Unavailable):
                    acknowledged.append(station.inspections.inspect(PHOTO, ANA, source="api").inspection.number)

        threads = [threading.Thread(target=inspect_on) for _ in range(3)]
        for thread in threads:
            thread.start()
        for _ in range(2):
            wait_for(acknowledged, len(acknowledged) + 5)
            server.stop()
            server.start()
        wait_for(acknowledged, len(acknowledged) + 5)
        stop.set()
        for thread in threads:
            thread.join()
        for number in acknowledged:
            assert station.inspections.photograph(number)
        assert len(set(acknowledged)) == len(acknowledged)
        for each in station.inspections.page(limit=500).items:  # also those whose acknowledgement was cut off
            assert station.inspections.photograph(each.number)
        station.close()


def wait_for(acknowledged: list[int], count: int) -> None:
    from servers import until

    until(lambda: len(acknowledged) >= count, "no inspection is acknowledged any more")


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_killed_at_any_moment_every_acknowledged_inspection_is_there_whole(
    kind: str, request: pytest.FixtureRequest, small_bundle: Bundle, tmp_path: Path
) -> None:
    server: PostgreSQL | None = request.getfixturevalue("postgresql") if kind == "postgresql" else None
    url = server.new_database() if server else ""
    photo, data = tmp_path / "photo.jpg", tmp_path / "data"
    photo.write_bytes(PHOTO)
    environment = {**os.environ, "DATA_DIR": str(data), "DATABASE_URL": url, "MODEL_PATH": str(small_bundle.path)}
    acknowledged: set[int] = set()
    for kill_after in (1, 4, 9):
        process = subprocess.Popen(
            [sys.executable, "-c", INSPECT_UNTIL_KILLED, str(photo)], stdout=subprocess.PIPE, text=True, env=environment,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert process.stdout is not None
        seen = [int(process.stdout.readline()) for _ in range(kill_after)]
        process.kill()
        acknowledged |= {*seen, *map(int, filter(str.strip, process.stdout.read().splitlines()))}
        process.wait()
        process.stdout.close()
    station = station_at(data, small_bundle, database_url=url)
    every = {each.number: each for each in station.inspections.page(limit=500).items}
    assert acknowledged <= set(every)
    assert sorted(every) == list(range(1, len(every) + 1))
    for number in every:
        assert station.inspections.photograph(number).endswith(b"\xff\xd9")
    assert (
        len(every)
        == station.reviews.count()
        == sum(each.count for each in station.inspections.day_counts(every[1].at.date(), every[len(every)].at.date()))
    )
    station.close()
