"""Lines of CSV that a spreadsheet shows and never runs, whichever separator it splits them by."""

import csv
import io
import re
from collections.abc import Iterable

_SEPARATORS = r",;|\t\v\f\r\n\x1c-\x1e\x85\u2028\u2029"
_UNSEEN = r"\s\"\x00-\x1f\xad\u200b-\u200f\u2060\ufeff"
_SIGNS = r"=+\-@＝＋－＠﹦﹢﹣﹫"
_BEGINS = re.compile(rf"^(?=[\t\r\n])|(?:^|[{_SEPARATORS}])[{_UNSEEN}]*(?=[{_SIGNS}])")
"""Where a formula would begin: in a cell, or in a piece of one, for who splits by another sign and heeds no quotes."""


def csv_line(cells: Iterable[object], end: str = "\r\n") -> str:
    """One row, every cell in quotes; an apostrophe stands before what would begin a formula. None is an empty cell."""
    out = io.StringIO()
    texts = ("" if each is None else _BEGINS.sub(r"\g<0>'", str(each)) for each in cells)
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator=end).writerow(texts)
    return out.getvalue()
