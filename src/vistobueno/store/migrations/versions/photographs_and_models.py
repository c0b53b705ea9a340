"""Inspections are found by their photograph and by their model. PostgreSQL makes the indexes while others write."""

from alembic import op

from vistobueno.store.migrations import is_online

revision, down_revision = "0018", "0017"


def upgrade() -> None:
    """An index that a crash cut off is there and good for nothing: it is made anew."""
    online = is_online(op.get_bind())
    for column in ("photo_sha256", "model_digest"):
        name = f"ix_inspections_{column}"
        op.drop_index(name, "inspections", if_exists=True, postgresql_concurrently=online)
        op.create_index(name, "inspections", [column], postgresql_concurrently=online)
