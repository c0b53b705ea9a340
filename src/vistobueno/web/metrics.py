"""What the station counts, for Prometheus: inspections, refusals, requests, time, queue, memory, the model."""

from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..core.inspection import Inspection
from ..services import running_station

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
REGISTRY = CollectorRegistry()
INSPECTIONS = Counter("vistobueno_inspections", "Inspections kept.", ("answer", "product", "source"), registry=REGISTRY)
JUDGING_SECONDS = Histogram("vistobueno_judging_seconds", "From bytes to verdict.", buckets=_SECONDS, registry=REGISTRY)
REFUSALS = Counter("vistobueno_refusals", "ErrorHandling with an error, by code.", ("code",), registry=REGISTRY)
PLACES = Gauge("vistobueno_places_taken", "Photographs taken in that are not answered yet.", registry=REGISTRY)
HTTP_REQUESTS = Counter(
    "vistobueno_http_requests", "Requests answered.", ("method", "route", "status"), registry=REGISTRY
)
HTTP_SECONDS = Histogram("vistobueno_http_seconds", "Time to answer.", ("route",), buckets=_SECONDS, registry=REGISTRY)
ProcessCollector(registry=REGISTRY)


class _Model:
    """The model that judges now, as labels."""

    def collect(self) -> Iterator[Metric]:
        """One sample while a station is open."""
        try:
            bundle = running_station().models.active.bundle
        except RuntimeError:
            return
        family = GaugeMetricFamily(
            "vistobueno_model_info", "The model that judges.", labels=("name", "version", "digest")
        )
        family.add_metric((bundle.name, bundle.version, bundle.digest), 1)
        yield family


REGISTRY.register(_Model())


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
