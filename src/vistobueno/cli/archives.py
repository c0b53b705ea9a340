"""`vistobueno score`, `drift` and `import`: an archive judged, compared, and taken into the station."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..core.drift import Alarm, Drift
from ..core.errors import DataRefused
from ..core.inspection import ModelName
from ..core.layers import Progress
from ..core.verdict import OUT_OF_SCOPE
from ..i18n import counted, decimals, say, word
from ..model.bundle import Bundle
from ..model.calibrated import calibration_of, digest_of, from_bytes
from ..model.runtime import Model
from ..services import open_records
from ..services.archives.drift import Side, compared, models_in, side_of
from ..services.archives.importing import import_scored
from ..services.archives.manifest import keys_of
from ..services.archives.photographs import Photographs
from ..services.archives.results import Results
from ..services.archives.scored import Judge, Row
from ..services.archives.scoring import Run, score
from ..services.engine import Engine, Local, cores
from ..services.models import Models
from ..settings import Settings
from ..store import lines
from ..store.database import reading
from ..training.out_of_fold import OutOfFold
from .model import percent, tell_left_out
from .people import show, table_of

_SHARES = ("fit", "unfit", "review", OUT_OF_SCOPE)


def run_score(
    places: Sequence[str],
    out: Path,
    engine: Literal["local", "ray"],
    jobs: int,
    model: Model,
    settings: Settings,
    as_json: bool,
    language: str,
) -> None:
    """Judge what has no row yet, and say what was done."""
    photographs = Photographs(settings)

    def engines(known: NDArray[np.bytes_]) -> Engine[str, Row]:
        if engine == "ray":
            from ..jobs.cluster import Cluster

            return Cluster(model, known, jobs)
        return Local(Judge(model, photographs, known), jobs or cores())

    with Results(out, model.name) as results:
        keys, passed_over = keys_of(places, photographs)
        tell_left_out({"passed_over": passed_over}, language)
        with bar(say(language, "judging")) as progress:
            done = score(keys, results, photographs, engines, progress)
    if as_json:
        print(json.dumps(_told(done, model, out), ensure_ascii=False))
        return
    print(say(language, "summary", **{name: done.answers[name] for name in ("fit", "unfit", "review", "refused")}))
    if done.refusals:
        print(say(language, "archive_refusals", codes=", ".join(f"{each}: {n}" for each, n in done.refusals.items())))
    if same := done.standing + done.answers["known"]:
        print(say(language, "archive_standing", photographs=counted(language, "photographs", same)))
    print(say(language, "archive_written", photographs=counted(language, "photographs", done.photographs), folder=out))


def calibrated(model: Model, file: Path) -> Model:
    """The model, by the calibration in a file: the ``calibration.npz`` of a calibrated bundle.

    Raises:
        BundleRefused: ``calibration_unreadable`` or ``calibration_of_another``.
    """
    return model.with_calibration(from_bytes(file.read_bytes()))


def model_of_line(settings: Settings, line: str) -> Model:
    """What judges one of the station's lines now.

    Raises:
        NotFound: ``no_line``. DataRefused: ``line_uncalibrated``.
    """
    engine, _ = open_records(settings)
    models = Models(engine, settings)
    try:
        with reading(engine) as connection:
            lines.one(connection, line)
        model = models.judging(line)
    finally:
        models.close()
        engine.dispose()
    if model.calibration is None:
        raise DataRefused(
            "line_uncalibrated",
            es=f"La línea «{line}» no tiene una calibración activa para el modelo. Póngala en servicio, o ejecútelo sin --line.",
            en=f"Line '{line}' has no active calibration for the model. Commission it, or run this without --line.",
        )
    return model


def run_drift(
    place: Path, against: Path | None, bundle: Bundle, calibration: Path | None, as_json: bool, language: str
) -> None:
    """Compare a scored archive with another, or with what the bundle keeps of photographs it was not trained on.

    Args:
        bundle, calibration: whose answers, where those of several stand there.
    """
    own = calibration_of(bundle) if calibration is None else from_bytes(calibration.read_bytes())
    digest = None if own is None else digest_of(own)
    model = _model_of(place, ModelName(bundle.name, bundle.version, bundle.digest, digest))
    archive = side_of(place, model)
    reference = side_of(against, model) if against is not None else _own(bundle, model)
    found = compared(archive, reference)
    if as_json:
        told: dict[str, Any] = {"model": asdict(model), "archive": archive.told(), "reference": reference.told()}
        watches = {"scores": found.scores, "scope": found.scope}
        told |= {
            name: None if each is None else {**asdict(each), "raised": each.raised} for name, each in watches.items()
        }
        print(json.dumps(told | {"raised": found.raised}, ensure_ascii=False))
        return
    heads = ("archive_drift_what", "archive_drift_archive", "archive_drift_reference")
    show(table_of(heads, [*_shares(archive, reference, language)], language))
    for sentence in _watched(found, language):
        print(sentence)
    print(say(language, "archive_drift_means" if against is None else "archive_drift_means_against"))


def run_import(settings: Settings, place: Path, line: str, keep: bool, as_json: bool, language: str) -> None:
    """Write a scored archive's inspections, even while the station runs."""
    engine, evidence = open_records(settings)
    try:
        with bar(say(language, "archive_importing")) as progress:
            written = 0

            def told(rows: int) -> None:
                nonlocal written
                written += rows
                progress("inspections", written, 0)

            photographs = Photographs(settings) if keep else None
            done = import_scored(engine, evidence, place, line, photographs, jobs=cores(), progress=told)
    finally:
        engine.dispose()
    if as_json:
        print(json.dumps(asdict(done)))
        return
    inspections = counted(language, "inspections", done.added)
    print(
        say(
            language, "archive_imported", inspections=inspections, already=done.already, refused=done.refused, line=line
        )
    )
    if done.added:
        print(say(language, "archive_photographs_kept" if keep else "archive_no_photographs", count=done.photographs))
    if keep and done.already:
        print(say(language, "archive_as_before"))


