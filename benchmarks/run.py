"""Speed and memory beside the plain ways, side by side in one run: `make bench`, `make bench ARGS=--smoke`."""

import argparse
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from figures import Figure, paired, table
from machine import cores, facts
from processes import child, inspect
from station import station_figures


@dataclass(frozen=True)
class Plan:
    """How much is measured: rounds, and photographs in folders."""

    large: int  # 12-megapixel photographs drawn
    starts: int  # fresh processes of each way
    rounds: int  # of the ways that are kept loaded
    folder: int  # photographs in the folder for 1 job and 2
    folder_rounds: int
    few: int
    many: int
    inspections: int  # in the database whose lists are read
    answers: int  # of each question
    grown: tuple[int, int]  # rows of the database that is measured small and large
    sent: int  # photographs to the station and to each way beside it, in a turn
    turns: int


FULL = Plan(large=3, starts=7, rounds=30, folder=2_000, folder_rounds=3, few=200, many=20_000,
            inspections=1_000_000, answers=40, grown=(10_000, 1_000_000), sent=300, turns=5)  # fmt: skip
SMOKE = Plan(large=1, starts=1, rounds=3, folder=20, folder_rounds=1, few=20, many=200,
             inspections=2_000, answers=2, grown=(500, 1_000), sent=16, turns=1)  # fmt: skip
LARGE, MEDIUM = (4000, 3000), (1400, 1050)  # pixels


def measure(plan: Plan, model: Path, work: Path, say: Callable[[str], None]) -> list[Figure]:
    """Every figure of the plan, measured with the bundle ``model``; photographs are drawn into ``work``."""
    say("drawing photographs")
    large = child("draw", folder=work / "large", width=LARGE[0], height=LARGE[1], count=plan.large)[1]
    medium = child("draw", folder=work / "medium", width=MEDIUM[0], height=MEDIUM[1], count=4)[1]
    weights = [Path(photo).stat().st_size / 1e6 for photo in large]
    say(f"12-megapixel JPEGs of {min(weights):.1f} to {max(weights):.1f} MB")
    folders = {count: work / f"{count}" for count in sorted({plan.folder, plan.few, plan.many})}
    for count, folder in folders.items():
        child("fill", folder=folder, photos=medium, count=count)
    return [
        *_first(plan, model, large, work, say),
        *_steady(plan, model, large, say),
        *_folders(plan, model, folders, say),
        *_lists(plan, work, say),
        *_growth(plan, say),
        *station_figures(plan.sent, plan.turns, model, large, work, say),
    ]


def _first(plan: Plan, model: Path, large: list[str], work: Path, say: Callable[[str], None]) -> list[Figure]:
    ours, origin = [], []
    for number in range(plan.starts):
        say(f"first verdict of a fresh process, {number + 1} of {plan.starts}")
        photo = large[number % len(large)]
        ours.append(inspect(photo, model=model))
        origin.append(child("origin", model=model, photo=photo)[0])
    say("memory on 12-megapixel photographs")
    child("fill", folder=work / "twelve", photos=large, count=12)
    held = inspect("--jobs", "2", work / "twelve", model=model).peak_mb
    origins = max(each.peak_mb for each in origin)
    seconds, origins_seconds = [each.seconds for each in ours], [each.seconds for each in origin]
    return [
        Figure("first verdict of a fresh process", "origin", "s", median(seconds), median(origins_seconds),
               paired(origins_seconds, seconds), most=0.6, at_least=5),
        Figure("peak memory, twelve of 12 MP, 2 jobs", "origin, one photograph", "MB", held, origins,
               origins / held, most=150),
    ]  # fmt: skip


def _steady(plan: Plan, model: Path, large: list[str], say: Callable[[str], None]) -> list[Figure]:
    say("12-megapixel JPEG to verdict and one prediction, kept loaded, one thread")
    result = child("steady", model=model, photos=large, rounds=plan.rounds)[1]
    photo, prediction = (_milliseconds(result[name]) for name in ("photo", "prediction"))

    def row(name: str, against: str, ours: list[float], beside: list[float], ratio: float, **goal: float) -> Figure:
        return Figure(name, against, "ms", median(ours), median(beside), ratio, **goal)

    ours, litert, bare = photo["ours"], prediction["litert"], photo["bare"]
    name = "12 MP JPEG to verdict, one thread"
    return [
        row(name, "origin", ours, photo["origin"], paired(photo["origin"], ours), at_least=5),
        row(name, "same decode and LiteRT, bare", ours, bare, paired(ours, bare), at_most=1.15),
        row(name, "smallest decode and LiteRT, bare", ours, photo["bare_smallest"],
            paired(ours, photo["bare_smallest"])),
        row("same decode and LiteRT, bare", "origin", bare, photo["origin"], paired(photo["origin"], bare)),
        row("one prediction, LiteRT, one thread", "tf.function", litert, prediction["tf_function"],
            paired(prediction["tf_function"], litert)),
        row("one prediction, LiteRT, one thread", "model.predict", litert, prediction["predict"],
            paired(prediction["predict"], litert)),
    ]  # fmt: skip


