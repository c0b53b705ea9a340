import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from starlette.requests import Request
from starlette.responses import Response

from aside import awaited
from cases import for_each
from vistobueno.web.oip import inference
from vistobueno.web.oip.tensors import TensorRefused, read_call

ONE: dict[str, Any] = {"name": "input", "datatype": "FP32", "shape": [1], "data": [1.0]}


def called(shape: object, **more: object) -> bytes:
    return json.dumps({"inputs": [{**ONE, "shape": shape}], **more}).encode()


@for_each(
    ("shape", "more", "length"),
    [
        ([], {}, None),
        ([1] * 70, {}, None),
        ([1 << 24] * 20_000, {}, None),
        ([True], {}, None),
        ([1], {"parameters": [1]}, None),
        ([1], {"outputs": [1]}, None),
        ([1], {}, "9" * 5000),
        ([1], {}, "²"),
        ([1], {}, "-1"),
    ],
)
def test_whatever_is_no_call_is_refused_in_the_protocol_s_words(
    shape: list[int], more: dict[str, object], length: str | None
) -> None:
    with pytest.raises(TensorRefused):
        read_call(called(shape, **more), length)


def test_parameters_that_are_null_are_none() -> None:
    body = json.dumps({"inputs": [{**ONE, "parameters": None}], "parameters": None}).encode()
    assert np.array_equal(read_call(body, None).values, [1.0])


def test_a_call_is_one_model_s_from_beginning_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another that becomes active meanwhile may have other classes."""

    class Changed:
        models = SimpleNamespace(active="the next")
        judging = SimpleNamespace(run=lambda work, *arguments: work(*arguments))

    monkeypatch.setattr(inference, "_one", lambda model, item: (model, item))
    assert inference._judged(Changed(), "the one asked for", [b"a", b"b"])[0] == ["the one asked for"] * 2  # type: ignore[arg-type]


def test_a_name_that_is_half_a_letter_is_told_all_the_same() -> None:
    async def answer(request: Request) -> Response:
        read_call(called([1]).replace(b'"input"', b'"' + rb"\ud800" + b'"').replace(b"FP32", b"FP64"), None)
        raise AssertionError

    spoken = inference.spoken(answer, "/v2")
    told = awaited(spoken(Request({"type": "http", "headers": [], "state": {}})))  # type: ignore[arg-type]
    assert told.status_code == 400 and "\ud800" in json.loads(told.body)["error"]
