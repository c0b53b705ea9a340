import csv
import io

from hypothesis import example, given
from hypothesis import strategies as st

from vistobueno.services.spreadsheet import csv_line

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
