import ast
import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import for_each
from vistobueno.core.errors import VistoBuenoError
from vistobueno.settings import SettingRefused, Settings, read_settings

SOURCE = Path(__file__).parents[1] / "src" / "vistobueno"
FIELDS = [each.name for each in dataclasses.fields(Settings)]


def example(field: dataclasses.Field) -> str:
    """A value that a user may give and that is not the default."""
    if field.metadata["choices"]:
        return next(each for each in field.metadata["choices"] if each != field.default)
    if "https" in field.metadata["schemes"]:
        return "https://example.org"
    return {bool: "true", int: "7", float: "0.7"}.get(field.type, "something")  # type: ignore[call-overload]


GIVEN = {each.name: example(each) for each in dataclasses.fields(Settings)}
MEANT = {each.name: each.type(7 if each.type is int else GIVEN[each.name]) for each in dataclasses.fields(Settings)}
READERS = {"settings.py", "cli/main.py", "cli/options.py", "i18n/__init__.py", "model/download.py", "web/middleware/allocator.py",
           "training/importing/confined.py", "web/app.py", "jobs/cluster.py"}  # fmt: skip
"""Who may touch the environment: settings; the command line, which passes it on; the language; the cache folder; what
settles BLAS before numpy is imported; the process that a foreign model is opened in; what asks whether OpenTelemetry's own
variables are set; what keeps Ray from telling its makers of its use."""


def test_nothing_set_gives_the_shipped_model_under_litert() -> None:
    assert read_settings({}) == Settings()
    assert (Settings().model_path, Settings().model_url, Settings().runtime) == ("", "", "litert")


@for_each("name", FIELDS)
def test_each_variable_has_its_field_s_name_in_capitals(name: str) -> None:
    found = read_settings({name.upper(): GIVEN[name]})
    assert found == dataclasses.replace(Settings(), **{name: MEANT[name]})


@for_each("name", FIELDS)
@for_each("nothing", ["", " ", "\t\n"])
def test_a_variable_that_is_empty_is_as_good_as_none(name: str, nothing: str) -> None:
    assert read_settings({name.upper(): nothing}) == Settings()


@for_each("name", FIELDS)
def test_spaces_around_a_value_do_no_harm(name: str) -> None:
    assert getattr(read_settings({name.upper(): f"  {GIVEN[name]}\n"}), name) == MEANT[name]


def test_small_letters_and_other_variables_are_not_ours() -> None:
    assert read_settings({"runtime": "tensorflow", "MODEL": "x", "PATH": "/bin"}) == Settings()


def test_without_a_word_it_is_this_process_s_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in FIELDS:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("MODEL_PATH", "here")
    assert read_settings() == Settings(model_path="here")


def test_an_empty_environment_is_not_taken_for_none_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_PATH", "here")
    assert read_settings({}).model_path == ""


@given(st.text(min_size=1).filter(lambda text: text.strip() not in ("", "litert", "tensorflow")))
def test_a_runtime_that_does_not_exist_is_refused_with_those_that_do(runtime: str) -> None:
    with pytest.raises(SettingRefused) as caught:
        read_settings({"RUNTIME": runtime})
    error = caught.value
    assert error.code == "setting_invalid"
    assert error.es == f"RUNTIME={runtime.strip()} no se puede usar. Use litert o tensorflow."
    assert error.en == f"RUNTIME={runtime.strip()} cannot be used. Use litert or tensorflow."


@for_each("value", ["-1", "8000.0", "eight", "٣", "1e3", "65536", "9" * 40])
def test_a_number_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(SettingRefused) as caught:
        read_settings({"PORT": value})
    assert caught.value.en == f"PORT={value} cannot be used. Use a whole number up to 65535."


@pytest.mark.parametrize(("value", "meant"), [("1", True), ("TRUE", True), ("off", False), ("No", False)])
def test_a_switch_is_understood_as_people_write_it(value: str, meant: bool) -> None:
    assert read_settings({"DEBUG": value}).debug is meant


def test_a_switch_that_is_neither_on_nor_off_is_refused() -> None:
    with pytest.raises(SettingRefused, match="true or false"):
        read_settings({"DEBUG": "perhaps"})


def test_a_secret_is_never_printed_with_the_settings() -> None:
    secrets = {each.name: "hunter2" for each in dataclasses.fields(Settings) if each.metadata["secret"]}
    assert {"secret_key", "database_url", "admin_password"} <= secrets.keys()
    assert "hunter2" not in repr(Settings(**secrets))


def test_a_refused_setting_is_caught_with_all_other_errors() -> None:
    assert issubclass(SettingRefused, VistoBuenoError)


def test_settings_do_not_change_under_way() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        read_settings({}).runtime = "tensorflow"  # type: ignore[misc]


@for_each("name", FIELDS)
def test_each_setting_says_what_it_means(name: str) -> None:
    meaning = Settings.__dataclass_fields__[name].metadata
    assert meaning["es"].endswith(".")
    assert meaning["en"].endswith(".")
    assert meaning["es"] != meaning["en"]


def test_no_other_room_reads_the_environment() -> None:
    readers = {
        file.relative_to(SOURCE).as_posix()
        for file in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv")
    }
    assert readers <= READERS


def test_on_render_people_come_by_the_service_s_address_unless_another_is_set() -> None:
    theirs = {"RENDER_EXTERNAL_URL": "https://vb.onrender.com"}
    assert read_settings(theirs).public_url == "https://vb.onrender.com"
    for ours in ("https://calidad.example", ""):
        assert read_settings({**theirs, "PUBLIC_URL": ours}).public_url == (ours or "https://vb.onrender.com")
