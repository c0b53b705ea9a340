"""Inspections counted by all that control charts group them by: no chart looks at every inspection."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0014", "0013"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DAY = {"sqlite": "date(inspections.at)", "postgresql": "CAST(inspections.at AT TIME ZONE 'UTC' AS date)"}
_SAID = "FROM reviews AS said WHERE said.inspection_number = inspections.number"
_LAST = f"{_SAID} ORDER BY said.id + 0 DESC LIMIT 1"  # "+ 0": never by walking through all reviews
_NAMED = f"{_SAID} AND said.defects IS NOT NULL ORDER BY said.id + 0 DESC LIMIT 1"
_ONE = f"{_SAID} AND said.blind ORDER BY said.id + 0 LIMIT 1"
_OTHER = f"""{_SAID} AND said.blind AND EXISTS (
  SELECT 1 FROM reviews AS before
  WHERE before.inspection_number = said.inspection_number AND before.blind AND before.id < said.id
  AND (before.actor_kind <> said.actor_kind OR coalesce(before.actor_id, 0) <> coalesce(said.actor_id, 0))
) ORDER BY said.id + 0 LIMIT 1"""  # noqa: S608
_GROUPING = """
  {day} AS day, inspections.line AS line,
  CASE WHEN inspections.reasons LIKE '%out_of_scope%' THEN '' ELSE inspections.product END AS product,
  coalesce(lots.packer, '') AS packer, inspections.actor_kind AS actor_kind,
  coalesce(inspections.actor_id, 0) AS actor_id, inspections.answer AS answer"""
_COUNTS = f"""
INSERT INTO control_counts
SELECT day, line, product, packer, actor_kind, actor_id, answer, last_said, count(*) FROM (
  SELECT {_GROUPING}, coalesce((SELECT said.answer {_LAST}), '') AS last_said
  FROM inspections LEFT JOIN lots ON lots.number = inspections.lot
) AS counted GROUP BY day, line, product, packer, actor_kind, actor_id, answer, last_said
"""  # noqa: S608 of what is written here
_ANSWERS = f"""
INSERT INTO control_answers
SELECT day, line, answer, chance, one_said, other_said, named, product, packer, actor_kind, actor_id, count(*) FROM (
  SELECT {_GROUPING}, coalesce(inspections.audit_chance, 0) AS chance, coalesce((SELECT said.answer {_ONE}), '') AS one_said,
    coalesce((SELECT said.answer {_OTHER}), '') AS other_said, CASE WHEN (SELECT said.answer {_LAST}) = 'unfit'
    THEN coalesce((SELECT said.defects {_NAMED}), '') ELSE '' END AS named
  FROM inspections LEFT JOIN lots ON lots.number = inspections.lot
  WHERE inspections.audit_chance IS NOT NULL
    OR inspections.number IN (SELECT inspection_number FROM reviews WHERE defects IS NOT NULL)
) AS counted WHERE chance > 0 OR named <> ''
GROUP BY day, line, answer, chance, one_said, other_said, named, product, packer, actor_kind, actor_id
"""  # noqa: S608
FILLED = (_COUNTS, _ANSWERS)


def _key(*names: str) -> list[sa.Column[Any]]:
    types: dict[str, Any] = {"day": sa.Date(), "line": sa.String(100), "product": sa.String(100), "packer": sa.String(200),
             "actor_id": NUMBER, "chance": sa.Float(), "defects": sa.String(400)}  # fmt: skip
    return [sa.Column(name, types.get(name, sa.String(10)), nullable=False, autoincrement=False) for name in names]


def upgrade() -> None:
    """Two tables, and in them all that was inspected until now."""
    keys = {
        "control_counts": ("day", "line", "product", "packer", "actor_kind", "actor_id", "answer", "said"),
        "control_answers": ("day", "line", "answer", "chance", "first", "second", "defects", "product", "packer",
                            "actor_kind", "actor_id"),
    }  # fmt: skip
    for table, key in keys.items():
        op.create_table(
            table,
            *_key(*key),
            sa.Column("count", NUMBER, nullable=False),
            sa.PrimaryKeyConstraint(*key, name=f"pk_{table}"),
            sqlite_with_rowid=False,
        )
    for statement in FILLED:
        op.execute(statement.format(day=DAY[op.get_bind().dialect.name]))
