"""The command line: `vistobueno inspect | serve | model … | train | evaluate`. It only translates; the rooms do the work."""

import io
import os
import sys
import traceback
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import typer

from ..core.errors import VistoBuenoError
from ..core.version import __version__
from ..i18n import say, user_language
from .accounts import Language, key_app, user_app
from .archive import archive_app
from .lot import lot_app
from .options import (
    BundleArgument,
    HostOption,
    ModelOption,
    PortOption,
    RuntimeOption,
    SkipOption,
    bundle_path,
    chosen_settings,
    load,
    one_blas_thread,
    serving_settings,
)
from .webhooks import webhook_app

OK, UNFIT, REVIEW, ERROR = 0, 1, 2, 3
"""Exit codes of `inspect`, the gravest of what happened: error, then unfit, then review."""
STOPPED, UNREAD = 130, 141
"""Exit codes where no answer was given: the user pressed Ctrl-C; the reader of the output (head, less) went away."""

app = typer.Typer(
    name="vistobueno",
    help="Visual quality control for perishable export produce. Control visual de calidad para fruta de exportación.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
model_app = typer.Typer(no_args_is_help=True, help="Model bundles: show, pack, verify, download, add to the station.")
app.add_typer(model_app, name="model")
app.add_typer(user_app, name="user")
app.add_typer(key_app, name="key")
app.add_typer(lot_app, name="lot")
app.add_typer(webhook_app, name="webhook")
app.add_typer(archive_app)

_DAYS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


def main() -> None:
    """Run the command line and exit: 3 for every error, never a trace for what a user can mend."""
    language = _language_asked(sys.argv[1:])
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's remarks on its own start are not for users
    if isinstance(sys.stdout, io.TextIOWrapper) and not sys.stdout.encoding.lower().startswith("utf"):
        sys.stdout.reconfigure(errors="replace")  # a ✔ that the terminal does not have stops nothing
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()
    except VistoBuenoError as error:
        complain(error.message(language), language)
        code = ERROR
    except (KeyboardInterrupt, typer.Abort):
        code = STOPPED
    except (Exception, SystemExit) as error:
        code = _code_of(error, language)
    sys.exit(code if isinstance(code, int) else OK)


def complain(message: str, language: str) -> None:
    """Say what went wrong on standard error."""
    print(f"{say(language, 'error')}: {message}", file=sys.stderr)


def _code_of(error: BaseException, language: str) -> int:
    """Say what is wrong, with a trace only where it is the program; 1 and 2 are answers, never an error's code."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, BrokenPipeError):  # Typer and Rich turn it into an exit with code 1
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return UNREAD
        cause = cause.__context__
    if hasattr(error, "format_message"):  # Typer's own: a wrong option or argument; empty where it printed the help
        if message := error.format_message():
            complain(message, language)
    elif isinstance(error, OSError):
        reason, name = error.strerror or str(error), error.filename or "?"
        complain(say(language, "file_problem", name=name, reason=reason), language)
    else:
        traceback.print_exception(error)
    return ERROR


def _language_asked(arguments: Sequence[str]) -> str:
    """What --language says, also where an error comes before the options are read; else the environment's."""
    for before, argument in zip(["", *arguments], [*arguments, ""], strict=True):
        if before in ("--language", "-l") and argument:
            return argument
        if argument.startswith("--language="):
            return argument.partition("=")[2]
    return user_language()


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        print(__version__)
        raise typer.Exit


@app.command("inspect")
def inspect_command(
    paths: Annotated[list[str], typer.Argument(help="Files, folders or patterns like 'lot/*.jpg'.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="A CSV table.")] = False,
    heat_maps: Annotated[
        Path | None, typer.Option("--heat-maps", help="Folder for heat maps of where the model looked.")
    ] = None,
    model: ModelOption = "",
    runtime: RuntimeOption = "",
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="Photographs at once; 0: one per core.")] = 0,
    language: Language = "",
) -> None:
    """Judge photographs. Exit code: 0 all fit, 1 something unfit, 2 something to review, 3 an error."""
    one_blas_thread()
    from .inspect import run

    form = "json" if as_json else "csv" if as_csv else "table"
    raise typer.Exit(run(paths, form, heat_maps, load(model, runtime), jobs, language or user_language()))


@app.command()
def serve(
    host: HostOption = "",
    port: PortOption = 0,
    language: Language = "",
) -> None:
    """Start the station: pages, API and inference protocol on one port."""
    from .serve import run_serve

    settings = serving_settings(host, port)
    if settings.demo:
        from .demo import run_demo

        run_demo(settings, 1, True, language or settings.default_language)
        return
    run_serve(settings, language or user_language())


@app.command()
def draw(
    folder: Annotated[Path | None, typer.Option(help="Keep the drawings here.")] = None,
    model: ModelOption = "",
    runtime: RuntimeOption = "",
    language: Language = "",
) -> None:
    """Draw pictures of fruit and judge them: a first look without a photograph."""
    one_blas_thread()
    from .inspect import run_draw

    run_draw(folder, load(model, runtime), language or user_language())


@app.command()
def demo(
    serve: Annotated[
        bool, typer.Option("--serve", help="Then start the station, even if it was already filled.")
    ] = False,
    host: HostOption = "",
    port: PortOption = 0,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same month.")] = 1,
    language: Language = "",
) -> None:
    """Fill a fresh station (DATA_DIR) with a month of invented lots, marked as a demonstration on every page."""
    one_blas_thread()
    from .demo import run_demo

    run_demo(serving_settings(host, port), seed, serve, language or user_language())


@model_app.command("info")
def model_info(model: BundleArgument = "", language: Language = "") -> None:
    """Show a bundle: classes, input, thresholds, figures, and what is not known about it."""
    from .model import info

    info(bundle_path(model), language or user_language())


@model_app.command("verify")
def model_verify(model: BundleArgument = "", runtime: RuntimeOption = "", language: Language = "") -> None:
    """Check every hash and every golden answer."""
    loaded = load(model, runtime)
    print(say(language or user_language(), "model_verified", name=loaded.bundle.name, runtime=loaded.runtime))


@model_app.command("pack")
def model_pack(
    h5: Annotated[Path, typer.Argument(help="A Keras model: .h5, .keras or the folder of a SavedModel.")],
    labels: Annotated[Path, typer.Option(help="labels.txt: one class per line, in the model's order.")],
    out: Annotated[Path | None, typer.Option(help="The bundle's folder; by default beside the model.")] = None,
    input_size: Annotated[int | None, typer.Option("--input", help="Side of the input, in pixels.")] = None,
    scaling: Annotated[
        str | None, typer.Option(help="0..1, -1..1, 0..255, caffe or torch; by default detected.")
    ] = None,
    check: Annotated[Path | None, typer.Option(help="Labelled photographs that verify the order.")] = None,
    product: Annotated[str | None, typer.Option(help="Product of the labels that name none, as in '0 Fresh'.")] = None,
    fit: Annotated[list[str], typer.Option(help="A label that means fit; may be repeated.")] = [],  # noqa: B006
    unfit: Annotated[list[str], typer.Option(help="A label that means unfit; may be repeated.")] = [],  # noqa: B006
    skip_unreadable: SkipOption = False,
    language: Language = "",
) -> None:
    """Make a bundle from a foreign model, and say what could not be found out."""
    from .model import pack

    asked: dict[str, Any] = {"input_size": input_size, "scaling": scaling, "check": check}
    asked |= {"product": product, "fit": fit, "unfit": unfit, "skip_unreadable": skip_unreadable}
    pack(h5, labels, out, asked, language or user_language())


@model_app.command("remeasure")
def model_remeasure(
    data: Annotated[Path, typer.Argument(help="The photographs that it was trained on.")],
    model: ModelOption = "",
    out: Annotated[Path, typer.Option(help="The bundle's folder; may be the same one.")] = Path("remeasured-model"),
    language: Language = "",
) -> None:
    """Rewrite a bundle's figures and cards from the predictions it keeps, as this version counts them."""
    from .model import remeasure

    remeasure(data, bundle_path(model), out, language or user_language())


@model_app.command("remember")
def model_remember(
    data: Annotated[Path, typer.Argument(help="Labelled photographs from many cameras: class folders or a table.")],
    model: ModelOption = "",
    out: Annotated[Path, typer.Option(help="The bundle's folder; may be the same one.")] = Path("remembering-model"),
    language: Language = "",
) -> None:
    """Give a bundle a training memory, which commissioning a line uses; `train` gives its own bundles one."""
    from .model import remember

    remember(data, load(model, ""), out, language or user_language())


@model_app.command("download")
def model_download(
    url: Annotated[str, typer.Argument(help="Google Drive, HTTPS, file URL or folder (MODEL_URL).")],
    sha256: Annotated[str, typer.Option(help="SHA-256 the file must have (MODEL_SHA256).")] = "",
    to: Annotated[Path, typer.Option(help="Where to put it.")] = Path("downloaded-model.zip"),
    language: Language = "",
) -> None:
    """Fetch a bundle, verify it, and put it in place; an interrupted download resumes."""
    from .model import download

    download(url, sha256, to, language or user_language())


@model_app.command("add")
def model_add(path: Annotated[Path, typer.Argument(help="A bundle, folder or .zip.")], language: Language = "") -> None:
    """Verify a bundle and add it to the station, even while it runs; an administrator activates it."""
    from .upkeep import run_add_model

    run_add_model(chosen_settings(), path, language or user_language())


@app.command()
def train(
    data: Annotated[Path, typer.Argument(help="Class folders, or a table with file,label[,group,source,variant].")],
    out: Annotated[Path, typer.Option(help="The bundle's folder.")] = Path("trained-model"),
    backbone: Annotated[str, typer.Option(help="efficientnet-lite0/1/2, or a keras.applications name.")] = (
        "efficientnet-lite0"
    ),
    epochs: Annotated[int | None, typer.Option(min=1)] = None,
    views: Annotated[int | None, typer.Option(min=1, help="Pictures made of each photograph.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same model.")] = 7,
    version: Annotated[str, typer.Option(help="The bundle's version.")] = __version__,
    lines: Annotated[bool, typer.Option("--lines", help="Also measure each source as a commissioned line.")] = False,
    work: Annotated[Path | None, typer.Option(help="Where to keep what resuming needs.")] = None,
    skip_unreadable: SkipOption = False,
    language: Language = "",
) -> None:
    """Train a model on labelled photographs and make its bundle."""
    from .training import run_train

    asked: dict[str, Any] = {"backbone": backbone, "epochs": epochs, "views": views, "seed": seed}
    asked |= {"version": version, "lines": lines, "work": work, "skip_unreadable": skip_unreadable}
    run_train(data, out, asked, language or user_language())


@app.command()
def commission(
    photos: Annotated[
        Path | None,
        typer.Argument(help="The line's photographs, answered: class folders or a table.", show_default=False),
    ] = None,
    out: Annotated[Path, typer.Option(help="The calibrated bundle's folder.")] = Path("calibrated-model"),
    line: Annotated[str | None, typer.Option(help="One of the station's lines, from what its people answered.")] = None,
    activate: Annotated[bool, typer.Option("--activate", help="With --line: activate the calibration.")] = False,
    alpha: Annotated[float | None, typer.Option(min=0.0001, max=0.5, help="Escape rate to promise.")] = None,
    beta: Annotated[float | None, typer.Option(min=0.0001, max=0.5, help="Overkill rate to promise.")] = None,
    skip_unreadable: SkipOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    model: ModelOption = "",
    language: Language = "",
) -> None:
    """Fit a model to a line: a camera and its place. A useful promise takes 20 photographs of each class."""
    one_blas_thread()
    from .commission import run_commission, run_commission_line

    spoken = language or user_language()
    if (photos is None) == (line is None):
        raise typer.BadParameter(say(spoken, "commission_which"))
    if line is not None:
        run_commission_line(chosen_settings(), line, activate, as_json, spoken)
        return
    run_commission(cast(Path, photos), out, alpha, beta, skip_unreadable, as_json, load(model, ""), spoken)


@app.command()
def evaluate(
    data: Annotated[Path, typer.Argument(help="Class folders, or a table.")],
    report: Annotated[Path, typer.Option(help="The report, one HTML file.")] = Path("report.html"),
    unknown_cameras: Annotated[
        bool,
        typer.Option("--unknown-cameras", help="Judge training photographs by models that never saw their source."),
    ] = False,
    corruptions: Annotated[
        bool, typer.Option("--corruptions", help="Also with blur, noise, JPEG, colour cast, darkness and cover.")
    ] = False,
    skip_unreadable: SkipOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
    model: ModelOption = "",
    runtime: RuntimeOption = "",
    language: Language = "",
) -> None:
    """Measure a model on labelled photographs it was not trained on."""
    from .training import run_evaluate

    loaded = load(model, runtime)
    asked = {"unknown_cameras": unknown_cameras, "skip_unreadable": skip_unreadable}
    run_evaluate(data, report, asked, corruptions, as_json, loaded, language or user_language())


@app.command()
def config(
    markdown: Annotated[
        bool, typer.Option("--markdown", help="The documentation's table: names and defaults.")
    ] = False,
    language: Language = "",
) -> None:
    """Show every environment variable: current value, where it comes from, what it means. Secrets are masked."""
    from .config import run

    run(os.environ, markdown, language or user_language())


@app.command()
def backup(file: Annotated[Path, typer.Argument(help="One .zip to write.")], language: Language = "") -> None:
    """Write everything the station keeps to one file, while it runs: records, photographs, models."""
    from .upkeep import run_backup

    run_backup(chosen_settings(), file, language or user_language())


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `backup` wrote.")],
    replace: Annotated[bool, typer.Option("--replace", help="Even if there is data already; it is lost.")] = False,
    keep_keys: Annotated[
        bool, typer.Option("--keep-keys", help="Machines' keys work again and webhooks resume.")
    ] = False,
    language: Language = "",
) -> None:
    """Verify a backup and restore the station from it; its sessions, links and keys end. Stop the station first."""
    from .upkeep import run_restore

    run_restore(chosen_settings(), file, replace, language or user_language(), keep_keys=keep_keys)


