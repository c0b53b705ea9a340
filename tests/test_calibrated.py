"""A calibrated bundle is told apart from the original, and every door and measure answers for the model that judges."""

import math
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from markupsafe import Markup

from opened import Open, open_station
from people_at import HTML, signed_in
from serving import serving
from test_evaluate import photos, trained
from test_field import data_in
from vistobueno.core.commissioning import FITTED_TO, Calibration
from vistobueno.core.errors import DataRefused
from vistobueno.core.photo import open_photo
from vistobueno.core.policy import Policy
from vistobueno.desk import formats
from vistobueno.desk import model as page
from vistobueno.i18n import LANGUAGES, say
from vistobueno.model.bundle import MODEL_TFLITE, Bundle, zip_bundle
from vistobueno.model.calibrated import write_calibrated
from vistobueno.model.inspector import inspect, limits_for
from vistobueno.model.runtime import Model, load_model
from vistobueno.training.data import LabelledPhoto
from vistobueno.training.evaluate import evaluate, figures
from vistobueno.training.out_of_fold import hashes_of
from vistobueno.training.report import write_report

__all__ = ["open_station", "photos", "trained"]

ALL_UNFIT = Policy(fit_below=-1.0, unfit_above=0.0, familiar=0.0)
SHARE = {"share": 0.875, "low": 0.7, "high": 0.95, "n": 40}
NONE = {"share": 0.0, "low": 0.0, "high": 1.0, "n": 0}
FACTS: dict[str, Any] = {
    "created": "2026-11-29",
    "name": "belt 2",
    "photographs": 42,
    "escapes": {"rate": 0.048, "n": 20, "wished": 0.01, "more": 79},
    "overkill": {"rate": 1.0, "n": 0, "wished": 0.02, "more": 49},
    "before": {"forced": NONE, "escapes": SHARE, "overkill": SHARE, "review": SHARE},
    "after": {"forced": SHARE, "escapes": SHARE, "overkill": SHARE, "review": SHARE},
}


def calibration(bundle: Bundle, policy: Policy = ALL_UNFIT, **facts: Any) -> Calibration:
    """One that keeps the network's own layer."""
    return Calibration(bundle.files[MODEL_TFLITE], policy, None, None, {**FACTS, **facts})


@pytest.fixture
def fitted(small_bundle: Bundle, tmp_path: Path) -> Bundle:
    """The small bundle, fitted to a line so that it finds everything unfit."""
    return write_calibrated(small_bundle, calibration(small_bundle), tmp_path / "fitted")


def test_a_calibrated_bundle_has_a_version_of_its_own(small_bundle: Bundle, tmp_path: Path) -> None:
    original = replace(small_bundle, version="0.1.0")
    first = write_calibrated(original, calibration(original), tmp_path / "first")
    assert re.fullmatch(r"0\.1\.0\+line-20261129-[0-9a-f]{8}", first.version)
    same_day = write_calibrated(first, calibration(original, photographs=60), tmp_path / "second")
    assert same_day.version != first.version and same_day.version.count("line") == 1
    assert write_calibrated(same_day, calibration(original), tmp_path / "third").version == first.version
    built = write_calibrated(replace(original, version="0.1.0+gpu"), calibration(original), tmp_path / "built")
    assert re.fullmatch(r"0\.1\.0\+gpu\.line-20261129-[0-9a-f]{8}", built.version)
    assert write_calibrated(built, calibration(original), tmp_path / "again").version == built.version
    assert load_model(zip_bundle(first, tmp_path / "first.zip")).bundle.version == first.version


def test_a_calibrated_model_is_measured_alone_and_not_on_what_it_saw(
    photos: list[LabelledPhoto], trained: Model, tmp_path: Path
) -> None:
    line = calibration(trained.bundle, **{FITTED_TO: sorted(hashes_of(photos[4:6]))})
    model = load_model(write_calibrated(trained.bundle, line, tmp_path / "line").path)
    found = evaluate(photos, model)
    assert (found.held_out, found.left_out) == (0, 6) and list(found.photos) == list(photos[6:])
    served = [inspect(open_photo(each.path.read_bytes(), limits_for(model)), model) for each in photos[6:]]
    assert list(found.verdicts) == served
    assert figures(found)["left_out"] == 6 and figures(found)["model"]["version"] == model.bundle.version
    for language in LANGUAGES:
        write_report(found, tmp_path / "report.html", language)
        assert say(language, "left_out", count=6) in (tmp_path / "report.html").read_text(encoding="utf-8")
    for refused, code, asked in (
        (photos[:6], "nothing_in_scope", False),
        (photos, "unknown_cameras_calibrated", True),
    ):
        with pytest.raises(DataRefused) as error:
            evaluate(refused, model, unknown_cameras=asked)
        assert error.value.code == code
    assert evaluate(photos, trained).left_out == 0


def test_what_a_calibration_was_fitted_to_is_read_as_far_as_it_can_be(small_bundle: Bundle) -> None:
    for kept, expected in ((["a", 3, "b"], {"a", "b"}), (7, set()), (None, set()), ("abc", set())):
        assert calibration(small_bundle, **{FITTED_TO: kept}).fitted_to == expected


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_model_s_page_tells_of_the_model_that_answers(
    open_station: Open, fitted: Bundle, small_bundle: Bundle, language: str
) -> None:
    station = open_station(model_path=str(fitted.path))
    visit: Any = SimpleNamespace(
        language=language, station=station, zone=ZoneInfo("UTC"), identity=SimpleNamespace(may=lambda _: False)
    )
    shown = page._page(visit)
    assert fitted.version in shown and say(language, "ui_model_original") in shown.unescape()
    assert page._policy(station.models.active.policy, fitted, language) in shown
    assert page._policy(small_bundle.policy, fitted, language) not in shown
    promise = say(language, "commission_promise_escapes", rate=formats.percent(0.048, language), n=20)
    assert promise in shown and say(language, "commission_no_overkill") in shown
    assert formats.percent(0.875, language) in shown


def test_no_facts_break_the_model_s_page() -> None:
    for odd in (
        None,
        3,
        True,
        "x",
        [],
        {},
        {"rate": math.nan, "n": "7"},
        {"forced": {"share": "1 %", "n": None}},
        {"forced": 1},
    ):
        facts = dict.fromkeys(FACTS, odd)
        for language in LANGUAGES:
            assert isinstance(page._line(Calibration("", Policy(), None, None, facts), language), Markup)


def test_every_door_tells_a_calibrated_model_from_the_original(fitted: Bundle, tmp_path: Path) -> None:
    with serving(tmp_path, MODEL_PATH=str(fitted.path)) as served:
        with served.client() as client:
            told = client.get(f"/v2/models/{fitted.name}/versions/{fitted.version}").json()
            assert told["versions"] == [fitted.version]
            assert client.get("/api/v1/models").json()[0]["version"] == fitted.version
        with signed_in(served, "inspector") as person:
            answer: httpx.Response = person.get("/inspect", headers=HTML)
            assert all(each["calibration"] for each in data_in(answer.text)["lines"])
