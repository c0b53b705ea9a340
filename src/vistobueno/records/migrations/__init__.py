"""How a database comes to this program's schema, step by step; Alembic runs what is in `versions`, in order."""

HEAD = "0001"
"""The newest step: a database that is there already needs no Alembic to start."""
