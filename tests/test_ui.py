import ast
import math
import re
import subprocess
import sys
import tomllib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from cases import for_each
from vistobueno.accounts.keys import ApiKey
from vistobueno.core.policy import Policy
from vistobueno.desk import audit, formats, history, keys, model, palette
from vistobueno.desk.card import card_html
from vistobueno.desk.history import filter_of
from vistobueno.desk.hypertext import deed_of, h
from vistobueno.desk.visit import zone_named
from vistobueno.i18n import LANGUAGES, say
from vistobueno.model.bundle import Bundle

UI = Path(__file__).parents[1] / "src" / "vistobueno" / "desk"
WEB = UI.parent / "web"
LIMA = ZoneInfo("America/Lima")


def test_what_is_read_and_what_is_seen_stands_out_from_its_ground_in_every_theme() -> None:
    for name, (colours, least) in palette.PALETTES.items():
        for pairs, enough in ((palette.READ, least), (palette.SEEN, 3.0)):
            weak = [pair for pair in pairs if palette.contrast(colours[pair[0]], colours[pair[1]]) < enough]
            assert weak == [], name


def test_contrast_is_that_of_the_standard() -> None:
    assert palette.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert palette.contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_every_page_takes_its_colours_from_the_palette_and_every_theme_has_them_all() -> None:
    for colours, _ in palette.PALETTES.values():
        assert colours.keys() == palette.LIGHT.keys()
    for style in (UI / "style.css", WEB / "field" / "static" / "field.css", WEB / "templates" / "style.css"):
        text = style.read_text(encoding="utf-8")
        named = {each for each in re.findall(r"var\(--([a-z-]+)", text) if not each.startswith("say-")}
        assert named - {"r", "bar", "tabs", "hatch"} <= palette.LIGHT.keys()
        assert re.findall(r"#[0-9a-f]{3}(?:[0-9a-f]{3})?\b", text) == []


def test_a_browser_keeps_a_theme_that_there_is_or_none() -> None:
    assert [palette.chosen({palette.COOKIE: each}) for each in (*palette.CHOICES, "pink", '"><script>')] == [
        *palette.CHOICES, "", ""
    ]  # fmt: skip
    assert palette.chosen({}) == ""


def test_streamlit_is_given_the_colours_of_the_palette() -> None:
    theme = tomllib.loads((UI / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]
    for name, colours in (("light", palette.LIGHT), ("dark", palette.DARK)):
        told = [
            theme[name][each] for each in ("primaryColor", "backgroundColor", "secondaryBackgroundColor", "textColor")
        ]
        assert told == [colours[each] for each in ("blue", "paper", "sand", "ink")]


def test_every_component_is_declared_and_has_its_script() -> None:
    declared = tomllib.loads((UI.parent / "pyproject.toml").read_text(encoding="utf-8"))
    for each in declared["tool"]["streamlit"]["component"]["components"]:
        assert (UI.parent / each["asset_dir"] / f"{each['name']}.js").is_file()


@pytest.mark.parametrize(
    ("value", "digits", "es", "en"),
    [
        (1234.5, 1, "1.234,5", "1,234.5"),
        (0, 0, "0", "0"),
        (-4.23, 2, "−4,23", "−4.23"),
        (1_000_000, 0, "1.000.000", "1,000,000"),
    ],
)
def test_numbers_have_the_form_of_the_language(value: float, digits: int, es: str, en: str) -> None:
    assert (formats.number(value, "es", digits), formats.number(value, "en", digits)) == (es, en)


@for_each(
    ("share", "said"),
    [
        (0.0, "0.0%"),
        (1.0, "100.0%"),
        (0.5, "50.0%"),
        (0.00001, "<\u00a00.1%"),
        (0.99999, ">\u00a099.9%"),
        (0.9731, "97.3%"),
    ],
)
def test_what_is_not_all_is_never_said_to_be_all(share: float, said: str) -> None:
    assert formats.percent(share, "en") == said


def test_a_share_in_spanish_has_a_space_that_does_not_break() -> None:
    assert formats.percent(0.973, "es") == "97,3\u00a0%"


@for_each(("value", "said"), [(0, "0 B"), (999, "999 B"), (1500, "1,5 kB"), (2_345_678, "2,3 MB"), (5e12, "5,0 TB")])
def test_sizes(value: float, said: str) -> None:
    assert formats.size(value, "es") == said


def test_a_moment_is_told_in_the_person_s_zone() -> None:
    at = datetime(2026, 11, 26, 3, 5, tzinfo=UTC)
    assert formats.moment(at, LIMA, "es") == "25 nov 2026, 22:05"
    assert formats.moment(at, ZoneInfo("UTC"), "en") == "26 Nov 2026, 03:05"


def test_what_is_of_today_is_told_by_the_clock_alone() -> None:
    now = datetime.now(UTC)
    assert formats.lately(now, LIMA, "es") == now.astimezone(LIMA).strftime("%H:%M")
    assert "," in formats.lately(now - timedelta(days=2), LIMA, "es")


@for_each("month", range(1, 13))
def test_every_month_has_a_name_in_both_languages(month: int) -> None:
    assert re.fullmatch(r"1 [a-z]{3} 2026", formats.day(date(2026, month, 1), "es"))
    assert re.fullmatch(r"1 [A-Z][a-z]{2} 2026", formats.day(date(2026, month, 1), "en"))


@for_each("name", [None, "", "Mars/Olympus", "../../etc/passwd", "\0", "a" * 5000])
def test_a_time_zone_that_does_not_exist_is_utc(name: str | None) -> None:
    assert zone_named(name).key == "UTC"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["id", "name", "number", "of", "fields", "value"]) | st.text(), inner)
    ),
)


