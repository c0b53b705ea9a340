"""What a client of the Open Inference Protocol, or of Triton's extensions to it, asks about models before it sends any."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ...model.bundle import Bundle
from ...model.runtime import Model
from ..api.context import allowed, open_station
from ..api.inspections import as_json
from ..problems import refuse

IMAGE, PICTURE, INPUT = "image", "picture", "input"
Tensor = tuple[str, str, list[int]]
_KINDS = {"BYTES": "TYPE_STRING", "UINT8": "TYPE_UINT8", "FP32": "TYPE_FP32"}


@dataclass
class Times:
    """How often, and how long in all."""

    count: int = 0
    ns: int = 0

    def add(self, ns: int) -> None:
        """Once more."""
        self.count, self.ns = self.count + 1, self.ns + ns


@dataclass
class Calls:
    """What was asked of one version of a model since the process began."""

    success: Times = field(default_factory=Times)
    fail: Times = field(default_factory=Times)
    items: int = 0
    last: int = 0  # ms since 1970


_CALLS: defaultdict[tuple[str, str], Calls] = defaultdict(Calls)


@contextmanager
def counted(bundle: Bundle) -> Iterator[Calls]:
    """Count a call, and whether it succeeds."""
    calls, start = _CALLS[bundle.name, bundle.version], time.perf_counter_ns()
    outcome = calls.fail
    try:
        yield calls
        outcome, calls.last = calls.success, time.time_ns() // 1_000_000
    finally:
        outcome.add(time.perf_counter_ns() - start)


def asked_for(request: Request) -> Model:
    """The model that is active now, if it is the one that was named. The whole call is this one's."""
    allowed(request, "infer")
    model = open_station().models.active
    bundle = model.bundle
    name, version = request.path_params["name"], request.path_params.get("version", bundle.version)
    if (name, version) != (bundle.name, bundle.version):
        raise refuse(404, "no_model", asked=f"{name} {version}", name=bundle.name, version=bundle.version)
    return model


def tensors_of(bundle: Bundle) -> tuple[list[Tensor], list[Tensor]]:
    """Inputs, of which one is given, and outputs: name, datatype and shape."""
    height, width, classes = bundle.input.height, bundle.input.width, len(bundle.classes)
    inputs: list[Tensor] = [
        (IMAGE, "BYTES", [-1]),
        (PICTURE, "UINT8", [-1, height, width, 3]),
        (INPUT, "FP32", [-1, *bundle.input.shape]),
    ]
    outputs: list[Tensor] = [
        ("verdict", "BYTES", [-1]),
        ("reasons", "BYTES", [-1]),
        ("product", "BYTES", [-1]),
        ("probability_unfit", "FP32", [-1]),
        ("probabilities", "FP32", [-1, classes]),
        ("logits", "FP32", [-1, classes]),
        ("embedding", "FP32", [-1, -1]),
    ]
    return inputs, outputs


async def metadata(request: Request) -> Response:
    """Inputs and outputs."""
    model = asked_for(request)
    bundle = model.bundle
    inputs, outputs = tensors_of(bundle)
    said = {
        "name": bundle.name,
        "versions": [bundle.version],
        "platform": platform(model),
        "inputs": [{"name": name, "datatype": kind, "shape": shape} for name, kind, shape in inputs],
        "outputs": [{"name": name, "datatype": kind, "shape": shape} for name, kind, shape in outputs],
        "parameters": {"classes": [each.key for each in bundle.classes], "digest": bundle.digest},
    }
    return as_json(said)


async def config(request: Request) -> Response:
    """The same as Triton's ModelConfig. Shapes carry the batch, so `max_batch_size` is none."""
    model = asked_for(request)
    inputs, outputs = tensors_of(model.bundle)
    said = {
        "name": model.bundle.name,
        "platform": platform(model),
        "backend": "vistobueno",
        "max_batch_size": 0,
        "input": [
            {"name": name, "data_type": _KINDS[kind], "dims": shape, "optional": True} for name, kind, shape in inputs
        ],
        "output": [{"name": name, "data_type": _KINDS[kind], "dims": shape} for name, kind, shape in outputs],
    }
    return as_json(said)


async def ready(request: Request) -> Response:
    """Whether a model judges now."""
    return as_json({"name": asked_for(request).bundle.name, "ready": True})


async def statistics(request: Request) -> Response:
    """Calls of the active model since this process began."""
    return as_json({"model_stats": [_statistics_of(asked_for(request).bundle)]})


async def every_statistics(request: Request) -> Response:
    """The same where no model is named."""
    allowed(request, "infer")
    return as_json({"model_stats": [_statistics_of(open_station().models.active.bundle)]})


async def index(request: Request) -> Response:
    """The models that can be asked: the active one."""
    allowed(request, "infer")
    bundle = open_station().models.active.bundle
    return as_json([{"name": bundle.name, "version": bundle.version, "state": "READY", "reason": ""}])


async def change(request: Request) -> Response:
    """To load or unload a model is an administrator's act, on a page."""
    allowed(request, "infer")
    raise refuse(403, "model_fixed")


def platform(model: Model) -> str:
    """What runs a model, in the protocol's way of naming it."""
    return f"vistobueno_{model.runtime}"


def _statistics_of(bundle: Bundle) -> dict[str, Any]:
    calls = _CALLS[bundle.name, bundle.version]
    times = {
        name: {"count": each.count, "ns": each.ns} for name, each in (("success", calls.success), ("fail", calls.fail))
    }
    return {
        "name": bundle.name,
        "version": bundle.version,
        "last_inference": calls.last,
        "inference_count": calls.items,
        "execution_count": calls.success.count,
        "inference_stats": times,
        "batch_stats": [],
    }
