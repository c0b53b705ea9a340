"""Control charts of a station: the share unfit and what breaks a rule, defects by weight, each line's rates over time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Engine

from ..core.control.asked import Asked
from ..core.control.p_chart import PChart, p_chart
from ..core.control.pareto import Bar, pareto
from ..core.control.trends import Trend, trend
from ..store import control
from ..store.database import reading

MOST_DAYS = 3660
_WEEKS = 26  # that are shown until somebody says otherwise


@dataclass(frozen=True)
class LineTrend:
    """A line over time, and how the model's answers and people's fall together in its blind audit.

    Attributes:
        agreement: photographs by the model's answer, and by the first person's who did not see it.
    """

    line: str
    inspected: int
    periods: tuple[Trend, ...]
    agreement: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class ControlView:
    """All of it at once.

    Attributes:
        chart: of the share unfit by people's last word, and by the model's where nobody answered; what waits, what shows
            too little and what is none of the products counts neither way.
        defects: that people named; ``unnamed``: fruit that they call unfit without naming one.
        lines: the one with most inspections first.
    """

    chart: PChart
    defects: tuple[Bar, ...]
    unnamed: int
    lines: tuple[LineTrend, ...]


class Control:
    """The charts of a station. Days are UTC's."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def view(self, asked: Asked) -> ControlView:
        """What the charts show of what is asked for."""
        with reading(self._engine) as connection:
            counted, said = control.counted(connection, asked), control.said(connection, asked)
        lines: dict[str, list[Trend]] = {}
        agreement: dict[str, dict[str, dict[str, int]]] = {}
        inspected: dict[str, int] = {}
        for each in counted.lines:
            audited = said.audits.get((each.line, each.period), [])
            lines.setdefault(each.line, []).append(trend(each.period, each.inspected, each.to_review, audited))
            inspected[each.line] = inspected.get(each.line, 0) + each.inspected
            by_answer = agreement.setdefault(each.line, {})
            for some in audited:
                if some.said:
                    by_people = by_answer.setdefault(some.answer, {})
                    by_people[some.said[0]] = by_people.get(some.said[0], 0) + some.count
        return ControlView(
            p_chart(counted.groups, ordered=asked.ordered, limits=asked.limits),
            pareto(said.defects),
            counted.called_unfit - said.with_defects,
            tuple(
                LineTrend(name, inspected[name], tuple(lines[name]), agreement[name])
                for name in sorted(lines, key=lambda each: -inspected[each])
            ),
        )

    def packers(self) -> list[str]:
        """Everybody who packed a lot."""
        with reading(self._engine) as connection:
            return control.packers(connection)

    @staticmethod
    def usual_days() -> tuple[date, date]:
        """The last half year, from a Monday."""
        today = datetime.now(UTC).date()
        return today - timedelta(days=7 * (_WEEKS - 1) + today.weekday()), today