@given(json_values)
def test_whatever_a_browser_sends_is_a_deed_or_nothing(raw: object) -> None:
    assert all(isinstance(text, str) for text in deed_of(raw).fields.values())


@given(st.text())
def test_no_text_becomes_html(text: str) -> None:
    shown = h('<p title="{0}">{0}</p>', text)
    assert shown.count("<") == 2
    assert shown.count(">") == 2
    assert shown.count('"') == 2


def test_a_card_is_shown_in_its_forms() -> None:
    shown = card_html(
        "# Modelo\n\nEs **bueno** `x`.\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n```sh\nrun <it>\n```\n\n- uno\n- dos"
    )
    assert "<h2>Modelo</h2>" in shown and "<strong>bueno</strong> <code>x</code>" in shown
    assert shown.count("<tr>") == 2 and '<th scope="col">a</th>' in shown
    assert "run &lt;it&gt;" in shown and shown.count("<li>") == 2


def test_a_stranger_s_card_leads_nowhere_and_shows_nothing_from_elsewhere() -> None:
    for text in ("[x](https://e.example)", "![x](https://e.example/x.png)", "<https://e.example>", "[x]\n\n[x]: /e"):
        shown = card_html(text)
        assert "<a" not in shown and "<img" not in shown, text


@given(st.text())
def test_a_stranger_s_card_brings_no_html_along(text: str) -> None:
    shown = card_html(f"{text}\n\n<script>alert(1)</script>")
    assert isinstance(shown, Markup)
    assert "<script" not in shown.lower()


def test_the_pages_do_without_the_heavy_libraries() -> None:
    program = "import sys, vistobueno.desk.shell; print(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & {"pandas", "pyarrow", "altair", "matplotlib"} == set()


@for_each("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
@for_each("day", ["0001-01-01", "9999-12-31", "9999-12-30", "9999-12-29", "yesterday", "2026-11-25"])
def test_whatever_day_is_asked_for_is_a_day_or_is_not_asked(day: str, zone: str) -> None:
    visit: Any = SimpleNamespace(zone=ZoneInfo(zone))
    found = filter_of({"since": day, "until": day}, visit)
    assert (found.since is None) == (found.until is None) == (day not in ("9999-12-29", "2026-11-25"))


@for_each(
    ("who", "kind", "number"),
    [
        ("", None, None),
        ("key", "key", None),
        ("key-7", "key", 7),
        ("person-7", "person", 7),
        ("7", "person", 7),  # an address that somebody kept
        ("robot-7", None, None),
        ("key-x", None, None),
        ("-7", None, None),
    ],
)
def test_a_person_and_a_machine_of_the_same_number_are_told_apart(
    who: str, kind: str | None, number: int | None
) -> None:
    visit: Any = SimpleNamespace(zone=LIMA)
    found = filter_of({"who": who}, visit)
    assert (found.actor_kind, found.actor_id) == (kind, number)


def test_everything_that_is_written_to_the_audit_log_has_words() -> None:
    access = UI.parent / "accounts"
    calls = [node for file in access.glob("*.py") for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
             if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "write"]  # fmt: skip
    written = {each.args[3].value for each in calls if len(each.args) > 3 and isinstance(each.args[3], ast.Constant)}
    assert len(written) > 10
    assert written <= set(audit._ACTIONS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_model_without_thresholds_is_not_said_to_have_any(small_bundle: Bundle, language: str) -> None:
    without, with_them = (
        model._policy(policy, small_bundle, language) for policy in (Policy(), Policy(fit_below=0.2, unfit_above=0.8))
    )
    none = say(language, "ui_model_no_policy")
    assert none in without and none not in with_them
    assert formats.percent(Policy().alpha, language, 0) in with_them
    assert formats.percent(Policy().alpha, language, 0) not in without


MEASURED = {"share": 0.25, "low": 0.2, "high": 0.3, "n": 100}
ODD = [
    {"known_cameras": 3},
    {"known_cameras": {"all": []}},
    {"known_cameras": {"all": {"escape_rate": 0.01}}},
    {"known_cameras": {"all": {"escape_rate": {}}}},
    {"known_cameras": {"all": {"escape_rate": {"share": math.nan, "low": 0.0, "high": 1.0}}}},
    {"known_cameras": {"all": {"escape_rate": {"share": "1 %", "low": 0.0, "high": 1.0}}}},
    {"known_cameras": {"all": {"escape_rate": {"share": True, "low": 0.0, "high": 1.0}}}},
    {"known_cameras": {"all": {"escape_rate": {"share": 0.125}}}},
    {"known_cameras": {"all": {"escape_rate": {"share": 0.125, "low": math.inf, "high": None}}}},
]


@for_each("metrics", ODD)
@for_each("language", LANGUAGES)
def test_what_can_be_read_of_a_stranger_s_measurements_is_shown_and_the_rest_is_said(
    metrics: dict[str, Any], language: str
) -> None:
    good = {"all": {"class_accuracy": MEASURED, "review_share": {"share": None, "low": None, "high": None, "n": 0}}}
    said = say(language, "ui_model_unreadable")
    alone, beside = (model._figures(each, language) for each in (metrics, {**metrics, "unknown_cameras": good}))
    assert said in alone and said in beside
    assert formats.percent(0.25, language) in beside and "nan" not in beside
    whole = model._figures({"unknown_cameras": good, "known_cameras": None}, language)
    assert said not in whole and formats.percent(0.25, language) in whole
    assert model._figures({}, language) == f"<p>{say(language, 'ui_model_unmeasured')}</p>"


@given(st.dictionaries(st.sampled_from(["known_cameras", "unknown_cameras"]), st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["all", "escape_rate", "share", "low", "high"]), inner),
)))  # fmt: skip
def test_no_measurements_break_the_model_s_page(metrics: dict[str, Any]) -> None:
    assert isinstance(model._figures(metrics, "es"), Markup)


