"""Switching over a series of lots of one producer: normal, tightened and reduced inspection, and when inspection stops."""

from dataclasses import dataclass, replace
from typing import Literal

from .errors import LotRefused
from .sampling import Plan, Severity

State = Literal["normal", "tightened", "reduced", "stopped"]

_WINDOW = 5  # consecutive lots among which two refused tighten the inspection
_ACCEPTED = 5  # in a row, which end tightened inspection
_REFUSED = 5  # while tightened, which stop inspection by sampling
_SCORE = 30  # from which inspection may be reduced


class SeriesStopped(LotRefused):
    """Sampling of this producer's lots has stopped."""


@dataclass(frozen=True)
class Series:
    """Where a series of lots stands (ISO 2859-1:1999, 9.3).

    Attributes:
        score: the switching score, of normal inspection.
        refused: by lot of normal inspection, the last four at the most, the newest last.
        accepted: lots in a row, in tightened inspection; failures: lots refused since it began.
    """

    state: State = "normal"
    score: int = 0
    refused: tuple[bool, ...] = ()
    accepted: int = 0
    failures: int = 0

    @property
    def severity(self) -> Severity:
        """How the next lot is inspected.

        Raises:
            SeriesStopped: ``series_stopped``.
        """
        if self.state == "stopped":
            raise SeriesStopped(
                "series_stopped",
                es=f"Se rechazaron {_REFUSED} lotes en inspección rigurosa: ya no se acepta por muestreo. Siga cuando el "
                "proveedor haya corregido la causa.",
                en=f"{_REFUSED} lots were refused under tightened inspection: sampling no longer accepts any. Go on when the "
                "supplier has fixed the cause.",
            )
        return self.state

    def after(self, plan: Plan, unfit: int, *, steady: bool = True) -> "Series":
        """The series after a lot that was inspected by ``plan`` for the first time, with so many unfit fruit.

        Args:
            steady: production is steady, and whoever is responsible wants reduced inspection.

        Raises:
            SeriesStopped: ``series_stopped``.
        """
        refused = unfit >= plan.refuse
        if self.severity == "normal":
            return self._after_normal(plan, unfit, refused, steady)
        if self.severity == "reduced":
            return self if steady and unfit <= plan.accept else Series()
        failures, accepted = self.failures + refused, 0 if refused else self.accepted + 1
        if failures == _REFUSED:
            return Series("stopped")
        return Series() if accepted == _ACCEPTED else replace(self, accepted=accepted, failures=failures)

    def resumed(self) -> "Series":
        """After it stopped and the supplier has put the cause right: tightened inspection."""
        return Series("tightened") if self.state == "stopped" else self

    def _after_normal(self, plan: Plan, unfit: int, refused: bool, steady: bool) -> "Series":
        """The score grows by 3 for a lot that the next tighter AQL would accept too; by 2 where Ac is 0 or 1."""
        window = (*self.refused, refused)[-_WINDOW:]
        if sum(window) >= 2:
            return Series("tightened")
        grows = (3 if unfit <= plan.accept_tighter else 0) if plan.accept >= 2 else 0 if refused else 2
        score = self.score + grows if grows else 0
        if score >= _SCORE and steady:
            return Series("reduced")
        return replace(self, score=score, refused=window[1 - _WINDOW :])
