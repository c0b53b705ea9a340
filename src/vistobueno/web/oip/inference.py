"""The Open Inference Protocol, version 2: what KServe, Triton and their clients speak. Nothing is kept here."""

import json
from collections.abc import Awaitable, Callable

import numpy as np
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, Router

from ...core.errors import VistoBuenoError
from ...core.photo import open_photo
from ...core.verdict import Verdict, judge
from ...core.version import __version__
from ...model.bundle import Bundle
from ...model.inspector import limits_for
from ...model.runtime import Model, Scores
from ...services import Station
from ..api.context import identity_of, open_station, owner_of
from ..api.request_body import read_body, received
from ..metrics import REFUSALS
from ..problems import headers_of, language_of, status_of
from . import models
from .models import IMAGE, INPUT, PICTURE
from .tensors import LENGTH_HEADER, Array, TensorRefused, Values, read_call, write_answer

MOST_BODY, MOST_ITEMS = 20_000_000, 64
EXTENSIONS = ["binary_tensor_data", "model_configuration", "model_repository", "statistics"]
Item = bytes | Array
Answer = Callable[[Request], Awaitable[Response]]


def routes() -> list[BaseRoute]:
    """Every path of the protocol, and what Triton's clients ask beside it."""
    model = "/models/{name}"
    answers: list[tuple[str, Answer, str]] = [
        ("/", server, "GET"),
        ("/health/live", live, "GET"),
        ("/health/ready", ready, "GET"),
        ("/models/stats", models.every_statistics, "GET"),
        ("/repository/index", models.index, "POST"),
        (f"/repository{model}/load", models.change, "POST"),
        (f"/repository{model}/unload", models.change, "POST"),
    ]
    for place in (model, f"{model}/versions/{{version}}"):
        answers += [
            (place, models.metadata, "GET"),
            (f"{place}/config", models.config, "GET"),
            (f"{place}/stats", models.statistics, "GET"),
            (f"{place}/ready", models.ready, "GET"),
            (f"{place}/infer", infer, "POST"),
        ]
    below = [Route(path, spoken(answer, f"/v2{path}"), methods=[method]) for path, answer, method in answers]
    return [Route("/v2", spoken(server, "/v2")), Mount("/v2", Router(below, redirect_slashes=False))]


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

    return answered


async def server(request: Request) -> Response:
    """What this server is."""
    identity_of(request)
    return _json({"name": "vistobueno", "version": __version__, "extensions": EXTENSIONS})


async def live(request: Request) -> Response:
    """The process answers."""
    return _json({"live": True})


async def ready(request: Request) -> Response:
    """The station can judge."""
    readiness = await to_thread.run_sync(open_station().ready)
    return _json({"ready": readiness.ok}, 200 if readiness.ok else 503)


async def infer(request: Request) -> Response:
    """Judge a batch of encoded images, of pictures of the model's size, or of prepared inputs."""
    model, station = models.asked_for(request), open_station()
    bundle = model.bundle
    with models.counted(bundle) as calls:
        with received(request, station) as share:
            body = await read_body(request, MOST_BODY, share)
            with station.judging.admit(owner_of(request)):
                length = request.headers.get(LENGTH_HEADER)
                asked = await to_thread.run_sync(read_call, body, length)  # 20 MB take a second
                del body
                items = _items(asked.name, asked.values, bundle)
                scores, verdicts = await to_thread.run_sync(_judged, station, model, items)
        outputs = _outputs(bundle, scores, verdicts)
        if asked.outputs is not None:
            if unknown := set(asked.outputs) - set(outputs):
                raise TensorRefused(f"there is no output '{sorted(unknown)[0]}'; there are {', '.join(outputs)}")
            outputs = {name: outputs[name] for name in asked.outputs}
        answer, headers = write_answer(bundle.name, bundle.version, asked, outputs)
        calls.items += len(items)
    return Response(answer, headers={**headers, "Cache-Control": "no-store"})


def _items(name: str, values: Values, bundle: Bundle) -> list[Item]:
    if not 0 < len(values) <= MOST_ITEMS:
        raise TensorRefused(f"a batch has 1 to {MOST_ITEMS} items")
    if isinstance(values, list):
        if name != IMAGE:
            raise TensorRefused(f"BYTES is the datatype of '{IMAGE}'")
        return list(values)
    expected = (*bundle.input.shape[:2], 3) if values.dtype == np.uint8 else bundle.input.shape
    if name != (PICTURE if values.dtype == np.uint8 else INPUT):
        raise TensorRefused(f"'{IMAGE}' is BYTES, '{PICTURE}' is UINT8, '{INPUT}' is FP32")
    if values.shape[1:] != expected:
        raise TensorRefused(f"'{name}' must have the shape [n, {', '.join(map(str, expected))}]")
    return list(values)


def _judged(station: Station, model: Model, items: list[Item]) -> tuple[list[Scores], list[Verdict]]:
    """One after the other, each when it is its turn, all by one model, also where another becomes active meanwhile."""
    found = [station.judging.run(_one, model, item) for item in items]
    return [scores for scores, _ in found], [verdict for _, verdict in found]


def _one(model: Model, item: Item) -> tuple[Scores, Verdict]:
    photo = None
    if isinstance(item, bytes):
        photo = open_photo(item, limits_for(model))
        scores = model.score(photo)
    elif item.dtype == np.uint8:
        scores = model.score_picture(item)
    else:
        scores = model.score_input(item[np.newaxis])
    return scores, judge(scores.logits, scores.embedding, photo, model.bundle.classes, model.policy)


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
