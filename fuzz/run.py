"""Damaged files, in their thousands, for every door that takes untrusted ones: `make fuzz`, ten minutes in all.

Whatever comes in, what comes out is an answer or a VistoBuenoError, at a bounded cost of memory and time. A file is made from its
target's name and a seed, nothing else; what failed is written to build/fuzz and told with its seed. Those in regressions.txt are
tried first.
"""

import argparse
import importlib.util
import json
import os
import random
import resource
import select
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

from targets import ROOT, TARGETS, Target
from vistobueno.core.errors import VistoBuenoError

KEPT, REGRESSIONS = ROOT / "build" / "fuzz", Path(__file__).with_name("regressions.txt")
QUIET = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
ADDRESSES = 8_000_000_000  # bytes that a child may map: the machine is not to suffer


def made(name: str, seed: int) -> bytes:
    """The input of a seed."""
    return TARGETS[name].make(random.Random(f"{name}/{seed}"))


def fault(target: Target, data: bytes, folder: Path) -> str:
    """What is wrong with how an input was taken; empty when nothing is."""
    Path("/proc/self/clear_refs").write_text("5")  # the high-water mark is that of this input
    before, start = memory("VmRSS"), time.process_time()
    try:
        target.read(data, folder)
    except VistoBuenoError:
        pass
    except BaseException as error:
        return f"{type(error).__name__}: {error}"[:300]
    seconds, megabytes = time.process_time() - start, (memory("VmHWM") - before) / 1e6
    if seconds > target.seconds or megabytes > target.megabytes:
        return f"{megabytes:.0f} MB, {seconds:.1f} s; {target.megabytes} MB and {target.seconds} s are allowed"
    return ""


def memory(key: str) -> int:
    """Bytes, of this process' status."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key))


def child(name: str, seed: int, seconds: float, count: int) -> None:
    """Try seeds until time or count is over; a line before each, so that who waits knows which one hangs or crashes."""
    warnings.simplefilter("ignore")
    target = TARGETS[name]
    if not target.needs:
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    end = None
    with tempfile.TemporaryDirectory() as folder:
        for number in range(seed, seed + count):
            print(number, flush=True)
            data = made(name, number)
            end = end or time.monotonic() + seconds  # what is loaded at the first is not counted
            if why := fault(target, data, Path(folder)):
                print(json.dumps(why), flush=True)
            if time.monotonic() > end:
                break
    print("done", flush=True)


def faults(name: str, seed: int, seconds: float, count: int) -> Iterator[tuple[int, str]]:
    """Seeds that were tried, each with what was wrong, from a child that is started again when one hangs or crashes."""
    last, end = seed - 1, time.monotonic() + seconds
    while last - seed + 1 < count and (last < seed or time.monotonic() < end):
        asked = [name, str(last + 1), str(max(0.0, end - time.monotonic())), str(count - (last - seed + 1))]
        found = ""
        with subprocess.Popen(
            [sys.executable, __file__, "--child", *asked], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as it:
            try:
                for line in lines(it, patience=90 + 5 * TARGETS[name].seconds):
                    if line == b"done":
                        yield last, found
                        return
                    if line.isdigit():
                        if last >= seed:
                            yield last, found
                        last, found = int(line), ""
                    else:
                        found = json.loads(line)
            except TimeoutError:
                it.kill()
        yield last, found or f"the process ended or hung (exit code {it.returncode})"


def lines(process: subprocess.Popen[bytes], patience: float) -> Iterator[bytes]:
    """What a process prints, line by line, as long as it does within ``patience`` seconds."""
    assert process.stdout is not None  # noqa: S101
    rest = b""
    while True:
        if not select.select([process.stdout], [], [], patience)[0]:
            raise TimeoutError
        part = os.read(process.stdout.fileno(), 65_536)
        if not part:
            return
        *whole, rest = (rest + part).split(b"\n")
        yield from whole


def tried(name: str, seed: int, seconds: float, count: int) -> bool:
    """Try one target, tell what was found and keep it; whether all was well."""
    if (needs := TARGETS[name].needs) and not importlib.util.find_spec(needs):
        print(f"{name}: not tried, {needs} is not installed")
        return True
    total = bad = 0
    for number, why in faults(name, seed, seconds, count):
        total += 1
        if why:
            bad += 1
            KEPT.mkdir(parents=True, exist_ok=True)
            kept = KEPT / f"{name}-{number}"
            kept.write_bytes(made(name, number))
            print(
                f"{name} {number}: {why}\n  {kept}; again: make fuzz ARGS='--target {name} --seed {number} --count 1'"
            )
    print(f"{name}: {total} inputs from seed {seed}, {bad} of them at fault", flush=True)
    return not bad


def regressions() -> list[tuple[str, int]]:
    """Targets and seeds that once failed."""
    entries = (
        line.split() for line in REGRESSIONS.read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    )
    return [(entry[0], int(entry[1])) for entry in entries if entry]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="for all targets together")
    parser.add_argument("--target", choices=TARGETS, action="append", help="these alone; may be repeated")
    parser.add_argument("--seed", type=int, help="the first one; otherwise drawn")
    parser.add_argument("--count", type=int, default=10**9, help="of seeds, for each target")
    parser.add_argument("--smoke", action="store_true", help="a few seconds, always the same seeds")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        name, seed, seconds, count = asked.child
        child(name, int(seed), float(seconds), int(count))
        return 0
    names = asked.target or list(TARGETS)
    seconds = (8 if asked.smoke else asked.seconds) / len(names)
    seed = asked.seed if asked.seed is not None else 1 if asked.smoke else random.SystemRandom().randrange(10**9)
    known = [] if asked.target else regressions()
    return (
        0
        if all(
            [tried(name, number, 60, 1) for name, number in known]
            + [tried(name, seed, seconds, asked.count) for name in names]
        )
        else 1
    )


if __name__ == "__main__":
    sys.exit(main())
