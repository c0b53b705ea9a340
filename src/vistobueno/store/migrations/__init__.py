"""How a database comes to this program's schema, step by step; Alembic runs what is in `versions`, in order."""

HEAD = "0005"
"""The newest step: a database that is there already needs no Alembic to start."""

ALIKE = ("0001", "0002", "0003", HEAD)
"""Steps whose tables hold the same, or what the later ones work out: a backup of any of them can be restored."""