@app.command()
def answers(
    folder: Annotated[Path, typer.Argument(help="The data set's folder.")],
    form: Annotated[
        Literal["dataset", "coco", "label-studio"],
        typer.Option("--format", help="dataset: what train and commission read."),
    ] = "dataset",
    line: Annotated[str | None, typer.Option(help="Only for this line.")] = None,
    since: Annotated[datetime | None, typer.Option(formats=_DAYS, help="Inspected from this moment on, UTC.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=_DAYS, help="Inspected before this moment, UTC.")] = None,
    language: Language = "",
) -> None:
    """Write what people answered, with the photographs, as a data set; works while the station runs."""
    from .answers import run_answers

    run_answers(chosen_settings(), folder, form, line, since, until, language or user_language())


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="A .csv, .xlsx or .parquet file; an existing one is replaced.")],
    line: Annotated[str | None, typer.Option(help="Only for this line.")] = None,
    lot: Annotated[int | None, typer.Option(min=1, help="Only for the lot with this number.")] = None,
    since: Annotated[datetime | None, typer.Option(formats=_DAYS, help="Inspected from this moment on, UTC.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=_DAYS, help="Inspected before this moment, UTC.")] = None,
    language: Language = "",
) -> None:
    """Write the inspections to one file; works while the station runs."""
    from .export import run_export

    run_export(chosen_settings(), file, line, lot, since, until, language or user_language())


@app.command()
def retention(
    days: Annotated[int | None, typer.Option(min=1, max=100_000, help="By default RETENTION_DAYS.")] = None,
    language: Language = "",
) -> None:
    """Remove photographs that are too old; verdicts stay, and so do photographs waiting for review."""
    from .upkeep import run_retention

    run_retention(chosen_settings(), days, language or user_language())


@app.command()
def nightly(language: Language = "") -> None:
    """Run retention, then a verified, dated backup to BACKUP_URL; the oldest are removed. For cron; the station keeps running."""
    from .nightly import run_nightly

    run_nightly(chosen_settings(), language or user_language())
