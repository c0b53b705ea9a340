import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

HOME = Path(__file__).parents[1] / "benchmarks"


def room(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"benchmarks_{name}", HOME / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


figures, processes, child = room("figures"), room("processes"), room("child")


@pytest.mark.parametrize(
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
