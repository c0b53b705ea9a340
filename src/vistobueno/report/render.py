"""Sets a report on paper: PDF/A-3b of one to three pages, by Typst, with the evidence in it. It asks nothing of the network."""

import io
import json
import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..core.pictures import thumbnail_jpeg
from .document import document
from .report import Photograph, Report, ReportRefused

MOST_PAGES = 3
EVIDENCE = "evidence.json"
MOST_PHOTOGRAPHS = 6
_SHOWN = ((60, 6), (30, 6), (12, 6), (12, 3))  # packages and photographs: the first that fits
_SIDE = 480  # pixels of a photograph's longest side
_UNKNOWN = "\N{WHITE SQUARE}"  # stands for a character that Typst's own fonts do not have
_NO_GLYPH = re.compile(r"the text `\"(.+?)\"` could not be displayed")
_ESCAPED = re.compile(r"\\u\{([0-9a-f]+)\}")


@dataclass(frozen=True)
class Paper:
    """A report on paper: the PDF, and what it says, as `document` gave it but for the words that every report has."""

    pdf: bytes
    shown: dict[str, Any]


def render(report: Report) -> Paper:
    """The paper. Equal reports make equal bytes.

    Raises:
        ReportRefused: ``report_empty``, ``report_photograph`` or ``report_too_long``.
    """
    if not report.fruit:
        raise ReportRefused(
            "report_empty",
            es="El lote no tiene ninguna fruta inspeccionada. Inspeccione los bultos del plan y pida el informe después.",
            en="The lot has no inspected fruit. Inspect the packages in the plan, then ask for the report.",
        )
    pictures = {f"photograph-{at}.jpg": _picture(each) for at, each in enumerate(report.photographs[:MOST_PHOTOGRAPHS])}
    fixed = {
        "main.typ": files(__package__).joinpath("paper.typ").read_bytes(),
        **({"qr.svg": _qr(report.verification)} if report.verification else {}),
        EVIDENCE: report.evidence,
        **pictures,
    }
    with TemporaryDirectory() as folder:
        for name, data in fixed.items():
            Path(folder, name).write_bytes(data)
        for packages, photographs in _SHOWN:
            said = document(report, packages, photographs)
            pages, pdf = _set(report, Path(folder), said)
            if pages <= MOST_PAGES:
                return Paper(pdf, {key: value for key, value in said.items() if key != "say"})
    raise ReportRefused(
        "report_too_long",
        es=f"El informe no cabe en {MOST_PAGES} páginas. Acorte el motivo o los nombres, o juzgue el lote con menos normas.",
        en=f"The report does not fit on {MOST_PAGES} pages. Shorten the reason or the names, or use fewer standards.",
    )


def _set(report: Report, folder: Path, said: dict[str, Any]) -> tuple[int, bytes]:
    """How many pages it takes, and the PDF, from what lies in the folder."""
    from typst import Compiler, TypstError

    text = json.dumps(said, ensure_ascii=False)
    while True:
        (folder / "said.json").write_text(text, encoding="utf-8")
        compiler = Compiler(folder / "main.typ", ignore_system_fonts=True)
        try:
            pdf: Any = compiler.compile(format="pdf", pdf_standards=["a-3b"], timestamp=int(report.at.timestamp()))
        except TypstError as error:
            shown = text.translate(dict.fromkeys(_without_glyph(error.diagnostic), _UNKNOWN))
            if shown == text:
                raise
            text = shown
        else:
            return int(compiler.query("<pages>", field="value", one=True)), pdf


def _without_glyph(diagnostic: str) -> set[int]:
    """The characters that Typst says it has no glyph for: as they are, or marks that join others as their numbers."""
    named = [_ESCAPED.sub(lambda found: chr(int(found[1], 16)), each) for each in _NO_GLYPH.findall(diagnostic)]
    return {ord(each) for text in named for each in text if not each.isascii()}


def _qr(address: str) -> bytes:
    import segno

    out = io.BytesIO()
    segno.make(address, error="m", micro=False).save(out, kind="svg", border=0, xmldecl=False)
    return out.getvalue()


def _picture(photograph: Photograph) -> bytes:
    try:
        return thumbnail_jpeg(photograph.jpeg, _SIDE)
    except (OSError, ValueError) as error:
        raise ReportRefused(
            "report_photograph",
            es=f"La fotografía de la inspección {photograph.inspection} no se puede leer. Haga el informe sin ella.",
            en=f"The photograph of inspection {photograph.inspection} cannot be read. Make the report without it.",
        ) from error
