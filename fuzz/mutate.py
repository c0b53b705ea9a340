"""Damage: bytes, and trees of JSON, as no program would write them."""

import json
from collections.abc import Callable, Sequence
from copy import deepcopy
from random import Random
from typing import Any

_NUMBERS = (0, 1, 2, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 2**24, 2**31 - 1, 2**31, 2**32 - 1)
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 1.5, 2**31, 2**64, 10**400, -(10**18), 1e308, float("nan"), float("inf"), "", "a", "\0", "ñ" * 300,
    "../x", "\ud800", [], {}, [[]], [0] * 3, ["a"], {"a": 1}, {"class_name": "Lambda", "config": {}}, "apple_fit", "0" * 5_000,
)  # fmt: skip


def damaged(data: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    """Up to eight damages one after the other; ``others`` lend pieces."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 3, 5, 8))):
        if changed:
            rng.choice(_DAMAGES)(changed, others, rng)
    return bytes(changed)


def other_value(tree: Any, rng: Random) -> Any:
    """The same tree with something in it replaced, taken out, doubled or nested."""
    places = list(_places(tree))
    if not places:
        return rng.choice(_VALUES)
    holder, key = rng.choice(places)
    kind = rng.randrange(6)
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, list):
        holder.insert(key, holder[key])
    elif kind == 2:
        holder[key] = _nested(holder[key], rng.choice((2, 50, 200)))
    elif kind == 3:
        other, place = rng.choice(places)
        holder[key] = deepcopy(other[place])
    else:
        holder[key] = deepcopy(rng.choice(_VALUES))
    return tree


def as_text(tree: Any, rng: Random) -> bytes:
    """The tree as JSON; now and then with more brackets than a reader can follow."""
    text = json.dumps(tree).encode("utf-8", "surrogatepass")
    return text.replace(b"{}", b"[" * 100_000 + b"]" * 100_000, 1) if rng.random() < 0.05 else text


def _places(tree: Any) -> Any:
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in list(entries):
        yield tree, key
        yield from _places(value)


def _nested(value: Any, depth: int) -> Any:
    for _ in range(depth):
        value = [value]
    return value


def _place(data: bytearray, rng: Random) -> int:
    """Anywhere, but rather in the head: it is small, and the greater danger."""
    return rng.randrange(min(len(data), rng.choice((64, 700, len(data)))))


def _bit(data: bytearray, others: Sequence[bytes], rng: Random) -> None:
    data[_place(data, rng)] ^= 1 << rng.randrange(8)


def _byte(data: bytearray, others: Sequence[bytes], rng: Random) -> None:
    data[_place(data, rng)] = rng.randrange(256)


def _number(data: bytearray, others: Sequence[bytes], rng: Random) -> None:
    size, place = rng.choice((2, 4, 8)), _place(data, rng)
    value = rng.choice(_NUMBERS) & (256**size - 1)
    data[place : place + size] = value.to_bytes(size, rng.choice(("little", "big")))


def _cut(data: bytearray, others: Sequence[bytes], rng: Random) -> None:
    del data[_place(data, rng) :]


def _taken_out(data: bytearray, others: Sequence[bytes], rng: Random) -> None:
    place = _place(data, rng)
    del data[place : place + rng.choice((1, 4, 100, 5_000))]


def _again(data: bytearray, others: Sequence[bytes], rng: Random) -> None:
    place = _place(data, rng)
    piece = data[place : place + rng.choice((1, 12, 200, 5_000))]
    data[place:place] = piece * rng.choice((1, 2, 50, 1_000))


def _from_another(data: bytearray, others: Sequence[bytes], rng: Random) -> None:
    other = rng.choice([each for each in others if each])
    start = rng.randrange(len(other))
    place = _place(data, rng)
    data[place : place + rng.choice((0, 100))] = other[start : start + rng.choice((20, 300, 5_000))]


_DAMAGES: tuple[Callable[[bytearray, Sequence[bytes], Random], None], ...] = (
    _bit, _bit, _byte, _byte, _number, _number, _cut, _taken_out, _again, _from_another
)  # fmt: skip
