"""Whether a line is still what it was: watches warn of what changed, and seldom of what did not."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import numpy as np
import pytest
from sqlalchemy import Engine, insert

from kept import ANA, draft
from vistobueno.core.audit import Audit
from vistobueno.core.drift import FEWEST_SCORES, error_alarm, score_alarm
from vistobueno.core.line import LineCalibration
from vistobueno.services.audits import Audits
from vistobueno.store import calibrations
from vistobueno.store.database import writing
from vistobueno.store.errors import NotFound
from vistobueno.store.ledger import Ledger
from vistobueno.store.schema import models

ALL = partial(Audit, share=1.0, first=0, second=0.0)
DIGEST = "c" * 64
FACTS = {side: {"rate": 0.05, "n": 19, "wished": 0.01, "more": 80} for side in ("escapes", "overkill")}


def test_a_line_that_keeps_its_promise_is_seldom_warned_of_and_one_that_does_not_soon() -> None:
    rng = np.random.default_rng(4)

    def warned(rate: float, count: int) -> float:
        alarms = [error_alarm(rng.random(count) < rate, 0.05) for _ in range(400)]
        return float(np.mean([each is not None and each.raised for each in alarms]))

    assert warned(0.05, 200) <= 0.08  # one in twenty, and what 400 runs can tell
    assert warned(0.2, 200) > 0.95
    assert error_alarm(np.zeros(0, bool), 0.05) is None


def test_scores_that_moved_are_told_from_scores_that_did_not() -> None:
    rng = np.random.default_rng(5)

    def warned(shift: float) -> float:
        alarms = [score_alarm(rng.normal(0, 1, 200), rng.normal(shift, 1, 200)) for _ in range(300)]
        return float(np.mean([each is not None and each.raised for each in alarms]))

    assert warned(0.0) <= 0.06
    assert warned(0.8) > 0.95
    few = rng.normal(0, 1, FEWEST_SCORES - 1)
    assert score_alarm(few, few) is None


def activated(engine: Engine, line: str = "principal") -> None:
    """A calibration that judges the line from now on."""
    with writing(engine) as connection:
        now = datetime.now(UTC)
        model = {"digest": "0" * 64, "name": "small", "version": "1", "location": "here", "added_at": now}
        connection.execute(insert(models).values(**model, actor_kind="system", actor_name="test"))
        new = LineCalibration(0, line, "0" * 64, DIGEST, now, ANA, FACTS)
        kept = calibrations.add(connection, new, b"npz")
        calibrations.activate(connection, line, kept.number, now, ANA, "activate")


def inspect(engine: Engine, said: str, number: int, *, unfit: float = 0.1, calibration: str | None = DIGEST) -> None:
    """A drawn photograph that the model found fit, and a person's answer to it who did not see that."""
    made = draft(answer="fit", forced="fit", evidence=f"e{number}-{calibration}")
    verdict = replace(made.verdict, probability_unfit=unfit, ood_score=1.0 + unfit)
    judged = replace(made, verdict=verdict, model=replace(made.model, calibration=calibration))
    kept = Ledger(engine).add(judged, None, None, ALL)
    Ledger(engine).review(kept.number, ANA, said, "", None, (), blind=True)  # type: ignore[arg-type]


def test_errors_count_from_the_calibration_on_and_only_those_of_what_it_judged(engine: Engine) -> None:
    audits = Audits(engine)
    assert audits.drift("principal") is None and audits.of_calibration("principal") is None
    activated(engine)
    drift = audits.drift("principal")
    assert drift is not None and (drift.errors, drift.scores, drift.raised) == (None, None, ())
    for number in range(20):
        inspect(engine, "unfit", number, calibration=None)
    for number in range(20):
        inspect(engine, "fit", number)
    drift, audit = audits.drift("principal"), audits.of_calibration("principal")
    assert drift is not None and audit is not None and drift.raised == ()
    assert drift.errors is not None and drift.errors.n == audit.fit == 20 and audit.unfit == 0
    for number in range(20, 40):
        inspect(engine, "unfit", number)
    drift, audit = audits.drift("principal"), audits.of_calibration("principal")
    assert drift is not None and audit is not None and drift.raised == ("errors",)
    assert audit.escapes.share == 1 and audit.overkill.share == 0
    assert audits.of("principal").unfit == 40
    for ask in (audits.drift, audits.of_calibration, audits.of):
        with pytest.raises(NotFound, match="no_line"):
            ask("nada")


def test_scores_of_the_newest_are_compared_with_the_first(engine: Engine) -> None:
    activated(engine)
    rng = np.random.default_rng(6)
    for number in range(200):
        inspect(engine, "fit", number, unfit=float(rng.uniform(0, 0.4)))
    for number in range(200, 400):
        inspect(engine, "fit", number, unfit=float(rng.uniform(0.2, 0.6)))
    drift = Audits(engine).drift("principal")
    assert drift is not None and drift.scores is not None and drift.scope is not None
    assert drift.scores.n == 400 and drift.raised == ("scores", "scope")
