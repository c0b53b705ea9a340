"""How a database comes to this program's schema, step by step; Alembic runs what is in `versions`, in order."""

STEPS = tuple(f"{step:04}" for step in range(1, 17))
"""Every step, the oldest first."""

HEAD = STEPS[-1]
"""A database that is there already needs no Alembic to start."""
