"""The blind audit: each line's seed and how many photographs it has, what was drawn, and what was answered without a verdict."""

import secrets

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0009", "0008"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Nothing of before was drawn or answered blind; the count of each line goes on from what it has."""
    draws = op.create_table(
        "audit_draws",
        sa.Column("line", sa.String(100), nullable=False),
        sa.Column("seed", sa.String(32), nullable=False),
        sa.Column("photographs", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("line", name="pk_audit_draws"),
    )
    op.add_column("inspections", sa.Column("audit_chance", sa.Float(), nullable=True))
    op.add_column("inspections", sa.Column("audit_people", sa.Integer(), nullable=False, server_default="0"))
    drawn = sa.text("audit_chance IS NOT NULL")
    op.create_index(
        "ix_inspections_audited", "inspections", ["line", "number"], sqlite_where=drawn, postgresql_where=drawn
    )
    for table, name in (("reviews", "blind"), ("waiting", "blind"), ("waiting", "answered")):
        op.add_column(table, sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
    counted = op.get_bind().execute(sa.text("SELECT line, count(*) FROM inspections GROUP BY line")).all()
    rows = [{"line": line, "seed": secrets.token_hex(16), "photographs": count} for line, count in counted]
    op.bulk_insert(draws, rows)
