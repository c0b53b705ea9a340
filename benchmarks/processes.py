"""A fresh process, how long it took and the most memory it held. Linux and macOS."""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_CHILD = Path(__file__).with_name("child.py")
_INSPECT = "from vistobueno.cli.main import main; main()"  # what the installed command `vistobueno` runs
_ANSWERS = (0, 1, 2)  # exit codes of `inspect`: fit, unfit, review


@dataclass(frozen=True)
class Ended:
    """A process that ended well: wall-clock ``seconds``, ``peak_mb`` of resident memory (10⁶ bytes), what it printed."""

    seconds: float
    peak_mb: float
    printed: str


def inspect(*arguments: str | Path, model: Path) -> Ended:
    """`vistobueno inspect` in a process of its own."""
    return ended([sys.executable, "-c", _INSPECT, "inspect", "--model", str(model), *map(str, arguments)], _ANSWERS)


def child(what: str, **arguments: Any) -> tuple[Ended, Any]:
    """One function of child.py in a process of its own, and what it returned."""
    process = ended([sys.executable, str(_CHILD), what, json.dumps(arguments, default=str)])
    return process, json.loads(process.printed.splitlines()[-1])


def ended(command: list[str], accepted: tuple[int, ...] = (0,)) -> Ended:
    """Run a command to its end.

    On Linux a child's peak begins with what its parent held when it started it, so this process must stay small: it
    imports nothing but the standard library.

    Raises:
        ChildFailed: the exit code is not one of ``accepted``.
    """
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "PYTHONIOENCODING": "utf-8"}
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as complaints:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=printed, stderr=complaints, env=os.environ | quiet)
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:  # Ctrl-C: leave nothing running
            process.kill()
            raise
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in accepted:
            complaints.seek(0)
            raise ChildFailed(command, process.returncode, complaints.read().decode("utf-8", "replace"))
        printed.seek(0)
        unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2) of each
        return Ended(seconds, usage.ru_maxrss * unit / 1e6, printed.read().decode("utf-8", "replace"))


class ChildFailed(RuntimeError):
    """A measured process failed; its last words are in the message."""

    def __init__(self, command: list[str], code: int, complaints: str) -> None:
        super().__init__(f"{command} ended with {code}:\n{complaints[-2000:]}")
