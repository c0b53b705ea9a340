import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILES = {name: (ROOT / "docs" / "security" / name).read_text(encoding="utf-8") for name in ("asvs.md", "asvs.es.md")}


def test_both_languages_say_the_same_of_the_same_items() -> None:
    spanish, english = (
        re.findall(r"`test_\w+\.py::test_\w+`", text) for text in (FILES["asvs.es.md"], FILES["asvs.md"])
    )
    assert spanish == english and len(english) > 50
    assert FILES["asvs.es.md"].count("No se cumple") == FILES["asvs.md"].count("Not met")


def test_what_has_no_test_says_that_it_is_not_met_or_why_there_is_nothing_to_test() -> None:
    bare = [line for line in FILES["asvs.md"].splitlines() if line.endswith("| — |")]
    assert [line for line in bare if "Not met" not in line and "12.6.1" not in line] == []
