"""Lines have calibrations, and an inspection says which one judged it."""

import sqlalchemy as sa
from alembic import op

from vistobueno.store.protection import protect_table

revision, down_revision = "0008", "0007"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _actor() -> list[sa.Column[object]]:
    return [
        sa.Column("actor_kind", sa.String(10), nullable=False),
        sa.Column("actor_id", NUMBER, nullable=True),
        sa.Column("actor_name", sa.String(320), nullable=False),
    ]


def upgrade() -> None:
    """No line has one yet: what was inspected until now was judged by the model alone."""
    op.create_table(
        "calibrations",
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("line", sa.String(100), nullable=False),
        sa.Column("model_digest", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        *_actor(),
        sa.Column("key_hash", sa.String(64), nullable=True),
        sa.ForeignKeyConstraint(["line"], ["lines.name"], name="fk_calibrations_line"),
        sa.ForeignKeyConstraint(["model_digest"], ["models.digest"], name="fk_calibrations_model_digest"),
        sa.PrimaryKeyConstraint("number", name="pk_calibrations"),
    )
    op.create_index("ix_calibrations_line", "calibrations", ["line"])
    op.create_table(
        "calibration_activations",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("line", sa.String(100), nullable=False),
        sa.Column("calibration", NUMBER, nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *_actor(),
        sa.Column("cause", sa.String(20), nullable=False),
        sa.ForeignKeyConstraint(["line"], ["lines.name"], name="fk_calibration_activations_line"),
        sa.ForeignKeyConstraint(
            ["calibration"], ["calibrations.number"], name="fk_calibration_activations_calibration"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_calibration_activations"),
    )
    op.create_index("ix_calibration_activations_line", "calibration_activations", ["line"])
    for table in ("calibrations", "calibration_activations"):
        protect_table(op.get_bind(), table)
    op.add_column("inspections", sa.Column("model_calibration", sa.String(64), nullable=True))
