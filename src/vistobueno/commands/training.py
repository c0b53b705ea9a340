"""`vistobueno train` and `evaluate`."""

import json
import sys
from pathlib import Path

from ..model.runtime import Model
from ..texts import say
from .model import needs_training, print_bundle


def run_train(
    data: Path, out: Path, backbone: str, epochs: int | None, views: int | None, seed: int, work: Path | None,
    language: str,
) -> None:  # fmt: skip
    """Train, with a progress bar where someone looks, and print the bundle."""
    try:
        from ..training.fit import train
    except ImportError as error:
        raise needs_training(error) from error
    from rich.progress import Progress, TaskID, TimeElapsedColumn

    with Progress(*Progress.get_default_columns(), TimeElapsedColumn(), disable=not sys.stderr.isatty()) as bars:
        tasks: dict[str, TaskID] = {}

        def progress(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total)
                if bars.disable:
                    print(step, file=sys.stderr, flush=True)
            bars.update(tasks[step], completed=done)

        bundle = train(
            data, out, backbone=backbone, epochs=epochs, views=views, seed=seed, work=work, progress=progress
        )
    print_bundle(bundle, language)
    print(say(language, "trained", folder=bundle.path))


def run_evaluate(data: Path, report: Path, unknown_cameras: bool, as_json: bool, model: Model, language: str) -> None:
    """Measure a model, write the report, print the figures."""
    from ..training.data import read_photos
    from ..training.evaluate import evaluate, figures
    from ..training.report import write_report

    evaluation = evaluate(read_photos(data), model, unknown_cameras=unknown_cameras)
    write_report(evaluation, report, language)
    if as_json:
        print(json.dumps(figures(evaluation), indent=1, ensure_ascii=False))
    else:
        for source, values in figures(evaluation)["sources"].items():
            print(source, json.dumps(values, ensure_ascii=False))
    print(say(language, "report_written", path=report), file=sys.stderr)
