"""The station beside a bare loop and beside LitServe, and what it holds and how fast it starts; standard library alone."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from figures import Figure, paired
from machine import cores
from processes import child, ended

_HOME = Path(__file__).parent
_SERVE = [sys.executable, "-c", "from vistobueno.cli.main import main; main()", "serve"]
TARGET = "/api/v1/inspections"
CLIENTS, PARALLEL, JUDGED = 8, 32, 100


@dataclass(frozen=True)
class Server:
    """A server that runs in a process of its own."""

    port: int
    pid: int
    seconds: float  # from start to ready

    def memory_mb(self, what: str) -> float:
        """VmRSS or VmHWM of the process and those it started, 10⁶ bytes; Linux alone."""
        return sum(_status(pid, what) for pid in _family(self.pid)) / 1e6

    @contextlib.contextmanager
    def awake(self) -> Iterator[None]:
        """Run for one turn and be stopped again: one that only waits still polls, and takes that from the others."""
        self.tell(signal.SIGCONT)
        try:
            yield
        finally:
            self.tell(signal.SIGSTOP)

    def tell(self, what: signal.Signals) -> None:
        """Send a signal to the process and those it started."""
        _tell(_family(self.pid), what)


def station_figures(
    photographs: int, rounds: int, model: Path, large: list[str], work: Path, say: Callable[[str], None]
) -> list[Figure]:
    """Every figure of the station; ``photographs`` are sent to each way in a round."""
    if not sys.platform.startswith("linux"):
        say("the station's figures are read from /proc, which only Linux has")
        return []
    starts = _starts(max(3, rounds) if rounds > 1 else 1, model, work, say)
    folder = work / "station"
    key = client("key", folder=folder)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "image/jpeg"}
    with serving(folder, model) as ours:
        judged = JUDGED if rounds > 1 else 8
        say(f"memory of the station: {judged} photographs of 12 MP, then {PARALLEL} at once")
        idle = ours.memory_mb("VmRSS:")
        with page_open(ours.port) as page:
            client("send", ports=[ours.port], path=TARGET, headers=headers, photos=large, count=judged,
                  clients=2)  # fmt: skip
            held = ours.memory_mb("VmRSS:")
        client("send", ports=[ours.port], path=TARGET, headers=headers, photos=large, count=2 * PARALLEL,
              clients=PARALLEL)  # fmt: skip
        peak = ours.memory_mb("VmHWM:")
    turns: dict[str, list[float]] = {"ours": [], "bare": [], "litserve": []}
    waits: list[float] = []
    with serving(folder, model) as ours, litserve(model) as other:
        ours.tell(signal.SIGSTOP)
        other.tell(signal.SIGSTOP)
        for number in range(-1, rounds):  # the first for nothing: caches
            say(f"photographs kept and acknowledged, beside bare and LitServe, {number + 1} of {rounds}")
            with ours.awake():
                sent = client("send", ports=[ours.port], path=TARGET, headers=headers, photos=large, count=photographs,
                             clients=CLIENTS)  # fmt: skip
            with other.awake():
                beside = client("send", ports=[other.port], path="/predict", headers={}, photos=large, count=photographs,
                               clients=CLIENTS, form="request")  # fmt: skip
            bare = client("bare_many", model=model, photos=large, count=photographs, threads=cores())
            if number >= 0 or rounds == 1:
                turns["ours"].append(photographs / sent["seconds"])
                turns["litserve"].append(photographs / beside["seconds"])
                turns["bare"].append(photographs / bare)
                waits += sent["waits"]
    p50, p99 = median(waits), quantiles(waits, n=100)[98]
    name = f"POST of 12 MP, kept, {cores()} cores"
    rate = median(turns["ours"])
    return [
        Figure("start to ready, one core", "goal", "s", median(starts), 2.0, median(starts) / 2.0, most=2.0),
        Figure(f"memory, {judged} of 12 MP judged, {page}", "before them", "MB", held, idle, held / idle, most=260),
        Figure("most memory, 32 at once", "before them", "MB", peak, held, peak / held, most=400),
        Figure(name, "bare loop", "/s", rate, median(turns["bare"]), paired(turns["ours"], turns["bare"]), at_least=0.8),
        Figure(name, "LitServe, not kept", "/s", rate, median(turns["litserve"]),
               paired(turns["ours"], turns["litserve"]), at_least=1),
        Figure("p99 of 8 clients", "p50", "s", p99, p50, p99 / p50, at_most=3),
    ]  # fmt: skip


def _starts(count: int, model: Path, work: Path, say: Callable[[str], None]) -> list[float]:
    found = []
    for number in range(count + 1):
        say(f"start to ready on one core, {number} of {count}")
        with serving(work / "starts", model, one_core=True) as server:
            found.append(server.seconds)
    return found[1:] or found  # the first makes the database


@contextlib.contextmanager
def serving(folder: Path, model: Path, one_core: bool = False, **settings: str) -> Iterator[Server]:
    """The station, with its records in ``folder`` unless ``settings`` (environment variables) say otherwise."""
    folder.mkdir(parents=True, exist_ok=True)
    variables = {"DATA_DIR": str(folder / "data"), "MODEL_PATH": str(model), "DATABASE_URL": "", "EVIDENCE_URL": ""}
    variables |= settings
    with _started(_SERVE, variables, "/readyz", folder / "log", one_core) as server:
        yield server


@contextlib.contextmanager
def litserve(model: Path) -> Iterator[Server]:
    """LitServe with the same model, one worker a core."""
    command = [sys.executable, str(_HOME / "lit.py"), str(model), str(cores())]
    with _started(command, {}, "/health", None, False) as server:
        yield server


@contextlib.contextmanager
def _started(
    command: Sequence[str], variables: dict[str, str], path: str, log: Path | None, one_core: bool
) -> Iterator[Server]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    before = os.sched_getaffinity(0)
    with open(log or os.devnull, "ab") as output:  # noqa: PTH123 either a path or the null device
        start = time.perf_counter()
        if one_core:
            os.sched_setaffinity(0, {min(before)})  # the child inherits it
        try:
            process = subprocess.Popen(
                command, env={**os.environ, "PORT": str(port), **variables}, stdout=output, stderr=output
            )
        finally:
            os.sched_setaffinity(0, before)
        try:
            _wait(f"http://127.0.0.1:{port}{path}", process)
            yield Server(port, process.pid, time.perf_counter() - start)
        finally:
            started = _family(process.pid) if process.poll() is None else []
            _tell(started, signal.SIGCONT)  # one that is stopped would not hear that it is to end
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            _tell(started[1:], signal.SIGKILL)  # LitServe leaves its workers behind


@contextlib.contextmanager
def page_open(port: int) -> Iterator[str]:
    """The station's page in a real browser, that of another process; says whether this machine has one."""
    command = [sys.executable, str(_HOME / "clients.py"), "browse", json.dumps({"port": port})]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as visitor:
        assert visitor.stdout is not None  # noqa: S101 it was asked for
        try:
            yield "page open" if visitor.stdout.readline() == b"open\n" else "no page"
        finally:
            visitor.communicate()  # it is told to go, and what else it says is heard


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    last = time.monotonic() + 120
    while time.monotonic() < last and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 our own
            if answer.status == 200:
                return
        time.sleep(0.01)
    raise RuntimeError(f"no server at {url}")


