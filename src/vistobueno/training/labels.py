"""What people call the classes, in labels.txt, folders and tables, by one rule; and the proof that labels.txt is in order."""

import codecs
import json
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import comb, factorial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..core.classes import ClassInfo
from ..core.errors import ModelRefused
from ..core.verdict import Condition

OTHER = "other"
_PRODUCTS = {
    "apple": r"apples?|manzanas?",
    "banana": r"bananas?|bananos?|platanos?|guineos?|cambur(?:es)?",
    "orange": r"oranges?|naranjas?",
}
_GOOD = r"fit|fresh|good|healthy|apt[ao]s?|fresc[ao]s?|san[ao]s?|buen[ao]?s?"
_BAD = r"rotten|bad|spoiled|stale|decayed|damaged|podrid[ao]s?|mal[ao]s?|danad[ao]s?|defectuos[ao]s?|estropead[ao]s?"
_NOT = r"un|in|no|not|non"
_UNFIT = rf"{_BAD}|(?:{_NOT}) ?(?:{_GOOD})"  # tried before _GOOD: "no apta" must never be read as "apta"
_CONDITIONS: tuple[tuple[Condition, str], ...] = (("unfit", _UNFIT), ("fit", _GOOD))
_OTHER = (
    r"others?|otr[ao]s?(?: cosas?)?|background|fondo|unknown|desconocid[ao]s?|strangers?|extran[ao]s?"
    r"|something else|out of scope"
)
_OWN = rf"(.+?) ((?:(?:{_NOT}) ?)?(?:fit|apt[ao]s?))"  # any product, which these words alone may follow
_ALL = ("el producto y la condición", "its product and condition")
_AROUND = "\ufeff\"'`,; \t"
_SHOWN, _LONGEST = 20, 80  # labels that a refusal lists, letters of each
_CERTAIN = 1e-3  # probability below which chance is no explanation


@dataclass(frozen=True)
class Meanings:
    """What somebody says of a labels.txt whose lines do not say it themselves.

    Attributes:
        product: what lines are of that name none.
        fit, unfit: the names, as in labels.txt, of what is fit and of what is not.
    """

    product: str | None = None
    fit: Sequence[str] = ()
    unfit: Sequence[str] = ()

    def conditions(self) -> dict[str, Condition]:
        """The condition of each name."""
        said: list[tuple[Condition, Sequence[str]]] = [("fit", self.fit), ("unfit", self.unfit)]
        return {_words(_name(name)): condition for condition, names in said for name in names}


def read_labels(path: Path, meanings: Meanings = Meanings()) -> tuple[ClassInfo, ...]:
    """Read the classes, one a line, in the model's order; or a JSON list, or a JSON table of names and places.

    Understood: ``apple_fit``, ``freshapples``, ``rottenbanana``, ``0 naranja podrida``, ``mango unfit``, ``other``; for
    anything else ``name = product fit`` or ``name = product unfit``, or ``meanings``.

    Raises:
        ModelRefused: ``labels_missing``, ``labels_not_understood``, ``labels_contradicted``, ``labels_not_there``,
            ``product_not_understood`` or ``labels_repeated``.
    """
    if not path.is_file():
        raise ModelRefused("labels_missing", es=f"No existe {path}. Escriba un labels.txt con una clase por línea.",
                           en=f"There is no {path}. Write a labels.txt with one class per line.")  # fmt: skip
    lines = _lines(decoded(path.read_bytes()))
    told = meanings.conditions()
    if absent := sorted(told.keys() - {_words(_name(line)) for line in lines}):
        raise _not_there(path, absent, lines)
    product = None if meanings.product is None else _product(meanings.product)
    read = [_class(line, _vocabulary([product] if product else []), product, told) for line in lines]
    classes = [each for each in read if each is not None]
    if len(classes) < len(lines):
        raise _not_understood(path, [line for line, each in zip(lines, read, strict=True) if each is None])
    keys = [each.key for each in classes]
    if len(set(keys)) < len(keys) or len(keys) < 2:
        names = ", ".join(sorted({key for key in keys if keys.count(key) > 1})) or "?"
        raise ModelRefused(
            "labels_repeated",
            es=f"{path.name} repite clases ({names}) o tiene menos de dos. Deje una línea por clase.",
            en=f"{path.name} repeats classes ({names}) or has fewer than two. Keep one line per class.",
        )
    return tuple(classes)


