"""Tensors of the Open Inference Protocol: JSON or binary to arrays, and back. https://github.com/kserve/open-inference-protocol."""

import base64
import binascii
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MOST_SIDES = 4  # of a batch of pictures; no input has more
LENGTH_HEADER = "Inference-Header-Content-Length"
_TYPES: dict[str, Any] = {"UINT8": np.uint8, "FP32": np.dtype("<f4")}
_NAMES = {np.dtype(np.float32): "FP32", np.dtype(np.uint8): "UINT8"}
Array = NDArray[Any]
Values = Array | list[bytes]


class TensorRefused(Exception):
    """What was sent is no tensor of this protocol; the message says why, in English as the protocol does."""


@dataclass(frozen=True)
class Asked:
    """One call: its id, its one input by name, and which outputs are wanted, binary or not."""

    id: str | None
    name: str
    values: Values
    outputs: Mapping[str, bool] | None
    binary: bool


def read_call(body: bytes, header_length: str | None) -> Asked:
    """Understand the body of an infer call."""
    end = len(body) if header_length is None else _number(header_length, len(body))
    try:
        call = json.loads(body[:end])
        inputs, outputs = call["inputs"], call.get("outputs")
        (given,) = inputs
        name, kind, shape = str(given["name"]), given["datatype"], tuple(given["shape"])
        size = (given.get("parameters") or {}).get("binary_data_size")
        identity, binary = call.get("id"), _binary({}, call)
        wanted = None if outputs is None else {str(each["name"]): _binary(each, call) for each in outputs}
    except ValueError as error:
        raise TensorRefused(f"the call is not understood: {error}") from None
    except (KeyError, TypeError, AttributeError, RecursionError):
        raise TensorRefused("the call is not understood: one input with name, shape, datatype and data") from None
    if not 0 < len(shape) <= _MOST_SIDES or not all(
        isinstance(side, int) and not isinstance(side, bool) and 0 < side <= 1 << 24 for side in shape
    ):
        raise TensorRefused(f"input '{name}': shape must be one to {_MOST_SIDES} positive whole numbers")
    if size is None:
        values = _from_json(name, kind, shape, given.get("data"))
    else:
        if not isinstance(size, int) or not 0 <= size <= len(body) - end:
            raise TensorRefused(f"input '{name}': binary_data_size is not what follows the JSON")
        values = _from_binary(name, kind, shape, memoryview(body)[end : end + size])
    return Asked(None if identity is None else str(identity), name, values, wanted, binary)


def write_answer(model: str, version: str, asked: Asked, outputs: Mapping[str, Values]) -> tuple[bytes, dict[str, str]]:
    """The answer to a call, and its headers."""
    described, tail = [], []
    for name, values in outputs.items():
        binary = asked.binary if asked.outputs is None else asked.outputs[name]
        shape = [len(values)] if isinstance(values, list) else list(values.shape)
        one: dict[str, Any] = {
            "name": name,
            "datatype": "BYTES" if isinstance(values, list) else _NAMES[values.dtype],
            "shape": shape,
        }
        if binary:
            data = _joined(values) if isinstance(values, list) else np.ascontiguousarray(values).tobytes()
            one["parameters"] = {"binary_data_size": len(data)}
            tail.append(data)
        else:
            one["data"] = [each.decode() for each in values] if isinstance(values, list) else _finite(values)
        described.append(one)
    answer: dict[str, Any] = {"model_name": model, "model_version": version, "outputs": described}
    if asked.id is not None:
        answer["id"] = asked.id
    head = json.dumps(answer, allow_nan=False).encode()
    if not tail:
        return head, {"Content-Type": "application/json"}
    return b"".join([head, *tail]), {"Content-Type": "application/octet-stream", LENGTH_HEADER: str(len(head))}


def _from_json(name: str, kind: object, shape: tuple[int, ...], data: object) -> Values:
    if not isinstance(data, list):
        raise TensorRefused(f"input '{name}': data must be a list")
    if kind == "BYTES":
        flat = _flat(data)
        if math.prod(shape) != len(flat):
            raise TensorRefused(f"input '{name}': {len(flat)} elements where the shape says {math.prod(shape)}")
        try:
            return [base64.b64decode(each, validate=True) for each in flat]
        except (binascii.Error, TypeError, ValueError):
            raise TensorRefused(f"input '{name}': in JSON an element of BYTES is text in base64") from None
    try:
        values = np.asarray(_flat(data), np.float64)
    except (ValueError, TypeError, OverflowError):
        raise TensorRefused(f"input '{name}': data must be numbers") from None
    if values.size != math.prod(shape):
        raise TensorRefused(f"input '{name}': {values.size} elements where the shape says {math.prod(shape)}")
    if kind == "UINT8" and not ((values >= 0) & (values <= 255) & (values == np.floor(values))).all():
        raise TensorRefused(f"input '{name}': UINT8 is whole numbers from 0 to 255")
    return values.astype(_type(name, kind)).reshape(shape)


def _from_binary(name: str, kind: object, shape: tuple[int, ...], data: memoryview) -> Values:
    if kind == "BYTES":
        found, place = [], 0
        while place + 4 <= len(data):
            length = int.from_bytes(data[place : place + 4], "little")
            found.append(bytes(data[place + 4 : place + 4 + length]))
            place += 4 + length
        if place != len(data) or len(found) != math.prod(shape):
            raise TensorRefused(f"input '{name}': elements and their lengths do not add up to the shape")
        return found
    dtype = np.dtype(_type(name, kind))
    if len(data) != math.prod(shape) * dtype.itemsize:
        raise TensorRefused(
            f"input '{name}': {len(data)} bytes where the shape says {math.prod(shape) * dtype.itemsize}"
        )
    return np.frombuffer(data, dtype).reshape(shape)


def _type(name: str, kind: object) -> Any:
    if not isinstance(kind, str) or kind not in _TYPES:
        raise TensorRefused(f"input '{name}': datatype must be BYTES, UINT8 or FP32")
    return _TYPES[kind]


def _flat(data: list[Any]) -> list[Any]:
    """Nested lists, whose depth the sender chooses, as one."""
    while data and isinstance(data[0], list):
        if not all(isinstance(each, list) for each in data):
            raise TensorRefused("data is nested unevenly")
        data = [element for each in data for element in each]
    return data


def _joined(values: list[bytes]) -> bytes:
    return b"".join(len(each).to_bytes(4, "little") + each for each in values)


def _finite(values: Array) -> list[float | None]:
    return [float(each) if math.isfinite(each) else None for each in values.ravel()]


def _binary(output: Mapping[str, Any], call: Mapping[str, Any]) -> bool:
    default = (call.get("parameters") or {}).get("binary_data_output", False)
    return bool((output.get("parameters") or {}).get("binary_data", default))


def _number(text: str, most: int) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= most):
        raise TensorRefused(f"{LENGTH_HEADER} is not a length within the body")
    return int(text)
