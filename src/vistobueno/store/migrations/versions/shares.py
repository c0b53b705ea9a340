"""What control charts ask of a day, added up: the database keeps it, since this version and the one before may write at once."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0017", "0016"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_KEY: dict[str, Any] = {"day": sa.Date(), "line": sa.String(100), "product": sa.String(100), "packer": sa.String(200),
        "actor_kind": sa.String(10), "actor_id": NUMBER}  # fmt: skip
_SUMS = {
    "inspected": "true",
    "to_review": "{0}answer = 'review'",
    "fruit": "{0}said IN ('fit', 'unfit') OR {0}said = '' AND {0}answer <> 'review'",
    "unfit": "{0}said = 'unfit' OR {0}said = '' AND {0}answer = 'unfit'",
    "called_unfit": "{0}said = 'unfit'",
}
_COLUMNS = f"{', '.join(_KEY)}, {', '.join(_SUMS)}"
FILLED = f"""
INSERT INTO control_shares ({_COLUMNS})
SELECT {", ".join(_KEY)}, {", ".join(f"sum(CASE WHEN {each.format('')} THEN count ELSE 0 END)" for each in _SUMS.values())}
FROM control_counts GROUP BY {", ".join(_KEY)}
"""  # noqa: S608 of what is written here


def _added(row: str, more: str) -> str:
    """The statement that adds ``more`` of a row's inspections."""
    key = ", ".join(f"{row}.{name}" for name in _KEY)
    sums = ", ".join(f"CASE WHEN {each.format(f'{row}.')} THEN {more} ELSE 0 END" for each in _SUMS.values())
    both = ", ".join(f"{name} = control_shares.{name} + excluded.{name}" for name in _SUMS)
    return (
        f"INSERT INTO control_shares ({_COLUMNS}) VALUES ({key}, {sums}) "  # noqa: S608
        f"ON CONFLICT ({', '.join(_KEY)}) DO UPDATE SET {both};"
    )


_CHANGES = {
    "INSERT": _added("new", "new.count"),
    "UPDATE": _added("new", "new.count - old.count"),
    "DELETE": _added("old", "-old.count"),
}


def upgrade() -> None:
    """First what keeps it, which lets nobody write until all is counted that was there."""
    op.create_table(
        "control_shares",
        *(sa.Column(name, type_, nullable=False, autoincrement=False) for name, type_ in _KEY.items()),
        *(sa.Column(name, NUMBER, nullable=False) for name in _SUMS),
        sa.PrimaryKeyConstraint(*_KEY, name="pk_control_shares"),
        sqlite_with_rowid=False,
    )
    postgresql = op.get_bind().dialect.name == "postgresql"
    for act, statement in _CHANGES.items():
        name, fires = f"control_shares_{act.lower()}", f"AFTER {act} ON control_counts FOR EACH ROW"
        if postgresql:
            body = f"BEGIN {statement} RETURN NULL; END"
            op.execute(f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
            op.execute(f"CREATE TRIGGER {name} {fires} EXECUTE FUNCTION {name}()")
        else:
            op.execute(f"CREATE TRIGGER {name} {fires} BEGIN {statement} END")
    op.execute(FILLED)
