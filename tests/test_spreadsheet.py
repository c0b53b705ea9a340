import csv
import io
import re
import tempfile
import tracemalloc
import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vistobueno.services import spreadsheet
from vistobueno.services.spreadsheet import PLAIN, Cell, csv_line, csv_table, spanish, xlsx_table

SIGNS = "=+-@＝＋－＠"
UNSEEN = ' "\xa0\t\r\n\u200b\ufeff'
LETTERS = st.sampled_from([*SIGNS, *",;|\t\r\n \"'\xa0\u200b\ufeff", "a", "1", "ñ", "("])
CELLS = st.lists(st.text(LETTERS, max_size=8), min_size=1, max_size=4)


@given(CELLS)
@example(["a;=1+1"])
@example(['x";"=1+1'])
@example(["one\n-2", "\t=1", " +1", "＝1", "\ufeff@x"])
def test_no_cell_begins_a_formula_however_it_is_split(cells: list[str]) -> None:
    for separator in ",;|\t":
        for row in csv.reader(io.StringIO(csv_line(cells), newline=""), delimiter=separator):
            for cell in row:
                assert not cell.strip(UNSEEN).startswith(tuple(SIGNS)), (separator, cell)
                assert separator != "," or not cell.startswith(("\t", "\r", "\n")), cell


@given(st.lists(st.text(st.characters(exclude_categories=("Cs",)), max_size=20), min_size=1, max_size=4))
def test_cells_come_back_as_they_were_but_for_apostrophes(cells: list[str]) -> None:
    (row,) = csv.reader(io.StringIO(csv_line(cells), newline=""))
    assert [each.replace("'", "") for each in row] == [each.replace("'", "") for each in cells]


def test_what_is_no_formula_is_left_alone() -> None:
    for said in ("apple-7 (2).jpg", "lot 7 = good", "ana@example.org", "a; b", "1.5", "it's", ""):
        assert csv_line([said]) == f'"{said}"\r\n'
    assert csv_line([None, 1.5, "ñ"], "\n") == '"","1.5","ñ"\n'


LIMA = ZoneInfo("America/Lima")
AT = datetime(2026, 11, 26, 3, 5, 9, tzinfo=UTC)
ROW: list[Cell] = [1234, AT, "NO APTO", 0.98765, None, "=1+1"]
HEADING = ["número", "fecha", "respuesta", "probabilidad", "nota", "archivo"]


def read(lines: Iterable[str], separator: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO("".join(lines).removeprefix("\ufeff"), newline=""), delimiter=separator))


def test_a_program_gets_a_dot_and_utc_and_a_spanish_spreadsheet_a_comma_and_its_own_clocks() -> None:
    plain, local = (list(csv_table(HEADING, [ROW], dialect)) for dialect in (PLAIN, spanish(LIMA)))
    assert all(lines[0].startswith("\ufeff") for lines in (plain, local))
    assert read(plain, ",")[1] == ["1234", "2026-11-26T03:05:09+00:00", "NO APTO", "0.9877", "", "'=1+1"]
    assert read(local, ";")[1] == ["1234", "25/11/2026 22:05:09", "NO APTO", "0,9877", "", "'=1+1"]


def workbook(rows: Iterable[list[Cell]], language: str = "es") -> dict[str, str]:
    """The XML of each sheet."""
    file = io.BytesIO()
    xlsx_table(file, Path(tempfile.gettempdir()), HEADING, rows, LIMA, language)
    with zipfile.ZipFile(file) as book:
        assert [name for name in book.namelist() if "vba" in name.lower() or "external" in name.lower()] == []
        return {name: book.read(name).decode() for name in book.namelist() if "worksheets/" in name}


def test_a_workbook_has_numbers_moments_of_the_zone_and_texts_that_are_never_formulas() -> None:
    (sheet,) = workbook([ROW]).values()
    texts = [each.text or "" for each in ElementTree.fromstring(sheet).iter() if each.tag.endswith("}t")]  # noqa: S314 ours
    assert texts == [*HEADING, "NO APTO", "=1+1"]
    values = [float(each) for each in re.findall(r"<v>([\d.]+)</v>", sheet)]
    days = (datetime(2026, 11, 25, 22, 5, 9) - datetime(1899, 12, 30)).total_seconds() / 86_400
    assert values == pytest.approx([1234, days, 0.98765])
    assert "<f>" not in sheet and "hyperlink" not in sheet


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=40))
@example("=cmd|' /C calc'!A0")
@example("http://evil.example")
@example("\0\x1f_x0041_")
def test_whatever_is_written_the_workbook_opens_and_runs_nothing(text: str) -> None:
    (sheet,) = workbook([[text, *ROW[1:]]]).values()
    ElementTree.fromstring(sheet)  # noqa: S314 ours
    assert "<f>" not in sheet and "hyperlink" not in sheet


def test_a_full_sheet_is_followed_by_another_and_none_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet, "MOST_ROWS", 4)
    counts = [text.count("<row ") for text in workbook(ROW for _ in range(7)).values()]
    assert counts == [4, 4, 2]
    assert [text.count("<row ") for text in workbook([]).values()] == [1]


def test_a_workbook_needs_no_more_memory_for_more_rows(tmp_path: Path) -> None:
    def most(count: int) -> int:
        with (tmp_path / "book.xlsx").open("wb") as file:
            tracemalloc.start()
            xlsx_table(file, Path(tempfile.gettempdir()), HEADING, (ROW for _ in range(count)), LIMA, "es")
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return peak

    most(10)
    assert most(4000) < most(400) + 200_000  # bytes
