"""Build the documents' site: python docs/build.py [--out build/docs] [--screenshots FOLDER].

Sphinx with MyST and Furo: many hands keep it (Material for MkDocs only mends itself now), its pages ask no other host
for fonts or scripts, and its search runs in the browser, in Spanish too. The settings, the API and the model's card are
written into the pages here, from the program itself: they cannot differ from it.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from vistobueno.cli.config import markdown_lines
from vistobueno.desk.logo import logo
from vistobueno.model.runtime import shipped_bundle
from vistobueno.web.api.routes import described, make_api

HERE = Path(__file__).resolve().parent
LANGUAGES = ("es", "en")
_CHOICE = """<!doctype html><html lang="es"><meta charset="utf-8"><title>Visto Bueno</title>
<meta http-equiv="refresh" content="0; url=es/index.html">
<p><a href="es/index.html">Español</a> · <a href="en/index.html" lang="en">English</a></p></html>
"""
_API_WORDS = {
    "es": ("Ruta", "Qué hace", "Responde", "Parámetros"),
    "en": ("Route", "What it does", "Answers", "Parameters"),
}


def sources(language: str, folder: Path, screenshots: Path) -> None:
    """Pages of one language with all that is generated put in, ready for Sphinx."""
    shutil.copytree(HERE / language, folder)
    shutil.copy(HERE / "security" / ("asvs.md" if language == "en" else f"asvs.{language}.md"), folder / "asvs.md")
    for name in ("conf.py", "diagram.py"):
        shutil.copy(HERE / "site" / name, folder / name)
    (folder / "logo.svg").write_text(logo(), encoding="utf-8")
    if screenshots.is_dir():
        shutil.copytree(
            screenshots,
            folder / "screenshots",
            ignore=lambda _, names: [n for n in names if not n.endswith(f"-{language}.png")],
        )
    for page in folder.glob("*.md"):
        text = page.read_text(encoding="utf-8")
        for mark, put in GENERATED.items():
            if mark in text:
                text = text.replace(mark, put(language))
        page.write_text(text, encoding="utf-8")


def settings_table(language: str) -> str:
    """Every variable: what `vistobueno config --markdown` prints."""
    return "\n".join(markdown_lines(language))


def api_reference(language: str) -> str:
    """Every route of the API, from the description that the station itself serves."""
    route, what, answers, parameters = _API_WORDS[language]
    description = described(make_api())
    lines = [f"| {route} | {what} | {parameters} | {answers} |", "| --- | --- | --- | --- |"]
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            given = ", ".join(f"`{each['name']}`" for each in operation.get("parameters", ()))
            codes = ", ".join(operation["responses"])
            lines.append(f"| `{method.upper()} /api/v1{path}` | {operation['summary']} | {given} | {codes} |")
    return "\n".join(lines)


def model_card(language: str) -> str:
    """The shipped model's own card, one level deeper."""
    text = (shipped_bundle() / f"card.{language}.md").read_text(encoding="utf-8")
    return "\n".join(f"#{line}" if line.startswith("#") else line for line in text.splitlines())


GENERATED: dict[str, Any] = {
    "<!-- settings -->": settings_table,
    "<!-- api -->": api_reference,
    "<!-- card -->": model_card,
}


def build(out: Path, screenshots: Path) -> None:
    """Both languages, and a page that leads to them. A warning of Sphinx is an error."""
    shutil.rmtree(out, ignore_errors=True)
    work = out.with_name(f"{out.name}-work")
    shutil.rmtree(work, ignore_errors=True)
    for language in LANGUAGES:
        folder = work / language
        work.mkdir(parents=True, exist_ok=True)
        sources(language, folder, screenshots)
        environment = os.environ | {
            "DOCS_LANGUAGE": language,
            "DOCS_SCREENSHOTS": str(folder / "screenshots"),
            "PYTHONPATH": str(folder),
        }
        command = [
            sys.executable,
            "-m",
            "sphinx",
            "-W",
            "--keep-going",
            "-q",
            "-b",
            "html",
            str(folder),
            str(out / language),
        ]
        subprocess.run(command, check=True, env=environment)
        shutil.rmtree(out / language / ".doctrees", ignore_errors=True)
    (out / "index.html").write_text(_CHOICE, encoding="utf-8")
    shutil.rmtree(work)
    print(out / "index.html")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=HERE.parent / "build" / "docs")
    pictures = HERE.parent / "artefacts" / "screenshots"  # where the tests in a browser leave them
    parser.add_argument(
        "--screenshots", type=Path, default=pictures, help="pictures NAME-phone-es.png, NAME-desk-en.png, …"
    )
    chosen = parser.parse_args()
    build(chosen.out.resolve(), chosen.screenshots)