def class_key(label: str, classes: Sequence[ClassInfo] = ()) -> str | None:
    """The key of the class that a label, or a folder of photographs, names; None when it is not clear.

    Args:
        classes: of a model, whose own names and products are understood too.
    """
    own = {_words(name): each.key for each in classes for name in (each.key, *each.names.values())}
    found = _class(label, _vocabulary([each.product for each in classes if each.product]))
    return own.get(_words(_name(label))) or (found.key if found else None)


def condition_in(said: str) -> Condition | None:
    """The condition that the first word names, as in ``rotten_peaches`` or ``fresca``; None when it names none."""
    first = _words(said).partition(" ")[0]
    return "unfit" if re.fullmatch(_BAD, first) else "fit" if re.fullmatch(_GOOD, first) else None


def listed(labels: Sequence[str]) -> str:
    """Labels in a sentence; of very many the first, and how many more."""
    shown = ", ".join(each[:_LONGEST] for each in labels[:_SHOWN])
    return shown if len(labels) <= _SHOWN else f"{shown}, … (+{len(labels) - _SHOWN})"


def decoded(data: bytes) -> str:
    """The text of a file as editors and spreadsheets save it."""
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return data.decode("utf-16", errors="replace")
    if data[1:2] == b"\0":
        return data.decode("utf-16-le", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _lines(text: str) -> list[str]:
    try:
        names = _listed_in(json.loads(text))
    except (ValueError, RecursionError):
        names = text.splitlines()
    return [line.strip() for line in names if line.strip()]


def _listed_in(found: Any) -> list[str]:
    """The names in order, of ``{"apple_fit": 0}``, ``{"0": "apple_fit"}``, ``["apple_fit"]`` or ``{"labels": […]}``."""
    if isinstance(found, dict) and isinstance(found.get("labels"), list):
        found = found["labels"]
    if isinstance(found, dict) and all(type(place) is int for place in found.values()):
        return sorted(found, key=found.__getitem__)
    if isinstance(found, dict) and all(key.isdecimal() for key in found):
        return [str(found[key]) for key in sorted(found, key=int)]
    if isinstance(found, list) and all(isinstance(name, str) for name in found):
        return found
    raise ValueError("no list of names")


def _class(
    line: str,
    vocabulary: Mapping[str, str],
    product: str | None = None,
    told: Mapping[str, Condition] = {},
) -> ClassInfo | None:
    """The class that a line means; None when it is not clear.

    Args:
        product: of a line that names none; told: the condition by name, which a line may not contradict.
    """
    name, own, condition = _read(line, vocabulary)
    if own == OTHER:
        return ClassInfo(OTHER, None, None, {"es": name, "en": name})
    said = told.get(_words(name))
    if said and condition and said != condition:
        raise ModelRefused(
            "labels_contradicted",
            es=f"«{line}» dice lo contrario que --{said}. Corrija una de las dos cosas.",
            en=f"'{line}' says the opposite of --{said}. Correct one of the two.",
        )
    condition = said or condition
    own = own or (product if condition else None)
    if own is None or condition is None:
        return None
    return ClassInfo(f"{own}_{condition}", own, condition, {"es": name, "en": name})


def _read(line: str, vocabulary: Mapping[str, str]) -> tuple[str, str | None, Condition | None]:
    """Name, product and condition of a line ``name`` or ``name = meaning``."""
    name, _, meaning = line.partition("=")
    name, meaning = _name(name), meaning.strip()
    return (name, *_meaning(meaning or name, vocabulary, free=bool(meaning)))


def _name(line: str) -> str:
    """A line's name without the number before it, or what else a list puts around it."""
    return re.sub(r"^\d+[\s:;,.)_-]+", "", line.partition("=")[0].strip(_AROUND)).strip(_AROUND)


def _meaning(text: str, vocabulary: Mapping[str, str], free: bool) -> tuple[str | None, Condition | None]:
    """Product and condition. Every word must be understood: half a reading could take a class for its opposite.

    Args:
        free: the product may be any, as in ``red apple unfit``.
    """
    words = _words(text)
    plain = " ".join(re.sub(r"\d+", " ", words).split())
    if re.fullmatch(_OTHER, plain):
        return OTHER, None
    for condition, signs in _CONDITIONS:
        if re.fullmatch(signs, plain):
            return None, condition
        for product, names in vocabulary.items():
            if re.fullmatch(rf"(?:{signs}) ?(?:{names})|(?:{names}) ?(?:{signs})", plain):
                return product, condition
    for product, names in vocabulary.items():
        if re.fullmatch(names, plain):
            return product, None
    own = re.fullmatch(_OWN, words)
    if own is None or not _may_be_product(own[1], () if free or re.fullmatch(r"\w+", text) else vocabulary.values()):
        return None, None
    return own[1].replace(" ", "_"), "fit" if re.fullmatch(_GOOD, own[2]) else "unfit"


def _may_be_product(words: str, known: Collection[str]) -> bool:
    """Whether words name a product: none of them means anything else, or is one of the products ``known``."""
    taken = "|".join((_GOOD, _BAD, _NOT, _OTHER, *known))
    return not words.isdecimal() and not any(re.fullmatch(taken, word) for word in words.split())


def _product(said: str) -> str:
    words = _words(said)
    for product, names in _PRODUCTS.items():
        if re.fullmatch(names, words):
            return product
    if not words or not _may_be_product(words, ()):
        raise ModelRefused(
            "product_not_understood",
            es=f"«{said}» no es un producto. Escriba solo su nombre, como en --product apple.",
            en=f"'{said}' is not a product. Write its name alone, as in --product apple.",
        )
    return words.replace(" ", "_")


def _vocabulary(products: Sequence[str]) -> dict[str, str]:
    """The words for each product, these among them."""
    return {**{each: f"{re.escape(_words(each))}s?" for each in products if _words(each)}, **_PRODUCTS}


def _words(text: str) -> str:
    """Small letters and digits without accents, words parted by one space, also those of ``BananaFit``."""
    parted = re.sub(r"(?<=[^\W\d_A-Z])(?=[A-Z])", " ", text)
    plain = "".join(
        each for each in unicodedata.normalize("NFKD", parted.casefold()) if not unicodedata.combining(each)
    )
    return " ".join(re.findall(r"[^\W_]+", plain))


def _not_there(path: Path, absent: Sequence[str], lines: Sequence[str]) -> ModelRefused:
    return ModelRefused(
        "labels_not_there",
        es=f"{path.name} no tiene {listed(absent)}; tiene {listed(lines)}. Corrija --fit o --unfit.",
        en=f"{path.name} does not have {listed(absent)}; it has {listed(lines)}. Correct --fit or --unfit.",
    )


def _not_understood(path: Path, lines: Sequence[str]) -> ModelRefused:
    """All lines that are not clear, and what each lacks."""
    read = [_read(line, _PRODUCTS) for line in lines]
    lacks = [
        ("la condición", "its condition") if product else ("el producto", "its product") if condition else _ALL
        for _, product, condition in read
    ]
    es, en = (
        listed([f"{line[: _LONGEST // 2]} ({lack[place]})" for line, lack in zip(lines, lacks, strict=True)])
        for place in (0, 1)
    )
    name = _name(lines[0])[:_LONGEST]
    return ModelRefused(
        "labels_not_understood",
        es=f"En {path.name} no se entiende (entre paréntesis, lo que falta): {es}. Indique el producto y los nombres "
        "de lo que no es apto, o lo es, como en --product apple --unfit Rotten --fit Fresh; o escriba "
        f"«{name} = producto fit» o «{name} = producto unfit».",
        en=f"Not understood in {path.name} (what is missing is in brackets): {en}. Give the product and the labels "
        "that are unfit, or fit, as in --product apple --unfit Rotten --fit Fresh; or write "
        f"'{name} = product fit' or '{name} = product unfit'.",
    )


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
    from scipy.optimize import linear_sum_assignment  # where models are served there is no scipy

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
