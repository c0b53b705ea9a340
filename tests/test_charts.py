import re
from xml.etree import ElementTree

import numpy as np
import pytest

from vistobueno.training.charts import curve, matrix


def parsed(markup: str) -> ElementTree.Element:
    return ElementTree.fromstring(markup)  # noqa: S314 our own markup


def line_of(svg: str) -> list[tuple[float, float]]:
    points = parsed(svg).find("polyline")
    assert points is not None
    return [tuple(map(float, pair.split(","))) for pair in points.attrib["points"].split()]  # type: ignore[misc]


def test_a_curve_runs_from_the_lower_left_to_the_upper_right() -> None:
    (x0, y0), (x1, y1) = line_of(curve([(0, 0), (1, 1)], "x", "y"))
    assert x0 < x1
    assert y0 > y1, "the vertical axis of SVG points down"


def test_what_is_above_the_top_is_drawn_at_the_top() -> None:
    within, above = (line_of(curve([(0, 0), (1, y)], "x", "y", top=0.1))[1] for y in (0.1, 0.9))
    assert within == above


def test_a_curve_says_what_its_axes_are_and_foreign_names_stay_text() -> None:
    svg = curve([(0, 0), (1, 1)], "<share>", "risk & co")
    assert parsed(svg).attrib["aria-label"] == "risk & co / <share>"
    texts = [each.text for each in parsed(svg).iter("text")]
    assert "<share>" in texts
    assert "risk & co" in texts


@pytest.mark.parametrize(("flag", "mark"), [("diagonal", "stroke-dasharray"), ("dots", "<circle")])
def test_extras_are_drawn_only_when_asked_for(flag: str, mark: str) -> None:
    assert mark in curve([(0, 0), (1, 1)], "x", "y", **{flag: True})
    assert mark not in curve([(0, 0), (1, 1)], "x", "y")


def test_a_matrix_shows_each_count_once_and_nothing_as_a_dot() -> None:
    table = matrix(["a", "<b>"], np.array([[7, 0], [2, 5]]), "truth", "answer")
    assert re.findall(r"<td[^>]*>([^<]*)</td>", table) == ["7", "·", "2", "5"]
    assert "&lt;b&gt;" in table
    assert "<b>" not in table


def test_dark_cells_have_light_ink() -> None:
    cells = re.findall(
        r"rgba\(0,34,78,([\d.]+)\);color:(#\w+)", matrix(["a", "b"], np.array([[9, 1], [0, 0]]), "t", "a")
    )
    assert [(float(share) > 0.5, ink == "#fff") for share, ink in cells] == [(True, True)] + [(False, False)] * 3
