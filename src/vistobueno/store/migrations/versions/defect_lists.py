"""Supervisors choose which defects of a product people are offered to name."""

import sqlalchemy as sa
from alembic import op

from vistobueno.store.protection import protect_table

revision, down_revision = "0010", "0009"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Until somebody chooses, the program's own lists are offered."""
    op.create_table(
        "defect_lists",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("product", sa.String(100), nullable=False),
        sa.Column("defects", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.String(10), nullable=False),
        sa.Column("actor_id", NUMBER, nullable=True),
        sa.Column("actor_name", sa.String(320), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_defect_lists"),
    )
    op.create_index("ix_defect_lists_product", "defect_lists", ["product"])
    protect_table(op.get_bind(), "defect_lists")
