"""What the API says and takes, as the documentation shows it, and how the station's values become it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ...accounts.identity import Identity
from ...core.defects import ALL, Defect
from ...core.inspection import DayCount, Inspection, ModelVersion, Page, Review, ReviewAnswer

ROOT = "/api/v1"
Answer = Literal["fit", "unfit", "review"]
UNCALIBRATED = (
    "As the model gives it, all digits. Calibrated on the cameras of its card only: not on one never measured."
)
_ACTOR = {"kind": "key", "id": 3, "name": "sorter 2"}
_MODEL = {"name": "vistobueno-lite0", "version": "1", "digest": "9c1d…"}
_REVIEW = {
    "id": 7,
    "inspection": 1204,
    "at": "2026-11-25T15:04:11+00:00",
    "actor": {"kind": "person", "id": 1, "name": "Rosa Quispe"},
    "answer": "unfit",
    "note": "two of the hand",
    "defects": ["crown_rot", "bruise"],
}
_REVIEW_IN: dict[str, Any] = {"answer": "unfit", "note": "", "defects": ["bruise"]}
INSPECTION_EXAMPLE: dict[str, Any] = {
    "number": 1204,
    "at": "2026-11-25T15:02:37+00:00",
    "actor": _ACTOR,
    "source": "api",
    "filename": "belt-2-0091.jpg",
    "answer": "review",
    "reasons": ["uncertain"],
    "forced": "fit",
    "product": "banana",
    "class": "banana_fit",
    "probability_unfit": 0.31,
    "probabilities": {"banana_fit": 0.66, "banana_unfit": 0.3, "apple_fit": 0.04},
    "stranger": -1.7,
    "scope_threshold": 2.4,
    "model": _MODEL,
    "photo": {
        "sha256": "5f0c…",
        "width": 4000,
        "height": 3000,
        "format": "jpeg",
        "bytes": 3120044,
        "sharpness": 14.2,
        "brightness": 0.52,
        "clipped": 0.01,
        "kept": True,
    },
    "has_heat_map": True,
    "elapsed_ms": 61.4,
    "reviews": [_REVIEW],
    "links": {
        "self": f"{ROOT}/inspections/1204",
        "photo": f"{ROOT}/inspections/1204/photo",
        "thumbnail": f"{ROOT}/inspections/1204/thumbnail",
        "heat_map": f"{ROOT}/inspections/1204/heat-map",
    },
}


def _example(value: Mapping[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [dict(value)]})


class ActorOut(BaseModel):
    """Who did it: a person, a machine's key, or the station itself."""

    kind: Literal["person", "key", "system"]
    id: int | None
    name: str


class ReviewOut(BaseModel):
    """A person's answer, which stands beside the verdict."""

    model_config = _example(_REVIEW)
    id: int
    inspection: int
    at: datetime
    actor: ActorOut
    answer: ReviewAnswer
    note: str
    defects: list[Defect]


