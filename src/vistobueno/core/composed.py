"""Composed values laid flat and put together again: what derives a row, a table's columns and a page's facts from a type.

A field's ``metadata`` may say how it lies: ``prefix`` before the names of a part, ``name`` instead of its own, ``before``
for what was kept before there was such a field, and ``kept=False`` where it is no plain value of the whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar, cast, get_type_hints

T = TypeVar("T")


@dataclass(frozen=True)
class Leaf:
    """One plain value: its flat ``name``, the annotation of its ``kind``, the dotted ``path`` to it, and ``before``."""

    name: str
    kind: Any
    path: str
    before: Any = None


@cache
def leaves(whole: Any) -> tuple[Leaf, ...]:
    """The plain values of a composed dataclass, in the order it is written."""
    said = {each.name: each.metadata for each in fields(whole)}
    found: list[Leaf] = []
    for name, key, kind, prefix in _parts(whole):
        if prefix is not None:
            found += [replace(leaf, name=prefix + leaf.name, path=f"{name}.{leaf.path}") for leaf in leaves(kind)]
        elif said[name].get("kept", True):
            found.append(Leaf(key, kind, name, said[name].get("before")))
    return tuple(found)


def flat(value: Any) -> dict[str, Any]:
    """The plain values of a composed value by their flat names."""
    whole: Any = type(value)
    names, values = _plan(whole)
    return dict(zip(names, values(value), strict=True))


def composed(whole: type[T], values: Mapping[str, Any], prefix: str = "") -> T:
    """A composed value from flat ones; what is not there is the default, and names that are none of its own are nothing.

    Raises:
        TypeError: a value without a default is missing.
    """
    made, plan = dict[str, Any](), cast(Any, whole)
    for name, key, kind, inner in _parts(plan):
        if inner is not None:
            made[name] = composed(kind, values, prefix + inner)
        elif prefix + key in values:
            made[name] = values[prefix + key]
    return whole(**made)


@cache
def _parts(whole: Any) -> tuple[tuple[str, str, Any, str | None], ...]:
    """Of each field: its name, its flat name, its kind, and the prefix of its own parts where it has any."""
    hints = get_type_hints(whole)
    return tuple(
        (each.name, each.metadata.get("name", each.name), hints[each.name],
         each.metadata.get("prefix", "") if is_dataclass(hints[each.name]) else None)
        for each in fields(whole)
    )  # fmt: skip


@cache
def _plan(whole: Any) -> tuple[tuple[str, ...], Any]:
    own = leaves(whole)
    return tuple(leaf.name for leaf in own), attrgetter(*(leaf.path for leaf in own))
