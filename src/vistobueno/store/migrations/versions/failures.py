"""Failures to come in are counted in the database: several processes are one door."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0017", "0016"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Nobody failed until now."""
    op.create_table(
        "failures",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("counted", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_failures"),
    )
    op.create_index("ix_failures_at", "failures", ["at"])
    op.create_index("ix_failures_counted_at", "failures", ["counted", "at"])
