"""Alert rules and dashboard name what the station exports, and every alert leads to its page in both languages."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from vistobueno.web.metrics import REGISTRY, STATION

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "deploy" / "observability"
RULES = [
    rule
    for group in yaml.safe_load((FOLDER / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
DASHBOARD = json.loads((FOLDER / "dashboard.json").read_text(encoding="utf-8"))
PANELS = DASHBOARD["panels"]
LANGUAGES = ("es", "en")
BY_PROMETHEUS = {"up": {"job", "instance"}}
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}


def exported() -> dict[str, set[str]]:
    """Every series that may be asked for, and its labels."""
    labels = {
        each._name: set(each._labelnames) for each in REGISTRY._collector_to_names if hasattr(each, "_labelnames")
    }
    found = dict(BY_PROMETHEUS)
    for family in (*REGISTRY.collect(), *STATION.describe()):
        own = labels.get(family.name, set(getattr(family, "_labelnames", ())))
        for suffix in SUFFIXES.get(family.type, ("",)):
            found[family.name + suffix] = own | {"job", "instance"} | ({"le"} if suffix == "_bucket" else set())
    return found


def expressions() -> Iterator[tuple[str, str]]:
    for rule in RULES:
        yield rule["alert"], rule["expr"]
    for panel in PANELS:
        for target in panel["targets"]:
            plain = target["expr"].replace("$__rate_interval", "5m")
            yield panel["title"], re.sub(r"\$(?:job|instance)", "x", plain)


class Names:
    """The series and the labels that an expression asks for."""

    def __init__(self, expression: str) -> None:
        self.series: dict[str, set[str]] = {}
        self.by: set[str] = set()
        promql_parser.walk(promql_parser.parse(expression), self.see)

    def see(self, node: promql_parser.Expr) -> bool:
        if isinstance(node, promql_parser.VectorSelector):
            self.series.setdefault(node.name, set()).update(each.name for each in node.matchers.matchers)
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
            self.by |= set(node.modifier.labels)
        return True


def test_every_expression_asks_for_what_is_exported_by_labels_that_it_has() -> None:
    known = exported()
    for where, expression in expressions():
        asked = Names(expression)
        assert asked.series and asked.series.keys() <= known.keys(), where
        for name, labels in asked.series.items():
            assert labels <= known[name], where
        assert asked.by <= set().union(*(known[name] for name in asked.series)), where


def test_an_expression_that_is_none_and_a_metric_that_is_gone_are_seen() -> None:
    with pytest.raises(ValueError, match="unclosed"):
        promql_parser.parse("sum(rate(vistobueno_inspections_total[5m])")
    assert not Names("rate(vistobueno_gone_total[5m])").series.keys() <= exported().keys()


def anchors(language: str) -> list[str]:
    page = (ROOT / "docs" / language / "runbook.md").read_text(encoding="utf-8")
    return [name.lower().replace(" ", "-") for name in re.findall(r"^#+ (.+)$", page, re.MULTILINE)]


def test_every_alert_has_its_entry_in_both_languages_and_every_entry_its_alert() -> None:
    names = [rule["alert"] for rule in RULES]
    assert len(set(names)) == len(names)
    for language in LANGUAGES:
        own = anchors(language)
        for rule in RULES:
            page, _, anchor = rule["annotations"][f"runbook_{language}"].partition("#")
            assert page == f"docs/{language}/runbook.md" and own.count(anchor) == 1, rule["alert"]
            assert anchor == rule["alert"].lower()
        assert [each for each in own if each.startswith("vistobueno")] == [each.lower() for each in names]


def test_an_alert_says_how_bad_it_is_and_what_is_the_matter_in_both_languages() -> None:
    for rule in RULES:
        assert rule["labels"]["severity"] in ("critical", "warning"), rule["alert"]
        assert rule["annotations"].keys() == {"summary", "resumen", "runbook_en", "runbook_es"}, rule["alert"]
        assert rule["annotations"]["summary"] != rule["annotations"]["resumen"], rule["alert"]
        assert re.fullmatch(r"\d+[mh]", rule.get("for", "1m")), rule["alert"]


def test_codes_that_alerts_ask_for_are_codes_of_the_program() -> None:
    source = "\n".join(each.read_text(encoding="utf-8") for each in (ROOT / "src" / "vistobueno").rglob("*.py"))
    (refusals,) = (family for family in REGISTRY.collect() if family.name == "vistobueno_refusals")
    begun = {sample.labels["code"] for sample in refusals.samples}
    asked = {
        code for rule in RULES for codes in re.findall(r'code=~?"([^"]+)"', rule["expr"]) for code in codes.split("|")
    }
    assert asked <= begun, "a rate needs a series before its first error"
    assert [code for code in asked if source.count(f'"{code}"') < 2] == []


def test_the_dashboard_s_panels_have_numbers_of_their_own_and_lie_on_no_other() -> None:
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    taken: set[tuple[int, int]] = set()
    for panel in PANELS:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells


def variables(text: str) -> set[str]:
    return set(re.findall(r"\$\{?([a-z]+)", text))


def test_the_dashboard_is_bound_to_no_server_and_uses_only_its_own_variables() -> None:
    own = {each["name"] for each in DASHBOARD["templating"]["list"]}
    sources: list[Any] = [each["datasource"] for panel in PANELS for each in (panel, *panel["targets"])]
    assert {each["uid"] for each in sources} == {"${datasource}"}
    assert variables(json.dumps(PANELS)) - {"__rate_interval"} <= own
    assert {name for each in DASHBOARD["templating"]["list"] if each["type"] == "query"
            for name in re.findall(r"label_values\((\w+)", each["query"])} <= exported().keys()  # fmt: skip


def test_prometheus_is_told_where_the_station_shows_its_metrics() -> None:
    from vistobueno.web.rules import rule_for

    (job,) = yaml.safe_load((FOLDER / "prometheus.yaml").read_text(encoding="utf-8"))["scrape_configs"]
    assert rule_for("GET", job["metrics_path"]).permission == "metrics"
    jobs = {job for _, expression in expressions() for job in re.findall(r'job="(\w+)"', expression)} - {"x"}
    assert jobs == {job["job_name"]}
