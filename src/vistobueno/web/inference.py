"""The Open Inference Protocol, version 2: what KServe, Triton and their clients speak. Nothing is kept here."""

import json
from collections.abc import Awaitable, Callable

import numpy as np
from anyio import to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from .. import __version__
from ..errors import VistoBuenoError
from ..model.bundle import Bundle
from ..model.runtime import Model, Scores
from ..photo import Limits, open_photo
from ..station import Station
from ..verdict import Verdict, judge
from .asking import allowed, identity_of, open_station
from .intake import body_in, received
from .metrics import PLACES, REFUSALS
from .problems import headers_of, language_of, refuse, status_of
from .tensors import LENGTH_HEADER, Array, TensorRefused, Values, read_call, write_answer

MOST_BODY, MOST_ITEMS = 20_000_000, 64
IMAGE, PICTURE, INPUT = "image", "picture", "input"
Item = bytes | Array
Answer = Callable[[Request], Awaitable[Response]]


def routes() -> list[Route]:
    """Every path of the protocol."""
    model = "/v2/models/{name}"
    places = (model, f"{model}/versions/{{version}}")
    answers: list[tuple[str, Answer, str]] = [
        ("/v2", server, "GET"),
        ("/v2/", server, "GET"),
        ("/v2/health/live", live, "GET"),
        ("/v2/health/ready", ready, "GET"),
        *((place, metadata, "GET") for place in places),
        *((f"{place}/ready", model_ready, "GET") for place in places),
        *((f"{place}/infer", infer, "POST") for place in places),
        ("/v2/{rest:path}", nothing, "GET"),
    ]
    return [Route(path, spoken(answer, path), methods=[method]) for path, answer, method in answers]


def spoken(answer: Answer, path: str) -> Answer:
    """Errors as the protocol says them: ``{"error": …}``; counted under the path's template."""

    async def answered(request: Request) -> Response:
        request.scope["state"]["route"] = path
        try:
            return await answer(request)
        except TensorRefused as error:
            REFUSALS.labels("tensor").inc()
            return _json({"error": str(error)}, 400)
        except VistoBuenoError as error:
            REFUSALS.labels(error.code).inc()
            said = {"error": error.message(language_of(request)), "code": error.code}
            return _json(said, status_of(error), headers_of(error))
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it

    return answered


async def server(request: Request) -> Response:
    """What this server is."""
    identity_of(request)
    return _json({"name": "vistobueno", "version": __version__, "extensions": ["binary_tensor_data"]})


async def live(request: Request) -> Response:
    """The process answers."""
    return _json({"live": True})


async def ready(request: Request) -> Response:
    """The station can judge."""
    readiness = await to_thread.run_sync(open_station().ready)
    return _json({"ready": readiness.ok}, 200 if readiness.ok else 503)


async def nothing(request: Request) -> Response:
    """No path of the protocol."""
    raise refuse(404, "not_found", "status_404")


async def metadata(request: Request) -> Response:
    """Inputs, of which one is given, and outputs."""
    allowed(request, "infer")
    model = _asked_for(request)
    bundle = model.bundle
    height, width, classes = bundle.input.height, bundle.input.width, len(bundle.classes)
    inputs = (
        (IMAGE, "BYTES", [-1]),
        (PICTURE, "UINT8", [-1, height, width, 3]),
        (INPUT, "FP32", [-1, height, width, 3]),
    )
    outputs = (
        ("verdict", "BYTES", [-1]),
        ("reasons", "BYTES", [-1]),
        ("product", "BYTES", [-1]),
        ("probability_unfit", "FP32", [-1]),
        ("probabilities", "FP32", [-1, classes]),
        ("logits", "FP32", [-1, classes]),
        ("embedding", "FP32", [-1, -1]),
    )
    said = {
        "name": bundle.name,
        "versions": [bundle.version],
        "platform": f"vistobueno_{model.runtime}",
        "inputs": [{"name": name, "datatype": kind, "shape": shape} for name, kind, shape in inputs],
        "outputs": [{"name": name, "datatype": kind, "shape": shape} for name, kind, shape in outputs],
        "parameters": {"classes": [each.key for each in bundle.classes], "digest": bundle.digest},
    }
    return _json(said)


async def model_ready(request: Request) -> Response:
    """Whether a model judges now."""
    allowed(request, "infer")
    return _json({"name": _asked_for(request).bundle.name, "ready": True})


