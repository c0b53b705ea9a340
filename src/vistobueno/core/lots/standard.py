"""A standard as data: its limits, classes and defects, with source, edition and what of it somebody has read.

Figures are facts; no sentence of a standard is kept. A person's own copy is read like those that come with the program.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from ..defects import SEVERITIES, Severity

Kind = Literal["quality", "condition"]
Counted = Literal["defective", "below_next", "decay", "size"]


@dataclass(frozen=True)
class Words:
    """A name or a remark in both languages."""

    es: str
    en: str

    def said(self, language: str) -> str:
        """In ``language`` (``es`` or ``en``; anything else gives Spanish)."""
        return self.en if language == "en" else self.es


@dataclass(frozen=True)
class Limit:
    """What a limit counts: fruit with any finding that is one of ``of`` and, where they are given, of these sorts.

    Attributes:
        of: ``defective``, not good enough for the class; ``below_next``, nor for the class after it; ``decay``; ``size``,
            out of size, which is counted apart.
        kind, defects, severities: further conditions on the finding; empty or None: any.
    """

    key: str
    name: Words
    of: tuple[Counted, ...]
    kind: Kind | None = None
    defects: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()


@dataclass(frozen=True)
class Figure:
    """How much of what a limit counts a class bears.

    Attributes:
        share: of the fruit looked at, in the whole lot.
        package: of the fruit looked at in any one package; None: the standard says nothing of it.
        package_fruit: fruit that any package may have, whatever its share comes to.
        confirmed: somebody has read the figures in the document; False: they are believed.
    """

    share: float
    confirmed: bool
    package: float | None = None
    package_fruit: int = 0


@dataclass(frozen=True)
class GradeClass:
    """A class, and what it bears by the key of each limit."""

    key: str
    name: Words
    figures: Mapping[str, Figure]


@dataclass(frozen=True)
class Grade:
    """The best class that bears a defect of one severity, and how large that defect is.

    Attributes:
        best: its key; None: no class.
        cm, cm2: length and area up to which the severity reaches, where the standard says so.
        confirmed: as in `Figure`.
    """

    best: str | None
    confirmed: bool
    cm: float | None = None
    cm2: float | None = None


@dataclass(frozen=True)
class DefectRule:
    """A defect as the standard sees it.

    Attributes:
        key: of `core.defects` or the standard's own.
        name: of the standard's own; None: that of the texts ``defect_KEY``.
        grades: by severity; one that is not listed is like the next worse one, and borne by no class where there is none.
        kind: ``quality`` stays as it is, ``condition`` grows worse on the way.
        decay: fruit with it count as decayed.
    """

    key: str
    kind: Kind
    grades: Mapping[Severity, Grade]
    decay: bool = False
    name: Words | None = None

    def grade(self, severity: Severity) -> Grade | None:
        """What the standard says of it when it is so bad; None: no class bears it."""
        worse = SEVERITIES[SEVERITIES.index(severity) :]
        return next((self.grades[each] for each in worse if each in self.grades), None)


@dataclass(frozen=True)
class Standard:
    """A standard, of one edition.

    Attributes:
        version: 1, 2, 3 … of this file; a lot keeps the version and the digest that judged it.
        products: keys that it was written for.
        edition: empty where nobody wrote down which was read.
        fewest_fruit: without which nothing is decided; 0: the standard says nothing of it.
        classes: the best first.
    """

    key: str
    version: int
    products: tuple[str, ...]
    name: Words
    source: str
    limits: tuple[Limit, ...]
    classes: tuple[GradeClass, ...]
    defects: tuple[DefectRule, ...]
    edition: str = ""
    note: Words | None = None
    fewest_fruit: int = 0

    @property
    def confirmed(self) -> bool:
        """Whether every figure of it is."""
        return all(figure.confirmed for each in self.classes for figure in each.figures.values()) and all(
            grade.confirmed for each in self.defects for grade in each.grades.values()
        )

    def tells_apart(self, rule: DefectRule) -> bool:
        """Whether it matters how bad a defect of ``rule`` is."""
        named = [
            each
            for each in self.limits
            if each.severities and each.kind in (None, rule.kind) and (not each.defects or rule.key in each.defects)
        ]
        outcomes = set()
        for severity in SEVERITIES:
            grade = rule.grade(severity)
            best = grade.best if grade else None
            outcomes.add((best, *(severity in each.severities for each in named if best != self.classes[0].key)))
        return len(outcomes) > 1

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of its content, whatever the spacing or the order of keys in its file."""
        text = json.dumps(self.document(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def document(self) -> dict[str, Any]:
        """What `standard_of` reads, as JSON takes it; what is empty or zero is left out."""
        return {
            "key": self.key,
            "version": self.version,
            "products": list(self.products),
            "name": _words(self.name),
            "source": self.source,
            **_kept(edition=self.edition, note=self.note and _words(self.note), fewest_fruit=self.fewest_fruit),
            "limits": [
                {
                    "key": each.key,
                    "name": _words(each.name),
                    "of": list(each.of),
                    **_kept(kind=each.kind, defects=list(each.defects), severities=list(each.severities)),
                }
                for each in self.limits
            ],
            "classes": [
                {
                    "key": each.key,
                    "name": _words(each.name),
                    "figures": {
                        limit: {
                            "share": float(figure.share),
                            "confirmed": figure.confirmed,
                            **({} if figure.package is None else {"package": float(figure.package)}),
                            **_kept(package_fruit=figure.package_fruit),
                        }
                        for limit, figure in each.figures.items()
                    },
                }
                for each in self.classes
            ],
            "defects": [
                {
                    "key": each.key,
                    "kind": each.kind,
                    **_kept(decay=each.decay, name=each.name and _words(each.name)),
                    "grades": {
                        severity: {
                            "best": grade.best,
                            "confirmed": grade.confirmed,
                            **_kept(cm=grade.cm and float(grade.cm), cm2=grade.cm2 and float(grade.cm2)),
                        }
                        for severity, grade in each.grades.items()
                    },
                }
                for each in self.defects
            ],
        }


def severities_asked(standards: Iterable[Standard]) -> dict[str, dict[Severity, dict[str, float]]]:
    """The defects of which a person is asked how bad they are, and how large each severity may be, by the first that says.

    A severity without a size has an empty object.
    """
    asked: dict[str, dict[Severity, dict[str, float]]] = {}
    for standard in standards:
        for rule in standard.defects:
            if standard.tells_apart(rule):
                sizes = {each: _sizes(rule.grades.get(each)) for each in SEVERITIES}
                if not any(asked.get(rule.key, {}).values()):
                    asked[rule.key] = sizes
    return asked


def _sizes(grade: Grade | None) -> dict[str, float]:
    return {name: size for name, size in (("cm", grade and grade.cm), ("cm2", grade and grade.cm2)) if size}


def _words(words: Words) -> dict[str, str]:
    return {"es": words.es, "en": words.en}


def _kept(**values: object) -> dict[str, object]:
    return {key: value for key, value in values.items() if value}
