"""Whether a scored archive looks like what the model was measured on, or like another archive, by the model's own answers."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.drift import Drift, score_alarm
from ...core.errors import DataRefused
from ...core.inspection import ModelName
from ...core.intervals import wilson
from ...core.verdict import OUT_OF_SCOPE, Verdict
from .results import opened
from .scored import HASH, Row, model_name

_DRAWN = 1_000  # photographs of each side that are compared, drawn at random: the watch's limit is found for as many
_COLUMNS = ("answer", "product", "reasons", "probability_unfit", "ood_score", "error", HASH)
_AT_ONCE = 10_000  # rows


@dataclass(frozen=True, eq=False)
class Side:
    """Photographs and what one model said of them, each photograph once.

    Attributes:
        answers: how many are ``fit``, ``unfit`` or ``review``; ``refused``: how many could not be judged.
        products: how many were recognised as each.
        out_of_scope: how many show none of the products.
        unfit: (N,) probability of unfit, and ``ood``: (M,) out-of-distribution score, of those that show one.
    """

    answers: Counter[str]
    products: Counter[str]
    out_of_scope: int
    refused: int
    unfit: NDArray[np.float64]
    ood: NDArray[np.float64]

    @classmethod
    def of(cls, said: Iterable[tuple[str, str | None, bool, float, float | None]], refused: int = 0) -> "Side":
        """Of answer, recognised product, whether out of scope, probability of unfit and score of each photograph."""
        answers, products, outside = Counter[str](), Counter[str](), 0
        unfit, ood = list[float](), list[float]()
        for answer, product, beyond, p, score in said:
            answers[answer] += 1
            outside += beyond
            if beyond:
                continue
            if product:
                products[product] += 1
            unfit.append(p)
            if score is not None:
                ood.append(score)
        return cls(answers, products, outside, refused, np.array(unfit), np.array(ood))

    @classmethod
    def of_verdicts(cls, verdicts: Iterable[Verdict]) -> "Side":
        """Of verdicts, such as those that the bundle keeps of photographs it was not trained on."""
        return cls.of(
            (each.answer, each.recognised_product, OUT_OF_SCOPE in each.reasons, each.probability_unfit, each.ood_score)
            for each in verdicts
        )

    def told(self) -> dict[str, Any]:
        """In plain values: counts, and the shares with 95 % intervals."""
        n = self.answers.total()
        counts = {**{name: self.answers[name] for name in ("fit", "unfit", "review")}, OUT_OF_SCOPE: self.out_of_scope}
        shares = {
            name: {"share": count / n if n else None, "interval": wilson(count, n)} for name, count in counts.items()
        }
        return {"photographs": n, "refused": self.refused, "products": dict(self.products), **shares}


def side_of(place: Path, model: ModelName) -> Side:
    """What a model said of a scored archive."""
    seen, refused = set[bytes](), 0

    def rows() -> Iterable[Row]:
        nonlocal refused
        wanted = [*_COLUMNS, *(f"model_{name}" for name in vars(model))]
        for batch in opened(place).to_batches(columns=wanted, batch_size=_AT_ONCE):
            for row in batch.to_pylist():
                mark = bytes.fromhex(row[HASH] or "")
                if model_name(row) != model or (mark and mark in seen):
                    continue
                seen.add(mark)
                refused += row["error"] is not None
                if row["error"] is None:
                    yield row

    said = [
        (row["answer"], row["product"], OUT_OF_SCOPE in row["reasons"], row["probability_unfit"], row["ood_score"])
        for row in rows()
    ]
    return Side.of(said, refused)


def models_in(place: Path) -> list[ModelName]:
    """The models, with their calibrations, that a scored archive has rows of."""
    found: dict[ModelName, None] = {}
    wanted = ["model_name", "model_version", "model_digest", "model_calibration"]
    for batch in opened(place).to_batches(columns=wanted, batch_size=_AT_ONCE):
        found |= dict.fromkeys(map(model_name, batch.to_pylist()))
    return list(found)


def compared(archive: Side, reference: Side) -> Drift:
    """The watches that warn where the scores of two sides differ by more than chance: 1 in 40 each, where nothing changed.

    Raises:
        DataRefused: ``archive_unscored``: there is nothing to compare.
    """
    if not archive.answers or not reference.answers:
        raise DataRefused(
            "archive_unscored",
            es="No hay ninguna foto juzgada que comparar. Ejecute antes vistobueno score.",
            en="There is no judged photograph to compare. Run vistobueno score first.",
        )
    pairs = ((reference.unfit, archive.unfit), (reference.ood, archive.ood))
    scores, scope = (score_alarm(_drawn(before), _drawn(now)) for before, now in pairs)
    return Drift(None, scores, scope)


def _drawn(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.random.default_rng(0).permutation(values)[:_DRAWN]
