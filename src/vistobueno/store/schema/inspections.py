"""Inspections and what people say of them; photographs kept in the database; keys of writes."""

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from ...core.composed import leaves
from ...core.inspection import Inspection
from ...core.line import LONGEST_LINE
from ...core.verdict import OUT_OF_SCOPE
from .base import Moment, Number, actor, column, metadata

inspections = Table(
    "inspections",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=False),
    *(column(leaf) for leaf in leaves(Inspection) if leaf.name != "number"),
    Column("filename_folded", Text, info={"derived": True}),  # as it is searched
    Column("activation", LargeBinary),
    Column("activation_width", Integer),
    UniqueConstraint("evidence"),
    Index(None, "at", "number"),
    Index(None, "answer", "number"),
    Index(None, "product", "number"),
    Index(None, "product", "answer", "number"),
    Index(None, "actor_id", "number"),
    Index(None, "actor_kind", "number"),
    Index(None, "actor_kind", "actor_id", "number"),
    Index(None, "source", "number"),
    Index(None, "line", "number"),
    Index(None, "lot", "number"),
    Index(None, "photo_sha256"),
    Index(None, "model_digest"),
    CheckConstraint("answer IN ('fit', 'unfit', 'review')", name="answer"),
)

Index(
    "ix_inspections_audited",
    inspections.c.line,
    inspections.c.number,
    sqlite_where=inspections.c.audit_chance.is_not(None),
    postgresql_where=inspections.c.audit_chance.is_not(None),
)

OF_NO_PRODUCT = inspections.c.reasons.contains(OUT_OF_SCOPE, autoescape=True)
"""Whether an inspection counts as no product; of a value, `Verdict.recognised_product` says the same."""

reasons = Table(
    "reasons",
    metadata,
    Column("reason", String(30), primary_key=True),
    Column("inspection_number", Number, ForeignKey("inspections.number"), primary_key=True, autoincrement=False),
)

reviews = Table(
    "reviews",
    metadata,
    Column("id", Number, primary_key=True),
    Column("inspection_number", Number, ForeignKey("inspections.number"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    *actor(),
    Column("answer", String(10), nullable=False),
    Column("note", Text, nullable=False),
    Column("first", Boolean, nullable=False),
    Column("defects", String(400)),
    Column("blind", Boolean, nullable=False, server_default=false()),
    Column("severities", JSON),  # by defect, where somebody said how bad it is
    CheckConstraint("answer IN ('fit', 'unfit', 'other', 'retake')", name="answer"),
)
Index(
    "uq_reviews_first",
    reviews.c.inspection_number,
    unique=True,
    sqlite_where=text("first"),
    postgresql_where=text("first"),
)

named_defects = Table(
    "named_defects",
    metadata,
    Column("id", Number, primary_key=True),
    Column("inspection_number", Number, ForeignKey("inspections.number"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    *actor(),
    Column("defects", String(400), nullable=False),
    Column("severities", JSON),
    Column("key_hash", String(64)),  # of the write that named them, where that has a key
)

review_queue = Table(
    "waiting",
    metadata,
    Column("inspection_number", Number, ForeignKey("inspections.number"), primary_key=True, autoincrement=False),
    Column("blind", Boolean, nullable=False, server_default=false()),
    Column("answered", Boolean, nullable=False, server_default=false()),  # it waits for another person
)

audit_draws = Table(
    "audit_draws",
    metadata,
    Column("line", String(LONGEST_LINE), primary_key=True),
    Column("seed", String(32), nullable=False),
    Column("photographs", Number, nullable=False),
)

disagreements = Table(
    "disagreements",
    metadata,
    Column("inspection_number", Number, ForeignKey("inspections.number"), primary_key=True, autoincrement=False),
    Column("kind", String(10), nullable=False),
    Index(None, "kind", "inspection_number"),
)

daily_counts = Table(
    "tallies",
    metadata,
    Column("day", Date, primary_key=True),
    Column("product", String(100), primary_key=True),
    Column("answer", String(10), primary_key=True),
    Column("count", Number, nullable=False),
)


idempotency_keys = Table(
    "writes",
    metadata,
    Column("key_hash", String(64), primary_key=True),
    Column("content_sha256", String(64), nullable=False),
    Column("inspection_number", Number, ForeignKey("inspections.number")),
    Column("at", Moment, nullable=False),
    Column("review_id", Number, ForeignKey("reviews.id")),
)

blobs = Table(
    "blobs",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("data", LargeBinary, nullable=False),
    Column("at", Moment, nullable=False),
)

evidence_removals = Table(
    "evidence_removals",
    metadata,
    Column("inspection_number", Number, ForeignKey("inspections.number"), primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    *actor(),
    Column("cause", String(20), nullable=False),
)

identity = Table(
    "identity",
    metadata,
    Column("id", String(8), primary_key=True),
    Column("made_at", Moment, nullable=False),
)
