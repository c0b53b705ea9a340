"""What a model tells apart: product × condition, in the order it was trained in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class ClassInfo:
    """One class, in the order the model was trained in.

    ``product`` and ``condition`` are None for the one class that gathers what is none of the products.
    """

    key: str
    product: str | None
    condition: Literal["fit", "unfit"] | None
    names: Mapping[str, str] = field(default_factory=dict)
