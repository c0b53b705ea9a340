"""labels.txt: what a stranger calls the classes, and the proof by photographs that this is their order."""

import codecs
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, factorial
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from ..errors import ModelRefused
from ..model.bundle import ClassInfo
from ..verdict import Condition

_PRODUCTS = {
    "apple": r"apples?|manzanas?",
    "banana": r"bananas?|bananos?|platanos?|guineos?",
    "orange": r"oranges?|naranjas?",
}
_GOOD = r"fit|fresh|good|apt[ao]s?|fresc[ao]s?|san[ao]s?|buen[ao]?s?"
_BAD = r"rotten|bad|spoiled|stale|podrid[ao]s?|mal[ao]s?|danad[ao]s?"
_UNFIT = rf"{_BAD}|(?:un|in|no|not|non) ?(?:{_GOOD})"  # tried before _GOOD: "no apta" must never be read as "apta"
_OTHER = r"others?|otr[ao]s?(?: cosas?)?|background|fondo|unknown|desconocid[ao]s?"
_CERTAIN = 1e-3  # probability below which chance is no explanation


def read_labels(path: Path) -> tuple[ClassInfo, ...]:
    """Read the classes, one a line, in the model's order.

    Understood: ``apple_fit``, ``freshapples``, ``rottenbanana``, ``0 naranja podrida``, ``other``; for anything else
    ``name = product fit`` or ``name = product unfit``.

    Raises:
        ModelRefused: ``labels_missing``, ``labels_not_understood`` or ``labels_repeated``.
    """
    if not path.is_file():
        raise ModelRefused("labels_missing", es=f"No existe {path}. Escriba un labels.txt con una clase por línea.",
                           en=f"There is no {path}. Write a labels.txt with one class a line.")  # fmt: skip
    data = path.read_bytes()
    try:
        text = data.decode("utf-16" if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    classes = [_class(line.strip()) for line in text.splitlines() if line.strip()]
    keys = [each.key for each in classes]
    if len(set(keys)) < len(keys) or len(keys) < 2:
        names = ", ".join(sorted({key for key in keys if keys.count(key) > 1})) or "?"
        raise ModelRefused(
            "labels_repeated",
            es=f"{path.name} repite clases ({names}) o tiene menos de dos. Deje una línea por clase.",
            en=f"{path.name} repeats classes ({names}) or has fewer than two. Keep one line a class.",
        )
    return tuple(classes)


@dataclass(frozen=True)
class Order:
    """What photographs say of the order: ``proved``, ``contradicted`` or ``unproved``; and the order they support.

    ``best[i]`` is the index in labels.txt of the class that output i is.
    """

    finding: Literal["proved", "contradicted", "unproved"]
    best: tuple[int, ...]


def prove_order(predicted: NDArray[np.integer], truth: NDArray[np.integer], count: int) -> Order:
    """Find the order of the outputs that labelled photographs support.

    Each order predicts a label for each photograph; two orders are compared by the photographs on which only one of
    them is right (a sign test). The order in labels.txt is proved when it beats every other so. Another
    contradicts it when it beats it so, and no guess would be right as often under any order (Bonferroni).

    Args:
        predicted: (N,) the output that won; truth: (N,) the class by labels.txt; count: of classes.
    """
    hits = np.zeros((count, count))
    np.add.at(hits, (predicted, truth), 1)
    best = _assign(hits)
    given = tuple(range(count))
    if best != given:
        right = int((np.asarray(best)[predicted] == truth).sum())
        guessed = _chance(len(truth), right, count) * factorial(count)
        contradicted = guessed < _CERTAIN and _beats(best, given, predicted, truth)
        return Order("contradicted" if contradicted else "unproved", best)
    for output in range(count):  # the strongest rival has some output elsewhere: forbid each place in turn
        rival_hits = hits.copy()
        rival_hits[output, output] = -1e9
        if not _beats(given, _assign(rival_hits), predicted, truth):
            return Order("unproved", best)
    return Order("proved", best)


def _assign(hits: NDArray[np.float64]) -> tuple[int, ...]:
    # The tiny bonus keeps the order of labels.txt where photographs say nothing.
    _, columns = linear_sum_assignment(hits + 1e-6 * np.eye(len(hits)), maximize=True)
    return tuple(int(column) for column in columns)


def _beats(
    one: Sequence[int], other: Sequence[int], predicted: NDArray[np.integer], truth: NDArray[np.integer]
) -> bool:
    right, right_other = np.asarray(one)[predicted] == truth, np.asarray(other)[predicted] == truth
    wins, losses = int((right & ~right_other).sum()), int((right_other & ~right).sum())
    total = wins + losses
    return total > 0 and _chance(total, wins, 2) < _CERTAIN


def _chance(total: int, least: int, sides: int) -> float:
    """Probability that ``least`` or more of ``total`` throws of a fair die of ``sides`` show its first side."""
    return float(sum(comb(total, k) * (sides - 1) ** (total - k) for k in range(least, total + 1)) / sides**total)


def class_key(label: str) -> str | None:
    """The key of the class that a line of labels.txt, or a folder of photographs, names; None when it is not clear."""
    try:
        return _class(label).key
    except ModelRefused:
        return None


def condition_in(said: str) -> Condition | None:
    """The condition that the first word names, as in ``rotten_peaches`` or ``fresca``; None when it names none."""
    first = _plain(said).partition(" ")[0]
    return "unfit" if re.fullmatch(_BAD, first) else "fit" if re.fullmatch(_GOOD, first) else None


def _class(line: str) -> ClassInfo:
    name, _, meaning = (part.strip() for part in line.partition("="))
    name = re.sub(r"^\d+[\s:,.-]+", "", name)
    product, condition = _meaning(meaning or name, free=bool(meaning))
    if product == "other":
        return ClassInfo("other", None, None, {"es": name, "en": name})
    if product is None or condition is None:
        raise ModelRefused(
            "labels_not_understood",
            es=f"No se entiende la clase «{line}». Escríbala como «{name} = producto fit» o «{name} = producto unfit».",
            en=f"The class '{line}' is not understood. Write it as '{name} = product fit' or '{name} = product unfit'.",
        )
    return ClassInfo(f"{product}_{condition}", product, condition, {"es": name, "en": name})


def _meaning(text: str, free: bool) -> tuple[str | None, Condition | None]:
    """Product and condition. Every word must be understood: half a reading could take a class for its opposite.

    Args:
        free: the product may be any, as in ``mango unfit``.
    """
    plain = _plain(text)
    if re.fullmatch(_OTHER, plain):
        return "other", None
    for product, words in _PRODUCTS.items():
        conditions: tuple[tuple[Condition, str], ...] = (("unfit", _UNFIT), ("fit", _GOOD))
        for condition, signs in conditions:
            if re.fullmatch(rf"(?:{signs}) ?(?:{words})|(?:{words}) ?(?:{signs})", plain):
                return product, condition
    own = re.fullmatch(r"([a-z ]+) (fit|unfit)", plain) if free else None
    if own is None or own[1].split()[-1] in ("no", "not", "non"):
        return None, None
    return own[1].replace(" ", "_"), "unfit" if own[2] == "unfit" else "fit"


def _plain(text: str) -> str:
    """Small letters without accents, words parted by one space."""
    plain = unicodedata.normalize("NFKD", text.lower()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z]+", " ", plain).strip()
