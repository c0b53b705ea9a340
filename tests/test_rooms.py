import ast
import os
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

from vistobueno.cli.drawn import draw_photo
from vistobueno.model.bundle import Bundle

SOURCE = Path(__file__).parents[1] / "src" / "vistobueno"
FROM_THE_TOP = (
    "cli", "commands", "web", "ui", "training", "bulk", "access", "station", "records", "lot", "inspector",
    "calibration", "verdict", "model", "drawn", "photo", "formats", "spreadsheet", "folders", "zips", "settings", "texts", "errors",
)  # fmt: skip
HEAVY = {"keras", "tensorflow", "tf_keras", "torch", "scipy", "h5py"}


@cache
def modules() -> dict[str, ast.Module]:
    """Every module by its dotted name below the package; the package itself is ''."""
    names = {}
    for file in SOURCE.rglob("*.py"):
        parts = file.relative_to(SOURCE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        names[name] = ast.parse(file.read_text(encoding="utf-8"))
    return names


def is_package(name: str) -> bool:
    return (SOURCE / Path(*name.split(".")) / "__init__.py").is_file()


def imports(name: str, tree: ast.AST) -> list[tuple[str, str]]:
    """Top-level packages, or modules of ours ('vistobueno.x.y'), each with the name taken from it."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            home = node.module or ""
            if node.level:
                parts = ["vistobueno", *filter(None, name.split("."))]
                kept = parts[: len(parts) - node.level + (1 if not name or is_package(name) else 0)]
                home = ".".join([*kept, home] if home else kept)
            found += [(home, alias.name) for alias in node.names]
    return found


def ours(name: str, tree: ast.AST) -> set[str]:
    """Modules of this package that a module takes something from, the package's own facts left out."""
    found = set()
    for home, taken in imports(name, tree):
        if home.partition(".")[0] == "vistobueno" and (home, taken) != ("vistobueno", "__version__"):
            below = home.removeprefix("vistobueno").removeprefix(".")
            whole = f"{below}.{taken}".strip(".")
            found.add(whole if whole in modules() else below)
    return found


def room(name: str) -> str:
    return name.partition(".")[0]


def heavy(name: str, tree: ast.AST) -> set[str]:
    return {home.partition(".")[0] for home, _ in imports(name, tree)} & HEAVY


def at_import(tree: ast.Module) -> ast.Module:
    """What runs when the module is imported: its functions' bodies cut out."""

    class Cut(ast.NodeTransformer):
        def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.Pass:
            return ast.Pass()

        def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.Pass:
            return ast.Pass()

    cut: ast.Module = Cut().visit(ast.parse(ast.unparse(tree)))
    return cut


NAMED = sorted(filter(None, modules()))
SERVING = [name for name in NAMED if room(name) != "training"]


def test_imports_are_understood() -> None:
    assert ours("model.download", ast.parse("from .bundle import x\nfrom ..errors import y")) == {
        "model.bundle",
        "errors",
    }
    assert ours("model", ast.parse("from . import bundle\nfrom .. import photo")) == {"model.bundle", "photo"}
    assert ours("photo", ast.parse("def f():\n    import vistobueno.core.verdict")) == {"verdict"}
    assert ours("cli", ast.parse("from . import __version__")) == set()
    assert ours("cli", ast.parse("from . import inspect")) == {""}  # the front door: no room goes out and in again


def test_every_room_has_its_floor() -> None:
    assert {room(name) for name in NAMED} <= set(FROM_THE_TOP)


def test_imports_point_downwards_only() -> None:
    for name in NAMED:
        floor = FROM_THE_TOP.index(room(name))
        above = {each for each in ours(name, modules()[name]) if not each or FROM_THE_TOP.index(room(each)) < floor}
        assert above == set(), name


def test_no_two_files_import_each_other_by_any_way_round() -> None:
    graph = {name: ours(name, modules()[name]) - {name} for name in NAMED}
    assert set(TopologicalSorter(graph).static_order()) >= set(NAMED)


def test_serving_does_not_know_what_training_needs() -> None:
    allowed = {
        "model.runtime": {"tensorflow", "keras", "tf_keras"},  # to compare
        "model.keras_file": {"tensorflow", "h5py"},
        "model.description": {"h5py"},
    }
    for name in SERVING:
        assert heavy(name, modules()[name]) <= allowed.get(name, set()), name
        assert heavy(name, at_import(modules()[name])) == set(), name


def test_serving_imports_training_only_when_it_is_asked_to_train() -> None:
    for name in SERVING:
        found = ours(name, at_import(modules()[name]))
        assert {each for each in found if room(each) == "training"} == set(), name


def loaded_by(code: str, *arguments: str) -> set[str]:
    """Names of the modules that a fresh Python has loaded after ``code``."""
    program = f"import sys\n{code}\nprint(*sys.modules, sep='\\n')"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(SOURCE.parent), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_importing_the_package_alone_costs_nothing() -> None:
    found = loaded_by("import vistobueno")
    assert "vistobueno" in found
    assert found & {"numpy", "PIL", "ai_edge_litert", "requests", "typer", *HEAVY} == set()
    assert {name for name in found if name.startswith("vistobueno.")} == set()


def test_the_command_line_opens_without_numpy() -> None:
    found = loaded_by("import vistobueno.cli.main")
    assert "typer" in found
    assert found & {"numpy", "PIL", "ai_edge_litert", "requests", *HEAVY} == set()


def test_a_verdict_needs_neither_tensorflow_nor_anything_else_of_training(small_bundle: Bundle, tmp_path: Path) -> None:
    photo = tmp_path / "apple.jpg"
    draw_photo("apple_fit", 1).save(photo)
    found = loaded_by(
        "import vistobueno.cli.main\n"
        "from pathlib import Path\n"
        "from vistobueno import inspect, load_model, open_photo\n"
        "model = load_model(sys.argv[1])\n"
        "assert inspect(open_photo(Path(sys.argv[2]).read_bytes()), model).answer in ('fit', 'unfit', 'review')",
        str(small_bundle.path),
        str(photo),
    )
    assert "ai_edge_litert.interpreter" in found
    assert found & {*HEAVY, "gdown", "requests", "vistobueno.training"} == set()
