"""What the API says and takes of lines and their calibrations, as the documentation shows it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ...core.audit import LineAudit
from ...core.drift import Drift
from ...core.line import LONGEST_LINE, Line, LineCalibration
from ...services.calibrations import Prospect
from .derived import model_of


class LineIn(BaseModel):
    """A camera and the place it stands in."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"name": "Packing table 2", "products": ["banana"]}]}
    )
    name: str = Field(max_length=LONGEST_LINE, description="Cannot be changed later: inspections keep it.")
    products: list[str] = Field(default=[], max_length=100, description="Products on the line; empty: all products.")


LineOut = model_of(
    Line,
    "LineOut",
    example={
        "name": "Packing table 2",
        "products": ["banana"],
        "created_at": "2026-11-24T10:00:00+00:00",
        "actor": {"kind": "person", "id": 1, "name": "Rosa Quispe"},
        "retired_at": None,
        "measured": False,
    },
)


SHARE_EXAMPLE = {"share": 0.021, "low": 0.007, "high": 0.06, "n": 143}
LineAuditOut = model_of(
    LineAudit,
    "LineAuditOut",
    example={
        "line": "Packing table 2",
        "drawn": 412,
        "answered": 398,
        "waiting": 14,
        "fit": 241,
        "unfit": 143,
        "escapes": SHARE_EXAMPLE,
        "overkill": SHARE_EXAMPLE | {"n": 241},
        "review": SHARE_EXAMPLE | {"n": 398},
        "kappa": {"share": 0.86, "low": 0.77, "high": 0.95, "n": 81},
    },
)


_EXAMPLE_PROMISE = {"rate": 0.024, "n": 41, "wished": 0.01, "more": 58}
ProspectOut = model_of(
    Prospect,
    "ProspectOut",
    example={
        "counts": {"banana_fit": 63, "banana_unfit": 41, "other": 4},
        "escapes": _EXAMPLE_PROMISE,
        "overkill": {"rate": 0.05, "n": 63, "wished": 0.05, "more": 0},
        "missing": 0,
    },
)
CalibrationOut = model_of(
    LineCalibration,
    "CalibrationOut",
    example={
        "number": 3,
        "line": "Packing table 2",
        "model_digest": "9f" * 32,
        "digest": "3a" * 32,
        "created_at": "2026-11-29T10:00:00+00:00",
        "actor": {"kind": "person", "id": 1, "name": "Rosa Quispe"},
        "facts": {"photographs": 108, "created": "2026-11-29", "escapes": _EXAMPLE_PROMISE},
        "active": True,
    },
)


_ALARM = {"level": 1.2, "limit": 4.9, "n": 143}
DriftOut = model_of(
    Drift,
    "DriftOut",
    raised=(list[Literal["errors", "scores", "scope"]], Field(description="The drift warnings raised.")),
    example={"errors": _ALARM, "scores": {"level": 0.31, "limit": 0.16, "n": 400}, "scope": None, "raised": ["scores"]},
)


class CalibrationIn(BaseModel):
    """Which calibration judges a line."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"calibration": 3}]})
    calibration: int = Field(ge=1, le=2**53, description="Its number.")