@contextmanager
def bar(title: str) -> Iterator[Progress]:
    """Progress on standard error where someone looks; without an end where the total is 0."""
    from rich.console import Console
    from rich.progress import Progress as Bars

    with Bars(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bars:
        task = bars.add_task(title, total=None)
        yield lambda step, done, total: bars.update(task, completed=done, total=total or None)


def _told(done: Run, model: Model, out: Path) -> dict[str, Any]:
    answers = {name: done.answers[name] for name in ("fit", "unfit", "review", "refused", "known")}
    counts = {"photographs": done.photographs, "standing": done.standing, **answers, "refusals": dict(done.refusals)}
    return {"folder": str(out), "model": asdict(model.name), **counts}


def _model_of(place: Path, asked: ModelName) -> ModelName:
    found = models_in(place)
    if asked in found or not found:
        return asked
    if len(found) == 1:
        return found[0]
    raise DataRefused(
        "drift_models",
        es=f"{place} tiene respuestas de {len(found)} modelos o calibraciones. Indique cuál con --model y --calibration.",
        en=f"{place} has answers from {len(found)} models or calibrations. Say which with --model and --calibration.",
    )


def _own(bundle: Bundle, model: ModelName) -> Side:
    kept = OutOfFold.read(bundle) if (bundle.digest, None) == (model.digest, model.calibration) else None
    if kept is None:
        raise DataRefused(
            "drift_reference",
            es=f"{bundle.name} no guarda con qué comparar lo que juzgó {model.name} {model.version} (otro modelo, una "
            "calibración, o un modelo ajeno). Indique con --against los resultados de otro archivo, juzgado igual.",
            en=f"{bundle.name} keeps nothing to compare with what {model.name} {model.version} judged (another model, a "
            "calibration, or a foreign model). Use --against with the results of another archive, judged alike.",
        )
    return Side.of_verdicts(kept.verdicts(bundle).values())


def _shares(archive: Side, reference: Side, language: str) -> Iterator[list[str]]:
    both = [each.told() for each in (archive, reference)]
    yield [say(language, "commission_photographs"), *(str(each["photographs"]) for each in both)]
    for name in _SHARES:
        yield [
            say(language, f"archive_share_{name}"),
            *(f"{percent(each[name]['share'], language)} ({' – '.join(percent(x, language) for x in each[name]['interval'])})"
              for each in both),
        ]  # fmt: skip
    for product in sorted(archive.products | reference.products):
        yield [word(language, product, product), *(str(each["products"].get(product, 0)) for each in both)]


def _watched(found: Drift, language: str) -> Iterator[str]:
    watches: dict[str, Alarm | None] = {"scores": found.scores, "scope": found.scope}
    for name, alarm in watches.items():
        if alarm is None:
            yield say(language, f"archive_drift_{name}_few")
            continue
        numbers = {"level": decimals(alarm.level, 3, language), "limit": decimals(alarm.limit, 3, language)}
        yield say(language, f"archive_drift_{name}_{'raised' if alarm.raised else 'same'}", **numbers)
