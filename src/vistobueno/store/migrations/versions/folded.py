"""Names are found whatever their capitals and accents, and every kind of write can be named by its sender."""

import sqlalchemy as sa
from alembic import op

from vistobueno.store.folding import folded
from vistobueno.store.protection import drop_names, index_names, unprotected

revision, down_revision = "0003", "0002"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT_ONCE = 5_000
_ASCII = {"sqlite": "filename NOT GLOB '*[^ -~]*'", "postgresql": "filename !~ '[^ -~]'"}
_LOWER = {"sqlite": "lower(filename)", "postgresql": 'lower(filename COLLATE "C")'}  # with any locale, İ and I are two


def upgrade() -> None:
    """A folded name beside each name and an index of those; a write may be an inspection, a review or a batch."""
    connection = op.get_bind()
    drop_names(connection)
    op.add_column("inspections", sa.Column("filename_folded", sa.Text(), nullable=True))
    with unprotected(connection, "inspections"):
        _fold(connection)
    index_names(connection)
    with op.batch_alter_table("writes") as writes:
        writes.alter_column("inspection_number", existing_type=NUMBER, nullable=True)
        writes.add_column(sa.Column("review_id", NUMBER, nullable=True))
        writes.create_foreign_key("fk_writes_review_id", "reviews", ["review_id"], ["id"])


def _fold(connection: sa.Connection) -> None:
    """A million names of cameras are the database's work, the others one after the other ours."""
    kind = connection.dialect.name
    connection.execute(sa.text(f"UPDATE inspections SET filename_folded = {_LOWER[kind]} WHERE {_ASCII[kind]}"))  # noqa: S608
    other = sa.text(
        "SELECT number, filename FROM inspections WHERE filename IS NOT NULL AND filename_folded IS NULL "
        "AND number > :last ORDER BY number LIMIT :most"
    )
    change = sa.text("UPDATE inspections SET filename_folded = :folded WHERE number = :number")
    last = 0
    while rows := connection.execute(other, {"last": last, "most": _AT_ONCE}).all():
        connection.execute(change, [{"number": row.number, "folded": folded(row.filename)} for row in rows])
        last = rows[-1].number
