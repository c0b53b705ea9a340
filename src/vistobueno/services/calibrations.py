"""Lines put in service: what their people answered → a calibration, which is kept, made active, and given up again."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sqlalchemy import Engine

from ..core.clock import Clock, utc_now
from ..core.commissioning import FEWEST, FITTED_TO, Commissioned
from ..core.errors import VistoBuenoError
from ..core.inspection import Actor, Inspection
from ..core.layers import Progress
from ..core.line import Line, LineCalibration
from ..core.photo import Photo, open_photo
from ..core.promises import Promise, promised
from ..model.calibrated import digest_of, to_bytes
from ..model.commission import commission_line, described, see
from ..model.inspector import limits_for
from ..model.runtime import Model
from ..store import calibrations, lines
from ..store.database import reading, writing
from ..store.errors import NotFound
from ..store.photos.evidence import Evidence, EvidenceMissing
from ..store.writes import Write, claim, content_of, is_known
from .answers import OTHER, answered
from .models import Models

MOST = 2000
"""Answered photographs of a line, the newest, that it is fitted to: what came before a change of light or season tells
less of today, and memory and time stay bounded."""
_EXAMPLES = 24


class CommissioningRefused(VistoBuenoError):
    """A line cannot be put in service, or not now."""


@dataclass(frozen=True)
class Answered:
    """A photograph of a line, and the class that its people's last answer gives it."""

    inspection: Inspection
    label: str

    @property
    def chance(self) -> float:
        """With which it came to be asked: what the model doubted always does, else what the blind audit draws."""
        drawn = self.inspection.audit_chance
        return 1.0 if drawn is None or self.inspection.verdict.answer == "review" else drawn


@dataclass(frozen=True)
class Prospect:
    """What a line's answered photographs would carry.

    Attributes:
        counts: answered photographs by class; the classes of what passes on the line, those without any too.
        escapes, overkill: what as many could promise of each rate, and how many more the model's own aim needs.
        missing: how many more groups of fruit there must be before anything can be learnt.
    """

    counts: dict[str, int]
    escapes: Promise
    overkill: Promise
    missing: int


class Calibrations:
    """The calibrations of a station's lines."""

    def __init__(self, engine: Engine, evidence: Evidence, models: Models, clock: Clock = utc_now) -> None:
        self._engine, self._evidence, self._models, self._clock = engine, evidence, models, clock
        self._working = threading.Lock()

    def of(self, line: str) -> tuple[LineCalibration, ...]:
        """Those of a line, the newest first.

        Raises:
            NotFound: ``no_line``.
        """
        with reading(self._engine) as connection:
            lines.one(connection, line)
            return calibrations.of_line(connection, line)

    def one(self, number: int) -> LineCalibration:
        """One of them, or `NotFound`."""
        with reading(self._engine) as connection:
            return calibrations.one(connection, number)

    def prospect(self, line: str) -> Prospect:
        """What the line's answers would carry now.

        Raises:
            NotFound: ``no_line``.
        """
        model, own = self._models.active, self._line(line)
        found = list(answered_of(self._engine, own, model))
        counts = {
            each.key: 0
            for each in model.bundle.classes
            if each.product is None or not own.products or each.product in own.products
        }
        for one in found:
            counts[one.label] = counts.get(one.label, 0) + 1
        conditions = {each.key: each.condition for each in model.bundle.classes}
        groups = {(conditions[one.label], one.inspection.photo.sha256) for one in found}
        n = {side: sum(condition == side for condition, _ in groups) for side in ("unfit", "fit")}
        policy = model.bundle.policy
        return Prospect(
            counts,
            promised(n["unfit"], policy.alpha),
            promised(n["fit"], policy.beta),
            max(0, FEWEST - n["unfit"] - n["fit"]),
        )

    def make(
        self,
        line: str,
        actor: Actor,
        progress: Progress = lambda step, done, total: None,
        *,
        idempotency_key: str | None = None,
    ) -> tuple[LineCalibration, "Made | None"]:
        """Fit the active model to a line, from what its people answered; nothing judges by it until it is made active.

        Args:
            idempotency_key: the actor's own name for this: sent again, it is done once.

        Returns:
            What is kept, and what it was made from; None where an earlier call with the same key made it.

        Raises:
            NotFound: ``no_line``.
            DataRefused: ``line_few``.
            BundleRefused: the model cannot be fitted.
            CommissioningRefused: ``commissioning_busy``: another line is being fitted.
            Conflict: the key was used for something else.
        """
        write = Write(idempotency_key, actor, content_of("calibration", line)) if idempotency_key else None
        with self._alone():
            if write is not None and (before := self._made_before(write)) is not None:
                return before, None
            model, own = self._models.active, self._line(line)
            made = commission_answers(
                model, list(answered_of(self._engine, own, model)), self._evidence, line, progress
            )
            kept = made.commissioned.calibration
            facts = {name: value for name, value in kept.facts.items() if name != FITTED_TO}  # its bytes say it
            new = LineCalibration(0, line, model.bundle.digest, digest_of(kept), self._clock(), actor, facts)
            with writing(self._engine) as connection:
                if write is None:
                    return calibrations.add(connection, new, to_bytes(kept)), made
                if claim(connection, write) and (before := calibrations.made_by(connection, write.key_hash)):
                    return before, None  # another process made it meanwhile
                return calibrations.add(connection, new, to_bytes(kept), write.key_hash), made

    def activate(
        self, number: int, actor: Actor, *, line: str | None = None, idempotency_key: str | None = None
    ) -> LineCalibration:
        """Judge its line by it from now on.

        Args:
            line: whose it must be, where that is said.
            idempotency_key: as of `make`: sent again, it does not undo what was done since.

        Raises:
            NotFound: ``no_calibration``.
            CommissioningRefused: ``calibration_of_another_model``.
            Conflict: the key was used for something else.
        """
        write = Write(idempotency_key, actor, content_of("activate", number)) if idempotency_key else None
        with writing(self._engine) as connection:
            found = calibrations.one(connection, number)
            if line not in (None, found.line):
                raise calibrations.none_such(number)
            if write is not None and claim(connection, write):
                return found
            if found.model_digest != self._models.active.bundle.digest:
                raise CommissioningRefused(
                    "calibration_of_another_model",
                    es=f"La calibración {number} se hizo para un modelo distinto del activo. Ponga la línea en servicio otra "
                    "vez, o vuelva a aquel modelo.",
                    en=f"Calibration {number} was made for a model other than the active one. Commission the line again, "
                    "or go back to that model.",
                )
            calibrations.activate(connection, found.line, number, self._clock(), actor, "activate")
        self._models.follow_lines()
        return replace(found, active=True)

    def earlier(self, line: str) -> LineCalibration | None:
        """What `roll_back` would make active; None: the model alone."""
        with reading(self._engine) as connection:
            number = calibrations.earlier(connection, line)
            return None if number is None else calibrations.one(connection, number)

    def roll_back(self, line: str, actor: Actor, *, idempotency_key: str | None = None) -> LineCalibration | None:
        """Judge a line as it was judged before the present calibration.

        Args:
            idempotency_key: as of `make`: sent again, it does not go back further.

        Returns:
            What judges the line now; None: the model alone.

        Raises:
            NotFound: ``no_line`` or ``no_earlier_calibration``.
            Conflict: the key was used for something else.
        """
        write = Write(idempotency_key, actor, content_of("roll_back", line)) if idempotency_key else None
        with writing(self._engine) as connection:
            lines.one(connection, line)
            now = calibrations.active(connection).get(line)
            if write is None or not claim(connection, write):
                if now is None:
                    raise NotFound(
                        "no_earlier_calibration",
                        es=f"La línea «{line}» se juzga con el modelo, sin calibración: no hay adónde volver.",
                        en=f"Line '{line}' is judged by the model, without a calibration: there is nothing to go back to.",
                    )
                now = calibrations.earlier(connection, line)
                calibrations.activate(connection, line, now, self._clock(), actor, "roll_back")
            found = None if now is None else calibrations.one(connection, now)
        self._models.follow_lines()
        return found

    def _made_before(self, write: Write) -> LineCalibration | None:
        with writing(self._engine) as connection:
            return calibrations.made_by(connection, write.key_hash) if is_known(connection, write) else None

    def _line(self, name: str) -> Line:
        with reading(self._engine) as connection:
            return lines.one(connection, name)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._working.acquire(blocking=False):
            raise CommissioningRefused(
                "commissioning_busy",
                es="Se está poniendo en servicio otra línea. Espere un minuto y vuelva a intentarlo.",
                en="Another line is being commissioned. Wait a minute and try again.",
            )
        try:
            yield
        finally:
            self._working.release()


