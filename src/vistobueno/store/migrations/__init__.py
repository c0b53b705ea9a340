"""How a database comes to this program's schema, step by step; Alembic runs what is in `versions`, in order."""

STEPS = (
    "0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011", "0012", "0014", "0015",
    "0016",
)  # fmt: skip
"""Every step, the oldest first."""

HEAD = STEPS[-1]
"""A database that is there already needs no Alembic to start."""
