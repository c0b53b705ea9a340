"""Every inspection belongs to a line; scores are called what the field calls them."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0004", "0003"


def upgrade() -> None:
    """What was inspected before there were lines is of the one that every station begins with."""
    op.add_column("inspections", sa.Column("line", sa.String(100), nullable=False, server_default="principal"))
    for before, after in (("stranger", "ood_score"), ("scope_threshold", "ood_threshold")):
        op.execute(f"ALTER TABLE inspections RENAME COLUMN {before} TO {after}")
    op.create_index("ix_inspections_line_number", "inspections", ["line", "number"])
