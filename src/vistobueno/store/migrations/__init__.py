"""How a database comes to this program's schema, step by step; Alembic runs what is in `versions`, in order.

From 0016 on a step only widens: it adds tables, indexes, and columns that may be empty or have a default, so that the
program before it goes on beside the new one. What nothing needs any more is taken away by a step of the next generation,
in a later version; its name begins with the next digit (1001).
"""

from pathlib import Path

from sqlalchemy import Connection

FOLDER = Path(__file__).parent
STEPS = tuple(f"{step:04}" for step in range(1, 20))
"""Every step, the oldest first."""

HEAD = STEPS[-1]
"""A database that is there already needs no Alembic to start."""

ONLINE = ("0018",)
"""Steps that PostgreSQL takes outside a transaction, so that others can write meanwhile; begun again they do all anew."""


def is_online(connection: Connection) -> bool:
    """Whether a step is being taken outside a transaction."""
    return connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT"


def is_wider(step: str) -> bool:
    """Whether a database at this step, which a newer program made, has all that this program knows."""
    return step not in STEPS and step[:1] == HEAD[:1] and step > HEAD
