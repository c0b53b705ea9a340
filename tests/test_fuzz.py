import importlib.util
import mmap
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from vistobueno.core.errors import PhotoRefused

HOME = Path(__file__).parents[1] / "fuzz"


@pytest.fixture(scope="module")
def fuzz() -> ModuleType:
    sys.path.insert(0, str(HOME))
    spec = importlib.util.spec_from_file_location("fuzz_run", HOME / "run.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.path.remove(str(HOME))
    return module


def taken(fuzz: ModuleType, tmp_path: Path, read: object) -> str:
    """What is found wrong with a door that reads in this way."""
    target = fuzz.Target(lambda rng: b"", read, megabytes=50, seconds=1)
    answer: str = fuzz.fault(target, b"", tmp_path)
    return answer


def test_a_refusal_is_right_and_anything_else_is_told(fuzz: ModuleType, tmp_path: Path) -> None:
    def refuses(data: bytes, folder: Path) -> None:
        raise PhotoRefused("damaged_photo", es="Está dañada.", en="It is damaged.")

    def fails(data: bytes, folder: Path) -> None:
        raise KeyError("scope")

    def takes_memory(data: bytes, folder: Path) -> None:
        with mmap.mmap(-1, 100_000_000) as room:  # not of the heap, which may hold as much that was freed
            for page in range(0, len(room), mmap.PAGESIZE):
                room[page] = 1

    def takes_time(data: bytes, folder: Path) -> None:
        end = time.process_time() + 1.2
        while time.process_time() < end:
            pass

    assert taken(fuzz, tmp_path, lambda data, folder: None) == ""
    assert taken(fuzz, tmp_path, refuses) == ""
    assert taken(fuzz, tmp_path, fails).startswith("KeyError")
    assert " MB" in taken(fuzz, tmp_path, takes_memory)
    assert " s;" in taken(fuzz, tmp_path, takes_time)


@pytest.mark.parametrize("name", ["photographs", "zips", "bundles"])
def test_a_seed_always_makes_the_same_file(name: str, fuzz: ModuleType) -> None:
    assert [fuzz.made(name, seed) for seed in range(20)] == [fuzz.made(name, seed) for seed in range(20)]
    assert len({fuzz.made(name, seed) for seed in range(20)}) > 10


def test_the_command_tries_the_seeds_that_are_asked_for_and_says_so(tmp_path: Path) -> None:
    command = [sys.executable, HOME / "run.py", "--target", "photographs", "--seed", "7", "--count", "30"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout == "photographs: 30 inputs from seed 7, 0 of them at fault\n"
    assert done.returncode == 0
