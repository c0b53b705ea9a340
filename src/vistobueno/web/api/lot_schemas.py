"""What the API says and takes of lots, standards, labels and reports, as the documentation shows it."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from ...core.lots.draw import MOST_PACKAGES
from ...core.lots.gs1 import LabelFacts
from ...core.lots.lacking import Lacking
from ...core.lots.lot import LONGEST_FACT, MOST_FRUIT, MOST_HELD, Lot, LotDecision, LotVerdict
from ...services.lot_estimates import LotEstimate
from .derived import model_of
from .line_schemas import SHARE_EXAMPLE

_LOT: dict[str, Any] = {
    "code": "L-2026-117",
    "packer": "Asociación El Oro",
    "origin": "Ecuador",
    "product": "banana",
    "grade": "I",
    "packages": 240,
    "variety": "Cavendish",
    "size": "",
    "net_kg": 4356.0,
    "gtin": None,
    "gs1_lot": None,
    "sscc": None,
    "package_fruit": 110,
}
LotOut = model_of(
    Lot,
    "LotOut",
    example={
        "number": 12,
        "facts": _LOT,
        "plan": {"seed": "5f1c0a7be2d94410", "opened": 7, "fruit": 20},
        "standards": ["9f" * 32],
        "opened_at": "2026-11-29T10:00:00+00:00",
        "actor": {"kind": "person", "id": 1, "name": "Rosa Quispe"},
        "demo": False,
        "closed_at": None,
        "decision": None,
        "accepted_as": None,
    },
)
LotsOut = create_model("LotsOut", items=(list[LotOut], Field()), next=(int | None, Field()))  # type: ignore[valid-type]
LotVerdictOut = model_of(LotVerdict, "LotVerdictOut")
LotEstimateOut = model_of(
    LotEstimate,
    "LotEstimateOut",
    example={
        "why": None,
        "counted": {"share": 0.064, "low": 0.031, "high": 0.127, "n": 7},
        "share": 0.052,
        "low": 0.018,
        "high": 0.118,
        "correlation": 0.06,
        "design_effect": 1.9,
        "lines": ["Packing table 2"],
        "calibration": "3a" * 32,
        "escapes": SHARE_EXAMPLE,
        "overkill": SHARE_EXAMPLE | {"n": 241},
    },
)
LackingOut = model_of(Lacking, "LackingOut")
LotStatusOut = create_model(
    "LotStatusOut",
    lot=(LotOut, Field()),
    packages=(list[int], Field(description="The packages to open, in the order drawn.")),
    counts=(list[dict[str, Any]], Field(description="By package.")),
    judgements=(list[dict[str, Any]], Field(description="By standard, the one that decides first.")),
    lacking=(list[LackingOut], Field(description="Details missing about unfit fruit that would decide the lot.")),  # type: ignore[valid-type]
    estimate=(LotEstimateOut, Field(description="The share unfit in the whole lot, or `why` there is none.")),
    verdicts=(list[LotVerdictOut], Field(description="Decisions; the first closed the lot.")),  # type: ignore[valid-type]
    changed=(bool, Field(description="Whether answers came after the last decision.")),
)


class LotIn(BaseModel):
    """What is presented, by which standards it is judged, and how much of it is looked at."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [_LOT | {"standards": ["codex-cxs-205"], "opened": 7, "fruit": 20}]},
    )
    code: str = Field(max_length=LONGEST_FACT, description="The packer's own code.")
    packer: str = Field(max_length=LONGEST_FACT)
    origin: str = Field(max_length=LONGEST_FACT)
    product: str = Field(max_length=100)
    grade: str = Field(max_length=60, description="The class it is presented in, by the first standard.")
    packages: int = Field(ge=1, le=MOST_PACKAGES)
    variety: str = Field(default="", max_length=LONGEST_FACT)
    size: str = Field(default="", max_length=LONGEST_FACT)
    net_kg: float | None = Field(default=None, gt=0, lt=1e9)
    gtin: str | None = Field(default=None, max_length=20)
    gs1_lot: str | None = Field(default=None, max_length=20)
    sscc: str | None = Field(default=None, max_length=30)
    package_fruit: int | None = Field(
        default=None, ge=1, le=MOST_HELD, description="Fruit in a package, approximately."
    )
    standards: list[str] = Field(min_length=1, max_length=20, description="Their keys; the first decides.")
    opened: int = Field(ge=1, le=MOST_PACKAGES, description="Packages to open.")
    fruit: int = Field(ge=1, le=MOST_FRUIT, description="Fruit to inspect in each.")


class LotVerdictIn(BaseModel):
    """A person's decision about a lot."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"decision": "accepted", "reason": ""}]})
    decision: LotDecision
    reason: str = Field(
        default="", max_length=2000, pattern=r"^[^\x00]*$", description="Needed if no standard says so."
    )
    grade: str | None = Field(default=None, max_length=60, description="The class that it is accepted in.")


class LabelIn(BaseModel):
    """Codes of a label, as they were read."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"codes": ["(01)04006381333931(10)A-7"]}]}
    )
    codes: list[Annotated[str, Field(max_length=1000)]] = Field(min_length=1, max_length=20)


LabelOut = model_of(LabelFacts, "LabelOut")


class ReportIn(BaseModel):
    """Which report is issued."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"language": "es", "zone": "America/Lima"}]}
    )
    language: Literal["es", "en"]
    zone: str = Field(default="UTC", max_length=64, description="Time zone of its times, such as `America/Lima`.")


class ReportOut(BaseModel):
    """A report that was issued, without its content."""

    number: str = Field(description="The lot, the number of its decision, and the language.", examples=["12-1-ES"])
    lot: int
    language: str
    at: datetime
    by: str
    sha256: str = Field(description="Of the whole PDF.")
    seal_key: str = Field(description="SHA-256 of the certificate that sealed it.")
    verification: str = Field(description="Where anybody can see what it says; in its QR code if `PUBLIC_URL` is set.")


class StandardOut(BaseModel):
    """A standard, without its figures."""

    key: str
    version: int
    digest: str
    name: dict[str, str]
    products: list[str]
    classes: list[str]
    source: str
    edition: str
    confirmed: bool


class StandardIn(BaseModel):
    """A standard's file; begin with a copy of one that works."""

    model_config = ConfigDict(extra="allow")
