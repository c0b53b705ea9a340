"""What people answer on inspections, and what waits for them."""

from collections.abc import Sequence

from sqlalchemy import Engine

from ..core.defects import Defect, named
from ..core.inspection import Actor, Disagreement, Inspection, Page, Review, ReviewAnswer
from ..store.ledger import Ledger, Write, content_of
from ..store.lists import waiting_page


class Reviews:
    """The reviews of a station, and its review queue."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._ledger = engine, Ledger(engine)

    def give(
        self,
        number: int,
        actor: Actor,
        answer: ReviewAnswer,
        note: str = "",
        *,
        defects: Sequence[Defect] = (),
        idempotency_key: str | None = None,
    ) -> tuple[Review, bool]:
        """Set a person's answer beside a verdict.

        Args:
            defects: what is wrong with the fruit, where it is answered to be unfit.
            idempotency_key: the actor's own name for this answer: sent again, it is given once.

        Returns:
            The review, and whether an earlier call with the same key made it.

        Raises:
            NotFound: there is no such inspection.
            Conflict: the key was used for something else.
            DefectRefused: defects of a fruit that is not unfit.
        """
        defects = named(answer, defects)
        content = content_of("review", number, answer, note, *defects)
        write = Write(idempotency_key, actor, content) if idempotency_key else None
        return self._ledger.review(number, actor, answer, note, write, defects)

    def waiting(self, after: str | None = None, limit: int = 50) -> Page[Inspection]:
        """Inspections that wait for a person, newest first."""
        return waiting_page(self._engine, after, limit)

    def count(self) -> int:
        """How many inspections wait for a person."""
        return self._ledger.waiting_count()

    def disagreements(self) -> dict[Disagreement, int]:
        """How many inspections people's last answers speak against, by how they do."""
        return self._ledger.disagreement_counts()
