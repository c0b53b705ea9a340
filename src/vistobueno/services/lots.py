"""Lots: opened with a plan, inspected package by package, judged by standards, decided and closed."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, Engine

from ..core.clock import Chance, Clock, by_chance, utc_now
from ..core.inspection import Actor
from ..core.lots.counts import PackageCounts
from ..core.lots.epcis import epcis_document
from ..core.lots.errors import LotRefused
from ..core.lots.judging import Judgement, judge_lot
from ..core.lots.lacking import Lacking, lacking
from ..core.lots.lot import (
    Lot,
    LotDecision,
    LotFacts,
    LotVerdict,
    SamplePlan,
    counted,
    fruit_of,
    lot_facts,
    sample_plan,
)
from ..core.lots.sampling import Level
from ..core.lots.series import Inspected, Sampling, sampling_of
from ..core.lots.standard import Standard
from ..store import lot_state, lots
from ..store.database import reading, writing
from ..store.retention import station_id
from ..store.writes import Write, claim, content_of
from .lot_estimates import LotEstimate, estimated
from .standards import Standards

LONGEST_REASON = 2000  # characters
LONGEST_SERIES = 50  # lots before one that its sampling is switched by


@dataclass(frozen=True)
class LotStatus:
    """Where a lot stands: its counts as they are now, what each of its standards says of them, and its decisions.

    Attributes:
        verdicts: the first closed the lot.
        lacking: of the unfit fruit, what nobody said and would decide the lot.
        changed: answers came after the last decision, and the counts are no longer those that it rests on.
        standards: the versions that judge it, in the order of ``judgements``.
    """

    lot: Lot
    counts: tuple[PackageCounts, ...]
    judgements: tuple[Judgement, ...]
    verdicts: tuple[LotVerdict, ...]
    lacking: tuple[Lacking, ...] = ()
    changed: bool = False
    standards: tuple[Standard, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Place:
    """Where a fruit was taken from: the lot's number, the package's in the lot, the fruit's in the package, from 1.

    A ``fruit`` of None is the package's next; another photograph of one that is there says its number.
    """

    lot: int
    package: int
    fruit: int | None = None


@dataclass(frozen=True)
class OpenLot:
    """A lot that takes photographs, how many fruit of each package were looked at, and the standards that judge it."""

    lot: Lot
    looked_at: dict[int, int]
    standards: tuple[Standard, ...] = field(default=(), repr=False)


class Lots:
    """The lots of a station."""

    def __init__(self, engine: Engine, clock: Clock = utc_now, chance: Chance = by_chance) -> None:
        self._engine, self._clock, self._chance = engine, clock, chance
        self.standards = Standards(engine, clock)

    def open(
        self,
        facts: LotFacts,
        standards: Sequence[str],
        actor: Actor,
        *,
        opened: int,
        fruit: int,
        demo: bool = False,
        idempotency_key: str | None = None,
    ) -> tuple[Lot, bool]:
        """Open a lot; which of its packages are looked at is drawn now, and can be drawn again by anybody from its seed.

        Args:
            standards: keys of those that judge it, the one that decides first.
            opened: packages to open; fruit: to look at in each.
            demo: it is invented; every lot of a station whose first one is, is too.
            idempotency_key: the actor's own name for this: sent again, it is opened once.

        Returns:
            The lot, and whether an earlier call with the same key opened it.

        Raises:
            LotRefused: ``lot_field``, ``standard_unknown``, ``grade_unknown`` or ``lot_open``. DrawRefused: ``draw_invalid``.
            Conflict: the key was used for something else.
        """
        facts = lot_facts(facts)
        seed = self._chance(8)
        plan = sample_plan(SamplePlan(seed, opened, fruit), facts)
        chosen = self.standards.chosen(standards, facts)
        content = content_of("lot", facts, tuple(standards), opened, fruit)
        write = Write(idempotency_key, actor, content) if idempotency_key else None
        now = self._clock()
        with writing(self._engine) as connection:
            if write is not None and claim(connection, write):
                return lots.made_by(connection, write.key_hash), True
            _refuse_twice(connection, facts)
            for each in chosen:
                lots.keep_standard(connection, each, now, actor)
            lot = Lot(
                0,
                facts,
                plan,
                tuple(each.digest for each in chosen),
                now,
                actor,
                demo or lots.is_demonstration(connection),
            )
            return lots.add(connection, lot, write.key_hash if write is not None else None), False

    def demonstration(self) -> bool:
        """Whether the station was filled with what never was, to show how it works."""
        with reading(self._engine) as connection:
            return lots.is_demonstration(connection)

    def page(self, before: int | None = None, limit: int = 50) -> list[Lot]:
        """Lots with a lower number than ``before``, the newest first."""
        with reading(self._engine) as connection:
            return lots.page(connection, before, limit)

    def one(self, number: int) -> Lot:
        """A lot, or `NotFound`."""
        with reading(self._engine) as connection:
            return lots.one(connection, number)

    def check(self, place: Place) -> None:
        """Refuse a photograph of a fruit that this lot does not have, or no longer takes.

        Raises:
            NotFound: ``no_lot``. LotRefused: ``lot_closed``, ``package_not_drawn`` or ``fruit_not_planned``.
        """
        with reading(self._engine) as connection:
            lot = lots.one(connection, place.lot)
            lot_state.refuse_closed(connection, place.lot)
        drawn = lot.draw.numbers
        if place.package not in drawn:
            numbers = ", ".join(map(str, drawn))
            raise LotRefused(
                "package_not_drawn",
                es=f"El bulto {place.package} no salió en el sorteo del lote {lot.number}. Abra uno de estos: {numbers}.",
                en=f"Package {place.package} was not drawn for lot {lot.number}. Open one of these: {numbers}.",
            )
        if place.fruit is not None and not 0 < place.fruit <= lot.plan.fruit:
            raise LotRefused(
                "fruit_not_planned",
                es=f"En el lote {lot.number} se inspeccionan {lot.plan.fruit} frutas de cada bulto, numeradas desde 1. Elija una.",
                en=f"Lot {lot.number} takes {lot.plan.fruit} fruit from each package, numbered from 1. Choose one.",
            )

    def open_ones(self, most: int = 20) -> tuple[OpenLot, ...]:
        """Lots that take photographs, the newest first."""
        with reading(self._engine) as connection:
            found = lots.open_ones(connection, most)
            looked_at = lots.looked_at(connection, [each.number for each in found])
            standards = lots.standards_named(connection, {name for each in found for name in each.standards})
        return tuple(
            OpenLot(each, looked_at.get(each.number, {}), tuple(standards[name] for name in each.standards))
            for each in found
        )

    def judged_by(self, number: int) -> tuple[Lot, tuple[Standard, ...]]:
        """A lot, and the versions of standards that judge it, the one that decides first.

        Raises:
            NotFound: ``no_lot``.
        """
        with reading(self._engine) as connection:
            lot = lots.one(connection, number)
            return lot, lots.standards_of(connection, lot)

    def status(self, number: int) -> LotStatus:
        """Where a lot stands.

        Raises:
            NotFound: ``no_lot``.
        """
        with reading(self._engine) as connection:
            return _status(connection, lots.one(connection, number))

    def judge(self, number: int, standard: Standard) -> Judgement:
        """What another standard says of a lot's counts as they are now; nothing is kept.

        Raises:
            NotFound: ``no_lot``. CountsRefused: ``class_unknown``: it does not have the lot's class.
        """
        with reading(self._engine) as connection:
            lot = lots.one(connection, number)
            fruit = fruit_of(lot, lots.inspections_of(connection, number))
            return judge_lot(counted(lot, fruit), standard, lot.facts.grade)

    def sampling(self, number: int, aql: float, level: Level, *, steady: bool = False) -> Sampling | None:
        """What ISO 2859-1 asks of a lot after its packer's earlier ones of the product; None: nobody said how many fruit a
        package holds.

        Raises:
            NotFound: ``no_lot``. PlanRefused: ``lot_too_small``, ``aql_unknown``.
        """
        with reading(self._engine) as connection:
            lot = lots.one(connection, number)
            size = lot.facts.size_in_fruit
            if size is None:
                return None
            facts = lot.facts
            before = lots.first_decided(connection, facts.packer, facts.product, number, LONGEST_SERIES)
        return sampling_of(size, aql, level, [_inspected(*each, facts) for each in before], steady=steady)

    def estimate(self, number: int) -> LotEstimate:
        """The true share of unfit fruit in a lot, by the blind audit of its line under the calibration that judged the lot.

        Raises:
            NotFound: ``no_lot``.
        """
        with reading(self._engine) as connection:
            return estimated(connection, lots.one(connection, number))

    def epcis(self, number: int, address: str) -> dict[str, Any]:
        """A lot's decisions as an EPCIS document.

        Args:
            address: of the station, by which a lot without numbers of GS1's is called.

        Raises:
            NotFound: ``no_lot``. LotRefused: ``lot_undecided``.
        """
        with reading(self._engine) as connection:
            lot = lots.one(connection, number)
            verdicts = lots.verdicts_of(connection, number)
        if not verdicts:
            raise LotRefused(
                "lot_undecided",
                es=f"El lote {number} todavía no está decidido y no tiene nada que publicar. Decídalo primero.",
                en=f"Lot {number} is not decided yet and has nothing to publish. Decide it first.",
            )
        return epcis_document(lot, verdicts, station_id(self._engine), address)

    def decide(
        self,
        number: int,
        decision: LotDecision,
        actor: Actor,
        *,
        reason: str = "",
        grade: str | None = None,
        idempotency_key: str | None = None,
    ) -> tuple[LotVerdict, bool]:
        """Decide a lot, which closes it; a lot that is closed gets another decision, linked to the one before.

        Args:
            decision: a person's; where it is another than what the first standard says, a reason is needed.
            grade: the class that it is accepted in; by default the one that the standard gave or the one presented.

        Returns:
            The decision, and whether an earlier call with the same key made it.

        Raises:
            NotFound: ``no_lot``. LotRefused: ``reason_needed``. Conflict: the key was used for something else.
        """
        reason = reason.strip()[:LONGEST_REASON]
        content = content_of("lot_verdict", number, decision, reason, grade)
        write = Write(idempotency_key, actor, content) if idempotency_key else None
        with writing(self._engine) as connection:
            lot = lots.one(connection, number)
            if write is not None and claim(connection, write):
                return lots.verdicts_of(connection, number, write.key_hash)[-1], True
            status = _status(connection, lot)
            said = status.judgements[0]
            if not reason and (status.verdicts or decision != said.decision):
                raise _reason_needed(bool(status.verdicts))
            accepted = None if decision == "refused" else grade or said.accepted_as or lot.facts.grade
            evidence = evidence_of(status, estimated(connection, lot))
            verdict = LotVerdict(0, number, self._clock(), actor, decision, accepted, reason, evidence)
            return lots.decide(connection, verdict, write.key_hash if write is not None else None), False


def _refuse_twice(connection: Connection, facts: LotFacts) -> None:
    """Refuse a label that was scanned twice: a logistic unit is in one open lot at most."""
    there = lots.open_with(connection, facts.sscc) if facts.sscc else None
    if there is not None:
        raise LotRefused(
            "lot_open",
            es=f"La unidad con SSCC {facts.sscc} ya está en el lote {there}, que sigue abierto. Continúe en ese lote.",
            en=f"The unit with SSCC {facts.sscc} is already in lot {there}, which is still open. Go on in that lot.",
        )


def evidence_of(status: LotStatus, estimate: LotEstimate) -> dict[str, object]:
    """What a decision rests on, as JSON takes it: counts by package, what each standard said of them, and the estimate of the
    whole lot, or why there was none.
    """
    return {
        "counts": [asdict(each) for each in status.counts],
        "judgements": [asdict(each) for each in status.judgements],
        "estimate": asdict(estimate),
    }


def _status(connection: Connection, lot: Lot) -> LotStatus:
    fruit = fruit_of(lot, lots.inspections_of(connection, lot.number))
    counts = counted(lot, fruit)
    standards = lots.standards_of(connection, lot)
    judgements = tuple(judge_lot(counts, each, lot.facts.grade) for each in standards)
    verdicts = lots.verdicts_of(connection, lot.number)
    unsaid = lacking(fruit, standards, judgements)
    status = LotStatus(lot, counts, judgements, verdicts, unsaid, standards=standards)
    return replace(status, changed=bool(verdicts) and verdicts[-1].evidence["counts"] != _as_kept(counts))


def _inspected(lot: Lot, verdict: LotVerdict, own: LotFacts) -> Inspected:
    """A lot of the series as it was when it was decided first; of one whose packages nobody counted, as the lot's own are."""
    counts = verdict.evidence["counts"]
    size = lot.facts.packages * (lot.facts.package_fruit or own.package_fruit or 1)
    known = sum(each["looked_at"] - each["awaited"] for each in counts)
    return Inspected(lot.number, size, known, sum(len(each["unfit"]) for each in counts))


def _as_kept(counts: Sequence[PackageCounts]) -> object:
    """Counts as they come back out of JSON, whose only sequences are lists."""
    return json.loads(json.dumps([asdict(each) for each in counts]))


def _reason_needed(closed: bool) -> LotRefused:
    if closed:
        return LotRefused(
            "reason_needed",
            es="El lote ya se decidió. Escriba por qué se decide otra vez; la decisión anterior se conserva.",
            en="The lot was already decided. Write why it is decided again; the earlier decision stays.",
        )
    return LotRefused(
        "reason_needed",
        es="La norma no dice eso, o todavía no lo dice. Escriba el motivo de su decisión.",
        en="The standard does not decide that, or not yet. Write the reason for your decision.",
    )
