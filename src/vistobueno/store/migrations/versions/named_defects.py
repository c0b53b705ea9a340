"""Defects are named apart from answers too, and how bad they are; a lot says how many fruit a package holds."""

import sqlalchemy as sa
from alembic import op

from vistobueno.store.protection import protect_table

revision, down_revision = "0013", "0012"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Of what was named until now nobody said how bad it is."""
    op.create_table(
        "named_defects",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("inspection_number", NUMBER, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.String(10), nullable=False),
        sa.Column("actor_id", NUMBER, nullable=True),
        sa.Column("actor_name", sa.String(320), nullable=False),
        sa.Column("defects", sa.String(400), nullable=False),
        sa.Column("severities", sa.JSON(), nullable=True),
        sa.Column("key_hash", sa.String(64), nullable=True),
        sa.ForeignKeyConstraint(
            ["inspection_number"], ["inspections.number"], name="fk_named_defects_inspection_number"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_named_defects"),
    )
    op.create_index("ix_named_defects_inspection_number", "named_defects", ["inspection_number"])
    protect_table(op.get_bind(), "named_defects")
    op.add_column("reviews", sa.Column("severities", sa.JSON(), nullable=True))
    op.add_column("lots", sa.Column("package_fruit", sa.Integer(), nullable=True))
