"""Tables as lines of JSON and back: the same lines for the same rows, whichever database holds them."""

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from itertools import islice
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Date,
    DateTime,
    LargeBinary,
    MetaData,
    String,
    Table,
    event,
    func,
    insert,
    inspect,
    select,
    text,
)

from ..folding import folded
from ..schema import Moment, blobs, metadata

_AT_ONCE = 1_000
_OURS = {table.name: table for table in metadata.sorted_tables}


def tables_of(connection: Connection) -> list[Table]:
    """The tables that a database has, at whatever step it is, in an order that keeps references.

    Photographs in the database are photographs, not rows; what the database adds up by itself is not carried either.
    """
    found, own = MetaData(), {blobs.name, *(name for name, table in _OURS.items() if table.info.get("derived"))}

    @event.listens_for(found, "column_reflect")
    def _same_type(inspector: Any, table: Table, column: Any) -> None:
        ours = _OURS[table.name].c.get(column["name"])
        if ours is not None:
            column["type"] = ours.type
        elif isinstance(column["type"], DateTime):
            column["type"] = Moment()

    here = set(inspect(connection).get_table_names())
    found.reflect(connection, only=[name for name in _OURS if name in here and name not in own])
    return found.sorted_tables


def dumped(connection: Connection, table: Table) -> Iterator[bytes]:
    """Every row as one line, in the order of the primary key; what the program works out again is left out."""
    known = _OURS[table.name].c
    columns = [each for each in table.columns if each.name not in known or not known[each.name].info.get("derived")]
    keys = [_plainly(each, connection) for each in table.primary_key]
    asked = select(*columns).order_by(*keys).execution_options(yield_per=_AT_ONCE)
    for row in connection.execute(asked):
        yield line_of({column.name: _plain(value) for column, value in zip(columns, row, strict=True)})


def _plainly(key: Column[Any], connection: Connection) -> ColumnElement[Any]:
    """A key as every database orders it: PostgreSQL would order texts as the server's language does."""
    texts = connection.dialect.name == "postgresql" and isinstance(key.type, String)
    return key.collate("C") if texts else key


def line_of(values: Mapping[str, Any]) -> bytes:
    """One row as it is written: in the order of the names, without what nothing is said in."""
    said = {name: value for name, value in sorted(values.items()) if value is not None}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def load(connection: Connection, table: Table, lines: Iterable[bytes]) -> str:
    """Insert the rows that `dumped` gave; returns the SHA-256 of them as they are written today."""
    whole, read = hashlib.sha256(), map(json.loads, lines)
    while some := list(islice(read, _AT_ONCE)):
        for values in some:
            whole.update(line_of(values))
        connection.execute(insert(table), [_row(table, values) for values in some])
    _continue_numbers(connection, table)
    return whole.hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode("ascii")
    return value.isoformat() if isinstance(value, date | datetime) else value


def _row(table: Table, said: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {**dict.fromkeys(table.columns.keys()), **said}
    if "filename_folded" in table.columns and values["filename"] is not None:
        values["filename_folded"] = folded(values["filename"])
    for column in table.columns:
        value = values.get(column.name)
        if value is None:
            continue
        if isinstance(column.type, LargeBinary):
            values[column.name] = base64.b64decode(value)
        elif isinstance(column.type, Moment):
            values[column.name] = datetime.fromisoformat(value)
        elif isinstance(column.type, Date):
            values[column.name] = date.fromisoformat(value)
    return values


def _continue_numbers(connection: Connection, table: Table) -> None:
    """PostgreSQL counts in a sequence, which rows put in by hand do not move."""
    column = table.autoincrement_column
    if column is None or connection.dialect.name != "postgresql":
        return
    last = connection.execute(select(func.max(column))).scalar()
    if last is not None:
        moved = text("SELECT setval(pg_get_serial_sequence(:table, :column), :last)")
        connection.execute(moved, {"table": table.name, "column": column.name, "last": last})
