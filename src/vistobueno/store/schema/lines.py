"""Lines, the models and calibrations that judge them, and the defects that are named there."""

from sqlalchemy import (
    JSON,
    Column,
    ForeignKey,
    LargeBinary,
    String,
    Table,
    Text,
)

from ...core.line import LONGEST_LINE
from .base import Moment, Number, actor, metadata

lines = Table(
    "lines",
    metadata,
    Column("name", String(LONGEST_LINE), primary_key=True),
    Column("products", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    *actor(),
    Column("retired_at", Moment),
)

models = Table(
    "models",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("version", String(100), nullable=False),
    Column("location", Text, nullable=False),
    Column("added_at", Moment, nullable=False),
    *actor(),
)

activations = Table(
    "activations",
    metadata,
    Column("id", Number, primary_key=True),
    Column("digest", String(64), ForeignKey("models.digest"), nullable=False),
    Column("at", Moment, nullable=False),
    *actor(),
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
    *actor(),
    Column("key_hash", String(64)),  # of the write that made it, where that has a key
)

calibration_activations = Table(
    "calibration_activations",
    metadata,
    Column("id", Number, primary_key=True),
    Column("line", String(LONGEST_LINE), ForeignKey("lines.name"), nullable=False, index=True),
    Column("calibration", Number, ForeignKey("calibrations.number")),  # none: as the model itself judges
    Column("at", Moment, nullable=False),
    *actor(),
    Column("cause", String(20), nullable=False),
)

defect_lists = Table(
    "defect_lists",
    metadata,
    Column("id", Number, primary_key=True),
    Column("product", String(100), nullable=False, index=True),
    Column("defects", JSON, nullable=False),
    Column("at", Moment, nullable=False),
    *actor(),
)
