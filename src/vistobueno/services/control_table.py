"""Control charts as tables: a heading and rows of each, for the API's files."""

from collections.abc import Callable, Iterator
from typing import Literal

from ..core.shares import Share
from ..i18n import say, word
from .control import ControlView
from .spreadsheet import Cell

ControlTable = Literal["shares", "defects", "lines", "agreement"]
_SHARES = ("review", "escapes", "overkill", "kappa", "model", "people")
_ANSWERS, _SAID = ("fit", "unfit", "review"), ("fit", "unfit", "other", "retake")


def table(view: ControlView, name: ControlTable, language: str) -> tuple[list[str], Iterator[list[Cell]]]:
    """What the columns of a chart are called, and its rows; shares lie between 0 and 1."""
    heading, rows = _TABLES[name]
    return [say(language, f"control_{each}") for each in heading], rows(view, language)


def _shares(view: ControlView, language: str) -> Iterator[list[Cell]]:
    for each in view.chart.points:
        rules = "; ".join(say(language, f"control_rule_{rule}") for rule in each.rules)
        own = each.ewma
        average: list[Cell] = [None] * 3 if own is None else [own.value, own.low, own.high]
        yield [
            each.name or "—", each.n, each.unfit, each.share, view.chart.center,
            *((each.low, each.high) if each.judged else (None, None)), rules, *average,
        ]  # fmt: skip


def _defects(view: ControlView, language: str) -> Iterator[list[Cell]]:
    for each in view.defects:
        yield [word(language, f"defect_{each.defect}", each.defect), each.count, each.share, each.cumulative]


def _lines(view: ControlView, language: str) -> Iterator[list[Cell]]:
    for line in view.lines:
        for each in line.periods:
            shares: list[Share] = [getattr(each, name) for name in _SHARES]
            cells: list[Cell] = [line.line, each.period]
            for share in shares:
                cells += [share.share, share.low, share.high, share.n] if share.n else [None, None, None, 0]
            yield cells


def _agreement(view: ControlView, language: str) -> Iterator[list[Cell]]:
    for line in view.lines:
        for answer in _ANSWERS:
            counts = line.agreement.get(answer, {})
            yield [line.line, say(language, answer), *(counts.get(said, 0) for said in _SAID)]


_OF_A_SHARE = tuple(f"{name}{part}" for name in _SHARES for part in ("", "_low", "_high", "_n"))
_TABLES: dict[ControlTable, tuple[tuple[str, ...], Callable[[ControlView, str], Iterator[list[Cell]]]]] = {
    "shares": (
        ("group", "n", "unfit", "share", "center", "low", "high", "rules", "ewma", "ewma_low", "ewma_high"), _shares,
    ),
    "defects": (("defect", "count", "part", "cumulative"), _defects),
    "lines": (("line", "period", *_OF_A_SHARE), _lines),
    "agreement": (("line", "answered", *(f"said_{each}" for each in _SAID)), _agreement),
}  # fmt: skip
