"""The lines of a station, a row each; it stays when its line is retired, since inspections keep the name."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from ..core.inspection import Actor
from ..core.line import Line, LineRefused
from .errors import NotFound
from .schema import lines

_SHOWN = 10  # names in a sentence


def every(connection: Connection) -> tuple[Line, ...]:
    """All lines, the oldest first."""
    return tuple(_line(row) for row in connection.execute(select(lines).order_by(lines.c.created_at, lines.c.name)))


def one(connection: Connection, name: str) -> Line:
    """A line, in use or retired.

    Raises:
        NotFound: ``no_line``.
    """
    found = next((each for each in every(connection) if each.name == name), None)
    if found is None:
        raise NotFound(
            "no_line",
            es=f"No hay ninguna línea «{name}». Compruebe el nombre en Modelo → Líneas.",
            en=f"There is no line '{name}'. Check the name under Model → Lines.",
        )
    return found


def add(connection: Connection, name: str, products: Sequence[str], at: datetime, actor: Actor) -> Line:
    """A new line.

    Raises:
        IntegrityError: the name was taken at this moment.
    """
    by = {"actor_kind": actor.kind, "actor_id": actor.id, "actor_name": actor.name}
    connection.execute(insert(lines).values(name=name, products=list(products), created_at=at, **by))
    return Line(name, tuple(products), at, actor)


def retire(connection: Connection, name: str, at: datetime) -> None:
    """It takes no photographs from now on."""
    connection.execute(update(lines).where(lines.c.name == name, lines.c.retired_at.is_(None)).values(retired_at=at))


def check_in_use(connection: Connection, name: str) -> None:
    """Refuse a line that takes no photographs.

    Raises:
        LineRefused: ``line_unknown`` or ``line_retired``.
    """
    query = select(lines.c.retired_at).where(lines.c.name == name)
    row = connection.execute(query).one_or_none() if name.isprintable() else None  # no database takes every text
    if row is not None and row.retired_at is None:
        return
    names = [each.name for each in every(connection) if each.retired_at is None]
    known = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
    if row is None:
        raise LineRefused(
            "line_unknown",
            es=f"No hay ninguna línea «{name}». Elija una de estas, o cree la suya en Modelo → Líneas: {known}.",
            en=f"There is no line '{name}'. Choose one of these, or create yours under Model → Lines: {known}.",
        )
    raise LineRefused(
        "line_retired",
        es=f"La línea «{name}» está retirada y no admite fotos. Elija una de estas: {known}.",
        en=f"Line '{name}' is retired and takes no photos. Choose one of these: {known}.",
    )


def _line(row: Row[Any]) -> Line:
    actor = Actor(row.actor_kind, row.actor_id, row.actor_name)
    return Line(row.name, tuple(row.products), row.created_at, actor, row.retired_at)
