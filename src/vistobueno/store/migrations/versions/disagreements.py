"""Where people's last answers speak against the model's, kept as they answer: no list of it looks at every review."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0007", "0006"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_FILLED = """
INSERT INTO disagreements (inspection_number, kind)
SELECT number, kind FROM (
  SELECT inspections.number AS number,
    CASE
      WHEN reviews.answer IN ('retake', inspections.answer) THEN NULL
      WHEN inspections.answer = 'review' THEN
        CASE WHEN reviews.answer IN ('other', inspections.forced) THEN NULL ELSE 'forced' END
      WHEN reviews.answer = 'other' THEN 'other'
      WHEN inspections.answer = 'fit' THEN 'escape'
      ELSE 'overkill'
    END AS kind
  FROM reviews JOIN inspections ON inspections.number = reviews.inspection_number
  WHERE reviews.id IN (SELECT max(id) FROM reviews GROUP BY inspection_number)
) AS said WHERE kind IS NOT NULL
"""


def upgrade() -> None:
    """A table, and in it what was answered until now."""
    op.create_table(
        "disagreements",
        sa.Column("inspection_number", NUMBER, nullable=False, autoincrement=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.ForeignKeyConstraint(
            ["inspection_number"], ["inspections.number"], name="fk_disagreements_inspection_number"
        ),
        sa.PrimaryKeyConstraint("inspection_number", name="pk_disagreements"),
    )
    op.create_index("ix_disagreements_kind_inspection_number", "disagreements", ["kind", "inspection_number"])
    op.execute(_FILLED)
