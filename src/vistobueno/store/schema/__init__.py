"""Every table, on one `metadata`. What the database itself enforces beyond tables is in `protection`."""

from .access import api_keys, audit, failures, links, people, sessions
from .base import Moment, Number, metadata
from .control import control_answers, control_audits, control_counts, control_shares
from .inspections import (
    OF_NO_PRODUCT,
    audit_draws,
    blobs,
    daily_counts,
    disagreements,
    evidence_removals,
    idempotency_keys,
    identity,
    inspections,
    named_defects,
    reasons,
    review_queue,
    reviews,
)
from .lines import activations, calibration_activations, calibrations, defect_lists, lines, models
from .lots import lot_verdicts, lots, reports, standards
from .outbox import outbox, webhook_endpoints

__all__ = [
    "OF_NO_PRODUCT",
    "Moment",
    "Number",
    "activations",
    "api_keys",
    "audit",
    "audit_draws",
    "blobs",
    "calibration_activations",
    "calibrations",
    "control_answers",
    "control_audits",
    "control_counts",
    "control_shares",
    "daily_counts",
    "defect_lists",
    "disagreements",
    "evidence_removals",
    "failures",
    "idempotency_keys",
    "identity",
    "inspections",
    "lines",
    "links",
    "lot_verdicts",
    "lots",
    "metadata",
    "models",
    "named_defects",
    "outbox",
    "people",
    "reasons",
    "reports",
    "review_queue",
    "reviews",
    "sessions",
    "standards",
    "webhook_endpoints",
]