async def infer(request: Request) -> Response:
    """Judge a batch of encoded images, of pictures of the model's size, or of prepared inputs."""
    allowed(request, "infer")
    station, model = open_station(), _asked_for(request)
    bundle = model.bundle
    if request.headers.get("content-encoding", "identity") != "identity":
        raise refuse(415, "wrong_media_type", "not_compressed")
    with received(station) as share:
        body = await body_in(request, MOST_BODY, share)
        with station.admit(), PLACES.track_inprogress():
            asked = await to_thread.run_sync(read_call, body, request.headers.get(LENGTH_HEADER))  # 20 MB take a second
            del body
            items = _items(asked.name, asked.values, bundle)
            scores, verdicts = await to_thread.run_sync(_judged, station, model, items)
    outputs = _outputs(bundle, scores, verdicts)
    if asked.outputs is not None:
        if unknown := set(asked.outputs) - set(outputs):
            raise TensorRefused(f"there is no output '{sorted(unknown)[0]}'; there are {', '.join(outputs)}")
        outputs = {name: outputs[name] for name in asked.outputs}
    answer, headers = write_answer(bundle.name, bundle.version, asked, outputs)
    return Response(answer, headers={**headers, "Cache-Control": "no-store"})


def _asked_for(request: Request) -> Model:
    """The model that is active now, if it is the one that was named. The whole call is this one's."""
    model = open_station().model
    bundle = model.bundle
    name, version = request.path_params["name"], request.path_params.get("version", bundle.version)
    if (name, version) != (bundle.name, bundle.version):
        raise refuse(404, "no_model", asked=f"{name} {version}", name=bundle.name, version=bundle.version)
    return model


def _items(name: str, values: Values, bundle: Bundle) -> list[Item]:
    if not 0 < len(values) <= MOST_ITEMS:
        raise TensorRefused(f"a batch has 1 to {MOST_ITEMS} items")
    if isinstance(values, list):
        if name != IMAGE:
            raise TensorRefused(f"BYTES is the datatype of '{IMAGE}'")
        return list(values)
    expected = (bundle.input.height, bundle.input.width, 3)
    if name != (PICTURE if values.dtype == np.uint8 else INPUT):
        raise TensorRefused(f"'{IMAGE}' is BYTES, '{PICTURE}' is UINT8, '{INPUT}' is FP32")
    if values.shape[1:] != expected:
        raise TensorRefused(f"'{name}' must have the shape [n, {', '.join(map(str, expected))}]")
    return list(values)


def _judged(station: Station, model: Model, items: list[Item]) -> tuple[list[Scores], list[Verdict]]:
    """One after the other, each when it is its turn, all by one model, also where another becomes active meanwhile."""
    found = [station.in_turn(lambda _, item: _one(model, item), item) for item in items]
    return [scores for scores, _ in found], [verdict for _, verdict in found]


def _one(model: Model, item: Item) -> tuple[Scores, Verdict]:
    photo = None
    if isinstance(item, bytes):
        spec = model.bundle.input
        photo = open_photo(item, Limits(cover=2 * max(spec.width, spec.height)))
        scores = model.score(photo)
    elif item.dtype == np.uint8:
        scores = model.score_picture(item)
    else:
        scores = model.score_input(item[np.newaxis])
    bundle = model.bundle
    return scores, judge(scores.logits, scores.embedding, photo, bundle.classes, bundle.policy)


def _outputs(bundle: Bundle, scores: list[Scores], verdicts: list[Verdict]) -> dict[str, Values]:
    probabilities = [[each.probabilities[one.key] for one in bundle.classes] for each in verdicts]
    outputs: dict[str, Values] = {
        "verdict": [each.answer.encode() for each in verdicts],
        "reasons": [",".join(each.reasons).encode() for each in verdicts],
        "product": [(each.recognised_product or "").encode() for each in verdicts],
        "probability_unfit": np.array([each.probability_unfit for each in verdicts], np.float32),
        "probabilities": np.array(probabilities, np.float32),
        "logits": np.stack([each.logits for each in scores]).astype(np.float32),
    }
    embeddings = [each.embedding for each in scores if each.embedding is not None]
    if len(embeddings) == len(scores):
        outputs["embedding"] = np.stack(embeddings).astype(np.float32)
    return outputs


def _json(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    text = json.dumps(value)  # a name that was sent may be no text that UTF-8 has
    return Response(text, status, {"Cache-Control": "no-store", **(headers or {})}, "application/json")
