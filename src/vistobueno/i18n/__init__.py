"""What programs say to people, in Spanish and English: ``ROOM.es.json`` and ``ROOM.en.json``, the same keys in each."""

import json
import os
from functools import cache
from pathlib import Path

LANGUAGES = ("es", "en")


def say(language: str, key: str, **values: object) -> str:
    """The text ``key`` in ``language``, with ``values`` put in."""
    return _texts(language)[key].format(**values)


def word(language: str, key: str, otherwise: str) -> str:
    """The text ``key`` where there is one: what a foreign model calls a product has none."""
    return _texts(language).get(key, otherwise)


def texts(language: str, beginnings: tuple[str, ...]) -> dict[str, str]:
    """The texts whose keys begin so, for programs that put the values in themselves."""
    return {key: text for key, text in _texts(language).items() if key.startswith(beginnings)}


def counted(language: str, what: str, count: int, shown: str = "") -> str:
    """How many of what, in words that agree: 1 foto recibida, 2 fotos recibidas. ``count_WHAT_one`` and ``count_WHAT_many``.

    Args:
        shown: the number as it is written, where that is not plain digits.
    """
    return say(language, f"count_{what}_{'one' if count == 1 else 'many'}", count=shown or count)


def decimals(value: float, digits: int, language: str) -> str:
    """0,0123 in Spanish, 0.0123 in English."""
    text = f"{value:.{digits}f}"
    return text if language == "en" else text.replace(".", ",")


def certainty(probability: float, language: str) -> str:
    """97 %: how sure a model is, as a person is told. Two digits at most, and never 0 or 100: no model is as sure as that.

    What was counted (a rate with its interval) is no certainty: see `desk.formats.percent`.
    """
    whole = min(99, max(1, round(probability * 100)))
    return f"{whole}%" if language == "en" else f"{whole}\u00a0%"


def user_language() -> str:
    """``en`` where the environment (``LC_ALL``, ``LC_MESSAGES``, ``LANG``) asks for English, else ``es``."""
    wish = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return "en" if wish.lower().startswith("en") else "es"


@cache
def _texts(language: str) -> dict[str, str]:
    name = language if language in LANGUAGES else "es"
    found: dict[str, str] = {}
    for file in Path(__file__).parent.glob(f"*.{name}.json"):
        found |= json.loads(file.read_text(encoding="utf-8"))
    return found
