"""`vistobueno train` and `evaluate`."""

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..i18n import say
from ..model.runtime import Model
from .model import needs_training, print_bundle, tell_left_out

if TYPE_CHECKING:
    from rich.table import Table


def run_train(data: Path, out: Path, asked: Mapping[str, Any], language: str) -> None:
    """Train as ``asked`` (see `train`), with a progress bar where someone looks, and print the bundle."""
    try:
        from ..training.fit import train
    except ImportError as error:
        raise needs_training(error) from error
    from rich.progress import Progress, TaskID, TimeElapsedColumn

    with Progress(*Progress.get_default_columns(), TimeElapsedColumn(), disable=not sys.stderr.isatty()) as bars:
        tasks: dict[str, TaskID] = {}

        def progress(step: str, done: int, total: int) -> None:
            if step not in tasks:
                words = step.split()
                name = say(language, f"step_{words[0]}", number=words[-1])
                tasks[step] = bars.add_task(name, total=total)
                if bars.disable:
                    print(name, file=sys.stderr, flush=True)
            bars.update(tasks[step], completed=done)

        bundle = train(data, out, **asked, progress=progress)
    tell_left_out(bundle.training, language)
    print_bundle(bundle, language)
    print(say(language, "trained", folder=bundle.path))


def run_evaluate(
    data: Path, report: Path, asked: Mapping[str, bool], corruptions: bool, as_json: bool, model: Model, language: str
) -> None:
    """Measure a model as ``asked`` (see `evaluate`), write the report, print the figures."""
    from rich.console import Console
    from rich.progress import Progress

    from ..training.corruptions import corruptions_of
    from ..training.data import read_data
    from ..training.evaluate import evaluate, figures
    from ..training.report import write_report

    found = read_data(data, model.bundle.classes)
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bars:
        task = bars.add_task(say(language, "evaluating"), total=len(found.photos))
        evaluation = evaluate(
            found.photos,
            model,
            **asked,
            progress=lambda done, total: bars.update(task, completed=done, total=total),
        )
        corrupted = {}
        if corruptions:
            step = bars.add_task(say(language, "step_corruptions"))
            corrupted = corruptions_of(
                evaluation.photos, model, lambda done, total: bars.update(step, completed=done, total=total)
            )
    evaluation = replace(evaluation, passed_over=found.passed_over)
    write_report(evaluation, report, language)
    values = figures(evaluation) | ({"corruptions": corrupted} if corruptions else {})
    if as_json:
        print(json.dumps(values, indent=1, ensure_ascii=False))
    else:
        Console().print(_table(values, language))
        for name in ("escape_rate", "review_share") if corruptions else ():
            Console().print(_corruptions(corrupted, name, language))
    left_out = {
        "passed_over": len(found.passed_over),
        "unreadable": len(evaluation.refused),
        "left_out": evaluation.left_out,
    }
    tell_left_out(left_out, language)
    print(say(language, "report_written", path=report), file=sys.stderr)


def _table(values: Mapping[str, Any], language: str) -> "Table":
    """The figures of each source, with 95 % intervals."""
    from rich.table import Table

    from ..training.figures import FIGURES, cell

    table = Table("", "n", *(say(language, f"card_{name}") for name in FIGURES))
    for source, row in {**values["sources"], say(language, "report_all"): values["all"]}.items():
        table.add_row(source, str(row["review_share"]["n"]), *(cell(row[name]) for name in FIGURES))
    return table


def _corruptions(figures: Mapping[str, Any], name: str, language: str) -> "Table":
    """One figure by corruption and strength, with 95 % intervals."""
    from rich.table import Table

    from ..training.figures import cell

    strengths = max(len(parts) for parts in figures.values())
    table = Table(say(language, f"card_{name}"), *(str(each) for each in range(1, strengths + 1)))
    for kind, parts in figures.items():
        table.add_row(say(language, f"card_corruption_{kind}"), *(cell(each[name]) for each in parts))
    return table
