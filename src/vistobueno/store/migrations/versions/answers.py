"""A reviewer may say that it is none of our fruit, or ask for another photograph, and name the defects."""

import sqlalchemy as sa
from alembic import op

from vistobueno.store.protection import protect_table

revision, down_revision = "0005", "0004"

_ANSWERS = "answer IN ('fit', 'unfit', 'other', 'retake')"


def upgrade() -> None:
    """Two more answers, and a list of defects beside each; what was said stays as it was."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        _made_anew(connection)
        return
    op.drop_constraint("ck_reviews_answer", "reviews", type_="check")
    op.create_check_constraint("ck_reviews_answer", "reviews", _ANSWERS)
    op.add_column("reviews", sa.Column("defects", sa.String(length=400), nullable=True))


def _made_anew(connection: sa.Connection) -> None:
    """SQLite changes no condition of a table that is there: its rows go into a new one, under the same name, so that
    what refers to them does so again before the transaction ends.
    """
    table = connection.execute(sa.text("SELECT sql FROM sqlite_master WHERE name = 'reviews'")).scalar_one()
    indexes = connection.execute(
        sa.text("SELECT sql FROM sqlite_master WHERE tbl_name = 'reviews' AND type = 'index' AND sql IS NOT NULL")
    ).scalars()
    changed = table.replace("answer IN ('fit', 'unfit')", _ANSWERS)
    assert changed != table, table  # noqa: S101 a migration that finds another table than it was written for ends here
    statements = (
        "CREATE INDEX writes_review ON writes (review_id) WHERE review_id IS NOT NULL",  # or each review reads them all
        "PRAGMA defer_foreign_keys = ON",
        "CREATE TABLE reviews_before AS SELECT * FROM reviews",
        "DROP TABLE reviews",
        changed,
        "INSERT INTO reviews SELECT * FROM reviews_before",
        "DROP TABLE reviews_before",
        "ALTER TABLE reviews ADD COLUMN defects VARCHAR(400)",
        *indexes.all(),
        "DROP INDEX writes_review",
    )
    for statement in statements:
        connection.execute(sa.text(statement))
    protect_table(connection, "reviews")
