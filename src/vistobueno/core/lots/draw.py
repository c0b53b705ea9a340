"""Which packages of a lot are opened: drawn at random, recorded, and repeated by anybody from three facts."""

import hashlib
from dataclasses import dataclass

from .errors import LotRefused

MOST_PACKAGES = 200_000


class DrawRefused(LotRefused):
    """More packages were asked for than a lot has, or none."""


@dataclass(frozen=True)
class Draw:
    """A draw without replacement. A larger one with the same seed holds all of a smaller one.

    Attributes:
        packages: in the lot, numbered 1, 2, 3 …
        opened: how many of them are drawn.

    Raises:
        DrawRefused: ``draw_invalid``.
    """

    seed: str
    packages: int
    opened: int

    def __post_init__(self) -> None:
        if not 0 < self.opened <= self.packages <= MOST_PACKAGES:
            raise DrawRefused(
                "draw_invalid",
                es=f"De {self.packages} bultos no se pueden sortear {self.opened}. Abra al menos uno, y no más de los que "
                f"tiene el lote ({MOST_PACKAGES} como máximo).",
                en=f"{self.opened} packages cannot be drawn from {self.packages}. Open at least one, and no more than the lot "
                f"has ({MOST_PACKAGES} at most).",
            )

    @property
    def order(self) -> tuple[int, ...]:
        """The numbers of the packages, in the order of the draw: those whose SHA-256 of ``SEED:NUMBER`` comes first."""
        numbers = sorted(range(1, self.packages + 1), key=self._rank)
        return tuple(numbers[: self.opened])

    @property
    def numbers(self) -> tuple[int, ...]:
        """The same, in ascending order."""
        return tuple(sorted(self.order))

    def _rank(self, number: int) -> bytes:
        return hashlib.sha256(f"{self.seed}:{number}".encode()).digest()
