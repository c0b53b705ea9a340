"""Inspections for tests of what is kept, without a photograph or a model."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
from sqlalchemy import Engine, insert

from vistobueno.core.composed import composed
from vistobueno.core.inspection import Actor, Inspection
from vistobueno.store import schema
from vistobueno.store.database import writing
from vistobueno.store.ledger import Ledger
from vistobueno.store.photos.evidence import new_key

ANA = Actor("person", 1, "Ana")
SORTER = Actor("key", 7, "sorter")
MAP = np.arange(12, dtype=np.float32).reshape(3, 4)
_ONE: dict[str, Any] = {
    "number": 0,
    "at": datetime.now(UTC),
    "line": "principal",
    "source": "page",
    "filename": "apple.jpg",
    "model_digest": "0" * 64,
    "model_name": "small",
    "model_version": "1",
    "photo_sha256": "1" * 64,
    "evidence": "",
    "width": 640,
    "height": 480,
    "format": "jpeg",
    "bytes": 1000,
    "sharpness": 10.0,
    "brightness": 0.5,
    "clipped": 0.0,
    "answer": "fit",
    "reasons": (),
    "forced": "fit",
    "product": "apple",
    "class_key": "apple_fit",
    "probability_unfit": 0.01,
    "probabilities": {"apple_fit": 0.99, "apple_unfit": 0.01},
    "ood_score": -1.5,
    "ood_threshold": 0.25,
    "elapsed_ms": 12.5,
}


def draft(actor: Actor = ANA, **changes: Any) -> Inspection:
    """An inspection that was not kept yet, by the names of its plain values."""
    if changes.get("answer") == "review":
        changes = {"reasons": ("uncertain",), **changes}
    by = {"actor_kind": actor.kind, "actor_id": actor.id, "actor_name": actor.name}
    return composed(Inspection, {**_ONE, "evidence": new_key(), **by, **changes})


def keep(engine: Engine, **changes: Any) -> Inspection:
    """Keep one."""
    return Ledger(engine).add(draft(**changes), MAP, None)


def fill_every_protected_table(engine: Engine) -> None:
    """At least one row in each table that is append-only."""
    number = keep(engine, answer="review").number
    Ledger(engine).review(number, ANA, "fit", "")
    by = {"at": datetime.now(UTC), "actor_kind": "system", "actor_id": None, "actor_name": "test"}
    with writing(engine) as connection:
        model = {"digest": "0" * 64, "name": "small", "version": "1", "location": "here"}
        connection.execute(
            insert(schema.models).values(**model, added_at=by["at"], **{k: by[k] for k in by if k != "at"})
        )
        connection.execute(insert(schema.activations).values(id=1, digest="0" * 64, cause="start", **by))
        calibration = {"number": 1, "line": "principal", "model_digest": "0" * 64, "digest": "1" * 64, "data": b"npz"}
        made = {**by, "created_at": by["at"]}
        del made["at"]
        connection.execute(insert(schema.calibrations).values(**calibration, facts={"photographs": 1}, **made))
        activation = {"id": 1, "line": "principal", "calibration": 1, "cause": "activate"}
        connection.execute(insert(schema.calibration_activations).values(**activation, **by))
        standard = {"digest": "2" * 64, "key": "own", "version": 1, "document": {}}
        connection.execute(insert(schema.standards).values(**standard, **by))
        facts = {name: name for name in ("code", "packer", "origin", "product", "grade", "variety", "size")}
        plan = {"plan_seed": "s", "plan_opened": 1, "plan_fruit": 1, "packages": 1, "demo": False}
        opened = {**facts, **plan, "number": 1, "standards": ["2" * 64], "opened_at": by["at"]}
        actor = {name: value for name, value in by.items() if name != "at"}
        connection.execute(insert(schema.lots).values(**opened, **actor))
        verdict = {"id": 1, "lot": 1, "decision": "accepted", "reason": "", "evidence": {}}
        connection.execute(insert(schema.lot_verdicts).values(**verdict, **by))
        report = {
            "number": "1-1-ES",
            "lot": 1,
            "verdict": 1,
            "language": "es",
            "code": "c",
            "shown": {},
            "pdf": b"%PDF",
        }
        connection.execute(insert(schema.reports).values(**report, sha256="3" * 64, seal_key="4" * 64, **by))
        defects = {"id": 1, "product": "apple", "defects": ["scab"]}
        named = {"id": 1, "inspection_number": number, "defects": "scab"}
        connection.execute(insert(schema.named_defects).values(**named, **by))
        connection.execute(insert(schema.defect_lists).values(**defects, **by))
        connection.execute(insert(schema.evidence_removals).values(inspection_number=number, cause="retention", **by))
        connection.execute(insert(schema.audit).values(id=1, action="test", details={}, **by))
