"""An archive judged on a cluster by Ray Data: names go out, rows come back, an actor on each core holds the model."""

import logging
import os
import socket
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import VistoBuenoError
from ..model.bundle import zip_bundle
from ..model.calibrated import from_bytes, to_bytes
from ..model.runtime import Model, load_model
from ..services.archives.photographs import Photographs
from ..services.archives.scored import Judge, Row, schema
from ..services.parquet import arrow
from ..settings import read_settings

_MOST = 256  # names of a block
_TURNS = 8  # blocks for each actor at least, so that none is left alone at the end
_PATIENCE = 10.0  # seconds for the cluster's head to take a connection


class ClusterFailed(VistoBuenoError):
    """The cluster cannot be reached, or did not do its work."""


class Cluster:
    """The engine of `services.engine.Engine` on Ray: the cluster that RAY_ADDRESS names, the one of this machine, or a new
    one that ends with this process. Outcomes come in whatever order; a node that dies has its names judged by another.

    A node needs this program, the photographs under the same names, and its own ``S3_…`` variables: no secret travels.

    Args:
        known: as of `Judge`.
        jobs: actors at most, one core each; 0: as many as the cluster has cores.
    """

    def __init__(self, model: Model, known: NDArray[np.bytes_], jobs: int = 0) -> None:
        self._model, self._known, self._jobs = model, known, jobs

    def submit(self, batch: Iterable[str], /) -> Iterator[Row]:
        """What came of each name.

        Raises:
            ClusterFailed: ``ray_missing`` or ``cluster_failed``; what came before stands.
        """
        names = [os.fsencode(name) for name in batch]
        if not names:
            return
        ray = _ray()
        from ray.exceptions import RayError

        own = not ray.is_initialized()
        if own:
            _reach(ray)
        try:
            yield from self._judged(ray, names)
        except RayError as error:
            raise _failed(error) from error
        finally:
            if own:
                ray.shutdown()

    def _judged(self, ray: Any, names: list[bytes]) -> Iterator[Row]:
        jobs = min(self._jobs or max(1, int(ray.cluster_resources().get("CPU", 1))), len(names))
        size = max(1, min(_MOST, len(names) // (jobs * _TURNS)))
        pa = arrow()
        blocks = [pa.table({"name": names[at : at + size]}) for at in range(0, len(names), size)]
        with tempfile.TemporaryDirectory() as folder:
            bundle = zip_bundle(self._model.bundle, Path(folder) / "bundle.zip").read_bytes()
        calibration = None if self._model.calibration is None else to_bytes(self._model.calibration)
        given = (ray.put(bundle), calibration, ray.put(self._known))
        ray.data.DataContext.get_current().enable_progress_bars = False
        judged = ray.data.from_arrow(blocks).map_batches(
            _Actor,
            fn_constructor_args=given,
            batch_size=None,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(size=jobs),
            num_cpus=1,
        )
        for table in judged.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0):
            yield from table.to_pylist()


class _Actor:
    """Holds the model, proved once by its golden inputs, on one core of a node."""

    def __init__(self, bundle: Any, calibration: bytes | None, known: Any) -> None:
        import ray

        with tempfile.TemporaryDirectory(prefix="vistobueno-") as folder:
            file = Path(folder) / "bundle.zip"
            file.write_bytes(ray.get(bundle))
            model = load_model(file)  # in memory from here on
        if calibration is not None:
            model = model.with_calibration(from_bytes(calibration))
        self._judge, self._schema = Judge(model, Photographs(read_settings()), ray.get(known)), schema()

    def __call__(self, names: Any) -> Any:
        rows = [self._judge(os.fsdecode(name)) for name in names["name"].to_pylist()]
        return arrow().Table.from_pylist(rows, self._schema)


def _ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
    try:
        import ray.data
    except ImportError as error:
        raise ClusterFailed(
            "ray_missing",
            es="Falta Ray, que reparte el trabajo entre máquinas. Instálelo con pip install 'vistobueno[cluster]', o use "
            "--engine local.",
            en="Ray, which shares the work among machines, is not installed. Install it with pip install "
            "'vistobueno[cluster]', or use --engine local.",
        ) from error
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    return ray


def _reach(ray: Any) -> None:
    host, _, port = os.environ.get("RAY_ADDRESS", "").removeprefix("ray://").rpartition(":")
    try:
        if host and port.isdecimal():  # Ray itself would try a wrong address for minutes
            socket.create_connection((host.strip("[]"), int(port)), _PATIENCE).close()
        ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:  # its own kinds, and bare ones: "The current node timed out during startup"
        raise _failed(error) from error


def _failed(error: Exception) -> ClusterFailed:
    lines = [line for line in str(error).splitlines() if line.strip()]
    reason = lines[-1].strip() if lines else type(error).__name__
    return ClusterFailed(
        "cluster_failed",
        es=f"El clúster de Ray no hizo su trabajo ({reason}). Lo que ya se juzgó queda; compruebe RAY_ADDRESS y los nodos, y "
        "ejecute lo mismo otra vez.",
        en=f"The Ray cluster did not do its work ({reason}). What was judged already is kept; check RAY_ADDRESS and the nodes, "
        "and run the same again.",
    )
