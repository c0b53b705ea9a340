"""What a line really does: its escape, overkill and review rates by the blind audit, how well people agree, and drift."""

from datetime import datetime

import numpy as np
from sqlalchemy import Engine

from ..core.audit import LineAudit, line_audit
from ..core.drift import Drift, error_alarm, score_alarm
from ..store import audits, calibrations, lines
from ..store.database import reading

_WINDOW = 200  # photographs: the calibration's first, and the newest
_AUDITED = 500  # the newest audited answers that errors are counted in


class Audits:
    """The blind audits of a station."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, line: str, *, since: datetime | None = None, model: str | None = None) -> LineAudit:
        """The rates of a line, with 95 % intervals, whatever became of it since.

        Args:
            since: by the photographs from this moment on.
            model: by those that the model with this digest judged.

        Raises:
            NotFound: ``no_line``.
        """
        with reading(self._engine) as connection:
            lines.one(connection, line)
            return line_audit(line, list(audits.drawn(connection, line, since, model)))

    def of_calibration(self, line: str) -> LineAudit | None:
        """The rates of a line by what its active calibration judged; None where it has none.

        Raises:
            NotFound: ``no_line``.
        """
        with reading(self._engine) as connection:
            lines.one(connection, line)
            active = calibrations.active_of(connection, line)
            if active is None:
                return None
            return line_audit(line, list(audits.drawn(connection, line, None, None, active.digest)))

    def drift(self, line: str) -> Drift | None:
        """Whether a line is still what it was when its active calibration was made so; None where it has none.

        Raises:
            NotFound: ``no_line``.
        """
        with reading(self._engine) as connection:
            lines.one(connection, line)
            active = calibrations.active_of(connection, line)
            if active is None:
                return None
            since = calibrations.active_since(connection, line)
            asked = [each for each in audits.drawn(connection, line, since, None, active.digest) if each.said]
            before, now = audits.scores(connection, line, active.digest, since, _WINDOW)
        fruit = [each for each in asked if each.said[0] in ("fit", "unfit")][-_AUDITED:]
        wrong = np.array([each.answer != "review" and each.answer != each.said[0] for each in fruit], bool)
        unfit = np.array([each.said[0] == "unfit" for each in fruit], bool)
        rates = [float(active.facts[side]["rate"]) for side in ("escapes", "overkill")]
        expected = float(np.where(unfit, *rates).mean()) if len(fruit) else 0.0
        first, newest = (np.array([score for score, _ in pairs]) for pairs in (before, now))
        near, far = (np.array([ood for _, ood in pairs if ood is not None]) for pairs in (before, now))
        return Drift(error_alarm(wrong, round(expected, 3)), score_alarm(first, newest), score_alarm(near, far))
