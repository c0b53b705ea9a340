"""Lots: what is presented, the standards that judge it, its decisions; and where a fruit was taken from."""

import sqlalchemy as sa
from alembic import op

from vistobueno.store.protection import protect_table

revision, down_revision = "0011", "0010"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _actor() -> list[sa.Column[object]]:
    return [
        sa.Column("actor_kind", sa.String(10), nullable=False),
        sa.Column("actor_id", NUMBER, nullable=True),
        sa.Column("actor_name", sa.String(320), nullable=False),
    ]


def upgrade() -> None:
    """What was inspected until now belongs to no lot."""
    op.create_table(
        "standards",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("key", sa.String(60), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *_actor(),
        sa.PrimaryKeyConstraint("digest", name="pk_standards"),
    )
    op.create_index("ix_standards_key", "standards", ["key"])
    texts = ("code", "packer", "origin", "product", "grade", "variety", "size")
    op.create_table(
        "lots",
        sa.Column("number", NUMBER, nullable=False, autoincrement=False),
        *(sa.Column(name, sa.String(100 if name == "product" else 200), nullable=False) for name in texts[:5]),
        sa.Column("packages", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.String(200), nullable=False) for name in texts[5:]),
        sa.Column("net_kg", sa.Float(), nullable=True),
        *(sa.Column(name, sa.String(200), nullable=True) for name in ("gtin", "gs1_lot", "sscc")),
        sa.Column("plan_seed", sa.String(200), nullable=False),
        sa.Column("plan_opened", sa.Integer(), nullable=False),
        sa.Column("plan_fruit", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        *_actor(),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("standards", sa.JSON(), nullable=False),
        sa.Column("key_hash", sa.String(64), nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_lots"),
    )
    op.create_index("ix_lots_opened_at_number", "lots", ["opened_at", "number"])
    op.create_index("ix_lots_code", "lots", ["code"])
    op.create_table(
        "lot_verdicts",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("lot", NUMBER, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *_actor(),
        sa.Column("decision", sa.String(20), nullable=False),
        sa.Column("grade", sa.String(60), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("previous", NUMBER, nullable=True),
        sa.Column("key_hash", sa.String(64), nullable=True),
        sa.ForeignKeyConstraint(["lot"], ["lots.number"], name="fk_lot_verdicts_lot"),
        sa.ForeignKeyConstraint(["previous"], ["lot_verdicts.id"], name="fk_lot_verdicts_previous"),
        sa.PrimaryKeyConstraint("id", name="pk_lot_verdicts"),
    )
    op.create_index("ix_lot_verdicts_lot", "lot_verdicts", ["lot"])
    for table in ("standards", "lots", "lot_verdicts"):
        protect_table(op.get_bind(), table)
    op.add_column("inspections", sa.Column("lot", NUMBER, nullable=True))
    for name in ("package", "fruit"):
        op.add_column("inspections", sa.Column(name, sa.Integer(), nullable=True))
    op.create_index("ix_inspections_lot_number", "inspections", ["lot", "number"])
