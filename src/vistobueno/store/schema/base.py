"""What tables are made of: their `metadata`, the types of columns, and columns that several have."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    Integer,
    MetaData,
    String,
    TypeDecorator,
)

from ...core.composed import Leaf
from ...core.line import LONGEST_LINE

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """A moment in UTC: aware in Python, also where the database (SQLite) knows no zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """An aware moment, in UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """The same, aware again."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


Number = BigInteger().with_variant(Integer, "sqlite")  # SQLite's own row number is an INTEGER


def actor() -> list[Column[Any]]:
    """Who did it."""
    return [
        Column("actor_kind", String(10), nullable=False),
        Column("actor_id", Number),
        Column("actor_name", String(320), nullable=False),
    ]


def column(leaf: Leaf) -> Column[Any]:
    """Of a plain value of a composed type."""
    kinds = [each for each in get_args(leaf.kind) if each is not NoneType] if isinstance(leaf.kind, UnionType) else []
    kind = kinds[0] if kinds else leaf.kind
    sort = get_origin(kind) or kind
    types = {bool: Boolean(), int: Integer(), float: Float(), datetime: Moment(), Mapping: JSON(), Literal: String(10)}
    type_: Any = _TYPES.get(leaf.name) or types.get(sort) or String(_LONGEST)
    return Column(leaf.name, type_, nullable=bool(kinds), server_default=leaf.before)


_LONGEST = 200  # characters of a text that has no other limit; a sequence of words is one text
_TYPES: dict[str, Any] = {
    "actor_id": Number,
    "actor_name": String(320),
    "filename": String(255),
    "format": String(10),
    "line": String(LONGEST_LINE),
    "model_version": String(100),
    "model_digest": String(64),
    "model_calibration": String(64),
    "photo_sha256": String(64),
    "lot": Number,
    "product": String(100),
    "class_key": String(100),
}
