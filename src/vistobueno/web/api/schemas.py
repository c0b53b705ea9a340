"""What the API says and takes, as the documentation shows it, and how the station's values become it."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from ...accounts.identity import Identity
from ...core.defects import ALL, Defect, Severity
from ...core.inspection import DayCount, Inspection, ModelVersion, NamedDefects, Page, PhotoFacts, Review, ReviewAnswer
from ...core.verdict import Verdict
from .derived import model_of, plain

ROOT = "/api/v1"
Answer = Literal["fit", "unfit", "review"]
UNCALIBRATED = (
    "The model's own number, all digits. Calibrated only for the cameras on its card or, if its version ends in `+line-…`, "
    "for the line it was fitted to; not for one never measured."
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
    "blind": False,
    "severities": {"bruise": "moderate"},
}
_REVIEW_IN: dict[str, Any] = {
    "answer": "unfit",
    "note": "",
    "defects": ["bruise"],
    "severities": {"bruise": "moderate"},
}
_NAMED = {name: _REVIEW[name] for name in ("id", "inspection", "at", "actor", "defects", "severities")}
INSPECTION_EXAMPLE: dict[str, Any] = {
    "number": 1204,
    "at": "2026-11-25T15:02:37+00:00",
    "actor": _ACTOR,
    "line": "principal",
    "source": "api",
    "filename": "belt-2-0091.jpg",
    "answer": "review",
    "reasons": ["uncertain"],
    "forced": "fit",
    "product": "banana",
    "class": "banana_fit",
    "probability_unfit": 0.31,
    "probabilities": {"banana_fit": 0.66, "banana_unfit": 0.3, "apple_fit": 0.04},
    "ood_score": -1.7,
    "ood_threshold": 2.4,
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
    "audit_chance": None,
    "audit_people": 0,
    "lot": 12,
    "package": 31,
    "fruit": 4,
    "reviews": [_REVIEW],
    "named": [],
    "links": {
        "self": f"{ROOT}/inspections/1204",
        "photo": f"{ROOT}/inspections/1204/photo",
        "thumbnail": f"{ROOT}/inspections/1204/thumbnail",
        "heat_map": f"{ROOT}/inspections/1204/heat-map",
    },
}


def _example(value: Mapping[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [dict(value)]})


class ReviewIn(BaseModel):
    """What a person saw."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_REVIEW_IN]})
    answer: ReviewAnswer = Field(
        description="`other`: none of our products; `retake`: another photograph is needed. Neither counts as fit or unfit."
    )
    note: str = Field(default="", max_length=2000, pattern=r"^[^\x00]*$")  # PostgreSQL has no such text
    defects: list[Defect] = Field(default=[], max_length=len(ALL), description="Only for an unfit fruit.")
    severities: dict[Defect, Severity] = Field(
        default={}, max_length=len(ALL), description="How bad each defect is; leave out what nobody has said."
    )
    blind: bool = Field(
        default=False,
        description="True if the person was not shown the verdict: only such answers count in the blind audit.",
    )


class NamedDefectsIn(BaseModel):
    """What a person named of a fruit."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"defects": ["bruise"], "severities": {"bruise": "moderate"}}]},
    )
    defects: list[Defect] = Field(min_length=1, max_length=len(ALL))
    severities: dict[Defect, Severity] = Field(
        default={}, max_length=len(ALL), description="How bad each defect is; leave out what nobody has said."
    )


NamedDefectsOut = model_of(NamedDefects, "NamedDefectsOut", renamed={"inspection_number": "inspection"}, example=_NAMED)
ReviewOut = model_of(Review, "ReviewOut", renamed={"inspection_number": "inspection"}, example=_REVIEW)


_SAID = {"class_key": "class", "inspection_number": "inspection"}
_OWN = {"evidence", "has_photograph"}
"""The station's own matter."""
_PhotoOut = model_of(
    PhotoFacts,
    "PhotoOut",
    kept=(
        bool,
        Field(
            description="False where it is not kept here: removed because of its age, or left where an imported archive lies."
        ),
    ),
)

