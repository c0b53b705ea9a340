"""Curves on one pair of axes, from 0 to 1 on the upright one, with the table of the same numbers for who cannot see them.

Streamlit's charts need Altair and pandas, which the image leaves out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ...core.lots.chances import Floats
from ...i18n import say
from .. import formats
from ..hypertext import h, join

_WIDTH, _HEIGHT, _LEFT = 640, 240, 52
_ROWS = 10  # of the table


@dataclass(frozen=True)
class Curve:
    """A line of a chart: its name in words, its look (``first``, ``second``, ``third``), and its points (N,)."""

    name: str
    look: str
    values: Floats


def chart(
    title: str, across: str, shares: Floats, curves: Sequence[Curve], marks: Sequence[float], language: str
) -> Markup:
    """The chance of something by a share.

    Args:
        title: what is upright; across: what is across; shares: (N,) from 0 on; marks: shares at which a line stands.
    """
    most = float(shares[-1])

    def x(share: float) -> float:
        return _LEFT + (_WIDTH - _LEFT) * share / most

    def y(chance: float) -> float:
        return 8 + _HEIGHT * (1 - chance)

    grid = join(
        h('<line class="grid" x1="{0}" x2="{1}" y1="{2:.1f}" y2="{2:.1f}"/><text x="{3}" y="{4:.1f}" text-anchor="end">{5}</text>',
          _LEFT, _WIDTH, y(each), _LEFT - 8, y(each) + 4, formats.percent(each, language, 0))
        for each in (0.0, 0.25, 0.5, 0.75, 1.0)
    )  # fmt: skip
    ticks = join(
        h('<text x="{0:.1f}" y="{1}" text-anchor="middle">{2}</text>', x(most * step / 5), _HEIGHT + 28,
          formats.percent(most * step / 5, language, 0))
        for step in range(6)
    )  # fmt: skip
    stand = join(
        h('<line class="mark" x1="{0:.1f}" x2="{0:.1f}" y1="8" y2="{1}"/>', x(each), _HEIGHT + 8)
        for each in marks
        if each <= most
    )
    drawn = join(
        h('<polyline class="curve {0}" points="{1}"/>', each.look,
          " ".join(f"{x(float(share)):.1f},{y(float(value)):.1f}" for share, value in zip(shares, each.values, strict=True)))
        for each in curves
    )  # fmt: skip
    legend = join(
        h('<span class="key"><svg viewBox="0 0 28 8" aria-hidden="true"><line class="curve {0}" x1="0" x2="28" y1="4" y2="4"/>'
          "</svg> {1}</span>", each.look, each.name)
        for each in curves
    )  # fmt: skip
    return h(
        '<svg class="chart" viewBox="0 0 {w} {t}" role="img" aria-label="{title}">{grid}{ticks}{stand}{drawn}</svg>'
        '<p class="row keys">{legend}</p><details><summary>{numbers}</summary>{table}</details>',
        w=_WIDTH + 8,
        t=_HEIGHT + 36,
        title=title,
        grid=grid,
        ticks=ticks,
        stand=stand,
        drawn=drawn,
        legend=legend,
        numbers=say(language, "ui_home_numbers"),
        table=_table(across, shares, curves, language),
    )


def _table(across: str, shares: Floats, curves: Sequence[Curve], language: str) -> Markup:
    heads = join(h('<th class="n" scope="col">{0}</th>', each.name) for each in curves)
    step = max(1, (len(shares) - 1) // _ROWS)
    rows = join(
        h(
            '<tr><th scope="row">{0}</th>{1}</tr>',
            formats.percent(float(shares[place]), language),
            join(h('<td class="n">{0}</td>', formats.percent(float(each.values[place]), language)) for each in curves),
        )
        for place in range(0, len(shares), step)
    )
    return h(
        '<div class="scroll"><table><thead><tr><th scope="col">{0}</th>{1}</tr></thead><tbody>{2}</tbody></table></div>',
        across,
        heads,
        rows,
    )
