"""Traces: nothing at all where none are asked for; else one from the request to what is kept, and no person's words in it."""

import json
import logging
import sys
import timeit
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from anyio import to_thread
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from aside import awaited
from drawn_photos import PHOTO
from foreign_zips import zip_of
from kept import ANA
from opened import open_station, station
from receiver import Receiver
from servers import until
from serving import serving
from test_rooms import loaded_by
from vistobueno import tracing
from vistobueno.core.errors import PhotoRefused
from vistobueno.jobs.delivery import Delivery
from vistobueno.model.bundle import Bundle
from vistobueno.services import Station
from vistobueno.services.webhooks import Webhooks
from vistobueno.settings import Settings
from vistobueno.web.logs import _Numbered
from vistobueno.web.middleware.request_log import RequestLog, Routed
from vistobueno.web.middleware.traced import Traced

__all__ = ["open_station", "station"]
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CALLER = {"traceparent": f"00-{TRACE}-{PARENT}-01", "X-Request-ID": "box-7"}
STEPS = ["decode", "network", "encode", "judge", "evidence", "store"]  # as they end


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    tracing.begin(SimpleSpanProcessor(exporter))
    yield exporter
    tracing.end()


def names(exporter: InMemorySpanExporter) -> list[str]:
    return [each.name for each in exporter.get_finished_spans()]


def by_name(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {each.name: each for each in exporter.get_finished_spans()}


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ({}, ""),
        ({"OTEL_SERVICE_NAME": "plant"}, ""),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, "otlp"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, "otlp"),
        ({"OTEL_TRACES_EXPORTER": "console"}, "console"),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, ""),
        ({"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, ""),
    ],
)
def test_the_standard_variables_switch_it_on(given: dict[str, str], asked: str) -> None:
    assert tracing.exporter_asked(given) == asked


