"""Build the documents' site: python docs/build.py [--out build/docs] [--screenshots FOLDER].

Sphinx with MyST and Furo: many hands keep it (Material for MkDocs only mends itself now), its pages ask no other host
for fonts or scripts, and its search runs in the browser, in Spanish too. The settings, the API, the Python API and the
model's card are written into the pages here, from the program itself: they cannot differ from it.
"""

import argparse
import importlib
import inspect
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import vistobueno
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
    "en": ("Route", "What it does", "ErrorHandling", "Parameters"),
}
_PYTHON_WORDS = {
    "es": ("Funciones", "Tipos", "Errores", "Tipos del núcleo"),
    "en": ("Functions", "Types", "Errors", "Types of the core"),
}
_CORE = ("classes", "input", "policy", "inspection")


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


def python_reference(language: str) -> str:
    """Every public name of Python, then the core's types, as their own docstrings tell them (Sphinx's autodoc)."""
    public = [getattr(vistobueno, name) for name in vistobueno.__all__ if name != "__version__"]
    core = [
        each
        for room in _CORE
        for each in vars(importlib.import_module(f"vistobueno.core.{room}")).values()
        if inspect.isclass(each) and each.__module__ == f"vistobueno.core.{room}" and not each.__name__.startswith("_")
    ]
    errors = [each for each in public if inspect.isclass(each) and issubclass(each, Exception)]
    types = [each for each in public if inspect.isclass(each) and each not in errors]
    groups = ([each for each in public if not inspect.isclass(each)], types, errors, core)
    lines = []
    for title, group in zip(_PYTHON_WORDS[language], groups, strict=True):
        lines += [f"## {title}", "", "```{eval-rst}"]
        for each in group:
            kind = "exception" if each in errors else "class" if inspect.isclass(each) else "function"
            place = each.__module__ if each in core else "vistobueno"
            lines += [f".. auto{kind}:: {place}.{each.__name__}", *(["   :members:"] if kind == "class" else []), ""]
        lines += ["```", ""]
    return "\n".join(lines)


def model_card(language: str) -> str:
    """The shipped model's own card, one level deeper."""
    text = (shipped_bundle() / f"card.{language}.md").read_text(encoding="utf-8")
    return "\n".join(f"#{line}" if line.startswith("#") else line for line in text.splitlines())


GENERATED: dict[str, Any] = {
    "<!-- settings -->": settings_table,
    "<!-- api -->": api_reference,
    "<!-- card -->": model_card,
    "<!-- python -->": python_reference,
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
            "PYTHONPATH": os.pathsep.join([str(folder), str(HERE.parent / "src")]),
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
