"""Lines are known by name, and a machine's key may have one of its own."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0006", "0005"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """A table of lines with the one that every station begins with; keys without a line send to that."""
    made = op.create_table(
        "lines",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("products", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.String(length=10), nullable=False),
        sa.Column("actor_id", NUMBER, nullable=True),
        sa.Column("actor_name", sa.String(length=320), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_lines"),
    )
    by = {"actor_kind": "system", "actor_name": "vistobueno"}
    op.bulk_insert(made, [{"name": "principal", "products": [], "created_at": datetime.now(UTC), **by}])
    op.add_column("api_keys", sa.Column("line", sa.String(length=100), nullable=True))
