"""`vistobueno inspect` and `draw`: find the photographs, judge them, print what came of it."""

import glob
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.composed import flat
from ..core.errors import DataRefused
from ..core.folders import is_photo_file, lies_beside, search
from ..i18n import certainty, say
from ..model.runtime import Model
from ..services.bulk import Outcome, inspect_many
from ..services.engine import cores
from ..services.spreadsheet import csv_line
from .model import tell_left_out

if TYPE_CHECKING:
    from rich.table import Table

_PAGE = 200  # rows of a table, printed when it is full: 20,000 photographs need no more memory than 200
_SIGNS = {"fit": "✔", "unfit": "✘", "review": "?", "refused": "!"}
_STYLES = {"fit": "bold green", "unfit": "bold red", "review": "bold yellow", "refused": "magenta"}
_COLUMNS = ("file", "answer", "product", "probability_unfit", "reasons", "forced", "class", "sha256", "error")


def run(paths: Sequence[str], form: str, heat_maps: Path | None, model: Model, jobs: int, language: str) -> int:
    """Judge and print; returns the exit code: 3 an error, 1 unfit, 2 review, 0 all fit."""
    found = {name: find_photos(name) for name in paths}
    files = list(dict.fromkeys(file for photos, _ in found.values() for file in photos))
    passed_over = {file for _, aside in found.values() for file in aside}.difference(files)
    tell_left_out({"passed_over": len(passed_over)}, language)
    empty = ", ".join(name for name, (photos, _) in found.items() if not photos)
    if not files:
        raise DataRefused("no_photos", es=say("es", "no_photos", paths=empty), en=say("en", "no_photos", paths=empty))
    if empty:  # the others are judged; what was asked for and is not there is an error all the same
        print(f"{say(language, 'error')}: {say(language, 'no_photos', paths=empty)}", file=sys.stderr)
    outcomes = inspect_many(map(Path, files), model, jobs=jobs or cores(), keep_photos=heat_maps is not None)
    if heat_maps is not None:
        outcomes = _with_heat_maps(outcomes, heat_maps)
    if sys.stderr.isatty() and len(files) > 1:
        outcomes = _with_progress(outcomes, len(files), language)
    counts: Counter[str] = Counter()
    printers = {"json": _print_json, "csv": _print_csv, "table": _print_table}
    printers[form](_counted(outcomes, counts), language)
    if form == "table":
        print(say(language, "summary", **{key: counts[key] for key in _SIGNS}))
        if counts.total() > counts["refused"]:
            print(say(language, "camera_unmeasured" if model.calibration is None else "camera_commissioned"))
    return 3 if counts["refused"] or empty else 1 if counts["unfit"] else 2 if counts["review"] else 0


def run_draw(folder: Path | None, model: Model, language: str) -> None:
    """Draw pictures, say that they are drawn, judge them."""
    from .drawn import write_samples

    with tempfile.TemporaryDirectory(prefix="vistobueno-draw-") as temporary:
        target = folder or Path(temporary)
        write_samples(target, per_class=2, seed=1)
        print(say(language, "draw_note"))
        if folder is not None:
            print(say(language, "draw_folder", folder=folder))
        run([str(target)], "table", None, model, 0, language)


def find_photos(named: str) -> tuple[list[str], list[str]]:
    """The photographs that a name stands for, each once, in order; and the files that were passed over for them.

    A file is taken as it is named; of a folder (at any depth), and of what a pattern matches, photographs are. Names,
    not paths: of those, a folder of 20,000 photographs would hold 10 MB.
    """
    if os.path.isdir(named):  # noqa: PTH112 Path's own raises where the name is too long
        found = list(search(str(Path(named))))
    elif glob.has_magic(named) and not os.path.lexists(named):
        found = list(_matched(named))
    else:
        return [str(Path(named))], []
    photos = dict.fromkeys(file for file, is_one in found if is_one)
    return list(photos), [file for file, is_one in found if not is_one]


def _matched(pattern: str) -> Iterator[tuple[str, bool]]:
    fixed = sum(1 for _ in takewhile(lambda part: not glob.has_magic(part), Path(pattern).parts))
    for match in sorted(glob.glob(pattern, recursive=True)):  # noqa: PTH207 a pattern may be absolute
        parts = Path(match).parts[fixed:]
        wanted = not lies_beside(*(part for part in parts if not part.startswith(".")))  # a dot was asked for by itself
        files = search(str(Path(match))) if os.path.isdir(match) else [(str(Path(match)), is_photo_file(match))]  # noqa: PTH112
        yield from ((file, wanted and is_one) for file, is_one in files)


