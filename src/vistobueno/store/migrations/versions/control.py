"""Inspections counted by all that control charts group them by: no chart looks at every inspection."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0013", "0011"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DAY = {"sqlite": "date(inspections.at)", "postgresql": "CAST(inspections.at AT TIME ZONE 'UTC' AS date)"}
FILLED = """
INSERT INTO control_counts
SELECT day, line, product, packer, actor_kind, actor_id, answer, said, defects, chance, first_said, second_said, count(*)
FROM (
  SELECT {day} AS day, inspections.line AS line,
    CASE WHEN inspections.reasons LIKE '%out_of_scope%' THEN '' ELSE inspections.product END AS product,
    coalesce(lots.packer, '') AS packer, inspections.actor_kind AS actor_kind,
    coalesce(inspections.actor_id, 0) AS actor_id, inspections.answer AS answer,
    coalesce(final.answer, '') AS said, coalesce(final.defects, '') AS defects,
    coalesce(inspections.audit_chance, 0) AS chance, coalesce(one.answer, '') AS first_said,
    coalesce(other.answer, '') AS second_said
  FROM inspections
  LEFT JOIN lots ON lots.number = inspections.lot
  LEFT JOIN reviews AS final ON final.id =
    (SELECT max(said.id) FROM reviews AS said WHERE said.inspection_number = inspections.number)
  LEFT JOIN reviews AS one ON one.id =
    (SELECT min(said.id) FROM reviews AS said WHERE said.inspection_number = inspections.number AND said.blind)
  LEFT JOIN reviews AS other ON other.id =
    (SELECT min(said.id) FROM reviews AS said WHERE said.inspection_number = inspections.number AND said.blind
     AND (said.actor_kind <> one.actor_kind OR coalesce(said.actor_id, 0) <> coalesce(one.actor_id, 0)))
) AS counted
GROUP BY day, line, product, packer, actor_kind, actor_id, answer, said, defects, chance, first_said, second_said
"""


def upgrade() -> None:
    """A table, and in it all that was inspected until now."""
    texts = {"line": 100, "product": 100, "packer": 200, "actor_kind": 10, "answer": 10, "said": 10, "defects": 400}
    columns = [sa.Column(name, sa.String(length), nullable=False) for name, length in texts.items()]
    op.create_table(
        "control_counts",
        sa.Column("day", sa.Date(), nullable=False),
        *columns[:4],
        sa.Column("actor_id", NUMBER, nullable=False, autoincrement=False),
        *columns[4:],
        sa.Column("chance", sa.Float(), nullable=False),
        sa.Column("first", sa.String(10), nullable=False),
        sa.Column("second", sa.String(10), nullable=False),
        sa.Column("count", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint(
            "day", "line", "product", "packer", "actor_kind", "actor_id", "answer", "said", "defects", "chance", "first",
            "second", name="pk_control_counts",
        ),
    )  # fmt: skip
    op.execute(FILLED.format(day=DAY[op.get_bind().dialect.name]))
