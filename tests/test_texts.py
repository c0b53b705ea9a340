import ast
import json
import re
import string
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vistobueno.i18n import LANGUAGES, counted, say, user_language

SOURCE = Path(__file__).parents[1] / "src" / "vistobueno"
SAME_WORD = {"error", "report_roc", "ui_history_xlsx", "ui_lot_gtin", "ui_lot_sscc", "ui_part_webhooks",
             "ui_role_inspector", "ui_role_supervisor"}  # fmt: skip
"""Said alike in Spanish and English."""


ROOMS = sorted({file.name.partition(".")[0] for file in (SOURCE / "i18n").glob("*.json")})


@cache
def room(name: str, language: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((SOURCE / "i18n" / f"{name}.{language}.json").read_text(encoding="utf-8"))
    return found


@cache
def texts(language: str) -> dict[str, str]:
    return {key: text for name in ROOMS for key, text in room(name, language).items()}


def places(text: str) -> list[tuple[str, str]]:
    """Names to be filled in, and how each is written."""
    return sorted((name, form or "") for _, name, form, _ in string.Formatter().parse(text) if name is not None)


@cache
def nodes() -> list[ast.AST]:
    sources = (file.read_text(encoding="utf-8") for file in SOURCE.rglob("*.py"))
    return [node for source in sources for node in ast.walk(ast.parse(source))]


def calls_of_say() -> list[ast.Call]:
    return [
        node
        for node in nodes()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say"
    ]


KEYS = sorted(texts("es"))
NUMBERS = {"count", "days", "seconds", "photographs", "inspections", "held_out", "removed", "swept", "most", "side"}
"""Names of what may be a bare number where a text is filled in."""


def test_both_languages_have_the_same_keys_in_the_same_order() -> None:
    for name in ROOMS:
        assert list(room(name, "es")) == list(room(name, "en")), name


def test_there_is_a_file_for_each_room_and_language_and_no_other() -> None:
    expected = {f"{name}.{language}.json" for name in ROOMS for language in LANGUAGES}
    assert {file.name for file in (SOURCE / "i18n").glob("*.json")} == expected


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_key_is_written_twice_in_one_file_or_in_two(language: str) -> None:
    pairs: list[tuple[str, str]] = []
    for name in ROOMS:
        text = (SOURCE / "i18n" / f"{name}.{language}.json").read_text(encoding="utf-8")
        json.loads(text, object_pairs_hook=pairs.extend)
    assert len(pairs) == len(texts(language))


def test_both_languages_fill_in_the_same_things_in_the_same_form() -> None:
    assert [key for key in KEYS if places(texts("es")[key]) != places(texts("en")[key])] == []


def test_no_text_is_empty_or_has_loose_spaces() -> None:
    written = [(key, texts(language)[key]) for key in KEYS for language in LANGUAGES]
    assert [key for key, text in written if not text or text != text.strip() or "  " in text] == []


def test_no_text_was_left_in_the_other_language() -> None:
    assert [key for key in KEYS if key not in SAME_WORD and texts("es")[key] == texts("en")[key]] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_say_puts_the_values_in(language: str) -> None:
    said = say(language, "summary", fit=11, unfit=22, review=33, refused=44)
    assert all(number in said for number in ("11", "22", "33", "44"))


COUNTED = sorted(key.removeprefix("count_").removesuffix("_one") for key in KEYS if re.fullmatch("count_.+_one", key))
NEVER_ONE = {
    "card_data",
    "card_what",
    "ui_history_few_letters",
    "ui_history_more",
    "ui_home_days",
    "web_days_invalid",
    "web_key_invalid",
}
"""Numbers that no run makes 1: a data set, an input's side, and limits that the program sets."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_is_never_said_with_the_words_for_many(language: str) -> None:
    plural = re.compile(r"\{\w+\}(?: [\w-]+)? (?!is\b|was\b|has\b|es\b|más\b)[^\W\d_]{2,}s\b")
    for what in COUNTED:
        assert counted(language, what, 1).startswith("1 ")
        assert counted(language, what, 0)[1:] == counted(language, what, 2)[1:]
        if re.match(r"\{count\} \w+s\b", texts(language)[f"count_{what}_many"]):
            assert not re.match(r"\{count\} \w+s\b", texts(language)[f"count_{what}_one"])
    loose = {key for key, text in texts(language).items() if plural.search(text) and not key.startswith("count_")}
    assert {key for key in loose if {name for name, _ in places(texts(language)[key])} & NUMBERS} <= NEVER_ONE


def test_a_number_may_be_written_as_the_reader_s_language_does() -> None:
    assert counted("es", "received", 1234, "1.234") == "1.234 fotos recibidas"


def test_a_language_that_is_not_spoken_gets_spanish() -> None:
    assert say("fr", "fit") == say("es", "fit") == "APTO"
    assert say("en", "fit") == "FIT"


def test_a_text_that_does_not_exist_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError, match="nonsense"):
        say("es", "nonsense")


def test_a_value_that_is_left_out_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError, match="folder"):
        say("es", "draw_folder")


@given(st.text())
def test_a_value_is_said_as_it_is_and_never_filled_in_again(folder: str) -> None:
    assert folder in say("en", "draw_folder", folder=folder)


def test_every_text_that_is_asked_for_exists_and_gets_what_it_needs() -> None:
    asked = [call for call in calls_of_say() if len(call.args) > 1 and isinstance(call.args[1], ast.Constant)]
    assert len(asked) > 20
    for call in asked:
        key = ast.literal_eval(call.args[1])
        assert key in texts("es"), key
        given = {each.arg for each in call.keywords}
        if None not in given:
            assert given == {name for name, _ in places(texts("es")[key])}, key


def test_no_text_is_kept_that_nobody_says() -> None:
    constants = {node.value for node in nodes() if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    beginnings = tuple(
        first.value
        for node in nodes()
        if isinstance(node, ast.JoinedStr)
        and isinstance(first := node.values[0], ast.Constant)
        and first.value[-1] == "_"
    )
    modules = "".join(file.read_text("utf-8") for file in (SOURCE / "web" / "field").rglob("*.[jh]*"))
    beginnings += tuple(each for each in re.findall(r"`(\w+_)\$\{", modules))
    said = set(re.findall(r"\"(\w+)\"", modules))
    plurals = {f"{each}_one" for each in said}
    known = constants | said | plurals
    assert [key for key in KEYS if key not in known and not key.startswith(beginnings)] == []


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "es"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "EN"}, "en"),
        ({"LANG": "es_PE.UTF-8"}, "es"),
        ({"LANG": "fr_FR.UTF-8"}, "es"),
        ({"LANG": "C.UTF-8"}, "es"),
        ({"LC_ALL": "es_PE.UTF-8", "LANG": "en_US.UTF-8"}, "es"),
        ({"LC_ALL": "en_GB.UTF-8", "LC_MESSAGES": "es_PE.UTF-8", "LANG": "es_PE.UTF-8"}, "en"),
        ({"LC_MESSAGES": "en_GB.UTF-8", "LANG": "es_PE.UTF-8"}, "en"),
        ({"LC_ALL": "", "LANG": "en_US.UTF-8"}, "en"),
    ],
)
def test_the_environment_chooses_the_language(
    environment: dict[str, str], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert user_language() == language
