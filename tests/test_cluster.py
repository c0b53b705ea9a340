"""`score --engine ray` on a cluster of two nodes on this machine, one of which dies."""

import contextlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from command_line import Run as Command
from command_line import vistobueno
from drawn_photos import jpeg
from test_calibrated import calibration
from test_score import rows_of, same_as_inspect
from test_score import scored as here
from vistobueno.core.policy import Policy
from vistobueno.model.calibrated import to_bytes
from vistobueno.model.runtime import Model
from vistobueno.services.archives.manifest import keys_of
from vistobueno.services.archives.photographs import Photographs
from vistobueno.services.archives.results import Results
from vistobueno.services.archives.scored import Row
from vistobueno.services.archives.scoring import Run, score
from vistobueno.services.engine import Engine
from vistobueno.settings import read_settings

ray = pytest.importorskip("ray", reason="Ray (the extra [cluster]) is not here")
__all__ = ["vistobueno"]
pytestmark = pytest.mark.timeout(280)
MEMORY = 80 * 2**20  # bytes, of each node's object store
SOON = {"health_check_period_ms": 500, "health_check_timeout_ms": 20_000, "health_check_failure_threshold": 3}
"""What died refuses at once; what is only slow has time."""


def patiently(start: Callable[[], Any]) -> Any:
    """Ray waits half a minute for a node, which a machine that does much else may need."""
    for _ in range(2):
        with contextlib.suppress(Exception):
            return start()
    return start()


class TwoNodes:
    """A cluster whose second node can be killed; it comes back with the next test."""

    def __init__(self, folder: str) -> None:
        from ray.cluster_utils import Cluster

        head = {"num_cpus": 1, "object_store_memory": MEMORY, "include_dashboard": False, "temp_dir": folder}
        self._cluster = patiently(
            lambda: Cluster(initialize_head=True, head_node_args={**head, "_system_config": SOON})
        )
        self._second: Any = None

    def whole(self) -> None:
        """Both nodes are there."""
        if self._second is None:
            self._second = patiently(lambda: self._cluster.add_node(num_cpus=1, object_store_memory=MEMORY))
            self._cluster.wait_for_nodes()
        if not ray.is_initialized():
            ray.init(address=self._cluster.address, log_to_driver=False)

    def kill(self) -> None:
        """The second node dies, as a machine does whose plug is pulled."""
        self._cluster.remove_node(self._second, allow_graceful=False)
        self._second = None

    def close(self) -> None:
        """Leave nothing behind."""
        ray.shutdown()
        self._cluster.shutdown()


@pytest.fixture(scope="module")
def cluster(s3: str) -> Iterator[TwoNodes]:
    folder = tempfile.mkdtemp(prefix="vb-ray-")  # short: sockets lie in it
    with pytest.MonkeyPatch.context() as patched:
        for name, value in (("S3_ENDPOINT", s3), ("S3_ACCESS_KEY_ID", "key"), ("S3_SECRET_ACCESS_KEY", "secret")):
            patched.setenv(name, value)  # the nodes' own: no secret goes to them
        patched.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patched.setenv("RAY_health_check_initial_delay_ms", "0")
        nodes = TwoNodes(folder)
        try:
            yield nodes
        finally:
            nodes.close()
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def nodes(cluster: TwoNodes) -> TwoNodes:
    cluster.whole()
    return cluster


def scored(places: list[Any], out: Path, model: Model, then: Any = None) -> Run:
    """Score on the cluster; ``then`` is called with the number of each row that comes back."""
    from vistobueno.jobs.cluster import Cluster

    photographs = Photographs(read_settings())

    class Watched:
        def __init__(self, engine: Engine[str, Row]) -> None:
            self._engine = engine

        def submit(self, batch: Any, /) -> Iterator[Row]:
            for number, row in enumerate(self._engine.submit(batch)):
                if then is not None:
                    then(number)
                yield row

    with Results(out, model.name) as results:
        keys, _ = keys_of([str(each) for each in places], photographs)
        return score(keys, results, photographs, lambda known: Watched(Cluster(model, known, 2)))


def test_folder_and_bucket_are_judged_as_inspect_does_by_a_lines_calibration_too(
    vistobueno: Command, nodes: TwoNodes, s3: str, drawn: Path, small_model: Model, tmp_path: Path
) -> None:
    import requests

    assert requests.put(f"{s3}/fruit", timeout=10).ok
    assert requests.put(f"{s3}/fruit/2026/one.jpg", data=jpeg("apple_fit", 41), timeout=10).ok
    assert requests.put(f"{s3}/fruit/2026/broken.jpg", data=b"no photograph", timeout=10).ok
    everything = Policy(temperature=1.3, fit_below=0.45, unfit_above=0.55)
    fitted = small_model.with_calibration(calibration(small_model.bundle, everything))
    (tmp_path / "calibration.npz").write_bytes(to_bytes(fitted.calibration))
    places, out = [drawn, "s3://fruit/2026"], tmp_path / "out"
    by = ("--model", small_model.bundle.path, "--calibration", tmp_path / "calibration.npz")
    said = vistobueno("score", *places, "--out", out, "--engine", "ray", "--jobs", 2, *by, "--json")
    assert said.code == 0, said.err
    told, rows = json.loads(said.out), rows_of(out)
    assert len(rows) == len({row["file"] for row in rows}) == told["photographs"] == len(list(drawn.rglob("*.jpg"))) + 2
    assert told["refusals"] == {"not_a_photo": 1}
    for row in rows:
        name = row["file"]
        assert row["model_calibration"] == fitted.calibration_digest
        if not row["error"]:
            data = jpeg("apple_fit", 41) if name.startswith("s3://") else Path(name).read_bytes()
            assert same_as_inspect(row, fitted, data), name
    here(places, tmp_path / "here", fitted, read_settings())
    of_both = [sorted((row | {"elapsed_ms": 0} for row in rows_of(tmp_path / name)), key=lambda row: row["file"])
               for name in ("out", "here")]  # fmt: skip
    assert of_both[0] == of_both[1]


def test_a_node_that_dies_costs_nothing_and_a_run_that_is_cut_goes_on(
    nodes: TwoNodes, small_model: Model, tmp_path: Path
) -> None:
    archive = tmp_path / "archive"
    archive.mkdir()
    large = jpeg("apple_fit", 3, (3000, 2250))
    for number in range(160):
        (archive / f"{number:03}.jpg").write_bytes(large + number.to_bytes(2, "big"))  # each its own hash
    started = time.monotonic()

    def cut(number: int) -> None:
        if number == 25:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scored([archive], tmp_path / "out", small_model, cut)
    assert len(rows_of(tmp_path / "out")) == 25

    killed: list[int] = []

    def die(number: int) -> None:
        both_work = ray.available_resources().get("CPU", 0) < 1
        if not killed and (both_work or number == 80):
            nodes.kill()
            killed.append(number)

    done = scored([archive], tmp_path / "out", small_model, die)
    assert (done.photographs, done.standing, done.answers.total()) == (160, 25, 135) and not done.refusals
    assert killed
    rows = rows_of(tmp_path / "out")
    assert sorted(row["file"] for row in rows) == sorted(str(each) for each in archive.iterdir())
    assert len({row["photo_sha256"] for row in rows}) == 160
    assert all(same_as_inspect(row, small_model, Path(row["file"]).read_bytes()) for row in rows[:2])
    assert scored([archive], tmp_path / "out", small_model).standing == 160, "the second run asks nobody"
    assert time.monotonic() - started < 240
