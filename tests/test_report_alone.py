"""What a report costs a process, and what it does without."""

import json
import os
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src"
MOST_MB = 120
PROGRAM = r"""
import json, re, socket, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "lxml":  # the image does not have it
            raise ModuleNotFoundError(name=name)

def refused(*_):
    raise OSError("nothing outside is asked")

sys.meta_path.insert(0, Absent())
from drawn_reports import drawn_report
report = drawn_report()
loaded = {name for name in ("typst", "segno", "pyhanko") if name in sys.modules}
import vistobueno.services, vistobueno.report.render, vistobueno.report.seal, vistobueno.services.sealing
loaded |= {name for name in ("typst", "segno", "pyhanko") if name in sys.modules}
peak = lambda: int(re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())[1]) // 1024  # not what the parent held
before = peak()
from vistobueno.report.seal import check, new_key, open_key, seal
from vistobueno.report.render import render
socket.socket.connect = socket.getaddrinfo = refused
key = open_key(new_key("x"))
for _ in range(5):
    found = check(seal(render(report).pdf, key))
print(json.dumps({"loaded": sorted(loaded), "state": found.state, "before": before, "peak": peak()}))
"""


def test_a_report_needs_no_network_and_little_memory_and_costs_nothing_before_it_is_asked_for() -> None:
    path = os.pathsep.join([str(SOURCE), str(Path(__file__).parent)])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    print(f"memory before a report {said['before']} MB, with it {said['peak']} MB")  # noqa: T201 read with -s
    assert said["loaded"] == []
    assert said["state"] == "whole"
    assert said["peak"] - said["before"] <= MOST_MB
