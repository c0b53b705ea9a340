"""Every table, on one `metadata`. What the database itself enforces beyond tables is in `protection`."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)

from ..core.composed import Leaf, leaves
from ..core.inspection import Inspection
from ..core.line import LONGEST_LINE
from ..core.lots.lot import Lot
from ..core.verdict import OUT_OF_SCOPE

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """A moment in UTC: aware in Python, also where the database (SQLite) knows no zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """An aware moment, in UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """The same, aware again."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


Number = BigInteger().with_variant(Integer, "sqlite")  # SQLite's own row number is an INTEGER


def _actor() -> list[Column[Any]]:
    return [
        Column("actor_kind", String(10), nullable=False),
        Column("actor_id", Number),
        Column("actor_name", String(320), nullable=False),
    ]


people = Table(
    "people",
    metadata,
    Column("id", Number, primary_key=True),
    Column("email", String(320), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("password_hash", Text),
    Column("oidc_subject", String(600), unique=True),
    Column("role", String(20), nullable=False),
    Column("language", String(5), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("password_changed_at", Moment),
    Column("disabled_at", Moment),
    CheckConstraint("email = lower(email)", name="email_lower"),
    CheckConstraint("role IN ('inspector', 'supervisor', 'admin')", name="role"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("person_id", Number, ForeignKey("people.id"), nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
    Column("ended_at", Moment),
    Column("address", String(64)),
    Column("agent", String(400)),
    Column("csrf", String(64), nullable=False),
)

links = Table(
    "links",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("purpose", String(20), nullable=False),
    Column("email", String(320)),
    Column("name", String(200)),
    Column("role", String(20)),
    Column("person_id", Number, ForeignKey("people.id")),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
    CheckConstraint("purpose IN ('first_admin', 'invite', 'reset')", name="purpose"),
)

failures = Table(  # to come in: what is over is deleted
    "failures",
    metadata,
    Column("id", Number, primary_key=True),
    Column("counted", String(64), nullable=False),
    Column("at", Moment, nullable=False, index=True),
    Index(None, "counted", "at"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Number, primary_key=True),
    Column("prefix", String(20), nullable=False, unique=True),
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("person_id", Number, ForeignKey("people.id"), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("used_at", Moment),
    Column("revoked_at", Moment),
    Column("line", String(LONGEST_LINE)),
)

lines = Table(
    "lines",
    metadata,
    Column("name", String(LONGEST_LINE), primary_key=True),
    Column("products", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    *_actor(),
    Column("retired_at", Moment),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Number, primary_key=True),
    Column("at", Moment, nullable=False, index=True),
    *_actor(),
    Column("action", String(60), nullable=False, index=True),
    Column("subject", String(400)),
    Column("address", String(64)),
    Column("request_id", String(100)),
    Column("details", JSON, nullable=False),
)


def _column(leaf: Leaf) -> Column[Any]:
    """Of a plain value of a composed type."""
    kinds = [each for each in get_args(leaf.kind) if each is not NoneType] if isinstance(leaf.kind, UnionType) else []
    kind = kinds[0] if kinds else leaf.kind
    sort = get_origin(kind) or kind
    types = {bool: Boolean(), int: Integer(), float: Float(), datetime: Moment(), Mapping: JSON(), Literal: String(10)}
    type_: Any = _TYPES.get(leaf.name) or types.get(sort) or String(_LONGEST)
    return Column(leaf.name, type_, nullable=bool(kinds), server_default=leaf.before)


_LONGEST = 200  # characters of a text that has no other limit; a sequence of words is one text
_TYPES: dict[str, Any] = {
    "actor_id": Number,
    "actor_name": String(320),
    "filename": String(255),
    "format": String(10),
    "line": String(LONGEST_LINE),
    "model_version": String(100),
    "model_digest": String(64),
    "model_calibration": String(64),
    "photo_sha256": String(64),
    "lot": Number,
    "product": String(100),
    "class_key": String(100),
}

inspections = Table(
    "inspections",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=False),
    *(_column(leaf) for leaf in leaves(Inspection) if leaf.name != "number"),
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
    *_actor(),
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
    *_actor(),
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

idempotency_keys = Table(
    "writes",
    metadata,
    Column("key_hash", String(64), primary_key=True),
    Column("content_sha256", String(64), nullable=False),
    Column("inspection_number", Number, ForeignKey("inspections.number")),
    Column("at", Moment, nullable=False),
    Column("review_id", Number, ForeignKey("reviews.id")),
)

models = Table(
    "models",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("version", String(100), nullable=False),
    Column("location", Text, nullable=False),
    Column("added_at", Moment, nullable=False),
    *_actor(),
)

activations = Table(
    "activations",
    metadata,
    Column("id", Number, primary_key=True),
    Column("digest", String(64), ForeignKey("models.digest"), nullable=False),
    Column("at", Moment, nullable=False),
    *_actor(),
    Column("cause", String(20), nullable=False),
)

calibrations = Table(
    "calibrations",
    metadata,
    Column("number", Number, primary_key=True),
    Column("line", String(LONGEST_LINE), ForeignKey("lines.name"), nullable=False, index=True),
    Column("model_digest", String(64), ForeignKey("models.digest"), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    *_actor(),
    Column("key_hash", String(64)),  # of the write that made it, where that has a key
)

calibration_activations = Table(
    "calibration_activations",
    metadata,
    Column("id", Number, primary_key=True),
    Column("line", String(LONGEST_LINE), ForeignKey("lines.name"), nullable=False, index=True),
    Column("calibration", Number, ForeignKey("calibrations.number")),  # none: as the model itself judges
    Column("at", Moment, nullable=False),
    *_actor(),
    Column("cause", String(20), nullable=False),
)

defect_lists = Table(
    "defect_lists",
    metadata,
    Column("id", Number, primary_key=True),
    Column("product", String(100), nullable=False, index=True),
    Column("defects", JSON, nullable=False),
    Column("at", Moment, nullable=False),
    *_actor(),
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
    *_actor(),
    Column("cause", String(20), nullable=False),
)

standards = Table(
    "standards",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("key", String(60), nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("document", JSON, nullable=False),
    Column("at", Moment, nullable=False),
    *_actor(),
)

lots = Table(
    "lots",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=False),
    *(_column(leaf) for leaf in leaves(Lot) if leaf.name not in ("number", "standards")),
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
    *_actor(),
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
    *_actor(),
    Column("code", String(40), nullable=False, index=True, unique=True),
    Column("sha256", String(64), nullable=False, index=True),
    Column("seal_key", String(64), nullable=False),
    Column("shown", JSON, nullable=False),
    Column("pdf", LargeBinary, nullable=False),
)

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    Column("id", Number, primary_key=True),
    Column("url", Text, nullable=False),
    Column("events", JSON, nullable=False),
    Column("salt", String(64), nullable=False),  # with the station's own key it makes the secret, which is kept nowhere
    Column("secret_check", String(16), nullable=False),  # of the secret: another key of the station's makes another one
    Column("previous_salt", String(64)),
    Column("previous_until", Moment),
    Column("created_at", Moment, nullable=False),
    *_actor(),
    Column("stopped_at", Moment),
    Column("removed_at", Moment),
    Column("delivered_at", Moment),
    Column("key_hash", String(64)),  # of the write that made it, where that has a key
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Number, primary_key=True),
    Column("endpoint", Number, ForeignKey("webhook_endpoints.id"), nullable=False),
    Column("message", String(40), nullable=False),
    Column("type", String(40), nullable=False),
    Column("stream", String(LONGEST_LINE + 20), nullable=False),
    Column("at", Moment, nullable=False),
    Column("payload", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("problem", String(40)),  # why the last attempt failed
    Column("dead_at", Moment),
    Column("traceparent", String(55)),  # of what it tells of, where traces were made
)
for _columns in (("endpoint", "due_at", "id"), ("endpoint", "stream", "id")):  # of what waits: dead letters may be many
    Index(
        None,
        *(outbox.c[each] for each in _columns),
        sqlite_where=outbox.c.dead_at.is_(None),
        postgresql_where=outbox.c.dead_at.is_(None),
    )

identity = Table(
    "identity",
    metadata,
    Column("id", String(8), primary_key=True),
    Column("made_at", Moment, nullable=False),
)
