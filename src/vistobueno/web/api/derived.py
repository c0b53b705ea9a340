"""A composed value as JSON says it, and the model that documents it: both derived from its type."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model

Renamed = Mapping[str, str]


def plain(value: Any) -> Any:
    """A value as JSON has it: parts as objects, moments as ISO 8601, sequences as lists."""
    if is_dataclass(value):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value) if _is_said(each)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value


@cache
def part_of(kind: type) -> type[BaseModel]:
    """The model of a part that is told as it is, the same one wherever it stands."""
    return model_of(kind, f"{kind.__name__}Out")


def model_of(
    whole: type,
    name: str,
    *,
    merged: Collection[str] = (),
    without: Collection[str] = (),
    renamed: Renamed = {},  # noqa: B006 it is only read
    example: Mapping[str, Any] | None = None,
    **more: Any,
) -> type[BaseModel]:
    """The model of what `plain` gives of a composed dataclass.

    Args:
        merged: parts whose fields stand beside those of the whole.
        without: fields that the API does not tell.
        renamed: by the field's name, what it is called in JSON where that is no name in Python.
        more: fields beside these or in place of them, as `pydantic.create_model` takes them.
    """
    found: dict[str, Any] = {}
    for kind, field in _fields(whole, merged):
        if field.name in without or not _is_said(field):
            continue
        found[field.name] = (_json_type(kind), Field(alias=renamed.get(field.name)))
    config = ConfigDict(json_schema_extra={"examples": [dict(example)]}) if example else ConfigDict()
    return create_model(name, __config__=config, __doc__=(whole.__doc__ or "").partition("\n")[0], **{**found, **more})


def _fields(whole: type, merged: Collection[str]) -> list[tuple[Any, Any]]:
    hints, found = get_type_hints(whole), list[tuple[Any, Any]]()
    for each in fields(whole):
        found += _fields(hints[each.name], ()) if each.name in merged else [(hints[each.name], each)]
    return found


def _is_said(field: Any) -> bool:
    return field.repr or field.default is MISSING


def _json_type(kind: Any) -> Any:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (UnionType, Union):
        return _json_type(inner[0]) | None
    if origin is Literal or origin is None:
        return part_of(kind) if is_dataclass(kind) else kind  # type: ignore[arg-type]
    if issubclass(origin, Sequence):
        return list[_json_type(inner[0])]  # type: ignore[misc]
    return dict[inner[0], inner[1]]  # type: ignore[valid-type]
