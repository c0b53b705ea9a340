"""A bottle or a hand resembles some product most, and yet counts as none, wherever products are listed or counted."""

import csv
import io
from collections import Counter
from dataclasses import replace
from datetime import UTC, date
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from altered_bundle import rewritten
from command_line import Run, lines_of, vistobueno
from drawn_photos import jpeg
from kept import ANA
from opened import Open, open_station
from vistobueno.cli.drawn import draw_photo
from vistobueno.core.inspection import Filter, Inspection
from vistobueno.core.verdict import judge
from vistobueno.desk.home import _today
from vistobueno.desk.pieces import product_of
from vistobueno.i18n import say
from vistobueno.model.bundle import Bundle
from vistobueno.model.runtime import load_model
from vistobueno.services import Station
from vistobueno.web.api.schemas import CountOut, InspectionOut, count_as, inspection_as
from vistobueno.web.oip.inference import _outputs

__all__ = ["open_station", "vistobueno"]
PRODUCTS = ("apple", "banana", "orange")


@pytest.fixture(scope="module")
def wary(small_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle to which everything is a stranger."""
    scope = small_bundle.policy.scope
    assert scope is not None
    policy = replace(small_bundle.policy, scope=replace(scope, threshold=-1e9))
    return rewritten(small_bundle, tmp_path_factory.mktemp("wary") / "wary", policy=policy)


@pytest.fixture
def stranger(open_station: Open, wary: Bundle) -> tuple[Station, Inspection]:
    station = open_station(model_path=str(wary.path))
    kept = station.inspections.inspect(jpeg("banana_fit", 1), ANA, source="page", filename="botella.jpg").inspection
    assert kept.verdict.answer == "review" and "out_of_scope" in kept.verdict.reasons
    return station, kept


def test_lists_that_ask_for_a_product_leave_strangers_out(stranger: tuple[Station, Inspection]) -> None:
    station, kept = stranger
    for product in PRODUCTS:
        assert station.inspections.page(Filter(product=product)).items == ()
        assert station.inspections.page(Filter(product=product, answer="review", reviewed=False)).items == ()
    assert station.inspections.page().items == station.inspections.page(Filter(reason="out_of_scope")).items == (kept,)


def test_counts_of_days_have_strangers_apart(stranger: tuple[Station, Inspection]) -> None:
    station, kept = stranger
    day = kept.at.date()
    for zone in (UTC, ZoneInfo("America/Lima")):
        local = kept.at.astimezone(zone).date()
        for counts in (
            station.inspections.own_day_counts(local, local, zone),
            station.inspections.day_counts(day, day),
        ):
            ((product, count),) = [(each.product, each.count) for each in counts]
            assert (product, count) == (None, 1)
    assert station.inspections.day_counts(date.min, date.max) == station.inspections.day_counts(day, day)
    (found,) = station.inspections.day_counts(day, day)
    assert CountOut(**count_as(found)).product is None


@pytest.mark.parametrize("language", ["es", "en"])
def test_neither_table_nor_page_names_a_product(stranger: tuple[Station, Inspection], language: str) -> None:
    station, kept = stranger
    (row,) = csv.DictReader(io.StringIO("".join(station.inspections.export_csv(Filter(), language)).lstrip("\ufeff")))
    assert row[say(language, "inspection_product")] == "—"
    assert product_of(kept, language) == say(language, "ui_unknown_product")
    home = str(_today(Counter(review=3), {None: Counter(review=1), "apple": Counter(review=2)}, False, language))
    assert home.index(say(language, "apple")) < home.index(say(language, "ui_unknown_product"))


def test_the_api_gives_no_product_and_keeps_what_the_model_said(stranger: tuple[Station, Inspection]) -> None:
    _, kept = stranger
    said = InspectionOut.model_validate(inspection_as(kept))
    assert said.product is None
    assert said.class_key == kept.verdict.class_key
    assert said.probabilities == kept.verdict.probabilities


def test_the_command_line_and_the_inference_protocol_give_none_either(
    vistobueno: Run, wary: Bundle, tmp_path: Path
) -> None:
    photo = tmp_path / "mano.jpg"
    draw_photo("banana_fit", 1).save(photo)
    (line,) = lines_of(vistobueno("inspect", photo, "-m", wary.path, "--json"))
    assert line["product"] is None and line["reasons"]
    (row,) = csv.DictReader(io.StringIO(vistobueno("inspect", photo, "-m", wary.path, "--csv").out))
    assert row["product"] == ""
    for language in ("es", "en"):
        shown = vistobueno("inspect", photo, "-m", wary.path, "-l", language).out
        assert not [each for each in PRODUCTS if f"│ {say(language, each)} " in shown]
    model = load_model(wary.path)
    scores = model.score_picture(np.zeros((wary.input.height, wary.input.width, 3), np.uint8))
    verdict = judge(scores.logits, scores.embedding, None, wary.classes, wary.policy)
    assert _outputs(wary, [scores], [verdict])["product"] == [b""]


def test_what_is_recognised_is_counted_as_before(open_station: Open) -> None:
    station = open_station(model_path="")
    kept = station.inspections.inspect(jpeg("banana_fit", 1), ANA, source="page").inspection
    assert kept.verdict.recognised_product == "banana"
    assert [each.number for each in station.inspections.page(Filter(product="banana")).items] == [kept.number]
    assert [each.product for each in station.inspections.day_counts(kept.at.date(), kept.at.date())] == ["banana"]
