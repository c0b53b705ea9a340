"""Endpoints of webhooks, and the outbox: a queue, emptied as it is delivered, so that nothing protects it."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0015", "0014"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Nobody is told of what happened until now."""
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("salt", sa.String(64), nullable=False),
        sa.Column("secret_check", sa.String(16), nullable=False),
        sa.Column("previous_salt", sa.String(64), nullable=True),
        sa.Column("previous_until", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("actor_kind", sa.String(10), nullable=False),
        sa.Column("actor_id", NUMBER, nullable=True),
        sa.Column("actor_name", sa.String(320), nullable=False),
        sa.Column("stopped_at", MOMENT, nullable=True),
        sa.Column("removed_at", MOMENT, nullable=True),
        sa.Column("delivered_at", MOMENT, nullable=True),
        sa.Column("key_hash", sa.String(64), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_endpoints"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("endpoint", NUMBER, nullable=False),
        sa.Column("message", sa.String(40), nullable=False),
        sa.Column("type", sa.String(40), nullable=False),
        sa.Column("stream", sa.String(120), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("problem", sa.String(40), nullable=True),
        sa.Column("dead_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["endpoint"], ["webhook_endpoints.id"], name="fk_outbox_endpoint"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    waits = sa.text("dead_at IS NULL")
    for columns in (["endpoint", "due_at", "id"], ["endpoint", "stream", "id"]):
        name = f"ix_outbox_{'_'.join(columns)}"
        op.create_index(name, "outbox", columns, sqlite_where=waits, postgresql_where=waits)
