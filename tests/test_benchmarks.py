import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import Engine

from cases import for_each
from vistobueno.cli.drawn import CLASSES, draw_photo
from vistobueno.core.classes import ClassInfo

HOME = Path(__file__).parents[1] / "benchmarks"


def room(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"benchmarks_{name}", HOME / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


figures, processes, child = room("figures"), room("processes"), room("child")


@for_each(
    ("goal", "words", "reached"),
    [
        ({}, "", None),
        ({"most": 0.6}, "≤ 0.6 s", True),
        ({"most": 0.4}, "≤ 0.4 s", False),
        ({"at_least": 5}, "≥ 5 ×", True),
        ({"at_least": 7}, "≥ 7 ×", False),
        ({"at_most": 1.15}, "≤ 1.15 ×", False),
        ({"most": 0.6, "at_least": 7}, "≤ 0.6 s, ≥ 7 ×", False),
    ],
)
def test_a_goal_is_reached_when_all_of_it_is(goal: dict[str, float], words: str, reached: bool | None) -> None:
    figure = figures.Figure("start", "origin", "s", 0.5, 3.0, 6.0, **goal)
    assert figure.goal == words
    assert figure.reached is reached


def test_a_smoke_run_judges_nothing() -> None:
    figure = figures.Figure("start", "origin", "s", 0.5, 3.0, 6.0, most=0.1)
    assert figure.as_json(judged=False)["reached"] is None
    assert figures.table([figure], judged=True).endswith("no")
    assert figures.table([figure], judged=False).endswith("–")


def test_ratios_are_taken_round_by_round() -> None:
    assert figures.paired([10, 2, 30], [1, 1, 3]) == 10


def test_a_process_is_timed_and_its_memory_is_its_own() -> None:
    measure = """
import sys
from processes import ended
for code in ("print('small')", "print('large'); x = bytearray(b'1') * (2 * 10**8)"):
    process = ended([sys.executable, "-c", code])
    print(process.printed.strip(), process.seconds, process.peak_mb)
"""
    done = subprocess.run([sys.executable, "-c", measure], cwd=HOME, capture_output=True, text=True, check=True)
    rows = {name: (float(seconds), float(peak)) for name, seconds, peak in map(str.split, done.stdout.splitlines())}
    assert rows["small"][0] > 0
    assert 100 < rows["large"][1] - rows["small"][1] < 300, "a parent as large as this one would hide it"


def test_a_process_that_fails_is_never_a_figure() -> None:
    with pytest.raises(processes.ChildFailed, match="no such thing"):
        processes.ended([sys.executable, "-c", "raise SystemExit('no such thing')"])
    assert processes.ended([sys.executable, "-c", "raise SystemExit(2)"], (0, 1, 2)).printed == ""


def test_the_photographs_measured_with_are_drawn_here(tmp_path: Path) -> None:
    paths = child.draw(str(tmp_path / "drawn"), 400, 300, 2)
    for path in paths:
        with Image.open(path) as image:
            assert (image.format, image.size) == ("JPEG", (400, 300))
    assert child.fill(str(tmp_path / "many"), paths, 5) == 5
    assert len(list((tmp_path / "many").iterdir())) == 5


def test_the_compass_judges_products_and_leaves_strangers_aside() -> None:
    compass = room("compass")
    kinds = [("a_fit", "a", "fit"), ("a_unfit", "a", "unfit"), ("b_fit", "b", "fit"), ("b_unfit", "b", "unfit")]
    classes = (*(ClassInfo(*kind) for kind in kinds), ClassInfo("other", None, None))
    logits = np.array([[9, 0, 1, 0, 0], [0, 9, 0, 1, 0], [0, 0, 0, 9, 0], [0, 0, 0, 9, 0], [0, 0, 9, 0, 0]], np.float32)
    figures_ = compass.judged(logits, np.array([0, 1, 3, 1, 4]), classes)
    assert figures_ == {"fit/unfit right": 1.0, "class right": 0.75, "AUC of unfit": 1.0}
    assert "AUC of unfit" not in compass.judged(logits[:1], np.array([0]), classes), "one condition parts nothing"


def test_the_rows_measured_with_have_what_is_asked_of_them(engine: Engine) -> None:
    million = room("million")
    million.fill(engine, 20_000)
    empty = {
        "name: two rare letters",
        "name: none",
        "nobody's",
        "of no such product",
        "a machine that has a person's number",
    }
    for name, question in million.questions(engine, 20_000):
        found = question()
        if name.startswith("list, "):
            assert bool(found.items) is (name.removeprefix("list, ") not in empty), name
        if name.startswith("control, "):
            assert found.chart.points and found.lines, name


def test_growth_is_told_beside_ten_thousand_rows_or_the_fewest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(HOME)  # its rooms know each other
    growth = room("growth")
    one, two = growth.Measured(2.0, 3.0), growth.Measured(5.0, 600.0)
    told = growth.table(
        {100: {"list": one}, 1_000: {"list": two, "size": growth.Measured(7.0, unit="MB")}}
    ).splitlines()
    assert [each.strip() for each in told[2].split("|")[1:-1]] == ["list, ms", "2 · 3", "5 · 600", "2.5"]
    assert [each.strip() for each in told[3].split("|")[1:-1]] == ["size, MB", "–", "7", "–"]


@pytest.mark.timeout(600)
def test_the_compass_prints_each_bearing_with_its_spread(tmp_path: Path) -> None:
    lines = ["file,label,group,source"]
    for key in CLASSES:
        for seed in range(8):
            name = f"{key}-{seed}.png"
            draw_photo(key, seed, (160, 120)).save(tmp_path / name)
            lines.append(f"{name},{key},{name},{('studio', 'stall')[seed % 2]}")
    (tmp_path / "photos.csv").write_text("\n".join(lines))
    command = [HOME / "compass.py", tmp_path, "--known", "studio", "--seeds", "1", "--views", "1", "--set", "epochs=1"]
    done = subprocess.run(
        [sys.executable, *command, "--work", tmp_path / "work"], capture_output=True, text=True, check=True
    )
    printed = [line.split("  ")[0] for line in done.stdout.splitlines()]
    assert {
        "known fold, class right",
        "unknown sources, AUC of unfit",
        "unknown sources, AUC of out of distribution",
    } <= {*printed}
