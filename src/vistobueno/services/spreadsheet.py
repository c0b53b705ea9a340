"""Tables that a spreadsheet shows and never runs: CSV in two dialects, and XLSX. What their columns are is not said here."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

Cell = str | int | float | datetime | None
"""Moments are aware; shares are told with four digits; None is an empty cell."""

_SEPARATORS = r",;|\t\v\f\r\n\x1c-\x1e\x85\u2028\u2029"
_UNSEEN = r"\s\"\x00-\x1f\xad\u200b-\u200f\u2060\ufeff"
_SIGNS = r"=+\-@＝＋－＠﹦﹢﹣﹫"
_BEGINS = re.compile(rf"^(?=[\t\r\n])|(?:^|[{_SEPARATORS}])[{_UNSEEN}]*(?=[{_SIGNS}])")
"""Where a formula would begin: in a cell, or in a piece of one, for who splits by another sign and heeds no quotes."""
MOST_ROWS = 1_048_576
"""Of one sheet, its heading included (Excel's specification)."""
_DATES = {"es": "dd/mm/yyyy hh:mm:ss", "en": "yyyy-mm-dd hh:mm:ss"}


class _Number(str):
    """A number as it is written: a minus begins no formula."""


@dataclass(frozen=True)
class Dialect:
    """How a CSV is written: for programs as it stands here, for a Spanish spreadsheet by `spanish`.

    Attributes:
        zone: moments are told by its clocks, as a spreadsheet reads them; None: as ISO 8601 in their own.
    """

    separator: str = ","
    decimal: str = "."
    zone: tzinfo | None = None


PLAIN = Dialect()


def spanish(zone: tzinfo) -> Dialect:
    """What a spreadsheet opens by a double click where the comma is the decimal sign."""
    return Dialect(";", ",", zone)


def csv_line(cells: Iterable[object], end: str = "\r\n", separator: str = ",") -> str:
    """One row, every cell in quotes; an apostrophe stands before a text that would begin a formula. None is an empty cell."""
    out = io.StringIO()
    texts = (_BEGINS.sub(r"\g<0>'", each) if type(each) is str else "" if each is None else str(each) for each in cells)
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator=end, delimiter=separator).writerow(texts)
    return out.getvalue()


def csv_table(heading: Sequence[str], rows: Iterable[Sequence[Cell]], dialect: Dialect = PLAIN) -> Iterator[str]:
    """The table's lines, its heading first, as UTF-8 that a spreadsheet knows by its mark."""
    yield "\ufeff" + csv_line(heading, separator=dialect.separator)
    for row in rows:
        yield csv_line((_told(each, dialect) for each in row), separator=dialect.separator)


def xlsx_table(
    file: BinaryIO, folder: Path, heading: Sequence[str], rows: Iterable[Sequence[Cell]], zone: tzinfo, language: str
) -> None:
    """Write the table as XLSX in constant memory; a sheet that is full is followed by another. Texts are texts there.

    Args:
        folder: on a disk: the sheets lie there until they are packed.
        zone: moments are told by its clocks, since XLSX knows no zones.

    Raises:
        OSError: there is no space.
    """
    from xlsxwriter import Workbook  # when somebody asks for one

    never = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = Workbook(file, {"constant_memory": True, "tmpdir": str(folder), **never})
    book.use_zip64()
    bold, date = book.add_format({"bold": True}), book.add_format({"num_format": _DATES[language]})
    share = book.add_format({"num_format": "0.0000"})
    left = iter(rows)
    while (first := next(left, None)) is not None or not book.worksheets():
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(heading) - 1, 20)
        for column, name in enumerate(heading):
            sheet.write_string(0, column, name, bold)
        sheet_rows = islice(chain([first] if first is not None else [], left), MOST_ROWS - 1)
        for place, row in enumerate(sheet_rows, 1):
            for column, cell in enumerate(row):
                if isinstance(cell, datetime):
                    sheet.write_datetime(place, column, cell.astimezone(zone).replace(tzinfo=None), date)
                elif isinstance(cell, str):
                    sheet.write_string(place, column, cell)
                elif cell is not None:
                    sheet.write_number(place, column, cell, share if isinstance(cell, float) else None)
    book.close()


def _told(cell: Cell, dialect: Dialect) -> str | None:
    if isinstance(cell, datetime):
        if dialect.zone is None:
            return cell.isoformat(timespec="seconds")
        return cell.astimezone(dialect.zone).strftime("%d/%m/%Y %H:%M:%S")
    if isinstance(cell, float):
        return _Number(f"{cell:.4f}".replace(".", dialect.decimal))
    return cell if cell is None or isinstance(cell, str) else _Number(cell)
