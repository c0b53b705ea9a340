"""Charts as inline SVG: curves on the unit square and a table of counts. They know numbers, not photographs."""

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

_SIDE, _LEFT, _BOTTOM, _TOP = 260, 46, 40, 10
_BLUE, _GREY = "#00224e", "#9aa0a6"

Points = Sequence[tuple[float, float]]


def curve(
    points: Points, x_label: str, y_label: str, *, diagonal: bool = False, dots: bool = False, top: float = 1.0
) -> str:
    """A curve over x in 0..1 and y in 0..``top``; with the diagonal that a useless or a perfect model would follow."""
    places = [_place(x, y, top) for x, y in points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    parts = [_axes(x_label, y_label, top)]
    if diagonal:
        (x0, y0), (x1, y1) = _place(0, 0, top), _place(1, 1, top)
        parts.append(f'<line x1="{x0}" y1="{y0}" x2="{x1}" y2="{y1}" stroke="{_GREY}" stroke-dasharray="4 4"/>')
    parts.append(f'<polyline points="{path}" fill="none" stroke="{_BLUE}" stroke-width="2"/>')
    if dots:
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{_BLUE}"/>' for x, y in places]
    width, height = _LEFT + _SIDE + 14, _TOP + _SIDE + _BOTTOM
    label = escape(f"{y_label} / {x_label}")
    return f'<svg role="img" aria-label="{label}" viewBox="0 0 {width} {height}" width="{width}">{"".join(parts)}</svg>'


def matrix(names: Sequence[str], counts: NDArray[np.int64], down: str, across: str) -> str:
    """Counts (K, K) as an HTML table: the truth down, the answer across, darker where a row has more of its share."""
    head = "".join(f"<th scope=col>{escape(name)}</th>" for name in names)
    rows = [f"<tr><th>{escape(down)} \\ {escape(across)}</th>{head}</tr>"]
    for name, row in zip(names, counts, strict=True):
        total = max(1, int(row.sum()))
        cells = "".join(_cell(int(count), int(count) / total) for count in row)
        rows.append(f"<tr><th scope=row>{escape(name)}</th>{cells}</tr>")
    return f"<table class=matrix>{''.join(rows)}</table>"


def _cell(count: int, share: float) -> str:
    ink = "#fff" if share > 0.5 else "#111"
    return f'<td style="background:rgba(0,34,78,{share:.2f});color:{ink}">{count or "·"}</td>'


def _place(x: float, y: float, top: float) -> tuple[float, float]:
    return _LEFT + _SIDE * x, _TOP + _SIDE * (1 - min(y / top, 1.0))


def _axes(x_label: str, y_label: str, top: float) -> str:
    left, bottom = _place(0, 0, top)
    right, upper = _place(1, top, top)
    parts = [f'<path d="M{left},{upper} V{bottom} H{right}" fill="none" stroke="#444"/>']
    for step in range(6):
        share = step / 5
        x, y = _place(share, share * top, top)
        parts.append(f'<text x="{x:.0f}" y="{bottom + 15:.0f}" text-anchor="middle">{share:.1f}</text>')
        parts.append(f'<text x="{left - 6:.0f}" y="{y + 4:.0f}" text-anchor="end">{share * top:.2g}</text>')
        parts.append(f'<line x1="{left}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#e3e5e8"/>')
    middle = (left + right) / 2
    parts.append(f'<text x="{middle:.0f}" y="{bottom + 33:.0f}" text-anchor="middle">{escape(x_label)}</text>')
    height = (upper + bottom) / 2
    parts.append(
        f'<text x="12" y="{height:.0f}" text-anchor="middle" transform="rotate(-90 12 {height:.0f})">{escape(y_label)}</text>'
    )
    return "".join(parts)
