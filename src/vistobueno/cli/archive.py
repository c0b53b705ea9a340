"""`vistobueno score`, `drift` and `import`: archives of photographs, however large."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from ..i18n import say, user_language
from .accounts import Language
from .options import ModelOption, RuntimeOption, bundle_path, chosen_settings, load, one_blas_thread

archive_app = typer.Typer()


@archive_app.command("score")
def score_command(
    places: Annotated[
        list[str],
        typer.Argument(help="Folders, s3://bucket/prefix, or manifests (text, CSV or Parquet that name photographs)."),
    ],
    out: Annotated[Path, typer.Option(help="The folder of Parquet files; what stands there is not judged again.")],
    engine: Annotated[
        Literal["local", "ray"], typer.Option(help="local: this machine; ray: a cluster (RAY_ADDRESS).")
    ] = "local",
    line: Annotated[str | None, typer.Option(help="Judge as this line of the station is judged.")] = None,
    calibration: Annotated[
        Path | None, typer.Option(help="Judge by this calibration.npz, out of a calibrated model.")
    ] = None,
    model: ModelOption = "",
    runtime: RuntimeOption = "",
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="Photographs at once; 0: one per core.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
    language: Language = "",
) -> None:
    """Judge an archive of photographs, however large, into Parquet; run again, it goes on where it was cut."""
    one_blas_thread()
    from .archives import calibrated, model_of_line, run_score

    spoken = language or user_language()
    if line is not None and (model or calibration is not None):
        raise typer.BadParameter(say(spoken, "archive_which"))
    judging = model_of_line(chosen_settings(), line) if line is not None else load(model, runtime)
    if calibration is not None:
        judging = calibrated(judging, calibration)
    run_score(places, out, engine, jobs, judging, chosen_settings(), as_json, spoken)


@archive_app.command("drift")
def drift_command(
    results: Annotated[Path, typer.Argument(help="What `score` wrote: the folder or one of its files.")],
    against: Annotated[
        Path | None,
        typer.Option(help="Results of another archive, judged alike; by default the model's own reference."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the comparison as JSON.")] = False,
    model: ModelOption = "",
    calibration: Annotated[
        Path | None, typer.Option(help="The calibration.npz whose answers are meant, where others stand there too.")
    ] = None,
    language: Language = "",
) -> None:
    """Say whether a scored archive looks like what the model was measured on, or like another archive."""
    from ..model.bundle import read_bundle
    from ..model.runtime import shipped_bundle
    from .archives import run_drift

    bundle = read_bundle(bundle_path(model) or shipped_bundle())
    run_drift(results, against, bundle, calibration, as_json, language or user_language())


@archive_app.command("import")
def import_command(
    results: Annotated[Path, typer.Argument(help="What `score` wrote: the folder or one of its files.")],
    line: Annotated[str, typer.Option(help="The station's line that the inspections will belong to.")],
    keep_photographs: Annotated[
        bool, typer.Option("--keep-photographs", help="Fetch the photographs and keep them in the station too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
    language: Language = "",
) -> None:
    """Take a scored archive into the station, each photograph once; works while the station runs."""
    from .archives import run_import

    run_import(chosen_settings(), results, line, keep_photographs, as_json, language or user_language())
