import ctypes
import platform
import subprocess
import sys

import pytest

from vistobueno.training import memory

WORK = """
import resource, sys
import numpy as np
from vistobueno.training.memory import keep_freed_memory
if sys.argv[1] == "keep":
    print(keep_freed_memory())
for _ in range(400):
    np.empty(8_000_000)[::512].fill(1)  # touches every page of 64 MB
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""


def faults(how: str) -> tuple[list[str], int]:
    done = subprocess.run([sys.executable, "-c", WORK, how], capture_output=True, text=True, check=True)
    *said, last = done.stdout.split()
    return said, int(last)


def test_memory_that_is_kept_is_not_fetched_page_by_page_again() -> None:
    if platform.libc_ver()[0] != "glibc":
        pytest.skip("this system's C library is not GNU's")
    said, kept = faults("keep")
    assert said == ["True"]
    assert kept + 5_000 < faults("give back")[1]


def test_where_the_c_library_cannot_be_told_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    assert memory.keep_freed_memory() is False