def test_off_nothing_of_it_is_imported_and_no_layer_stands_before_the_station(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in tracing.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    code = "from vistobueno.web.app import parts\nassert 'Traced' not in str(parts()['middleware'])"
    ours = ("opentelemetry.sdk", "opentelemetry.exporter")  # FastAPI imports their API by itself
    assert [each for each in loaded_by(code) if each.startswith(ours)] == []


def test_off_a_step_is_one_that_is_always_the_same(station: Station) -> None:
    assert tracing.span("one") is tracing.span("other", bytes=1)
    assert tracing.trace_id() == ""
    assert not station.inspections.inspect(PHOTO, ANA, source="api").replayed


def test_what_cannot_be_made_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(tracing.TracesUnavailable, match="zipkin"):
        tracing.start("zipkin")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace.export", None)
    with pytest.raises(tracing.TracesUnavailable, match=r"opentelemetry\.sdk"):
        tracing.start("otlp")
    assert not tracing.is_on()


def test_the_steps_of_an_inspection_lie_below_what_asked_for_it(station: Station, spans: InMemorySpanExporter) -> None:
    with tracing.span("caller"):
        station.inspections.inspect(PHOTO, ANA, source="api")
    assert names(spans) == [*STEPS, "caller"]
    found = by_name(spans)
    assert len({each.context.trace_id for each in found.values()}) == 1
    for child in ("decode", "network", "encode"):
        assert found[child].parent.span_id == found["judge"].context.span_id
    for child in ("judge", "evidence", "store"):
        assert found[child].parent.span_id == found["caller"].context.span_id
    assert found["decode"].attributes == {"bytes": len(PHOTO)}


def test_a_step_that_fails_says_which_error_and_nothing_of_its_words(
    station: Station, spans: InMemorySpanExporter
) -> None:
    with pytest.raises(PhotoRefused) as refused:
        station.inspections.inspect(b"no photo", ANA, source="api")
    decode = by_name(spans)["decode"]
    assert not decode.status.is_ok and decode.attributes["error.type"] == refused.value.code
    assert decode.events == () and decode.status.description is None


def test_every_photograph_of_a_zip_lies_in_the_trace_of_the_zip(station: Station, spans: InMemorySpanExporter) -> None:
    file = zip_of([(b"one.jpg", PHOTO), (b"two.jpg", PHOTO)])
    with tracing.span("zip"):
        list(station.inspections.inspect_zip(file, ANA, source="api").outcomes)
    assert len({each.context.trace_id for each in spans.get_finished_spans()}) == 1
    assert names(spans).count("store") == 2


def answered(station: Station, path: str, headers: dict[str, str]) -> tuple[httpx.Response, list[logging.LogRecord]]:
    """One call through the layers that number, log and trace; and the records of the log."""
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[method-assign]
    handler.addFilter(_Numbered())

    async def inspect(request: Request) -> JSONResponse:
        def kept() -> int:
            return station.inspections.inspect(PHOTO, ANA, source="api").inspection.number

        return JSONResponse({"number": await to_thread.run_sync(kept)}, 201)

    async def alive(request: Request) -> JSONResponse:
        return JSONResponse({})

    async def breaks(request: Request) -> JSONResponse:
        raise ValueError("a secret")

    app = Starlette(
        routes=[Route("/api/v1/inspections", inspect, methods=["POST"]), Route("/healthz", alive),
                Route("/api/v1/me", breaks)],
        middleware=[Middleware(each) for each in (Traced, RequestLog, Routed)],
    )  # fmt: skip

    async def call() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://station") as client:
            method = "POST" if path.endswith("inspections") else "GET"
            return await client.request(method, path, headers=headers)

    access = logging.getLogger("vistobueno.access")
    before, access.level = access.level, logging.DEBUG
    access.addHandler(handler)
    try:
        return awaited(call()), records
    finally:
        access.removeHandler(handler)
        access.setLevel(before)


def test_a_request_is_part_of_its_caller_s_trace_and_the_log_and_the_trace_find_each_other(
    station: Station, spans: InMemorySpanExporter
) -> None:
    answer, (record,) = answered(station, "/api/v1/inspections", CALLER)
    assert (answer.status_code, answer.headers["x-request-id"]) == (201, "box-7")
    assert names(spans) == [*STEPS, "POST /api/v1/inspections"]
    found = by_name(spans)
    assert {f"{each.context.trace_id:032x}" for each in found.values()} == {TRACE}
    whole = found["POST /api/v1/inspections"]
    assert f"{whole.parent.span_id:016x}" == PARENT and whole.kind.name == "SERVER"
    assert whole.attributes == {
        "http.request.method": "POST", "http.route": "/api/v1/inspections", "http.response.status_code": 201,
        "vistobueno.request_id": "box-7",
    }  # fmt: skip
    assert found["store"].parent.span_id == whole.context.span_id
    assert (record.request_id, record.trace_id) == ("box-7", TRACE)


def test_what_a_caller_did_not_want_sampled_is_not_and_a_broken_header_begins_a_trace_of_its_own(
    station: Station, spans: InMemorySpanExporter
) -> None:
    answered(station, "/api/v1/inspections", {"traceparent": f"00-{TRACE}-{PARENT}-00"})
    assert names(spans) == []
    for broken in ("00-0-0-01", "x" * 5_000, f"00-{'0' * 32}-{PARENT}-01"):
        assert answered(station, "/api/v1/inspections", {"traceparent": broken})[0].status_code == 201
    assert len({each.context.trace_id for each in spans.get_finished_spans()}) == 3


def test_a_request_that_breaks_is_marked_and_probes_have_no_trace(
    station: Station, spans: InMemorySpanExporter
) -> None:
    assert answered(station, "/healthz", {})[0].status_code == 200
    assert names(spans) == []
    assert answered(station, "/api/v1/me", {})[0].status_code == 500
    (broken,) = spans.get_finished_spans()
    assert not broken.status.is_ok and broken.attributes["error.type"] == "500"
    assert "secret" not in broken.to_json()


def test_the_name_that_the_operator_gave_is_the_service_s(
    monkeypatch: pytest.MonkeyPatch, spans: InMemorySpanExporter
) -> None:
    for given, name in ((None, "vistobueno"), ("plant-2", "plant-2")):
        if given:
            monkeypatch.setenv("OTEL_SERVICE_NAME", given)
        exporter = InMemorySpanExporter()
        tracing.begin(SimpleSpanProcessor(exporter))
        with tracing.span("step"):
            pass
        assert by_name(exporter)["step"].resource.attributes["service.name"] == name


def test_a_webhook_belongs_to_the_trace_of_what_it_tells_of_and_hands_it_on(
    station: Station, spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vistobueno.jobs.delivery.back_off", lambda *_: timedelta(0))
    statuses = iter((503, 204))
    webhooks = Webhooks(station.engine, Settings(data_dir=Path(), secret_key="s" * 32, webhook_networks="127.0.0.0/8"))
    with Receiver(lambda _: next(statuses)) as receiver:
        webhooks.add(receiver.url, ("inspection.created",), ANA)
        answered(station, "/api/v1/inspections", CALLER)
        delivery = Delivery(station.engine, webhooks)
        try:
            until(lambda: names(spans).count("webhook") == 2, "it was sent again")
        finally:
            delivery.close()
    first, second = (each for each in spans.get_finished_spans() if each.name == "webhook")
    store = by_name(spans)["store"]
    for span, got in zip((first, second), receiver.got, strict=True):
        assert span.parent.span_id == store.context.span_id and f"{span.context.trace_id:032x}" == TRACE
        assert got.headers["traceparent"] == f"00-{TRACE}-{span.context.span_id:016x}-01"
    assert (first.status.is_ok, first.attributes["error.type"]) == (False, "503")
    assert (second.status.status_code.name, second.attributes["attempt"]) == ("UNSET", 2)


def test_off_a_message_names_no_trace(station: Station) -> None:
    webhooks = Webhooks(station.engine, Settings(data_dir=Path(), secret_key="s" * 32, webhook_networks="127.0.0.0/8"))
    with Receiver() as receiver:
        webhooks.add(receiver.url, (), ANA)
        station.inspections.inspect(PHOTO, ANA, source="api")
        delivery = Delivery(station.engine, webhooks)
        try:
            until(lambda: bool(receiver.got), "it is delivered")
        finally:
            delivery.close()
    assert "traceparent" not in receiver.got[0].headers


def documents(text: str) -> Iterator[dict[str, object]]:
    """JSON objects of several lines, between lines that are none of them."""
    decoder, at = json.JSONDecoder(), 0
    while (at := text.find("{\n", at)) >= 0:
        document, at = decoder.raw_decode(text, at)
        yield document


def test_a_station_told_so_traces_what_it_answers_until_it_ends(tmp_path: Path, small_bundle: Bundle) -> None:
    asked = {"OTEL_TRACES_EXPORTER": "console", "FASTAPI_OTEL_AUTO_CONFIGURE": "true"}
    with serving(tmp_path, MODEL_PATH=str(small_bundle.path), **asked) as served:
        with served.client() as client:
            made = client.post("/api/v1/inspections", content=PHOTO, headers={"Content-Type": "image/jpeg", **CALLER})
            assert made.status_code == 201
        served.stop()
        found = [each["name"] for each in documents(served.log) if TRACE in str(each["context"])]
        assert found == [*STEPS, "POST /api/v1/inspections"]
        assert f'"trace_id": "{TRACE}"' in served.log and '"message": "stopped"' in served.log
        serves = [json.loads(line) for line in served.log.splitlines() if '"route": "/api/v1/inspections"' in line]
        assert [(each["request_id"], each["trace_id"]) for each in serves] == [("box-7", TRACE)]


def test_asked_for_what_is_not_there_the_station_says_so_and_serves(tmp_path: Path, small_bundle: Bundle) -> None:
    with serving(tmp_path, MODEL_PATH=str(small_bundle.path), OTEL_TRACES_EXPORTER="zipkin") as served:
        assert "zipkin" in served.log and "otlp" in served.log
        assert httpx.get(f"{served.url}/login", headers=CALLER).status_code == 200


def test_a_step_costs_next_to_nothing_while_it_is_off() -> None:
    many = 10_000
    steps = timeit.repeat("with span('store'): pass", globals={"span": tracing.span}, number=many, repeat=5)
    assert min(steps) / many < 5e-6, "a photograph takes tens of milliseconds, and has six steps"
