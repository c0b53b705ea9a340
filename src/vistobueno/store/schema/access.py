"""Who may come in, and who did what."""

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
)

from ...core.line import LONGEST_LINE
from .base import Moment, Number, actor, metadata

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

audit = Table(
    "audit",
    metadata,
    Column("id", Number, primary_key=True),
    Column("at", Moment, nullable=False, index=True),
    *actor(),
    Column("action", String(60), nullable=False, index=True),
    Column("subject", String(400)),
    Column("address", String(64)),
    Column("request_id", String(100)),
    Column("details", JSON, nullable=False),
)
