"""What people answer on inspections, and what waits for them."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Engine

from ..core.clock import Clock, utc_now
from ..core.defects import Defect, DefectRefused, Severity, graded, named
from ..core.inspection import Actor, Disagreement, Inspection, NamedDefects, Page, Review, ReviewAnswer
from ..store.ledger import Ledger
from ..store.lists import waiting_page
from ..store.writes import Write, content_of


class Reviews:
    """The reviews of a station, and its review queue."""

    def __init__(self, engine: Engine, clock: Clock = utc_now) -> None:
        self._engine, self._ledger = engine, Ledger(engine, clock)

    def give(
        self,
        number: int,
        actor: Actor,
        answer: ReviewAnswer,
        note: str = "",
        *,
        defects: Sequence[Defect] = (),
        severities: Mapping[Defect, Severity] | None = None,
        blind: bool = False,
        idempotency_key: str | None = None,
    ) -> tuple[Review, bool]:
        """Set a person's answer beside a verdict.

        Args:
            defects: what is wrong with the fruit, where it is answered to be unfit.
            severities: how bad each of them is; of those that are left out nobody said.
            blind: who answers was not shown the verdict; only such answers count in the blind audit.
            idempotency_key: the actor's own name for this answer: sent again, it is given once.

        Returns:
            The review, and whether an earlier call with the same key made it.

        Raises:
            NotFound: there is no such inspection.
            Conflict: the key was used for something else.
            DefectRefused: ``defect_of_unfit``, ``severity_of_defect``.
        """
        defects = named(answer, defects)
        bad = graded(defects, severities or {})
        said = (*defects, *(("blind",) if blind else ()), *bad.items())
        content = content_of("review", number, answer, note, *said)
        write = Write(idempotency_key, actor, content) if idempotency_key else None
        return self._ledger.review(number, actor, answer, note, write, defects, blind, bad)

    def name(
        self,
        number: int,
        actor: Actor,
        defects: Sequence[Defect],
        severities: Mapping[Defect, Severity] | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> tuple[NamedDefects, bool]:
        """Name the defects of a fruit without answering whether it is fit; the last time that they were named counts.

        A fruit that is said to be fit waits for a person from then on.

        Returns:
            What was named, and whether an earlier call with the same key named it.

        Raises:
            NotFound: there is no such inspection.
            Conflict: the key was used for something else.
            DefectRefused: ``defects_unnamed``, ``severity_of_defect``.
        """
        defects = named("unfit", defects)
        if not defects:
            raise DefectRefused(
                "defects_unnamed",
                es="No se nombró ningún defecto. Nombre al menos uno.",
                en="No defect was named. Name at least one.",
            )
        bad = graded(defects, severities or {})
        content = content_of("named_defects", number, *defects, *bad.items())
        write = Write(idempotency_key, actor, content) if idempotency_key else None
        return self._ledger.name(number, actor, defects, bad, write)

    def waiting(self, after: str | None = None, limit: int = 50, *, actor: Actor | None = None) -> Page[Inspection]:
        """Inspections that wait for a person, newest first; for ``actor``: without those that they have answered on.

        What was drawn for the blind audit waits whatever the verdict, and must be asked without showing it.
        """
        return waiting_page(self._engine, after, limit, actor)

    def count(self, actor: Actor | None = None, *, blind: bool = False) -> int:
        """How many inspections wait for a person, or for ``actor``; ``blind``: of the blind audit alone."""
        return self._ledger.waiting_count(actor, blind=blind)

    def disagreements(self) -> dict[Disagreement, int]:
        """How many inspections people's last answers speak against, by how they do."""
        return self._ledger.disagreement_counts()
