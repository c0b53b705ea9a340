"""What a tolerance by share risks, known before work begins: how often a lot is accepted, by its true share of unfit fruit.

Fruit of one package resemble each other, so ten packages say more than ten times as many fruit of one package.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import floor

import numpy as np
from numpy.typing import NDArray

from .chances import Floats, beta_binomial, summed
from .errors import LotRefused

MOST_FRUIT = 20_000
MOST_OF_EACH, MOST_OPENED = 50, 200  # fruit of a package, and packages, that a plan by risk asks for
TAKE_SOURCE = "(EU) 543/2011, Annex V; OECD"
TAKE_CONFIRMED = False
"""Whether somebody of the project has read the two tables in the document that they are from."""
_PACKAGES = ((100, 5), (300, 7), (500, 9), (1_000, 10))
_KILOGRAMS = ((200.0, 10.0), (500.0, 20.0), (1_000.0, 30.0), (5_000.0, 60.0))


class TakeRefused(LotRefused):
    """What is to be taken of a lot cannot be reckoned with."""


@dataclass(frozen=True)
class Take:
    """What is looked at of a lot.

    Attributes:
        fruit: in each package.
        correlation: of two fruit of one package being unfit, from 0 to below 1.

    Raises:
        TakeRefused: ``take_invalid``.
    """

    packages: int
    fruit: int
    correlation: float = 0.05

    def __post_init__(self) -> None:
        sizes = self.packages > 0 and self.fruit > 0 and self.packages * self.fruit <= MOST_FRUIT
        if not sizes or not 0 <= self.correlation < 1:
            raise TakeRefused(
                "take_invalid",
                es=f"Se necesita al menos un bulto y una fruta por bulto, {MOST_FRUIT} frutas como máximo, y una correlación "
                "de 0 a menos de 1. Corrija los números.",
                en=f"The plan needs at least one package and one fruit from each, at most {MOST_FRUIT} fruit, and a correlation "
                "from 0 to below 1. Correct the numbers.",
            )

    @property
    def design_effect(self) -> float:
        """How many fruit of these packages say as much as one drawn anywhere in the lot (Kish 1965)."""
        return 1 + (self.fruit - 1) * self.correlation


@dataclass(frozen=True)
class Risks:
    """Of refusing a lot that is good enough (producer's) and of accepting one that is not (consumer's)."""

    producer: float
    consumer: float


def chance_to_accept(take: Take, limit: float, shares: Sequence[float] | NDArray[np.floating]) -> Floats:
    """The operating characteristic: the chance to accept lots with these true shares of unfit fruit, (S,) for (S,).

    A lot is accepted when no more than ``limit`` of the fruit looked at are unfit. Packages of a lot differ: the share of
    each is drawn from a Beta distribution, its count of unfit fruit is beta-binomial.
    """
    most = allowed(limit, take.packages * take.fruit)
    found = [summed(beta_binomial(take.fruit, float(p), take.correlation), take.packages) for p in shares]
    return np.array([min(1.0, float(each[: most + 1].sum())) for each in found])


def risks(take: Take, limit: float, good: float, bad: float) -> Risks:
    """Producer's risk with a share ``good`` of unfit fruit, consumer's risk with a share ``bad``."""
    accepted = chance_to_accept(take, limit, [good, bad])
    return Risks(1 - float(accepted[0]), float(accepted[1]))


def share_accepted(chance: Callable[[float], float], wanted: float) -> float:
    """The share of unfit fruit with which a lot is accepted with probability ``wanted``; ``chance`` falls with the share."""
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if chance(middle) > wanted else (low, middle)
    return (low + high) / 2


def take_for(packages: int, limit: float, bad: float, risk: float, correlation: float = 0.05) -> Take:
    """What to take of a lot of so many packages, so that one with a share ``bad`` of unfit fruit is accepted with at most ``risk``.

    As few packages as the tables of `packages_to_open` say, and of each as few fruit as do, up to `MOST_OF_EACH`; more
    packages where that does not reach.

    Raises:
        TakeRefused: ``risk_unattainable``.
    """
    opened = packages_to_open(packages)
    while limit < bad < 1 and 0 < risk < 1:
        for fruit in range(5, MOST_OF_EACH + 1, 5):
            take = Take(opened, fruit, correlation)
            if chance_to_accept(take, limit, [bad])[0] <= risk:
                return take
        if opened == packages or opened > MOST_OPENED:
            break
        opened = min(packages, opened + max(1, opened // 8))
    raise TakeRefused(
        "risk_unattainable",
        es=f"Ni con {opened} bultos y {MOST_OF_EACH} frutas de cada uno se llega a ese riesgo. Indique una proporción no apta "
        "mayor, por encima de lo que admite la norma, o acepte más riesgo.",
        en=f"Not even {opened} packages with {MOST_OF_EACH} fruit from each reach that risk. Give a larger unfit share, above what "
        "the standard allows, or accept more risk.",
    )


def allowed(limit: float, fruit: int) -> int:
    """How many of the fruit may be unfit: a share of them, rounded down."""
    return floor(limit * fruit + 1e-9)


def packages_to_open(packages: int) -> int:
    """How many of a lot's packages to open, at the least; not confirmed: see `TAKE_CONFIRMED`.

    Source: Regulation (EU) 543/2011, Annex V, and the OECD's guide to quality inspection of fruit and vegetables.
    """
    return min(packages, next((take for most, take in _PACKAGES if packages <= most), 15))


def kilograms_to_take(kilograms: float) -> float:
    """How much to take of a lot of loose produce, at the least; source and doubt as for `packages_to_open`."""
    return min(kilograms, next((take for most, take in _KILOGRAMS if kilograms <= most), 100.0))