def as_row(outcome: Outcome, language: str) -> dict[str, Any]:
    """One outcome as flat, printable values: the columns of the CSV and the keys of the JSON."""
    verdict, error = outcome.verdict, outcome.error
    row = dict.fromkeys(_COLUMNS) | {"file": str(outcome.path).encode("utf-8", "replace").decode()}
    if verdict is None:
        message = error.message(language) if error else ""
        return row | {"answer": "refused", "error": error.code if error else None, "message": message}
    said = {name: _rounded(value) for name, value in flat(verdict).items()}
    said |= {"product": verdict.recognised_product, "class": said.pop("class_key"), "sha256": outcome.sha256}
    return row | said


def _rounded(value: Any) -> Any:
    """Six digits, which are more than anything here is sure of."""
    if isinstance(value, Mapping):
        return {key: round(each, 6) for key, each in value.items()}
    return round(value, 6) if isinstance(value, float) else list(value) if isinstance(value, tuple) else value


def _counted(outcomes: Iterable[Outcome], counts: Counter[str]) -> Iterator[Outcome]:
    for outcome in outcomes:
        counts[outcome.verdict.answer if outcome.verdict else "refused"] += 1
        yield outcome


def _print_json(outcomes: Iterable[Outcome], language: str) -> None:
    for outcome in outcomes:
        print(json.dumps(as_row(outcome, language), ensure_ascii=False))


def _print_csv(outcomes: Iterable[Outcome], language: str) -> None:
    sys.stdout.write(csv_line(_COLUMNS, "\n"))
    for outcome in outcomes:
        row = as_row(outcome, language)
        row["reasons"] = " ".join(row["reasons"] or ())
        sys.stdout.write(csv_line((row[name] for name in _COLUMNS), "\n"))


def _print_table(outcomes: Iterable[Outcome], language: str) -> None:
    from rich.console import Console

    remaining = iter(outcomes)
    while page := list(islice(remaining, _PAGE)):
        Console().print(_table(page, language))


def _table(outcomes: Iterable[Outcome], language: str) -> "Table":
    from rich.table import Column, Table
    from rich.text import Text

    table = Table(Column(say(language, "photo"), overflow="fold"))  # a name cut short names nothing
    for name in ("answer", "product", "probability_unfit", "reasons"):
        table.add_column(say(language, name))
    for outcome in outcomes:
        row = as_row(outcome, language)
        answer = Text(f"{_SIGNS[row['answer']]} {say(language, row['answer'])}", _STYLES[row["answer"]])
        if outcome.verdict is None:
            table.add_row(Text(row["file"]), answer, "", "", Text(row["message"]))
            continue
        reasons = "; ".join(say(language, reason) for reason in row["reasons"])
        product = _name_of(row["product"], language) if row["product"] else "—"
        sure = certainty(outcome.verdict.probability_unfit, language).replace("\u00a0", " ")  # ASCII has none
        table.add_row(Text(row["file"]), answer, product, sure, Text(reasons))
    return table


def _name_of(product: str, language: str) -> str:
    try:
        return say(language, product)
    except KeyError:  # a product of a foreign model
        return product


def _with_progress(outcomes: Iterable[Outcome], total: int, language: str) -> Iterator[Outcome]:
    from rich.console import Console
    from rich.progress import Progress

    # Redirected, what is printed meanwhile goes where the bar is, to standard error: right on a terminal alone.
    with Progress(console=Console(stderr=True), transient=True, redirect_stdout=sys.stdout.isatty()) as progress:
        yield from progress.track(outcomes, total, description=say(language, "judging"))


def _with_heat_maps(outcomes: Iterable[Outcome], folder: Path) -> Iterator[Outcome]:
    from ..core.heat_map import overlay

    folder.mkdir(parents=True, exist_ok=True)
    for number, outcome in enumerate(outcomes, 1):
        if outcome.photo is not None and outcome.verdict is not None and outcome.verdict.activation is not None:
            image = overlay(outcome.photo.pixels, outcome.verdict.activation)
            stem = os.fsdecode(os.fsencode(outcome.path.stem)[:240])  # of a name that has 255 bytes already
            image.save(folder / f"{number:05d}-{stem}.jpg", quality=88)
        yield outcome
