"""What the station counts, for Prometheus: inspections, refusals, requests, time, queue, memory, the model."""

import platform
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..core.inspection import Inspection
from ..core.version import __version__
from ..jobs.watching import Watched
from ..services import running_station

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
REGISTRY = CollectorRegistry()
INSPECTIONS = Counter("vistobueno_inspections", "Inspections kept.", ("answer", "product", "source"), registry=REGISTRY)
JUDGING_SECONDS = Histogram("vistobueno_judging_seconds", "From bytes to verdict.", buckets=_SECONDS, registry=REGISTRY)
REFUSALS = Counter("vistobueno_refusals", "Answers with an error, by code.", ("code",), registry=REGISTRY)
for _code in ("busy", "database_away", "disk_full", "evidence_away"):
    REFUSALS.labels(_code)  # alerts ask for their rate, which a series that begins with its first error does not have
HTTP_REQUESTS = Counter(
    "vistobueno_http_requests", "Requests answered.", ("method", "route", "status"), registry=REGISTRY
)
HTTP_SECONDS = Histogram("vistobueno_http_seconds", "Time to answer.", ("route",), buckets=_SECONDS, registry=REGISTRY)
ProcessCollector(registry=REGISTRY)


BUILD = Gauge("vistobueno_build_info", "The program that runs.", ("version", "python"), registry=REGISTRY)
BUILD.labels(__version__, platform.python_version()).set(1)


class _Running:
    """What the station of this process says of itself when it is asked: nothing here reads the database."""

    def describe(self) -> tuple[GaugeMetricFamily, ...]:
        """The families without samples, as they are while no station is open."""
        return (
            GaugeMetricFamily("vistobueno_places", "Photographs that fit at once."),
            GaugeMetricFamily("vistobueno_places_taken", "Photographs taken in that are not answered yet."),
            GaugeMetricFamily("vistobueno_model_info", "The model that judges.", labels=("name", "version", "digest")),
            GaugeMetricFamily("vistobueno_model_not_loaded", "1: the active model cannot be loaded here."),
        )

    def collect(self) -> Iterator[Metric]:
        """One sample each while a station is open."""
        try:
            station = running_station()
        except RuntimeError:
            return
        bundle = station.models.active.bundle
        samples: tuple[tuple[tuple[str, ...], float], ...] = (
            ((), station.judging.places),
            ((), station.judging.taken),
            ((bundle.name, bundle.version, bundle.digest), 1),
            ((), bool(station.models.missed)),
        )
        for family, (labels, value) in zip(self.describe(), samples, strict=True):
            family.add_metric(labels, value)
            yield family


WEBHOOKS = Gauge("vistobueno_webhook_messages", "Messages to webhooks.", ("state",), registry=REGISTRY)
WEBHOOKS_BEHIND = Gauge(
    "vistobueno_webhook_behind_seconds", "How long ago what waits longest to be sent happened.", registry=REGISTRY
)
NIGHTLY = Gauge(
    "vistobueno_nightly_timestamp_seconds", "When `vistobueno nightly` was last done; 0: never.", registry=REGISTRY
)


def watched(found: Watched) -> None:
    """What the database says of the station as a whole."""
    WEBHOOKS.labels("waiting").set(found.waiting)
    WEBHOOKS.labels("dead").set(found.dead)
    WEBHOOKS_BEHIND.set(found.behind)
    NIGHTLY.set(0 if found.nightly is None else found.nightly.timestamp())


STATION = _Running()
REGISTRY.register(STATION)


def count(inspection: Inspection) -> None:
    """An inspection was kept."""
    INSPECTIONS.labels(
        inspection.verdict.answer, inspection.verdict.recognised_product or "none", inspection.source
    ).inc()
    JUDGING_SECONDS.observe(inspection.elapsed_ms / 1e3)


async def show(request: Request) -> Response:
    """All of it, in Prometheus' text format."""
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)


def peak_memory() -> int:
    """The most bytes this process held; 0 where the system does not tell."""
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="ascii").splitlines() if status.is_file() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


PEAK = Gauge("vistobueno_peak_memory_bytes", "The most resident memory so far.", registry=REGISTRY)
PEAK.set_function(peak_memory)

routes = [Route("/metrics", show)]
