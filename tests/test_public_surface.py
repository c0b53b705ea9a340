import ast
import inspect as reflection
import tomllib
from pathlib import Path

import pytest

import vistobueno
from cases import for_each
from vistobueno.cli.drawn import draw_photo
from vistobueno.core import errors
from vistobueno.model.runtime import Model

ROOT = Path(__file__).parents[1]
TREE = ast.parse((ROOT / "src" / "vistobueno" / "__init__.py").read_text(encoding="utf-8"))


def names_for_types() -> dict[str, str]:
    """What the type checker is told: each name and the room it comes from."""
    (block,) = (node for node in TREE.body if isinstance(node, ast.If))
    return {
        alias.name: str(node.module) for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }


@for_each("name", vistobueno.__all__)
def test_every_public_name_can_be_had(name: str) -> None:
    assert getattr(vistobueno, name) is not None


@for_each("name", [name for name in vistobueno.__all__ if name != "__version__"])
def test_every_public_name_lives_where_the_type_checker_is_told(name: str) -> None:
    thing = getattr(vistobueno, name)
    assert thing.__name__ == name
    assert thing.__module__ == f"vistobueno.{names_for_types()[name]}"


@for_each("name", [name for name in vistobueno.__all__ if name != "__version__"])
def test_every_public_name_says_what_it_is(name: str) -> None:
    assert reflection.getdoc(getattr(vistobueno, name))


def test_what_is_public_is_the_same_for_people_and_type_checkers() -> None:
    assert set(vistobueno.__all__) == {*names_for_types(), "__version__"}


def test_a_star_brings_all_of_it() -> None:
    space: dict[str, object] = {}
    exec("from vistobueno import *", space)  # noqa: S102
    assert set(vistobueno.__all__) <= set(space)


def test_every_error_of_the_tree_is_public() -> None:
    tree = {name for name, each in vars(errors).items() if isinstance(each, type) and issubclass(each, Exception)}
    assert tree <= set(vistobueno.__all__)


def test_what_is_needed_to_use_a_public_function_is_public() -> None:
    for name in ("load_model", "open_photo", "inspect"):
        result = reflection.signature(getattr(vistobueno, name)).return_annotation
        assert (result if isinstance(result, str) else result.__name__) in vistobueno.__all__


@pytest.mark.parametrize("name", ["load_modell", "Bundle", "_spec_text", "np"])
def test_any_other_name_is_missing_as_in_any_module(name: str) -> None:
    with pytest.raises(AttributeError, match=name):
        getattr(vistobueno, name)


def test_the_version_is_the_package_s() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert vistobueno.__version__ == project["version"]


def example_in_the_docstring() -> str:
    return str(vistobueno.__doc__).partition("\n\n")[2]


def example_in_the_readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8").partition("```python\n")[2].partition("```")[0]


@pytest.mark.parametrize("example", [example_in_the_docstring, example_in_the_readme])
def test_the_example_runs_as_it_is_written(
    example: object,
    small_model: Model,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for product in ("apple", "banana"):
        draw_photo(f"{product}_fit", 1).save(tmp_path / f"{product}.jpg")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(vistobueno, "load_model", lambda: small_model, raising=False)
    exec(example(), {})  # type: ignore[operator]  # noqa: S102
    assert capsys.readouterr().out.split()[0] in ("fit", "unfit", "review")
