"""Charts as SVG in the page's own colours; the numbers of each stand beside it as a table. A browser makes them a PNG."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil, floor, log10

from markupsafe import Markup

from .hypertext import h, join

_WIDE, _LEFT, _RIGHT, _TOP, _BELOW = 760, 84, 58, 18, 40
_TICKS, _NAMES = 5, 6  # at the most
_ROW, _MANY = 54, 60
Told = Callable[[float], str]


@dataclass(frozen=True)
class Line:
    """Values over time, None where there is none; ``kind`` is its look, ``name`` stands at its end."""

    values: Sequence[float | None]
    kind: str
    name: str = ""
    stepped: bool = False


@dataclass(frozen=True)
class Dots:
    """Points over time; those of ``marked`` are told apart by shape and colour, those of ``faint`` are hollow.

    Attributes:
        spans: an interval of each, drawn as a line through it.
    """

    values: Sequence[float | None]
    kind: str = ""
    marked: frozenset[int] = frozenset()
    faint: frozenset[int] = frozenset()
    spans: Sequence[tuple[float, float] | None] = ()


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float
    step: float
    ticks: tuple[float, ...] = field(default=())


def over_time(
    id_: str, title: str, names: Sequence[str], parts: Sequence[Line | Dots], told: Told, tall: int = 250
) -> Markup:
    """Lines and dots from left to right; ``told`` writes a value of the axis."""
    seen = [each for part in parts for each in part.values if each is not None]
    seen += [each for part in parts if isinstance(part, Dots) for span in part.spans if span for each in span]
    scale, height = _scale(seen), tall - _TOP - _BELOW
    step = (_WIDE - _LEFT - _RIGHT) / max(1, len(names))

    def x(place: float) -> float:
        return _LEFT + (place + 0.5) * step

    def y(value: float) -> float:
        return _TOP + height * (1 - (value - scale.low) / (scale.high - scale.low))

    every = ceil(len(names) / _NAMES)
    drawn = [
        h('<line class="rule" x1="{0}" x2="{1}" y1="{2:.1f}" y2="{2:.1f}"/><text x="{3}" y="{4:.1f}" text-anchor="end">{5}</text>',
          _LEFT, _WIDE - _RIGHT, y(each), _LEFT - 8, y(each) + 5, told(each))
        for each in scale.ticks
    ]  # fmt: skip
    drawn += [
        h('<text x="{0:.1f}" y="{1}" text-anchor="middle">{2}</text>', x(place), tall - 10, name)
        for place, name in enumerate(names)
        if place % every == (len(names) - 1) % every
    ]
    for part in parts:
        drawn += _line(part, x, y, step) if isinstance(part, Line) else _dots(part, x, y)
    return _svg(id_, title, _WIDE, tall, drawn)


def compared(
    id_: str, title: str, names: Sequence[str], dots: Dots, limits: Sequence[tuple[float, float] | None], center: float,
    told: Told,
) -> Markup:  # fmt: skip
    """One row below another: a point, its limits as a band, and the centre through all."""
    seen = [
        *(each for each in dots.values if each is not None),
        center,
        *(each for pair in limits if pair for each in pair),
    ]
    scale = _scale([0.0, *seen])
    tall = _ROW * len(names) + _BELOW

    def x(value: float) -> float:
        return 12 + (_WIDE - 24 - _RIGHT) * (value - scale.low) / (scale.high - scale.low)

    drawn = [
        h('<line class="rule" x1="{0:.1f}" x2="{0:.1f}" y1="0" y2="{1}"/><text x="{0:.1f}" y="{2}" text-anchor="middle">{3}</text>',
          x(each), tall - _BELOW, tall - 12, told(each))
        for each in scale.ticks
    ]  # fmt: skip
    drawn.append(
        h('<line class="center" x1="{0:.1f}" x2="{0:.1f}" y1="0" y2="{1}"/>', x(center), tall - _BELOW)
    )  # fmt: skip
    for place, name in enumerate(names):
        top, value = _ROW * place, dots.values[place]
        drawn.append(h('<text class="name" x="14" y="{0}">{1}</text>', top + 22, name))
        if (pair := limits[place]) is not None:
            drawn.append(
                h('<rect class="band" x="{0:.1f}" y="{1}" width="{2:.1f}" height="14" rx="3"/>', x(pair[0]), top + 31,
                  max(1.0, x(pair[1]) - x(pair[0])))
            )  # fmt: skip
        if value is not None:
            drawn.append(_dot(x(value), top + 38, place in dots.marked, place in dots.faint, dots.kind))
    return _svg(id_, title, _WIDE, tall, drawn)


def bars(id_: str, title: str, rows: Sequence[tuple[str, float, float, str]]) -> Markup:
    """Bars one below another, and through them the line of what they come to together: name, share, cumulative, number."""
    tall, wide = _ROW * len(rows) + 8, _WIDE - 150
    most = max((share for _, share, _, _ in rows), default=1.0) or 1.0
    drawn = []
    for place, (name, share, _, number) in enumerate(rows):
        top = _ROW * place
        drawn.append(h('<text class="name" x="0" y="{0}">{1}</text>', top + 22, name))
        drawn.append(
            h('<rect class="weight" x="0" y="{0}" width="{1:.1f}" height="16" rx="3"/>', top + 30, max(2.0, wide * share / most))
        )  # fmt: skip
        drawn.append(h('<text x="{0}" y="{1}" text-anchor="end">{2}</text>', _WIDE, top + 43, number))
    points = [(wide * cumulative, _ROW * place + 38) for place, (_, _, cumulative, _) in enumerate(rows)]
    drawn.append(h('<polyline class="second" points="{0}"/>', " ".join(f"{x:.1f},{y}" for x, y in points)))
    drawn += [h('<circle class="second" cx="{0:.1f}" cy="{1}" r="5"/>', *each) for each in points]
    return _svg(id_, title, _WIDE, tall, drawn)


def _line(part: Line, x: Callable[[float], float], y: Callable[[float], float], step: float) -> Iterable[Markup]:
    pieces: list[list[str]] = [[]]
    for place, value in enumerate(part.values):
        if value is None:
            pieces.append([])
        elif part.stepped:
            pieces[-1] += [f"{x(place) + side * step / 2:.1f},{y(value):.1f}" for side in (-1, 1)]
        else:
            pieces[-1].append(f"{x(place):.1f},{y(value):.1f}")
    for piece in filter(None, pieces):
        yield h('<polyline class="{0}" points="{1}"/>', part.kind, " ".join(piece))
    last = next((value for value in reversed(part.values) if value is not None), None)
    if part.name and last is not None:
        yield h('<text x="{0}" y="{1:.1f}">{2}</text>', _WIDE - _RIGHT + 5, y(last) + 5, part.name)


def _dots(part: Dots, x: Callable[[float], float], y: Callable[[float], float]) -> Iterable[Markup]:
    for place, span in enumerate(part.spans):
        if span is not None:
            yield h(
                '<line class="span {3}" x1="{0:.1f}" x2="{0:.1f}" y1="{1:.1f}" y2="{2:.1f}"/>',
                x(place),
                *map(y, span),
                part.kind,
            )
    for place, value in enumerate(part.values):
        if value is not None:
            size = 4 if len(part.values) <= _MANY else 2
            yield _dot(x(place), y(value), place in part.marked, place in part.faint, part.kind, size)


def _dot(x: float, y: float, marked: bool, faint: bool, kind: str, size: int = 4) -> Markup:
    if marked:
        return h('<path class="broken" d="M{0:.1f} {1:.1f}l8 8l-8 8l-8-8z"/>', x, y - 8)
    return h('<circle class="dot {3}" cx="{0:.1f}" cy="{1:.1f}" r="{2}"/>', x, y, size, "faint" if faint else kind)


def _scale(seen: Sequence[float]) -> _Scale:
    """From what is seen, with a little room; from nothing on where what is seen comes near to it."""
    low, high = min(seen, default=0.0), max(seen, default=1.0)
    if 0 <= low < 0.6 * high:
        low = 0.0
    wide = high - low or max(abs(high), 0.01)
    raw = wide / (_TICKS - 1)
    power = 10.0 ** floor(log10(raw))
    step = next(each * power for each in (1, 2, 2.5, 5, 10) if each * power >= raw * 0.999)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    last = max(last, first + 1)
    return _Scale(first * step, last * step, step, tuple(step * place for place in range(first, last + 1)))


def _svg(id_: str, title: str, wide: int, tall: int, drawn: Iterable[Markup]) -> Markup:
    return h(
        '<svg class="chart" id="{0}" viewBox="0 0 {1} {2}" role="img" aria-label="{3}">{4}</svg>',
        id_, wide, tall, title, join(drawn),
    )  # fmt: skip
