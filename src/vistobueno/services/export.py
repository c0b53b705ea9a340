"""Inspections as a CSV table, page by page: a million rows need no more memory than one page."""

from collections.abc import Callable, Iterator

from ..core.inspection import Inspection, Page
from ..i18n import say
from .spreadsheet import csv_line

_COLUMNS = (
    "number", "at", "answer", "reasons", "product", "probability_unfit", "filename", "source", "actor", "actor_kind",
    "model", "review", "defects", "reviewer", "reviewed_at", "note", "sha256", "digest",
)  # fmt: skip
_KNOWN = {
    "fit",
    "unfit",
    "review",
    "other",
    "retake",
    "uncertain",
    "out_of_scope",
    "poor_photo",
    "apple",
    "banana",
    "orange",
}


def csv_lines(pages: Callable[[str | None], Page[Inspection]], language: str) -> Iterator[str]:
    """The table's lines, its heading first; a spreadsheet takes them as UTF-8 and runs nothing in them."""
    yield "\ufeff" + csv_line([say(language, f"station_csv_{name}") for name in _COLUMNS])
    after: str | None = None
    while True:
        page = pages(after)
        for each in page.items:
            yield csv_line(_row(each, language))
        if page.next is None:
            return
        after = page.next


def _row(each: Inspection, language: str) -> list[str]:
    said = each.reviews[-1] if each.reviews else None  # the last word counts
    return [
        str(each.number),
        each.at.isoformat(timespec="seconds"),
        _word(each.answer, language),
        "; ".join(_word(reason, language) for reason in each.reasons),
        _word(each.recognised_product, language) if each.recognised_product else "—",
        f"{each.probability_unfit:.4f}",
        each.filename or "",
        say(language, f"ui_source_{each.source}"),
        each.actor.name,
        say(language, f"ui_kind_{each.actor.kind}"),
        f"{each.model_name} {each.model_version}",
        _word(said.answer, language) if said else "",
        "; ".join(say(language, f"defect_{defect}") for defect in said.defects) if said else "",
        said.actor.name if said else "",
        said.at.isoformat(timespec="seconds") if said else "",
        said.note if said else "",
        each.photo_sha256,
        each.model_digest,
    ]


def _word(key: str, language: str) -> str:
    return say(language, key) if key in _KNOWN else key
