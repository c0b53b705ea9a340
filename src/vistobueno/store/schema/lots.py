"""Standards, lots, what was decided of them, and reports."""

from sqlalchemy import (
    JSON,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from ...core.composed import leaves
from ...core.lots.lot import Lot
from .base import Moment, Number, actor, column, metadata

standards = Table(
    "standards",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("key", String(60), nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("document", JSON, nullable=False),
    Column("at", Moment, nullable=False),
    *actor(),
)

lots = Table(
    "lots",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=False),
    *(column(leaf) for leaf in leaves(Lot) if leaf.name not in ("number", "standards")),
    Column("standards", JSON, nullable=False),
    Column("key_hash", String(64)),  # of the write that opened it, where that has a key
    Index(None, "opened_at", "number"),
    Index(None, "code"),
)

lot_verdicts = Table(
    "lot_verdicts",
    metadata,
    Column("id", Number, primary_key=True),
    Column("lot", Number, ForeignKey("lots.number"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    *actor(),
    Column("decision", String(20), nullable=False),
    Column("grade", String(60)),
    Column("reason", Text, nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("previous", Number, ForeignKey("lot_verdicts.id")),
    Column("key_hash", String(64)),
)

reports = Table(
    "reports",
    metadata,
    Column("number", String(40), primary_key=True),
    Column("lot", Number, ForeignKey("lots.number"), nullable=False, index=True),
    Column("verdict", Number, ForeignKey("lot_verdicts.id"), nullable=False),
    Column("language", String(2), nullable=False),
    Column("at", Moment, nullable=False),
    *actor(),
    Column("code", String(40), nullable=False, index=True, unique=True),
    Column("sha256", String(64), nullable=False, index=True),
    Column("seal_key", String(64), nullable=False),
    Column("shown", JSON, nullable=False),
    Column("pdf", LargeBinary, nullable=False),
)
