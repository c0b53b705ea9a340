"""What control charts ask for, counted as it comes."""

from typing import Any

from sqlalchemy import (
    Column,
    Date,
    Float,
    String,
    Table,
)

from ...core.line import LONGEST_LINE
from .base import Number, metadata


def _key(*names: str) -> list[Column[Any]]:
    """Columns of a key; "" stands for none."""
    types: dict[str, Any] = {"day": Date(), "line": String(LONGEST_LINE), "product": String(100), "packer": String(200),
             "actor_id": Number, "chance": Float(), "defects": String(400)}  # fmt: skip
    return [Column(name, types.get(name, String(10)), primary_key=True, autoincrement=False) for name in names]


# What control charts count inspections by. Without row numbers and in the order in which they are asked for: what belongs
# together lies together, and is counted as it is read.
control_counts = Table(
    "control_counts",
    metadata,
    *_key("day", "line", "product", "packer", "actor_kind", "actor_id", "answer", "said"),  # people's last word
    Column("count", Number, nullable=False),
    sqlite_with_rowid=False,
)

# Those drawn for the blind audit (the chance is 0 where one was not), and those with defects: what two people answered who
# saw no verdict, and which defects the last person named.
control_answers = Table(
    "control_answers",
    metadata,
    *_key(
        "day", "line", "answer", "chance", "first", "second", "defects", "product", "packer", "actor_kind", "actor_id"
    ),
    Column("count", Number, nullable=False),
    sqlite_with_rowid=False,
)

# Both with what is asked of them added up: by day a fifth of the rows and less, and hardly more of them where ten times as
# much is inspected. The database keeps them by itself as those change, whichever version of the program writes there.
control_shares = Table(
    "control_shares",
    metadata,
    *_key("day", "line", "product", "packer", "actor_kind", "actor_id"),
    *(Column(name, Number, nullable=False) for name in ("inspected", "to_review", "fruit", "unfit", "called_unfit")),
    sqlite_with_rowid=False,
    info={"derived": True},
)
control_audits = Table(
    "control_audits",
    metadata,
    *_key("day", "line", "answer", "chance", "first", "second"),
    Column("count", Number, nullable=False),
    sqlite_with_rowid=False,
    info={"derived": True},
)