def _folders(plan: Plan, model: Path, folders: dict[int, Path], say: Callable[[str], None]) -> list[Figure]:
    seconds: dict[int, list[float]] = {1: [], 2: []}
    for number in range(plan.folder_rounds):
        for jobs in (1, 2) if number % 2 == 0 else (2, 1):
            say(f"a folder of {plan.folder} photographs, {jobs} at once, {number + 1} of {plan.folder_rounds}")
            seconds[jobs].append(inspect("--jobs", str(jobs), folders[plan.folder], model=model).seconds)
    say(f"memory on folders of {plan.few} and {plan.many} photographs")
    few, many = (inspect("--jobs", "2", folders[count], model=model).peak_mb for count in (plan.few, plan.many))
    return [
        Figure(f"folder of {plan.folder:,} photographs, 2 jobs", "1 job", "s", median(seconds[2]), median(seconds[1]),
               paired(seconds[1], seconds[2]), at_least=1.8 if cores() > 1 else None),
        Figure(f"peak memory, folder of {plan.many:,}", f"folder of {plan.few:,}", "MB", many, few, many / few,
               at_most=1.1),
    ]  # fmt: skip


def _lists(plan: Plan, work: Path, say: Callable[[str], None]) -> list[Figure]:
    """The slowest question on each database, beside one inspection by its number."""
    rows = []
    for kind, name in (("sqlite", "SQLite"), ("postgresql", "PostgreSQL")):
        say(f"lists and charts over {plan.inspections:,} inspections, {name}")
        (work / kind).mkdir()
        given = {"kind": kind, "folder": work / kind, "count": plan.inspections, "rounds": plan.answers}
        taken: dict[str, float] = child("lists", **given)[1]
        slowest = max(taken, key=lambda question: taken[question])
        one = taken["one inspection"] * 1e3
        rows.append(Figure(f"slowest p95 of {plan.inspections:,}, {name} ({slowest})", "one by its number", "ms",
                           taken[slowest] * 1e3, one, taken[slowest] * 1e3 / one, most=150))  # fmt: skip
    return rows


def _growth(plan: Plan, say: Callable[[str], None]) -> list[Figure]:
    """What grew most from few rows to many."""
    few, many = plan.grown
    say(f"what grows from {few:,} inspections to {many:,}, PostgreSQL")
    taken: dict[str, list[float]] = child("growth", rows=plan.grown, rounds=plan.answers)[1]
    grew = max(taken, key=lambda name: taken[name][1] / taken[name][0])
    small, large = taken[grew]
    return [Figure(f"p95 that grew most, {many:,} ({grew})", f"{few:,}", "ms", large, small, large / small)]


def _milliseconds(ways: dict[str, list[float]]) -> dict[str, list[float]]:
    return {name: [value * 1e3 for value in seconds] for name, seconds in ways.items()}


def main() -> None:
    """Measure, print the table, and write it where --json says."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="every part, small and fast; no goal is judged")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here as well")
    parser.add_argument("--model", default="", metavar="FOLDER", help="a bundle's folder; by default the shipped one")
    given = parser.parse_args()
    if Path(given.model).is_file():
        parser.error("--model takes the folder of a bundle: the origin's way needs its model.h5")
    machine: dict[str, Any] = facts()
    bundle = child("bundle", path=given.model)[1]
    machine["model"] = f"{bundle['name']} {bundle['version']}"
    with tempfile.TemporaryDirectory(prefix="vistobueno-bench-") as work:
        figures = measure(
            SMOKE if given.smoke else FULL,
            Path(bundle["path"]),
            Path(work),
            lambda text: print(f"· {text}", flush=True),
        )
    machine["load after"] = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print("\n" + table(figures, judged=not given.smoke) + "\n")
    print("\n".join(f"{name}: {value}" for name, value in machine.items()))
    if given.smoke:
        print("A smoke run shows that every part works; too little was measured to judge a goal.")
    if given.json:
        rows = [each.as_json(judged=not given.smoke) for each in figures]
        given.json.write_text(
            json.dumps({"smoke": given.smoke, "machine": machine, "figures": rows}, ensure_ascii=False, indent=2)
            + "\n",
            encoding="utf-8",
        )


if __name__ == "__main__":
    main()
