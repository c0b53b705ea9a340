import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

import vistobueno
from cases import for_each
from test_house import command_at
from vistobueno.cli.config import markdown_lines
from vistobueno.cli.drawn import draw_photo, write_samples
from vistobueno.settings import Settings

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
LANGUAGES = ("es", "en")
PAGES = sorted(file.name for file in (DOCS / "es").glob("*.md"))
EVERY = [(language, page) for language in LANGUAGES for page in PAGES]
NAMES = {each.name.upper() for each in fields(Settings)}
ORIGIN = {  # the blanks of the document that this deployment fills, in its order
    "es": ["Modelo", "Plataforma", "Requisitos técnicos", "Requisitos de seguridad", "Diagrama de arquitectura",
           "Archivo principal", "Rutas de acceso", "Variables de entorno", "Instalación", "Configuración", "Uso",
           "Mantenimiento"],
    "en": ["Model", "Platform", "Technical requirements", "Security requirements", "Architecture diagram", "Main file",
           "Access paths", "Environment variables", "Installation", "Configuration", "Use", "Maintenance"],
}  # fmt: skip
TUTORIALS = {"inspector.md", "supervisor.md", "engineer.md", "data-scientist.md", "own-product.md", "machine.md"}


def text(language: str, page: str) -> str:
    return (DOCS / language / page).read_text(encoding="utf-8")


def fences(page: str) -> list[tuple[str, str]]:
    """Blocks of a page: what each is, and what is in it."""
    return re.findall(r"^```(\S+)[^\n]*\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def prose(page: str) -> str:
    return re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL)


def headings(page: str) -> list[tuple[str, str]]:
    return re.findall(r"^(#+) (.+)$", prose(page), re.MULTILINE)


def shape(page: str) -> list[str]:
    """What a page is made of, without its words: headings, blocks, rows, items, links, code."""
    marks = [(r"^#+ ", prose(page)), (r"^\| ", page), (r"^(?:- |\d+\. )", page), (r"\]\([^)]*\)", page)]
    found = [str(len(re.findall(pattern, where, re.MULTILINE))) for pattern, where in marks]
    return found + [level for level, _ in headings(page)] + [kind for kind, _ in fences(page)]


def test_both_languages_have_the_same_pages() -> None:
    assert sorted(file.name for file in (DOCS / "en").glob("*.md")) == PAGES
    others = {
        "index.md",
        "commissioning.md",
        "glossary.md",
        "deployment.md",
        "api.md",
        "python.md",
        "model.md",
        "runbook.md",
    }
    assert set(PAGES) == TUTORIALS | others


@for_each("page", PAGES)
def test_a_page_is_made_of_the_same_in_both_languages(page: str) -> None:
    assert shape(text("es", page)) == shape(text("en", page))


