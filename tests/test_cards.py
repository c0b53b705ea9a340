import re
from typing import Any

import pytest

from small_model import CLASSES, SPEC
from test_figures import some_judged
from vistobueno.core.policy import Policy
from vistobueno.training.cards import cards
from vistobueno.training.figures import FIGURES, all_figures, cell

KNOWN = all_figures(some_judged(60, strangers=12))
UNKNOWN = all_figures(some_judged(40, seed=3))


def facts(**changed: Any) -> dict[str, Any]:
    return {
        "name": "packhouse",
        "version": "9.1",
        "input": SPEC,
        "classes": CLASSES,
        "policy": Policy(temperature=1.37, fit_below=0.0421, unfit_above=0.8765, alpha=0.01, beta=0.02),
        "training": {
            "photographs": 72,
            "sources": ["shelf", "store", "studio"],
            "data": "d" * 64,
            "backbone": "lite-9",
        },
        "metrics": {"known_cameras": KNOWN, "unknown_cameras": UNKNOWN},
        "origin": {"command": "vistobueno train photos --out packhouse --seed 7"},
        **changed,
    }


def text(language: str, **changed: Any) -> str:
    return cards(facts(**changed))[f"card.{language}.md"].decode("utf-8")


@pytest.fixture(params=["es", "en"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_there_is_one_card_in_each_language() -> None:
    written = cards(facts())
    assert set(written) == {"card.es.md", "card.en.md"}
    assert written["card.es.md"] != written["card.en.md"]


def test_a_card_names_the_model_its_data_and_the_command_that_makes_it(language: str) -> None:
    card = text(language)
    for fact in ("packhouse 9.1", "72", "shelf, store, studio", "d" * 64, "lite-9", "64 × 64"):
        assert fact in card
    assert "```sh\nvistobueno train photos --out packhouse --seed 7\n```" in card


def test_a_card_names_every_class_in_its_language(language: str) -> None:
    for each in CLASSES:
        assert f"{each.names[language]} (`{each.key}`)" in text(language)


def test_a_card_gives_the_policy_with_what_it_was_set_for(language: str) -> None:
    for number in ("0.0421", "0.8765", "1.37", "≤ 1 %", "≤ 2 %"):
        assert number in text(language)


def test_every_figure_of_every_source_and_class_is_the_measured_one(language: str) -> None:
    rows = [line.split(" | ") for line in text(language).splitlines() if line.startswith("| ")]
    shown = {(cells[0].strip("| "), tuple(cell_.strip(" |") for cell_ in cells[1:])) for cells in rows}
    for figures in (KNOWN, UNKNOWN):
        for kind in ("sources", "classes"):
            for name, values in figures[kind].items():
                expected = (str(values["review_share"]["n"]), *(cell(values[figure]) for figure in FIGURES))
                assert ((name, expected) in shown) == (values["review_share"]["n"] > 0)


def test_a_card_says_how_strangers_are_told_apart(language: str) -> None:
    assert f"| shelf | 12 | {cell(KNOWN['sources']['shelf']['ood_reviewed'])} " in text(language)
    assert cell(KNOWN["ood_auc"]["shelf"], percent=False) in text(language)


def test_without_strangers_there_is_no_table_of_strangers(language: str) -> None:
    assert "AUC" not in text(language, metrics={"known_cameras": UNKNOWN})


def test_figures_of_unknown_cameras_stand_apart_and_only_where_there_are_any(language: str) -> None:
    with_them, without = text(language), text(language, metrics={"known_cameras": KNOWN})
    assert "--unknown-cameras" in with_them
    assert "--unknown-cameras" not in without
    assert len(with_them) > len(without)


def test_a_card_says_what_the_model_does_badly(language: str) -> None:
    title = {"es": "## Lo que hace mal", "en": "## What it does badly"}[language]
    assert title in text(language)


def test_no_text_is_missing_and_no_place_left_open(language: str) -> None:
    assert not re.search(r"\{\w+\}|card_\w+|\bNone\b|\bnan\b", text(language))


def test_tables_are_whole(language: str) -> None:
    for table in re.findall(r"(?:^\|.*\n)+", text(language), flags=re.MULTILINE):
        assert len({line.count("|") for line in table.splitlines()}) == 1


def test_the_same_facts_give_the_same_card() -> None:
    assert cards(facts()) == cards(facts())
