"""Inspections as rows: the columns are the plain values of `Inspection`, and the last word that a person said on it."""

from collections.abc import Callable, Iterator
from datetime import datetime

from ..core.composed import flat, leaves
from ..core.inspection import Inspection, Page
from ..i18n import say, word
from .spreadsheet import csv_line

Value = str | int | float | datetime | None
_HIDDEN = {"evidence", "probabilities", "actor_id"}
_NAMES = tuple(leaf.name for leaf in leaves(Inspection) if leaf.name not in _HIDDEN)
_REVIEW = ("review", "reviewer", "reviewed_at", "note")
_WORDS = {"answer", "forced", "product", "reasons", "source", "actor_kind"}


def columns(language: str) -> list[str]:
    """What the columns are called."""
    return [say(language, f"inspection_{name}") for name in (*_NAMES, *_REVIEW)]


def row(inspection: Inspection, language: str) -> list[Value]:
    """The values of one inspection, in the order of the columns; words in the language."""
    said = inspection.reviews[-1] if inspection.reviews else None  # the last word counts
    reviewed = (_word("answer", said.answer, language), said.actor.name, said.at, said.note) if said else (None,) * 4
    return [*(value for _, value in facts(inspection, language)), *reviewed]


def facts(inspection: Inspection, language: str) -> list[tuple[str, Value]]:
    """Every plain value of an inspection that is for people, by its flat name."""
    values = {**flat(inspection), "product": inspection.verdict.recognised_product or "—"}
    return [(name, _shown(name, values[name], language)) for name in _NAMES]


def csv_lines(pages: Callable[[str | None], Page[Inspection]], language: str) -> Iterator[str]:
    """The table's lines, its heading first; a spreadsheet takes them as UTF-8 and runs nothing in them."""
    yield "\ufeff" + csv_line(columns(language))
    after: str | None = None
    while True:
        page = pages(after)
        for each in page.items:
            yield csv_line(map(_written, row(each, language)))
        if page.next is None:
            return
        after = page.next


def _shown(name: str, value: object, language: str) -> Value:
    if isinstance(value, tuple):
        return "; ".join(_word(name, each, language) for each in value)
    if isinstance(value, str) and name in _WORDS:
        return _word(name, value, language)
    return value  # type: ignore[return-value]


def _word(name: str, value: str, language: str) -> str:
    """A word in the language; one that this program has none for, such as a foreign model's product, as it is."""
    key = f"ui_source_{value}" if name == "source" else f"ui_kind_{value}" if name == "actor_kind" else value
    return word(language, key, value)


def _written(value: Value) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return f"{value:.4f}" if isinstance(value, float) else "" if value is None else str(value)