InspectionOut = model_of(
    Inspection,
    "InspectionOut",
    merged={"verdict"},
    without=_OWN,
    renamed=_SAID,
    example=INSPECTION_EXAMPLE,
    product=(str | None, Field(description="Null if the photograph is out of scope: it then counts as no product.")),
    probability_unfit=(float, Field(description=UNCALIBRATED)),
    probabilities=(dict[str, float], Field(description=UNCALIBRATED)),
    photo=(_PhotoOut, Field()),
    reviews=(list[ReviewOut], Field()),  # type: ignore[valid-type]
    named=(
        list[NamedDefectsOut],  # type: ignore[valid-type]
        Field(description="Defects named outside a review; the last naming counts."),
    ),
    links=(dict[str, str], Field()),
)

InspectionsOut = create_model(
    "InspectionsOut",
    __doc__="A part of a list, newest first; ``next`` is the cursor of what follows, null at the end.",
    items=(list[InspectionOut], Field()),  # type: ignore[valid-type]
    next=(str | None, Field()),
)

_TOLD = {_SAID.get(each.name, each.name) for each in fields(Verdict) if each.name != "activation"}
"""What the API tells of a verdict."""
WaitingOut = create_model(
    "WaitingOut",
    __base__=InspectionOut,
    __doc__="An inspection that waits for a person. Of one drawn for the blind audit (`blind`) nothing is told that the "
    "model said, nor what another person answered.",
    blind=(bool, Field(description="To be answered without seeing the verdict.")),
    **{
        name: (each.annotation | None, Field(alias=each.alias))  # type: ignore[operator]
        for name, each in InspectionOut.model_fields.items()
        if (each.alias or name) in _TOLD
    },
)  # type: ignore[call-overload]

WaitingPageOut = create_model(
    "WaitingPageOut",
    __doc__=InspectionsOut.__doc__,
    items=(list[WaitingOut], Field()),  # type: ignore[valid-type]
    next=(str | None, Field()),
)

_OrNone: Any = InspectionOut | None
BatchLine = create_model(
    "BatchLine",
    __doc__="What became of one file of a ZIP: its inspection, or the problem that it had.",
    __config__=_example(
        {
            "name": "lot 7/box-03.jpg",
            "inspection": None,
            "problem": {"code": "damaged_photo", "status": 422, "detail": "The photo is damaged or incomplete."},
        }
    ),
    name=(str | None, Field()),
    inspection=(_OrNone, Field()),
    problem=(dict[str, Any] | None, Field()),
)


class CountOut(BaseModel):
    """How many inspections of one product got one answer on one day (UTC); null is no product, what is out of scope."""

    model_config = _example({"day": "2026-11-25", "product": "banana", "answer": "unfit", "count": 12})
    day: str
    product: str | None
    answer: Answer
    count: int


class ModelOut(BaseModel):
    """A model that this station has.

    ``active``: it judges in the process that answers. ``missed``: it was made active, and that process cannot load it.
    """

    model_config = _example({**_MODEL, "added_at": "2026-11-24T10:00:00+00:00", "active": True, "missed": False})
    name: str
    version: str
    digest: str
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
    whole = plain(found)
    verdict = whole.pop("verdict")
    verdict |= {"product": found.verdict.recognised_product, "class": verdict.pop("class_key")}
    return {
        **{name: value for name, value in whole.items() if name not in _OWN},
        **verdict,
        "photo": whole["photo"] | {"kept": found.has_photograph},
        "elapsed_ms": round(found.elapsed_ms, 1),
        "reviews": [review_as(each) for each in found.reviews],
        "named": [named_as(each) for each in found.named],
        "links": links,
    }


def review_as(review: Review) -> dict[str, Any]:
    """A review in the shape of `ReviewOut`."""
    said = plain(review)
    return {"inspection": said.pop("inspection_number"), **said}


def named_as(named: NamedDefects) -> dict[str, Any]:
    """What was named, in the shape of `NamedDefectsOut`."""
    said = plain(named)
    return {"inspection": said.pop("inspection_number"), **said}


def page_as(page: Page[Inspection]) -> dict[str, Any]:
    """A page in the shape of `InspectionsOut`."""
    return {"items": [inspection_as(each) for each in page.items], "next": page.next}


def waiting_as(page: Page[Inspection]) -> dict[str, Any]:
    """What waits, in the shape of `WaitingPageOut`."""
    return {"items": [_question_as(each) for each in page.items], "next": page.next}


def _question_as(found: Inspection) -> dict[str, Any]:
    told = inspection_as(found) | {"blind": found.audit_people > 0}
    if told["blind"]:
        told |= {**dict.fromkeys(_TOLD), "has_heat_map": False, "reviews": [], "named": []}
        told["links"].pop("heat_map", None)
    return told


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
