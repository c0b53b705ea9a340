"""Inspection reports: each sealed PDF as it was issued, and what its paper says."""

import sqlalchemy as sa
from alembic import op

from vistobueno.store.protection import protect_table

revision, down_revision = "0012", "0011"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Nothing was issued until now."""
    op.create_table(
        "reports",
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("lot", NUMBER, nullable=False),
        sa.Column("verdict", NUMBER, nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.String(10), nullable=False),
        sa.Column("actor_id", NUMBER, nullable=True),
        sa.Column("actor_name", sa.String(320), nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("seal_key", sa.String(64), nullable=False),
        sa.Column("shown", sa.JSON(), nullable=False),
        sa.Column("pdf", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["lot"], ["lots.number"], name="fk_reports_lot"),
        sa.ForeignKeyConstraint(["verdict"], ["lot_verdicts.id"], name="fk_reports_verdict"),
        sa.PrimaryKeyConstraint("number", name="pk_reports"),
    )
    op.create_index("ix_reports_lot", "reports", ["lot"])
    op.create_index("ix_reports_code", "reports", ["code"], unique=True)
    op.create_index("ix_reports_sha256", "reports", ["sha256"])
    protect_table(op.get_bind(), "reports")
