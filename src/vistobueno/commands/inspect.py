"""`vistobueno inspect` and `demo`: find the photographs, judge them, print what came of it."""

import csv
import glob
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ..bulk.pool import Outcome, inspect_many
from ..errors import VistoBuenoError
from ..model.runtime import Model
from ..texts import say

_ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif"}
_SIGNS = {"fit": "✔", "unfit": "✘", "review": "?", "refused": "!"}
_STYLES = {"fit": "bold green", "unfit": "bold red", "review": "bold yellow", "refused": "magenta"}
_COLUMNS = ("file", "answer", "product", "probability_unfit", "reasons", "forced", "class", "sha256", "error")


class NoPhotos(VistoBuenoError):
    """Nothing to judge was found."""


def run(paths: Sequence[str], form: str, heat_maps: Path | None, model: Model, jobs: int, language: str) -> int:
    """Judge and print; returns the exit code: 3 an error, 1 unfit, 2 review, 0 all fit."""
    files = find_photos(paths)
    if not files:
        names = ", ".join(paths)
        raise NoPhotos("no_photos", es=say("es", "no_photos", paths=names), en=say("en", "no_photos", paths=names))
    jobs = jobs or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else jobs or os.cpu_count() or 1
    outcomes = inspect_many(files, model, jobs=jobs, keep_photos=heat_maps is not None)
    if heat_maps is not None:
        outcomes = _with_heat_maps(outcomes, heat_maps)
    if sys.stderr.isatty() and len(files) > 1:
        from rich.console import Console
        from rich.progress import track

        console = Console(stderr=True)
        outcomes = iter(track(outcomes, say(language, "judging"), len(files), console=console, transient=True))
    counts: Counter[str] = Counter()
    printers = {"json": _print_json, "csv": _print_csv, "table": _print_table}
    printers[form](_counted(outcomes, counts), language)
    if form == "table":
        print(say(language, "summary", **{key: counts[key] for key in _SIGNS}))
    return 3 if counts["refused"] else 1 if counts["unfit"] else 2 if counts["review"] else 0


def run_demo(folder: Path | None, model: Model, language: str) -> None:
    """Draw pictures, say that they are drawn, judge them."""
    from ..drawn import write_samples

    with tempfile.TemporaryDirectory(prefix="vistobueno-demo-") as temporary:
        target = folder or Path(temporary)
        write_samples(target, per_class=2, seed=1)
        print(say(language, "demo_note"))
        if folder is not None:
            print(say(language, "demo_folder", folder=folder))
        run([str(target)], "table", None, model, 0, language)


def find_photos(paths: Iterable[str]) -> list[Path]:
    """Files as named, photographs in folders (at any depth), and what patterns match; each once, in order."""
    found: dict[Path, None] = {}
    for name in paths:
        path = Path(name)
        if path.is_dir():
            inside = (file for file in sorted(path.rglob("*")) if file.suffix.lower() in _ENDINGS and file.is_file())
            found.update(dict.fromkeys(inside))
        elif not path.exists() and glob.has_magic(name):
            matches = sorted(glob.glob(name, recursive=True))  # noqa: PTH207 a pattern may be absolute
            found.update(dict.fromkeys(map(Path, matches)))
        else:
            found[path] = None
    return list(found)


def as_row(outcome: Outcome, language: str) -> dict[str, Any]:
    """One outcome as flat, printable values: the columns of the CSV and the keys of the JSON."""
    verdict, error = outcome.verdict, outcome.error
    row = dict.fromkeys(_COLUMNS) | {"file": str(outcome.path).encode("utf-8", "replace").decode()}
    if verdict is None:
        message = error.message(language) if error else ""
        return row | {"answer": "refused", "error": error.code if error else None, "message": message}
    return row | {
        "answer": verdict.answer,
        "product": verdict.product,
        "probability_unfit": round(verdict.probability_unfit, 6),
        "reasons": list(verdict.reasons),
        "forced": verdict.forced,
        "class": verdict.class_key,
        "probabilities": {key: round(value, 6) for key, value in verdict.probabilities.items()},
        "stranger": verdict.stranger,
        "sha256": outcome.sha256,
    }


def _counted(outcomes: Iterable[Outcome], counts: Counter[str]) -> Iterator[Outcome]:
    for outcome in outcomes:
        counts[outcome.verdict.answer if outcome.verdict else "refused"] += 1
        yield outcome


def _print_json(outcomes: Iterable[Outcome], language: str) -> None:
    for outcome in outcomes:
        print(json.dumps(as_row(outcome, language), ensure_ascii=False))


def _print_csv(outcomes: Iterable[Outcome], language: str) -> None:
    writer = csv.DictWriter(sys.stdout, _COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for outcome in outcomes:
        row = as_row(outcome, language)
        writer.writerow(row | {"reasons": " ".join(row["reasons"] or ())})


def _print_table(outcomes: Iterable[Outcome], language: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*(say(language, name) for name in ("photo", "answer", "product", "probability_unfit", "reasons")))
    for outcome in outcomes:
        row = as_row(outcome, language)
        answer = Text(f"{_SIGNS[row['answer']]} {say(language, row['answer'])}", _STYLES[row["answer"]])
        if outcome.verdict is None:
            table.add_row(Text(row["file"]), answer, "", "", Text(row["message"]))
            continue
        reasons = "; ".join(say(language, reason) for reason in row["reasons"])
        product = "" if "out_of_scope" in row["reasons"] else _name_of(row["product"], language)
        table.add_row(Text(row["file"]), answer, product, f"{row['probability_unfit']:.1%}", Text(reasons))
    Console().print(table)


def _name_of(product: str, language: str) -> str:
    try:
        return say(language, product)
    except KeyError:  # a product of a stranger's model
        return product


def _with_heat_maps(outcomes: Iterable[Outcome], folder: Path) -> Iterator[Outcome]:
    from ..model.explain import overlay

    folder.mkdir(parents=True, exist_ok=True)
    for number, outcome in enumerate(outcomes, 1):
        if outcome.photo is not None and outcome.verdict is not None and outcome.verdict.activation is not None:
            image = overlay(outcome.photo.pixels, outcome.verdict.activation)
            image.save(folder / f"{number:05d}-{outcome.path.stem}.jpg", quality=88)
        yield outcome
