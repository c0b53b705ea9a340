"""The true share of unfit fruit in a lot, by what the blind audit knows of the line that judged it."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from ..core.audit import LineAudit, line_audit
from ..core.lots.answered import Answered, answered
from ..core.lots.estimate import Estimate, NoEstimate, NoEstimateWhy, Rate, estimate_share
from ..core.lots.lot import Lot, fruit_of
from ..core.shares import Share
from ..store import audits, lots


@dataclass(frozen=True)
class LotEstimate:
    """The share of unfit fruit in a lot, or why there are only counts.

    Attributes:
        why: None where there is an estimate; see `NoEstimate`.
        counted: among the fruit looked at, with an interval that knows their packages.
        share, low, high: the median and the 95 % interval, of all fruit of the lot.
        correlation, design_effect: as in `Estimate`.
        lines: that judged what nobody answered; calibration: by which, where it is one.
        escapes, overkill: of the line under it, by the blind audit.
    """

    why: NoEstimateWhy | None
    counted: Share
    share: float | None = None
    low: float | None = None
    high: float | None = None
    correlation: float | None = None
    design_effect: float | None = None
    lines: tuple[str, ...] = ()
    calibration: str | None = None
    escapes: Share | None = None
    overkill: Share | None = None

    @classmethod
    def of(cls, made: Estimate | NoEstimate, found: Answered, measured: LineAudit | None) -> "LotEstimate":
        """What was estimated, by what."""
        lines, by = sorted({line for line, _ in found.judged_by}), {each for _, each in found.judged_by}
        about: dict[str, Any] = {"lines": tuple(lines), "calibration": by.pop() if len(by) == 1 else None}
        if measured is not None:
            about |= {"escapes": measured.escapes, "overkill": measured.overkill}
        if isinstance(made, NoEstimate):
            return cls(made.why, made.counted, **about)
        return cls(None, made.counted, made.share, made.low, made.high, made.correlation, made.design_effect, **about)


def estimated(connection: Connection, lot: Lot) -> LotEstimate:
    """A lot's share of unfit fruit, or why there are only counts.

    What people answered needs no line; what rests on a line's own answers needs one line, and one calibration of it, whose
    blind audit has seen fit fruit and unfit.
    """
    found = answered(fruit_of(lot, lots.inspections_of(connection, lot.number)))
    measured = None
    if len(found.judged_by) == 1:
        ((line, calibration),) = found.judged_by
        if calibration is not None:
            measured = line_audit(line, list(audits.drawn(connection, line, None, None, calibration)))
    if measured is not None:
        rates = Rate.from_share(measured.escapes), Rate.from_share(measured.overkill)
    else:
        rates = Rate(0.0, 0.0), Rate(0.0, 0.0)
    made = estimate_share(found.packages, *rates, awaited=found.awaited, packages_in_lot=lot.facts.packages)
    if len(found.judged_by) > 1 and isinstance(made, NoEstimate) and made.why == "not_measured":
        made = NoEstimate("mixed", made.counted)
    if found.sides and isinstance(made, Estimate):
        made = NoEstimate("sides", made.counted)
    return LotEstimate.of(made, found, measured)
