"""Tables as lines of JSON and back: the same lines for the same rows, whichever database holds them."""

import base64
import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Date, LargeBinary, Table, func, insert, select, text

from ..folding import folded
from ..schema import Moment, blobs, inspections, metadata

TABLES = [table for table in metadata.sorted_tables if table is not blobs]
"""Every table in an order that keeps references; photographs in the database are photographs, not rows."""
_AT_ONCE = 1_000


def dumped(connection: Connection, table: Table) -> Iterator[bytes]:
    """Every row as one line, in the order of the primary key.

    What the program works out again is left out, and so is what nothing is said in of a column that came later: the rows
    of an older program's backup give its lines.
    """
    columns = [column for column in table.columns if not column.info.get("derived")]
    asked = select(*columns).order_by(*table.primary_key).execution_options(yield_per=_AT_ONCE)
    for row in connection.execute(asked):
        values = {
            column.name: _plain(value)
            for column, value in zip(columns, row, strict=True)
            if value is not None or not column.info.get("later")
        }
        yield json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def load(connection: Connection, table: Table, lines: Iterable[bytes]) -> int:
    """Insert the rows that `dumped` gave; returns how many."""
    count, rows = 0, (_row(table, line) for line in lines)
    while some := list(islice(rows, _AT_ONCE)):
        connection.execute(insert(table), some)
        count += len(some)
    _continue_numbers(connection, table)
    return count


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode("ascii")
    return value.isoformat() if isinstance(value, date | datetime) else value


def _row(table: Table, line: bytes) -> dict[str, Any]:
    values: dict[str, Any] = dict.fromkeys(table.columns.keys()) | json.loads(line)
    if table is inspections and values["filename"] is not None:
        values[inspections.c.filename_folded.name] = folded(values["filename"])
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