def client(what: str, **arguments: Any) -> Any:
    """One function of clients.py in a process of its own, and what it returned."""
    process = ended([sys.executable, str(_HOME / "clients.py"), what, json.dumps(arguments, default=str)])
    return json.loads(process.printed.splitlines()[-1])


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [pid, *(each for one in children for each in _family(int(one)))]


def _tell(processes: Sequence[int], what: signal.Signals) -> None:
    for each in processes:
        with contextlib.suppress(ProcessLookupError):  # it ended meanwhile
            os.kill(each, what)


def _status(pid: int, what: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(what):
            return int(line.split()[1]) * 1024
    return 0


def main() -> None:
    """The station's figures alone: python benchmarks/station.py [photographs] [rounds]."""
    import tempfile

    from figures import table

    given: list[Any] = [int(each) for each in sys.argv[1:]]
    photographs, rounds = (*given, *(60, 3)[len(given) :])
    with tempfile.TemporaryDirectory(prefix="vistobueno-station-") as folder:
        work = Path(folder)
        large = child("draw", folder=work / "large", width=4000, height=3000, count=3)[1]
        model = Path(child("bundle", path="")[1]["path"])
        found = station_figures(photographs, rounds, model, large, work, lambda text: print(f"· {text}", flush=True))
    print("\n" + table(found, judged=True))
    print(json.dumps({"load": os.getloadavg(), "cores": cores()}))


if __name__ == "__main__":
    main()
