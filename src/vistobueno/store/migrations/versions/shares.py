"""What control charts ask of a day, added up: the database keeps it, since this version and the one before may write at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0019", "0018"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TYPES: dict[str, Any] = {"day": sa.Date(), "line": sa.String(100), "product": sa.String(100), "packer": sa.String(200),
                          "actor_id": NUMBER, "chance": sa.Float()}  # fmt: skip


@dataclass(frozen=True)
class Summed:
    """A table that adds up the counts of another, by a part of its key: each sum by the condition of what it takes in."""

    table: str
    of: str
    key: tuple[str, ...]
    sums: dict[str, str]

    @property
    def filled(self) -> str:
        """The statement that adds up all that is there."""
        sums = (f"sum(CASE WHEN {each.format('')} THEN count ELSE 0 END)" for each in self.sums.values())
        key = ", ".join(self.key)
        return (
            f"INSERT INTO {self.table} ({self._columns}) SELECT {key}, {', '.join(sums)} FROM {self.of} GROUP BY {key}"  # noqa: S608
        )

    def kept(self, postgresql: bool) -> Iterator[str]:
        """The statements that let the database add up from now on."""
        here = " AND ".join(f"{self.table}.{name} = old.{name}" for name in self.key)
        none_left = f"DELETE FROM {self.table} WHERE {here} AND {next(iter(self.sums))} = 0;"  # noqa: S608
        changes = {
            "INSERT": self._added("new", "new.count"),
            "UPDATE": self._added("new", "new.count - old.count"),
            "DELETE": f"{self._added('old', '-old.count')} {none_left}",
        }
        for act, change in changes.items():
            name, fires = f"{self.table}_{act.lower()}", f"AFTER {act} ON {self.of} FOR EACH ROW"
            if postgresql:
                body = f"BEGIN {change} RETURN NULL; END"
                yield f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$"
                yield f"CREATE TRIGGER {name} {fires} EXECUTE FUNCTION {name}()"
            else:
                yield f"CREATE TRIGGER {name} {fires} BEGIN {change} END"

    @property
    def _columns(self) -> str:
        return ", ".join((*self.key, *self.sums))

    def _added(self, row: str, more: str) -> str:
        key = ", ".join(f"{row}.{name}" for name in self.key)
        sums = ", ".join(f"CASE WHEN {each.format(f'{row}.')} THEN {more} ELSE 0 END" for each in self.sums.values())
        both = ", ".join(f"{name} = {self.table}.{name} + excluded.{name}" for name in self.sums)
        return (
            f"INSERT INTO {self.table} ({self._columns}) VALUES ({key}, {sums}) "  # noqa: S608
            f"ON CONFLICT ({', '.join(self.key)}) DO UPDATE SET {both};"
        )


SUMMED = (
    Summed(
        "control_shares",
        "control_counts",
        ("day", "line", "product", "packer", "actor_kind", "actor_id"),
        {
            "inspected": "true",
            "to_review": "{0}answer = 'review'",
            "fruit": "{0}said IN ('fit', 'unfit') OR {0}said = '' AND {0}answer <> 'review'",
            "unfit": "{0}said = 'unfit' OR {0}said = '' AND {0}answer = 'unfit'",
            "called_unfit": "{0}said = 'unfit'",
        },
    ),
    Summed(
        "control_audits",
        "control_answers",
        ("day", "line", "answer", "chance", "first", "second"),
        {"count": "true"},
    ),
)


def upgrade() -> None:
    """First what keeps them, which lets nobody write until all is counted that was there."""
    for each in SUMMED:
        op.create_table(
            each.table,
            *(
                sa.Column(name, _TYPES.get(name, sa.String(10)), nullable=False, autoincrement=False)
                for name in each.key
            ),
            *(sa.Column(name, NUMBER, nullable=False) for name in each.sums),
            sa.PrimaryKeyConstraint(*each.key, name=f"pk_{each.table}"),
            sqlite_with_rowid=False,
        )
        for statement in (*each.kept(op.get_bind().dialect.name == "postgresql"), each.filled):
            op.execute(statement)
