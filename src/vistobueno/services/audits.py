"""What a line really does: its escape, overkill and review rates by the blind audit, and how well people agree."""

from datetime import datetime

from sqlalchemy import Engine

from ..core.audit import LineAudit, line_audit
from ..store import audits, lines
from ..store.database import reading
from .lines import unknown


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
            NotFound: ``line_unknown``.
        """
        with reading(self._engine) as connection:
            if line not in {each.name for each in lines.every(connection)}:
                raise unknown(line)
            return line_audit(line, list(audits.drawn(connection, line, since, model)))
