"""What an import costs. Which room may import which is held by import-linter (`make lint`)."""

import os
import subprocess
import sys
from pathlib import Path

from vistobueno.cli.drawn import draw_photo
from vistobueno.model.bundle import Bundle

SOURCE = Path(__file__).parents[1] / "src" / "vistobueno"
HEAVY = {"keras", "tensorflow", "tf_keras", "torch", "scipy", "h5py"}


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
    assert {name for name in found if name.startswith("vistobueno.")} == {"vistobueno.core", "vistobueno.core.version"}


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
