"""A message tells which trace it belongs to."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0016", "0015"


def upgrade() -> None:
    """What waits already belongs to none."""
    op.add_column("outbox", sa.Column("traceparent", sa.String(55), nullable=True))
