"""Programs that are told what happens, and what they are still to be told."""

from sqlalchemy import (
    JSON,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from ...core.line import LONGEST_LINE
from .base import Moment, Number, actor, metadata

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
    *actor(),
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