@for_each("page", PAGES)
def test_a_page_was_translated(page: str) -> None:
    assert text("es", page) != text("en", page)
    same = {name for _, name in headings(text("es", page))} & {name for _, name in headings(text("en", page))}
    alerts = {name for name in same if re.fullmatch(r"VistoBueno[A-Z]\w+", name)}
    assert same - alerts <= {"Visto Bueno", "API", "Open Inference Protocol"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_deployment_fills_the_blanks_of_the_origin_in_its_order(language: str) -> None:
    assert [name for level, name in headings(text(language, "deployment.md")) if level == "##"] == ORIGIN[language]


@for_each(("language", "page"), EVERY)
def test_every_command_that_is_shown_exists_with_its_options(language: str, page: str) -> None:
    blocks = [block for kind, block in fences(text(language, page)) if kind in ("sh", "console")]
    code = re.sub(r"^\$ ", "", "\n".join(blocks), flags=re.MULTILINE)
    lines = re.findall(r"(?:^|&& |\bDATA_DIR=\S+ |/)vistobueno ([a-z][^|>&\n]*)", code, re.MULTILINE)
    for words in [line.partition("#")[0].split() for line in lines]:
        command, rest = command_at(words)
        assert not hasattr(command, "commands"), words
        assert {word for word in rest if word.startswith("-")} <= {
            name for each in command.params for name in each.opts
        }


@for_each(("language", "page"), EVERY)
def test_every_variable_that_is_named_exists(language: str, page: str) -> None:
    named = set(re.findall(r"`([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+)(?:=[^`]*)?`", text(language, page)))
    assert {name for name in named if not name.startswith(("OTEL_", "RAY_"))} <= NAMES  # those are others'


@for_each(("language", "page"), EVERY)
def test_every_file_that_is_named_is_there(language: str, page: str) -> None:
    named = set(re.findall(r"`((?:deploy/|\.ci/|docs/)?[\w.-]*\w\.(?:yaml|py|md|example))`", text(language, page)))
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_metric_is_explained_and_no_other(language: str) -> None:
    from vistobueno.web.metrics import REGISTRY, STATION

    told = set(re.findall(r"^\| `(vistobueno_\w+)`", text(language, "runbook.md"), re.MULTILINE))
    counted = {
        each.name + ("_total" if each.type == "counter" else "")
        for each in (*REGISTRY.collect(), *STATION.describe())  # the latter are told once a station is open
        if each.name.startswith("vistobueno_")
    }
    assert told == counted


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_way_in_that_is_told_is_one_that_the_guard_knows(language: str) -> None:
    from vistobueno.web.rules import RULES

    part = text(language, "deployment.md").partition(f"## {ORIGIN[language][6]}")[2].partition("\n## ")[0]
    told = re.findall(r"`(/[^`…]*)…?`", part)
    assert len(told) >= 8
    assert [path for path in told if not any(rule.matches("GET", path.rstrip("/") or "/") for rule in RULES)] == []


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the pages take for granted: drawn photographs."""
    folder = tmp_path_factory.mktemp("album")
    write_samples(folder / "drawn", per_class=1, seed=2)
    for name in ("photo.jpg", "foto.jpg"):
        draw_photo("apple_fit", 3).save(folder / name)
    return folder


@pytest.fixture
def desk(album: Path, tmp_path: Path) -> dict[str, str]:
    """A folder with drawn photographs, and an environment without settings of this machine."""
    shutil.copytree(album, tmp_path, dirs_exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if name not in NAMES}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**kept, "PATH": path, "DATA_DIR": str(tmp_path / "data"), "BACKUP_URL": str(tmp_path / "backups")}


def run(blocks: list[str], folder: Path, environment: dict[str, str]) -> None:
    for block in blocks:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"


WITH_SH = [
    (language, page) for language, page in EVERY if any(kind == "sh" for kind, _ in fences(text(language, page)))
]
WITH_BASH = [each for each in EVERY if any(kind == "bash" for kind, _ in fences(text(*each)))]


@pytest.mark.parametrize(("language", "page"), WITH_SH)
def test_the_commands_of_a_page_do_what_they_say(
    language: str, page: str, desk: dict[str, str], tmp_path: Path
) -> None:
    run([block for kind, block in fences(text(language, page)) if kind == "sh"], tmp_path, desk)


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A station that runs, and a key for it."""
    pytest.importorskip("playwright.sync_api", reason="playwright is not here")
    sys.path.insert(0, str(ROOT / "tests" / "browser"))
    from driving import ANA, running

    from vistobueno.core.inspection import Actor

    with running(tmp_path_factory.mktemp("station")) as server:
        person = server.access.people.by_email(ANA.email)
        _, secret = server.access.keys.make(
            "docs", ("inspect", "read", "infer"), Actor("person", person.id, person.name)
        )
        yield server.url, secret


@pytest.mark.parametrize(("language", "page"), WITH_BASH)
def test_the_calls_of_a_page_are_answered(
    language: str, page: str, station: tuple[str, str], desk: dict[str, str], tmp_path: Path
) -> None:
    url, key = station
    blocks = [block for kind, block in fences(text(language, page)) if kind == "bash"]
    run(blocks, tmp_path, {**desk, "STATION": url, "KEY": key})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("sphinx", reason="Sphinx is not here: pip install -r requirements/docs.txt")
    out = tmp_path_factory.mktemp("site") / "docs"
    done = subprocess.run(
        [sys.executable, str(DOCS / "build.py"), "--out", str(out)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return out


def test_the_site_has_every_page_and_asks_no_other_host_for_anything(site: Path) -> None:
    for language, page in EVERY:
        assert (site / language / page.replace(".md", ".html")).is_file()
    asks = re.compile(r"""<(?:script|img|iframe|source)[^>]+src=["']?(?:https?:)?//|<link[^>]+href=["'](?:https?:)?//|"""
                      r"""url\(["']?(?:https?:)?//|@import ["'](?:https?:)?//""")  # fmt: skip
    files = [each for each in site.rglob("*") if each.suffix in (".html", ".css")]
    assert [each.name for each in files if asks.search(each.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_of_variables_in_the_site_is_the_program_s(language: str, site: Path) -> None:
    html = (site / language / "deployment.html").read_text(encoding="utf-8")
    rows = re.findall(r"<tr class=\"row-\w+\"><td><p><code[^>]*><span class=\"pre\">([A-Z0-9_]+)</span>", html)
    assert rows == [re.findall(r"`([A-Z0-9_]+)`", line)[0] for line in markdown_lines(language)[2:]]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_api_in_the_site_is_what_the_station_describes(language: str, site: Path) -> None:
    from vistobueno.web.api.routes import described, make_api

    html = re.sub(r"<[^>]+>", "", (site / language / "api.html").read_text(encoding="utf-8"))
    missing = [path for path in described(make_api())["paths"] if f"/api/v1{path}" not in html]
    assert missing == []


def test_every_public_name_of_python_is_described_in_the_site(site: Path) -> None:
    for language in LANGUAGES:
        html = (site / language / "python.html").read_text(encoding="utf-8")
        described = set(re.findall(r'id="vistobueno\.(\w+)"', html))
        assert described >= set(vistobueno.__all__) - {"__version__"}
        assert 'id="vistobueno.core.policy.Policy"' in html


@pytest.mark.parametrize("page", ["deployment.html", "machine.html"])
def test_a_page_leads_to_the_other_language(page: str, site: Path) -> None:
    for language, other in (("es", "en"), ("en", "es")):
        assert f'href="../{other}/' in (site / language / page).read_text(encoding="utf-8")
