"""A station's inspections as one file, by its ending: a table for people (CSV, XLSX) or typed columns for programs (Parquet)."""

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from ..core.composed import flat, leaves
from ..core.errors import VistoBuenoError
from ..core.inspection import Filter, Inspection, Page
from ..core.version import __version__
from ..store.database import reading
from ..store.lists import inspections_page
from ..store.lots import is_demonstration
from . import table
from .parquet import arrow, arrow_type, arrow_values
from .spreadsheet import csv_table, xlsx_table

_AT_ONCE, _GROUP = 500, 10_000  # inspections read together; rows of a group of Parquet's, which its readers skip whole
_KEPT_BACK = {"evidence"}  # where a photograph lies is the station's own matter
Pages = Callable[[str | None], Page[Inspection]]


class ExportRefused(VistoBuenoError):
    """A file that cannot be written here."""


def export_inspections(engine: Engine, file: Path, asked: Filter, language: str) -> int:
    """Write inspections, the newest first, to a file that is whole or not there; memory does not grow with them.

    Args:
        language: of a table for people; the columns of Parquet are called as the API calls them, laid flat.

    Returns:
        How many there are.

    Raises:
        ExportRefused: ``export_ending``.
        ParquetMissing: ``parquet_missing``.
        Unavailable: the database does not answer.
    """
    write = _WRITERS.get(file.suffix.lower())
    if write is None:
        endings = ", ".join(_WRITERS)
        raise ExportRefused(
            "export_ending",
            es=f"«{file.name}» no dice en qué formato se escribe. Termine el nombre en uno de estos: {endings}.",
            en=f"“{file.name}” does not say which format to write. End the name in one of these: {endings}.",
        )
    written = 0

    def pages(after: str | None) -> Page[Inspection]:
        nonlocal written
        found = inspections_page(engine, asked, after, _AT_ONCE)
        written += len(found.items)
        return found

    with reading(engine) as connection:
        demo = is_demonstration(connection)
    with tempfile.TemporaryDirectory(prefix=f".{file.name}-", dir=file.parent) as folder:
        beside = Path(folder) / file.name
        write(beside, pages, language, demo)
        os.replace(beside, file)  # noqa: PTH105 named as what it does: at once
    return written


def _csv(file: Path, pages: Pages, language: str, demo: bool) -> None:
    with file.open("w", encoding="utf-8", newline="") as opened:
        opened.writelines(csv_table(table.heading(language), table.rows(pages, language)))


def _xlsx(file: Path, pages: Pages, language: str, demo: bool) -> None:
    with file.open("wb") as opened:
        xlsx_table(opened, file.parent, table.heading(language), table.rows(pages, language), UTC, language)


def _parquet(file: Path, pages: Pages, language: str, demo: bool) -> None:
    pa = arrow()
    told = json.dumps({"program": __version__, "demo": demo}).encode()
    own = [(leaf.name, arrow_type(leaf.kind)) for leaf in leaves(Inspection) if leaf.name not in _KEPT_BACK]
    schema = pa.schema([*own, *_review_types(pa)], metadata={b"vistobueno": told})
    with pa.parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for rows in _groups(pages):
            writer.write_table(pa.Table.from_pylist(rows, schema))


def _groups(pages: Pages) -> Iterator[list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        page = pages(after)
        rows += map(_row, page.items)
        if len(rows) >= _GROUP or (page.next is None and rows):
            yield rows
            rows = []
        if (after := page.next) is None:
            return


def _row(inspection: Inspection) -> dict[str, Any]:
    """The plain values, and the last word that a person said."""
    values = flat(inspection) | {"product": inspection.verdict.recognised_product}
    said = inspection.reviews[-1] if inspection.reviews else None
    last = {} if said is None else {
        "review": said.answer,
        "review_defects": said.defects,
        "review_blind": said.blind,
        "review_actor_name": said.actor.name,
        "review_at": said.at,
        "review_note": said.note,
    }  # fmt: skip
    return arrow_values(values) | {"reviews": len(inspection.reviews)} | last


def _review_types(pa: Any) -> list[tuple[str, Any]]:
    return [
        ("reviews", pa.int64()),
        ("review", pa.string()),
        ("review_defects", pa.list_(pa.string())),
        ("review_blind", pa.bool_()),
        ("review_actor_name", pa.string()),
        ("review_at", pa.timestamp("us", "UTC")),
        ("review_note", pa.string()),
    ]


_WRITERS: dict[str, Callable[[Path, Pages, str, bool], None]] = {".csv": _csv, ".xlsx": _xlsx, ".parquet": _parquet}
