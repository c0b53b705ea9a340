import ast
import copy
import importlib
import pickle
import re
from functools import cache
from pathlib import Path

import pytest

from vistobueno.core.errors import PhotoRefused, VistoBuenoError
from vistobueno.model.failures import CODES, failed

SOURCE = Path(__file__).parents[1] / "src" / "vistobueno"


def family() -> list[type[VistoBuenoError]]:
    """Every error of the program: found by its name in the source, then imported."""
    modules = (
        ".".join(["vistobueno", *file.relative_to(SOURCE).with_suffix("").parts]).removesuffix(".__init__")
        for file in sorted(SOURCE.rglob("*.py"))
        if re.search(r"^class \w+\((VistoBuenoError|\w+Refused|Exception)\):", file.read_text("utf-8"), re.MULTILINE)
    )
    return [
        each
        for name in modules
        for each in vars(importlib.import_module(name)).values()
        if isinstance(each, type) and issubclass(each, VistoBuenoError) and each.__module__ == name
    ]


FAMILY = family()
SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
TABLES = {"model/failures.py", "accounts/errors.py", "web/problems.py", "training/importing/confined.py"}
"""Where a code comes in by name: its sentences are in a table, in the texts, or come from another process."""
DOWNLOADS = "model/failures.py"
"""Keeps its sentences in a table; its one call takes a code from it."""


class Call:
    """One place in the source where an error is made."""

    def __init__(self, file: str, node: ast.Call, name: str) -> None:
        self.name, self.place = name, f"{file}:{node.lineno}"
        self.code = ast.literal_eval(node.args[0]) if node.args and isinstance(node.args[0], ast.Constant) else None
        self.extra = len(node.args) - 1
        self.words = {each.arg: each.value for each in node.keywords}
        self.from_table = file in TABLES and self.code is None


@cache
def trees() -> dict[str, ast.Module]:
    files = sorted(SOURCE.rglob("*.py"))
    return {file.relative_to(SOURCE).as_posix(): ast.parse(file.read_text(encoding="utf-8")) for file in files}


@cache
def calls() -> list[Call]:
    names = {each.__name__ for each in FAMILY}
    return [
        Call(file, node, node.func.id)
        for file, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names
    ]


def calls_of_failed() -> list[ast.Call]:
    return [
        node
        for tree in trees().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "failed"
    ]


def facts(sentence: ast.expr) -> set[str]:
    """What a sentence fills in, without its language."""
    filled = (each for each in ast.walk(sentence) if isinstance(each, ast.FormattedValue))
    return {re.sub(r"(^|[._'])(es|en)\b", r"\1language", ast.unparse(each.value)) for each in filled}


def test_every_error_is_caught_at_the_root() -> None:
    for kind in FAMILY:
        with pytest.raises(VistoBuenoError):
            raise kind("some_code", es="Pasa esto. Haga aquello.", en="This happens. Do that.")


def test_the_tree_is_small_enough_to_be_caught_at_any_height() -> None:
    assert len(FAMILY) > 15
    assert max(len(each.__mro__) for each in FAMILY) <= len(VistoBuenoError.__mro__) + 2


def test_no_two_errors_have_one_name() -> None:
    names = [each.__name__ for each in FAMILY]
    assert len(names) == len(set(names))


def test_an_error_speaks_the_language_asked_for_and_otherwise_spanish() -> None:
    error = PhotoRefused("some_code", es="Sí.", en="Yes.")
    assert error.message("en") == "Yes."
    assert error.message("es") == error.message() == error.message("fr") == "Sí."


def test_a_trace_shows_code_and_sentence() -> None:
    assert str(PhotoRefused("some_code", es="Sí.", en="Yes.")) == "some_code: Yes."


def test_an_error_comes_whole_out_of_another_process() -> None:
    for kind in FAMILY:
        made = kind("some_code", es="Sí.", en="Yes.")
        for error in (pickle.loads(pickle.dumps(made)), copy.copy(made)):  # noqa: S301
            assert type(error) is kind
            assert (error.code, error.es, error.en, str(error)) == ("some_code", "Sí.", "Yes.", "some_code: Yes.")


def test_an_error_cannot_be_made_in_one_language() -> None:
    with pytest.raises(TypeError, match="es"):
        PhotoRefused("some_code", en="Yes.")  # type: ignore[call-arg]


def test_the_source_makes_errors_in_many_places() -> None:
    assert len(calls()) > 40


def test_every_error_has_a_literal_code_in_snake_case() -> None:
    assert all(SNAKE.fullmatch(code) for code in CODES)
    assert [
        each.place for each in calls() if not each.from_table and not (each.code and SNAKE.fullmatch(each.code))
    ] == []


def test_every_error_is_said_in_both_languages_by_name_with_the_same_facts() -> None:
    for call in calls():
        assert call.extra == 0 and {"es", "en"} <= set(call.words), call.place
        assert ast.dump(call.words["es"]) != ast.dump(call.words["en"]), call.place
        assert facts(call.words["es"]) == facts(call.words["en"]), call.place


def test_every_failed_download_is_said_in_both_languages() -> None:
    names = ("url", "to", "folder", "reason", "sha256", "status", "limit", "found", "expected")
    for code in CODES:
        error = failed(code, **{name: f"<{name}>" for name in names})
        assert error.code == code and error.es != error.en
        assert set(re.findall(r"<\w+>", error.es)) == set(re.findall(r"<\w+>", error.en)), code


def test_every_download_fails_with_a_code_of_the_table() -> None:
    literals = [node.args[0].value for node in calls_of_failed() if isinstance(node.args[0], ast.Constant)]
    assert len(literals) > 15
    assert set(literals) <= CODES


def test_a_code_belongs_to_one_class() -> None:
    homes: dict[str, set[str]] = {code: {"DownloadFailed"} for code in CODES}
    for call in calls():
        if call.code:
            homes.setdefault(call.code, set()).add(call.name)
    assert {code: names for code, names in homes.items() if len(names) > 1} == {}


def test_every_documented_code_is_one_that_exists() -> None:
    made = {
        each.value
        for tree in trees().values()
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        for each in call.args
        if isinstance(each, ast.Constant)
    }  # by way of `access_refused`, `refuse` and the like
    known = {call.code for call in calls()} | CODES | made
    documented = {
        (file, code)
        for file, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and "Raises:" in (text := ast.get_docstring(node) or "")
        for code in re.findall(r"``([a-z]+(?:_[a-z0-9]+)+)``", text.partition("Raises:")[2])
    }
    assert {(file, code) for file, code in documented if code not in known} == set()