def test_a_stranger_s_card_and_names_may_be_anything(small_bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "card.es.md").write_bytes(b"# t\xedtulo\n" * 3000 + b"caf\xe9")
    shown = model._card(replace(small_bundle, path=tmp_path, files={"card.es.md": ""}), "es")
    assert shown.count("<h2>") == 3000 and "caf" in shown
    odd: Any = (3, None, {"es": 7}, ["es"])
    classes = tuple(replace(each, names=names) for each, names in zip(small_bundle.classes, odd, strict=False))
    assert classes[0].key in model._policy(small_bundle.policy, replace(small_bundle, classes=classes), "es")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_key_says_whether_it_still_works(language: str) -> None:
    visit: Any = SimpleNamespace(language=language, zone=LIMA)
    now = datetime.now(UTC)
    key = ApiKey(1, "abc", "sorter", ("read",), 1, now, now + timedelta(days=1), None, None)
    expired, revoked = say(language, "ui_keys_is_expired"), say(language, "ui_keys_is_revoked")
    valid = keys._key(key, visit)
    assert 'data-act="revoke"' in valid and "chip" not in valid
    assert 'data-act="revoke"' in keys._key(replace(key, expires_at=None), visit)
    over = keys._key(replace(key, expires_at=now), visit)
    assert expired in over and "data-act" not in over
    assert revoked in keys._key(replace(key, expires_at=now, revoked_at=now), visit)


def test_a_day_has_its_name_where_it_is_near() -> None:
    today = datetime.now(UTC).astimezone(LIMA).date()
    assert formats.named_day(today, LIMA, "es") == f"Hoy, {formats.day(today, 'es')}"
    assert formats.named_day(today - timedelta(days=1), LIMA, "en").startswith("Yesterday, ")
    assert formats.named_day(today - timedelta(days=2), LIMA, "en") == formats.day(today - timedelta(days=2), "en")


def test_every_filter_is_seen_as_a_person_says_it_and_goes_by_itself() -> None:
    asked = {
        "answer": "review",
        "product": "mango",
        "since": "2026-11-01",
        "text": "<b>",
        "who": "key-7",
        "waiting": "1",
    }
    visit: Any = SimpleNamespace(language="es", zone=LIMA, identity=SimpleNamespace(may=lambda _: False))
    chips = history._chips(visit, asked)
    assert chips.count('data-act="without"') == 5 and chips.count('data-act="clear"') == 1
    assert "REVISAR" in chips and "mango" in chips and "1 nov 2026" in chips and "&lt;b&gt;" in chips
    assert 'href="/history?answer=review&amp;product=mango&amp;who=key-7&amp;text=%3Cb%3E&amp;waiting=1"' in chips
    assert history._chips(visit, {"waiting": "1"}) == ""