class ReviewIn(BaseModel):
    """What a person saw."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_REVIEW_IN]})
    answer: ReviewAnswer = Field(
        description="`other`: none of our products; `retake`: another photograph is needed. Neither counts as fit or unfit."
    )
    note: str = Field(default="", max_length=2000, pattern=r"^[^\x00]*$")  # PostgreSQL has no such text
    defects: list[Defect] = Field(default=[], max_length=len(ALL), description="Of an unfit fruit only.")


class PhotoOut(BaseModel):
    """The photograph that was given, measured; ``kept`` is false once it was removed because it was old."""

    sha256: str
    width: int
    height: int
    format: Literal["jpeg", "png", "webp", "heic", "avif"]
    bytes: int
    sharpness: float
    brightness: float
    clipped: float
    kept: bool


class ModelNamed(BaseModel):
    """The model that judged."""

    name: str
    version: str
    digest: str


class InspectionOut(BaseModel):
    """One photograph judged once by one model version, for ever."""

    model_config = _example(INSPECTION_EXAMPLE)
    number: int
    at: datetime
    actor: ActorOut
    source: Literal["page", "api", "bulk"]
    filename: str | None
    answer: Answer
    reasons: list[Literal["uncertain", "out_of_scope", "poor_photo"]]
    forced: Literal["fit", "unfit"]
    product: str | None = Field(description="Null where the photograph is out of scope: then it counts as no product.")
    class_key: str = Field(alias="class", description="The likeliest class, also of what is out of scope.")
    probability_unfit: float = Field(description=UNCALIBRATED)
    probabilities: dict[str, float] = Field(description=UNCALIBRATED)
    stranger: float | None
    scope_threshold: float | None
    model: ModelNamed
    photo: PhotoOut
    has_heat_map: bool
    elapsed_ms: float
    reviews: list[ReviewOut]
    links: dict[str, str]


class InspectionsOut(BaseModel):
    """A part of a list, newest first; ``next`` is the cursor of what follows, null at the end."""

    items: list[InspectionOut]
    next: str | None


class BatchLine(BaseModel):
    """What became of one file of a ZIP: its inspection, or the problem that it had."""

    model_config = _example(
        {
            "name": "lot 7/box-03.jpg",
            "inspection": None,
            "problem": {"code": "damaged_photo", "status": 422, "detail": "The photo is damaged or incomplete."},
        }
    )
    name: str | None
    inspection: InspectionOut | None
    problem: dict[str, Any] | None


class CountOut(BaseModel):
    """How many inspections of one product got one answer on one day (UTC); null is no product, what is out of scope."""

    model_config = _example({"day": "2026-11-25", "product": "banana", "answer": "unfit", "count": 12})
    day: str
    product: str | None
    answer: Answer
    count: int


class ModelOut(ModelNamed):
    """A model that this station has.

    ``active``: it judges in the process that answers. ``missed``: it was made active, and that process cannot load it.
    """

    model_config = _example({**_MODEL, "added_at": "2026-11-24T10:00:00+00:00", "active": True, "missed": False})
    added_at: datetime
    active: bool
    missed: bool


class MeOut(BaseModel):
    """Who asks, and what they may do."""

    model_config = _example({"kind": "key", "id": 3, "name": "sorter 2", "role": None, "may": ["inspect", "read"]})
    kind: Literal["person", "key", "system"]
    id: int | None
    name: str
    role: str | None
    language: str
    may: list[str]


class ProblemOut(BaseModel):
    """RFC 9457: what is wrong, and what to do."""

    model_config = _example(
        {
            "type": "urn:vistobueno:problem:file_too_large",
            "title": "Too large",
            "status": 413,
            "detail": "The file is over 15 MB. Send it smaller.",
            "instance": f"{ROOT}/inspections",
            "code": "file_too_large",
            "request_id": "0f3ab1c2d4e5f60718293a4b5c6d7e8f",
        }
    )
    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    request_id: str
    errors: list[dict[str, str]] | None = None


def inspection_as(found: Inspection) -> dict[str, Any]:
    """An inspection as plain values, in the shape of `InspectionOut`."""
    here = f"{ROOT}/inspections/{found.number}"
    links = {"self": here}
    if found.has_photograph:
        links |= {"photo": f"{here}/photo", "thumbnail": f"{here}/thumbnail"}
        if found.has_heat_map:
            links["heat_map"] = f"{here}/heat-map"
    return {
        "number": found.number,
        "at": found.at.isoformat(),
        "actor": vars(found.actor),
        "source": found.source,
        "filename": found.filename,
        "answer": found.answer,
        "reasons": list(found.reasons),
        "forced": found.forced,
        "product": found.recognised_product,
        "class": found.class_key,
        "probability_unfit": found.probability_unfit,
        "probabilities": dict(found.probabilities),
        "stranger": found.stranger,
        "scope_threshold": found.scope_threshold,
        "model": {"name": found.model_name, "version": found.model_version, "digest": found.model_digest},
        "photo": {
            "sha256": found.photo_sha256,
            "width": found.width,
            "height": found.height,
            "format": found.format,
            "bytes": found.bytes,
            "sharpness": found.sharpness,
            "brightness": found.brightness,
            "clipped": found.clipped,
            "kept": found.has_photograph,
        },
        "has_heat_map": found.has_heat_map,
        "elapsed_ms": round(found.elapsed_ms, 1),
        "reviews": [review_as(each) for each in found.reviews],
        "links": links,
    }


def review_as(review: Review) -> dict[str, Any]:
    """A review in the shape of `ReviewOut`."""
    return {
        "id": review.id,
        "inspection": review.inspection_number,
        "at": review.at.isoformat(),
        "actor": vars(review.actor),
        "answer": review.answer,
        "note": review.note,
        "defects": list(review.defects),
    }


def page_as(page: Page[Inspection]) -> dict[str, Any]:
    """A page in the shape of `InspectionsOut`."""
    return {"items": [inspection_as(each) for each in page.items], "next": page.next}


def count_as(count: DayCount) -> dict[str, Any]:
    """A count in the shape of `CountOut`."""
    return vars(count) | {"day": count.day.isoformat()}


def model_as(model: ModelVersion) -> dict[str, Any]:
    """A model in the shape of `ModelOut`; where it lies is the station's own matter."""
    return {
        "name": model.name,
        "version": model.version,
        "digest": model.digest,
        "added_at": model.added_at.isoformat(),
        "active": model.active,
        "missed": model.missed,
    }


def me_as(identity: Identity) -> dict[str, Any]:
    """Who asks, in the shape of `MeOut`."""
    return {
        "kind": identity.actor.kind,
        "id": identity.actor.id,
        "name": identity.actor.name,
        "role": identity.role,
        "language": identity.language,
        "may": sorted(identity.scopes),
    }
