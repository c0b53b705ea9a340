"""The verbs of `vistobueno lot …`: what they take and say of themselves. The work is `lots`'s."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from ..i18n import user_language
from .accounts import Language

lot_app = typer.Typer(no_args_is_help=True, help="Lots: open, add photographs, see where they stand, decide, report.")

Number = Annotated[int, typer.Argument(min=1, max=2**53, help="The lot's number.")]
By = Annotated[str, typer.Option(help="E-mail of the person who does it; by default it is recorded as the station's.")]
Key = Annotated[str, typer.Option(help="Your own name for this request; repeated, it is done only once.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, in the shape of the API.")]


@lot_app.command("open")
def lot_open(
    code: Annotated[str, typer.Option(help="The packer's own code for the lot.")],
    packer: Annotated[str, typer.Option()],
    origin: Annotated[str, typer.Option()],
    product: Annotated[str, typer.Option(help="banana, apple, orange, …")],
    packages: Annotated[int, typer.Option(help="Packages in the lot.")],
    standard: Annotated[list[str], typer.Option(help="Key of a standard that judges it, the deciding one first.")],
    grade: Annotated[str, typer.Option(help="The class it is presented in.")] = "I",
    opened: Annotated[int, typer.Option(help="Packages to open; which ones is drawn at random.")] = 5,
    fruit: Annotated[int, typer.Option(help="Fruit to inspect in each.")] = 20,
    variety: Annotated[str, typer.Option()] = "",
    size: Annotated[str, typer.Option()] = "",
    net_kg: Annotated[float | None, typer.Option(help="Net weight of all of them.")] = None,
    package_fruit: Annotated[int | None, typer.Option(help="Fruit in a package, approximately.")] = None,
    gtin: Annotated[str | None, typer.Option(help="GS1's number of the trade item.")] = None,
    gs1_lot: Annotated[str | None, typer.Option(help="GS1 lot, AI (10).")] = None,
    sscc: Annotated[str | None, typer.Option(help="GS1's number of the logistic unit.")] = None,
    key: Key = "",
    by: By = "",
    as_json: AsJson = False,
    language: Language = "",
) -> None:
    """Open a lot and draw which of its packages to inspect."""
    from . import lots

    facts = {"code": code, "packer": packer, "origin": origin, "product": product, "grade": grade, "packages": packages}
    facts |= {
        "variety": variety,
        "size": size,
        "net_kg": net_kg,
        "package_fruit": package_fruit,
        "gtin": gtin,
        "gs1_lot": gs1_lot,
        "sscc": sscc,
    }
    lots.lot_open(facts, standard, min(opened, max(1, packages)), fruit, key, by, as_json, language or user_language())


@lot_app.command("add")
def lot_add(
    number: Number,
    paths: Annotated[
        list[str], typer.Argument(help="Photographs, folders or patterns; a folder 'box 3' is package 3.")
    ],
    package: Annotated[int | None, typer.Option(min=1, help="Of this package, whatever the folder's name.")] = None,
    fruit: Annotated[int | None, typer.Option(min=1, help="All photographs show this one fruit of --package.")] = None,
    line: Annotated[str, typer.Option(help="The line they were taken on; by default the first.")] = "",
    by: By = "",
    as_json: AsJson = False,
    language: Language = "",
) -> None:
    """Judge photographs of a lot and keep them. Run again, it continues where it stopped: none counts twice."""
    from . import lots

    code = lots.lot_add(number, paths, package, fruit, line, by, as_json, language or user_language())
    raise typer.Exit(code)


@lot_app.command("status")
def lot_status(number: Number, as_json: AsJson = False, language: Language = "") -> None:
    """Where a lot stands: its counts, what each standard says of them, and its decisions."""
    from . import lots

    lots.lot_status(number, as_json, language or user_language())


@lot_app.command("decide")
def lot_decide(
    number: Number,
    decision: Annotated[Literal["accepted", "lower_class", "refused"], typer.Argument(help="The decision.")],
    reason: Annotated[
        str, typer.Option(help="Needed if the standard says otherwise or the lot is decided again.")
    ] = "",
    grade: Annotated[str | None, typer.Option(help="The class it is accepted in.")] = None,
    key: Key = "",
    by: By = "",
    as_json: AsJson = False,
    language: Language = "",
) -> None:
    """Decide a lot, which closes it. A closed lot gets another decision, linked to the earlier one."""
    from . import lots

    lots.lot_decide(number, decision, reason, grade, key, by, as_json, language or user_language())


@lot_app.command("report")
def lot_report(
    number: Number,
    out: Annotated[
        Path | None, typer.Option(help="The PDF; by default named after the report's number, in this folder.")
    ] = None,
    zone: Annotated[str, typer.Option(help="Time zone for its times, such as America/Guayaquil.")] = "UTC",
    by: By = "",
    language: Language = "",
) -> None:
    """Write the sealed report of a lot's last decision, in --language. It is issued once and never changes."""
    from .lot_reports import run_report

    run_report(number, out, zone, by, language or user_language())


@lot_app.command("verify")
def lot_verify(
    file: Annotated[Path, typer.Argument(help="The PDF, as it was received.")], language: Language = ""
) -> None:
    """Compare a report with those that this station issued. Exit code: 0 identical, 1 not one of them, 2 replaced."""
    from .lot_reports import run_verify

    raise typer.Exit(run_verify(file, language or user_language()))
