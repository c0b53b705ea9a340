"""Inspections as rows: the columns are the plain values of `Inspection`, and the last word that a person said on it."""

from collections.abc import Callable, Iterator
from datetime import datetime

from ..core.composed import flat, leaves
from ..core.inspection import Inspection, Page
from ..i18n import say, word
from .spreadsheet import Cell

_HIDDEN = {"evidence", "probabilities", "actor_id"}
_NAMES = tuple(leaf.name for leaf in leaves(Inspection) if leaf.name not in _HIDDEN)
_MOMENTS = {leaf.name for leaf in leaves(Inspection) if leaf.kind is datetime} | {"reviewed_at"}
_REVIEW = ("review", "defects", "reviewer", "reviewed_at", "note")
_WORDS = {"answer", "forced", "product", "reasons", "source", "actor_kind"}


def heading(language: str, zone: str = "UTC") -> list[str]:
    """What the columns are called; those of moments say by whose clock."""
    return [
        say(language, f"inspection_{name}") + (f" ({zone})" if name in _MOMENTS else "") for name in (*_NAMES, *_REVIEW)
    ]


def rows(pages: Callable[[str | None], Page[Inspection]], language: str) -> Iterator[list[Cell]]:
    """A row for each inspection; ``pages`` gives the page after a cursor, so that a million need no more than one page."""
    after: str | None = None
    while True:
        page = pages(after)
        for each in page.items:
            yield _row(each, language)
        if page.next is None:
            return
        after = page.next


def _row(inspection: Inspection, language: str) -> list[Cell]:
    said = inspection.reviews[-1] if inspection.reviews else None  # the last word counts
    facts_ = [value for _, value in facts(inspection, language)]
    defects = "; ".join(_defect(*each, language) for each in inspection.defects.items())
    if said is None:
        return [*facts_, None, defects or None, None, None, None]
    return [*facts_, _word("answer", said.answer, language), defects, said.actor.name, said.at, said.note]


def _defect(defect: str, severity: str | None, language: str) -> str:
    """A defect and, where somebody said so, how bad it is."""
    words = say(language, f"defect_{defect}")
    return words if severity is None else f"{words} ({say(language, f'severity_{severity}')})"


def facts(inspection: Inspection, language: str) -> list[tuple[str, Cell]]:
    """Every plain value of an inspection that is for people, by its flat name."""
    values = {**flat(inspection), "product": inspection.verdict.recognised_product or "—"}
    return [(name, _shown(name, values[name], language)) for name in _NAMES]


def _shown(name: str, value: object, language: str) -> Cell:
    if isinstance(value, tuple):
        return "; ".join(_word(name, each, language) for each in value)
    if isinstance(value, str) and name in _WORDS:
        return _word(name, value, language)
    return value  # type: ignore[return-value]


def _word(name: str, value: str, language: str) -> str:
    """A word in the language; one that this program has none for, such as a foreign model's product, as it is."""
    key = f"ui_source_{value}" if name == "source" else f"ui_kind_{value}" if name == "actor_kind" else value
    return word(language, key, value)
