"""Inspections as the rows of a table, page by page: a million need no more memory than one page."""

from collections.abc import Callable, Iterator

from ..core.inspection import Inspection, Page
from ..i18n import say
from .spreadsheet import Cell

_COLUMNS = (
    "number", "at", "answer", "reasons", "product", "probability_unfit", "filename", "source", "actor", "actor_kind",
    "model", "review", "reviewer", "reviewed_at", "note", "sha256", "digest",
)  # fmt: skip
_KNOWN = {"fit", "unfit", "review", "uncertain", "out_of_scope", "poor_photo", "apple", "banana", "orange"}


def heading(language: str, zone: str = "UTC") -> list[str]:
    """The names of the columns; those of moments say whose clock."""
    return [say(language, f"station_csv_{name}", zone=zone) for name in _COLUMNS]


def rows(pages: Callable[[str | None], Page[Inspection]], language: str) -> Iterator[list[Cell]]:
    """A row for each inspection; ``pages`` gives the page after a cursor."""
    after: str | None = None
    while True:
        page = pages(after)
        for each in page.items:
            yield _row(each, language)
        if page.next is None:
            return
        after = page.next


def _row(each: Inspection, language: str) -> list[Cell]:
    said = each.reviews[-1] if each.reviews else None  # the last word counts
    return [
        each.number,
        each.at,
        _word(each.answer, language),
        "; ".join(_word(reason, language) for reason in each.reasons),
        _word(each.recognised_product, language) if each.recognised_product else "—",
        float(each.probability_unfit),
        each.filename,
        say(language, f"ui_source_{each.source}"),
        each.actor.name,
        say(language, f"ui_kind_{each.actor.kind}"),
        f"{each.model_name} {each.model_version}",
        _word(said.answer, language) if said else None,
        said.actor.name if said else None,
        said.at if said else None,
        said.note if said else None,
        each.photo_sha256,
        each.model_digest,
    ]


def _word(key: str, language: str) -> str:
    return say(language, key) if key in _KNOWN else key
