"""Indexes that find who inspected: a person and a machine may have the same number, and one may be a million rows."""

from alembic import op

revision, down_revision = "0002", "0001"


def upgrade() -> None:
    """Two indexes; no row changes."""
    op.create_index("ix_inspections_actor_kind_number", "inspections", ["actor_kind", "number"])
    op.create_index("ix_inspections_actor_kind_actor_id_number", "inspections", ["actor_kind", "actor_id", "number"])
