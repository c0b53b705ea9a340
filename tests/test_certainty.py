"""How sure a model is, as people are told it: no page, report or table claims what nobody has measured."""

import html
import re
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from command_line import Run, deciding, models, vistobueno
from vistobueno.desk.home import _today
from vistobueno.i18n import LANGUAGES, certainty, say

__all__ = ["deciding", "models", "vistobueno"]
FINER = re.compile(r"\d[.,]\d+\s?%|\b100\s?%|(?<![\d.,])0\s?%|[<>]\s?\d+\s?%")
"""A share with more than two digits, or that is all, nothing, or beyond a number."""


def words(markup: Markup) -> str:
    """What is read of it, what is heard included."""
    heard = re.findall(r'aria-label="([^"]*)"', markup)
    return html.unescape(" ".join([re.sub(r"<[^>]+>", " ", markup), *heard])).replace("\u00a0", " ")


@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from(LANGUAGES))
def test_a_certainty_has_two_digits_at_most_and_keeps_the_order(one: float, other: float, language: str) -> None:
    said = certainty(one, language)
    assert re.fullmatch(r"[1-9]\d?(%|\u00a0%)", said)
    whole = [int(re.sub(r"\D", "", certainty(each, language))) for each in sorted((one, other))]
    assert whole == sorted(whole)
    assert abs(whole[0] - 100 * min(one, other)) <= 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_share_of_today_says_that_nobody_has_measured_the_camera(language: str) -> None:
    assert say(language, "ui_home_unmeasured") in words(_today(Counter(fit=3), {}, False, language))
    assert say(language, "camera_commissioned") in words(_today(Counter(fit=3), {}, True, language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_of_the_command_line_says_so_too_and_data_stay_as_they_are(
    vistobueno: Run, models: dict[str, Any], drawn: Any, language: str
) -> None:
    shown = vistobueno("inspect", drawn, "-m", models["mixed"], "-l", language).out
    cells = [line for line in shown.splitlines() if line.startswith("│")]
    assert cells and all(re.search(r"│ \d\d?\s?% *│", line) for line in cells)
    assert not FINER.search(shown)
    assert shown.rstrip().endswith(say(language, "camera_unmeasured"))
    for form in ("--json", "--csv"):
        raw = vistobueno("inspect", drawn, "-m", models["mixed"], "-l", language, form).out
        assert say(language, "camera_unmeasured") not in raw
        assert re.search(r"0\.\d{4,6}\b", raw)