@dataclass(frozen=True, eq=False)
class Made:
    """A calibration, and the photographs that it was made from, in the order of its verdicts before and after."""

    commissioned: Commissioned
    photographs: tuple[Answered, ...]


def answered_of(engine: Engine, line: Line, model: Model) -> Iterator[Answered]:
    """A line's photographs that people answered, the newest first, at most `MOST`, by the classes of a model.

    Where one product alone passes on the line, an answered fruit is of that one, whatever the model took it for.
    """
    known = {each.key for each in model.bundle.classes}
    left = MOST
    for inspection, label in answered(engine, line.name):
        if len(line.products) == 1 and label != OTHER:
            label = f"{line.products[0]}_{inspection.reviews[-1].answer}"
        if label in known:
            yield Answered(inspection, label)
            left -= 1
        if not left:
            return


def commission_answers(
    model: Model, found: Sequence[Answered], evidence: Evidence, name: str, progress: Progress
) -> Made:
    """Fit a model to a line's answered photographs, as far as they are still kept.

    Raises:
        DataRefused: ``line_few``. BundleRefused: the model cannot be fitted.
    """
    limits, used = limits_for(model), list[Answered]()

    def opened() -> Iterator[Photo]:
        for number, each in enumerate(found, 1):
            try:
                photo = open_photo(evidence.get(each.inspection.evidence), limits)
            except EvidenceMissing:
                continue
            used.append(each)
            yield photo
            progress("photographs", number, len(found))

    seen = see(opened(), model)
    hashes = [each.inspection.photo.sha256 for each in used]
    labels, chances = [each.label for each in used], [each.chance for each in used]
    commissioned = commission_line(model, seen, labels, hashes, chances, progress=progress)
    verdicts = zip(used, commissioned.verdicts_before, commissioned.verdicts_after, strict=True)
    changed = [
        {"number": each.inspection.number, "label": each.label, "before": before.answer, "after": after.answer}
        for each, before, after in verdicts
        if before.answer != after.answer
    ]
    facts = {"changed": len(changed), "examples": changed[:_EXAMPLES]}
    return Made(described(commissioned, name, hashes, facts), tuple(used))
