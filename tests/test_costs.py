"""What a shape carries and costs: prices say where they are from, figures follow from them, and the documents show both."""

import importlib.util
import re
import shlex
import sys
import tomllib
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).parents[1]
PRICES = tomllib.loads((ROOT / "deploy" / "prices.toml").read_text(encoding="utf-8"))


def loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("costs", ROOT / "deploy" / "costs.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["costs"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


costs = loaded()


def shapes(photographs: int, days: int = 365) -> dict[str, Any]:
    load = costs.Load(photographs, 10, days, 120)
    return {each.name: each for each in costs.shapes(load, PRICES)}


def test_every_price_says_what_it_is_when_it_was_read_and_where() -> None:
    for name, price in PRICES.items():
        assert price["price"] > 0 and price["what"] and isinstance(price["read"], date), name
        assert not price["confirmed"] or price["source"].startswith("https://"), name
        assert price.get("per", "month") in ("month", "GB", "million"), name
    used = {name for photographs in (1, 10**6) for each in shapes(photographs).values() for name in each.parts}
    assert used == PRICES.keys()


def test_a_sum_is_as_sure_as_its_least_sure_price() -> None:
    certain = {name: {**price, "confirmed": True} for name, price in PRICES.items()}
    for shape in shapes(20_000).values():
        assert shape.confirmed(certain)
        for name, count in shape.parts.items():
            doubtful = {**certain, name: {**certain[name], "confirmed": False}}
            assert shape.confirmed(doubtful) == (count == 0)


def test_a_shape_is_enough_until_its_cores_or_its_disk_are_not() -> None:
    assert [each.enough for each in shapes(1_000).values()] == ["yes"] * 4
    assert shapes(100_000)["container"].enough == "cpu"
    assert shapes(300_000)["compose"].enough == "disk"
    few, many = shapes(1_000)["compose"], shapes(20_000)["compose"]
    assert "objects_gb" not in few.parts and "objects_gb" in many.parts


@given(st.integers(1, 10**8), st.integers(1, 3650))
def test_replicas_carry_the_peak_with_one_away_and_more_load_never_costs_less(photographs: int, days: int) -> None:
    load = costs.Load(photographs, 10, days, 120)
    more = costs.Load(photographs * 2, 10, days, 120)
    for one, other in zip(costs.shapes(load, PRICES), costs.shapes(more, PRICES), strict=True):
        assert one.monthly(PRICES) <= other.monthly(PRICES)
        if one.name in ("replicas", "cluster"):
            assert costs.a_second(one.cores * (one.count - 1) / one.count) >= load.peak * (1 - 1e-9)


def test_what_cannot_be_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for wrong in ("--photographs 0", "--hours 0", "--hours 25", "--days 0", "--language fr"):
        with pytest.raises(SystemExit) as ended:
            costs.main(wrong.split())
        assert ended.value.code == 2
    capsys.readouterr()


@pytest.mark.parametrize("language", ["es", "en"])
def test_the_documents_show_what_the_command_prints(language: str, capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / language / "deployment.md").read_text(encoding="utf-8")
    commands = re.findall(r"^\$ python deploy/costs\.py (.*)$", page, re.MULTILINE)
    printed = []
    for command in commands:
        costs.main(shlex.split(command))
        printed.append(capsys.readouterr().out)
    shown = "\n".join(printed).strip()
    assert commands and f"```text\n{shown}\n```" in page
