"""OpenTelemetry traces, where OTEL_* variables ask for them. Where none does, nothing is imported and nothing is done."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from .core.version import __version__

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
    from opentelemetry.trace import Span

VARIABLES = (
    "OTEL_TRACES_EXPORTER",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_SDK_DISABLED",
)
"""Those that are read here; all others of the specification are read by OpenTelemetry itself."""
EXPORTERS = ("otlp", "console")
_NOTHING: AbstractContextManager[None] = nullcontext()
_providers: list["TracerProvider"] = []


class TracesUnavailable(Exception):
    """Traces are asked for and cannot be made: the extra is not installed, or the exporter is not known here."""


def exporter_asked(environment: Mapping[str, str]) -> str:
    """Which exporter the variables ask for, one of `EXPORTERS` where it is a known one; empty: no traces."""
    exporter, endpoint, traces_endpoint, disabled = (environment.get(name, "").strip() for name in VARIABLES)
    if disabled.lower() == "true" or exporter.lower() == "none":
        return ""
    return exporter.lower() or ("otlp" if endpoint or traces_endpoint else "")


def start(exporter: str) -> None:
    """Send traces from now on, by the background thread of OpenTelemetry.

    Raises:
        TracesUnavailable: what is missing.
    """
    if exporter not in EXPORTERS:
        raise TracesUnavailable(f"OTEL_TRACES_EXPORTER={exporter}")
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter
    except ImportError as error:
        raise TracesUnavailable(str(error.name)) from error
    begin(BatchSpanProcessor(OTLPSpanExporter() if exporter == "otlp" else ConsoleSpanExporter()))


def begin(processor: "SpanProcessor") -> None:
    """Give every span to ``processor`` from now on."""
    from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider

    named = Resource({SERVICE_NAME: "vistobueno", "service.version": __version__})
    provider = TracerProvider(resource=named.merge(OTELResourceDetector().detect()))
    provider.add_span_processor(processor)
    _providers[:] = [provider]


def end() -> None:
    """Send what was not sent yet, and make no more."""
    while _providers:
        _providers.pop().shutdown()


def is_on() -> bool:
    """Whether traces are made now."""
    return bool(_providers)


def span(name: str, **attributes: str | int) -> AbstractContextManager[object]:
    """A step of what is being done, below the step that it is part of."""
    return _started(name, attributes) if _providers else _NOTHING


def request(headers: Mapping[str, str]) -> AbstractContextManager["Span"]:
    """The whole of a request, below the caller's trace where `traceparent` tells of one; only while `is_on`."""
    from opentelemetry.propagate import extract

    return _started("HTTP", {}, extract(headers), server=True)


def traceparent() -> str:
    """What is done now, as W3C Trace Context names it to whoever goes on with it; empty where there is no trace."""
    if not _providers:
        return ""
    from opentelemetry.propagate import inject

    carrier: dict[str, str] = {}
    inject(carrier)
    return carrier.get("traceparent", "")


def followed(name: str, parent: str, **attributes: str | int) -> "AbstractContextManager[Span | None]":
    """A step that is done later for what ``parent`` tells of, as `traceparent` named it; of nothing, a trace of its own."""
    if not _providers:
        return _NOTHING
    from opentelemetry.propagate import extract

    return _started(name, attributes, extract({"traceparent": parent} if parent else {}))


def failed(span: "Span", kind: str) -> None:
    """Mark a step as one that ended in an error of this kind."""
    from opentelemetry.trace import StatusCode

    span.set_status(StatusCode.ERROR)
    span.set_attribute("error.type", kind)


def trace_id() -> str:
    """The trace that what is done now belongs to, as 32 digits; empty where there is none."""
    if not _providers:
        return ""
    from opentelemetry.trace import format_trace_id, get_current_span

    context = get_current_span().get_span_context()
    return format_trace_id(context.trace_id) if context.is_valid else ""


@contextmanager
def _started(
    name: str, attributes: Mapping[str, str | int], parent: "Context | None" = None, server: bool = False
) -> Iterator["Span"]:
    """A span that is open. An error is named by its code or type: its message may tell of a person or a secret."""
    from opentelemetry.trace import SpanKind

    with (
        _providers[0]
        .get_tracer("vistobueno", __version__)
        .start_as_current_span(
            name,
            parent,
            SpanKind.SERVER if server else SpanKind.INTERNAL,
            attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as begun
    ):
        try:
            yield begun
        except Exception as error:
            failed(begun, str(getattr(error, "code", type(error).__name__)))
            raise
