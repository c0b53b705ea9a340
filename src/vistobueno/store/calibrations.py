"""The calibrations of lines and their activations, a row each: nothing is changed, the last activation counts."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select

from ..core.events import calibration_activated
from ..core.inspection import Actor
from ..core.line import LineCalibration
from .changes import tell_others
from .errors import NotFound
from .outbox import tell
from .records import actor_columns
from .schema import calibration_activations as activations
from .schema import calibrations
from .writes import one_after_another

_LAST = select(func.max(activations.c.id)).group_by(activations.c.line)
_WITHOUT_DATA = [column for column in calibrations.c if column.name != "data"]


def made_by(connection: Connection, key_hash: str) -> LineCalibration | None:
    """The one that a write made, by the hash of its key."""
    asked = select(*_WITHOUT_DATA).where(calibrations.c.key_hash == key_hash)
    return next(iter(_listed(connection, asked, active(connection))), None)


def add(
    connection: Connection, calibration: LineCalibration, data: bytes, key_hash: str | None = None
) -> LineCalibration:
    """Keep a new one; its number is the next."""
    one_after_another(connection)
    number = int(connection.execute(select(func.coalesce(func.max(calibrations.c.number), 0) + 1)).scalar_one())
    connection.execute(
        insert(calibrations).values(
            number=number,
            line=calibration.line,
            model_digest=calibration.model_digest,
            digest=calibration.digest,
            data=data,
            facts=dict(calibration.facts),
            created_at=calibration.created_at,
            key_hash=key_hash,
            **actor_columns(calibration.actor),
        )
    )
    return one(connection, number)


def of_line(connection: Connection, line: str) -> tuple[LineCalibration, ...]:
    """Those of a line, the newest first."""
    return _listed(connection, select(*_WITHOUT_DATA).where(calibrations.c.line == line), active(connection))


def one(connection: Connection, number: int) -> LineCalibration:
    """One of them.

    Raises:
        NotFound: ``no_calibration``.
    """
    found = _listed(connection, select(*_WITHOUT_DATA).where(calibrations.c.number == number), active(connection))
    if not found:
        raise none_such(number)
    return found[0]


def none_such(number: int) -> NotFound:
    """There is no calibration of this number, or not of the line that was named."""
    return NotFound(
        "no_calibration",
        es=f"No hay ninguna calibración {number} de esta línea. Vuelva a cargar la lista.",
        en=f"There is no calibration {number} of this line. Load the list again.",
    )


def data_of(connection: Connection, number: int) -> bytes:
    """Its bytes."""
    data: bytes = connection.execute(select(calibrations.c.data).where(calibrations.c.number == number)).scalar_one()
    return data


def active(connection: Connection) -> dict[str, int]:
    """The number of the calibration that was made active last, by line; lines without one are not there."""
    rows = connection.execute(select(activations.c.line, activations.c.calibration).where(activations.c.id.in_(_LAST)))
    return {row.line: row.calibration for row in rows if row.calibration is not None}


def active_of(connection: Connection, line: str) -> LineCalibration | None:
    """The calibration that was made active for a line last; None where the model alone judges."""
    number = active(connection).get(line)
    return None if number is None else one(connection, number)


def active_since(connection: Connection, line: str) -> datetime:
    """When what judges a line was made active."""
    at: datetime = connection.execute(
        select(activations.c.at).where(activations.c.line == line).order_by(activations.c.id.desc()).limit(1)
    ).scalar_one()
    return at


def state(connection: Connection) -> int:
    """A number that another activation changes."""
    return int(connection.execute(select(func.coalesce(func.max(activations.c.id), 0))).scalar_one())


def earlier(connection: Connection, line: str) -> int | None:
    """What the line was judged by before the present one; None: the model alone."""
    own = select(activations.c.calibration).where(activations.c.line == line).order_by(activations.c.id.desc())
    now = connection.execute(own.limit(1)).scalar()
    other = activations.c.calibration.is_distinct_from(now)
    found: int | None = connection.execute(own.where(other).limit(1)).scalar()
    return found


def activate(connection: Connection, line: str, number: int | None, at: datetime, actor: Actor, cause: str) -> None:
    """Judge a line by a calibration from now on; None: by the model alone."""

    def made_active() -> LineCalibration | None:
        return None if number is None else one(connection, number)

    one_after_another(connection)
    connection.execute(
        insert(activations).values(
            id=state(connection) + 1, line=line, calibration=number, at=at, cause=cause, **actor_columns(actor)
        )
    )
    tell_others(connection)
    tell(connection, "calibration.activated", lambda: calibration_activated(line, made_active(), at, cause))


def _listed(connection: Connection, query: Select[Any], active_: dict[str, int]) -> tuple[LineCalibration, ...]:
    rows = connection.execute(query.order_by(calibrations.c.number.desc())).all()
    return tuple(_calibration(row, active_.get(row.line) == row.number) for row in rows)


def _calibration(row: Row[Any], is_active: bool) -> LineCalibration:
    actor = Actor(row.actor_kind, row.actor_id, row.actor_name)
    return LineCalibration(
        row.number, row.line, row.model_digest, row.digest, row.created_at, actor, row.facts, is_active
    )
