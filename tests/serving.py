"""A real station for tests: `vistobueno serve` in a process of its own, with a key, stopped or killed as a test wants."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from vistobueno.accounts import SCOPES, Accounts
from vistobueno.core.inspection import SYSTEM
from vistobueno.services import open_records
from vistobueno.settings import Settings

PASSWORD = "a long one for one test run"  # noqa: S105 of a station that ends with the test
PLAIN = False  # httpx: a call loads no certificates, which takes 26 ms; the stations of tests speak no TLS
READY_WITHIN = 60.0  # seconds; a machine may be busy
WITHOUT_AUDIT = {"AUDIT_SHARE": "0", "AUDIT_FIRST": "0"}
"""What waits is what the model asks about; tests of the blind audit say otherwise."""
_OURS = ("DATABASE_URL", "MODEL_PATH", "MODEL_URL", "EVIDENCE_URL", "PUBLIC_URL", "PORT", "BIND_ADDRESS")


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@dataclass
class Served:
    """A station that runs: its address, its process, and a client with a key of all scopes."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    first: str = ""  # what its process does before it serves, in Python
    process: "subprocess.Popen[bytes] | None" = None
    secret: str = ""

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> Settings:
        """What it was started with, as far as records go."""
        return Settings(data_dir=self.folder / "data", database_url=self.environment.get("DATABASE_URL", ""))

    @property
    def log(self) -> str:
        """What it wrote on its standard error."""
        return (self.folder / "server.log").read_text(encoding="utf-8")

    def key(self, scopes: Sequence[str] = SCOPES) -> str:
        """A new key."""
        engine, _ = open_records(self.settings)
        access = Accounts(engine, self.settings)
        people = access.people.all() or (
            access.people.add("ana@example.org", "Ana", "admin", SYSTEM, password=PASSWORD),
        )
        secret = access.keys.make("tests", scopes, people[0])[1]
        engine.dispose()
        return secret

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        kept = {name: value for name, value in os.environ.items() if name not in _OURS}
        variables = {**kept, "DATA_DIR": str(self.settings.data_dir), "PORT": str(self.port)}
        variables |= WITHOUT_AUDIT | self.environment
        command = [
            sys.executable,
            "-c",
            f"{self.first}\nfrom vistobueno.cli.main import main; main()",
            "serve",
            "--language",
            "en",
        ]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, env=variables, stdout=log, stderr=log)
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Ask until it says so."""
        last = time.monotonic() + READY_WITHIN
        while time.monotonic() < last:
            assert self.process is not None and self.process.poll() is None, self.log
            try:
                if httpx.get(f"{self.url}/readyz", timeout=5, verify=PLAIN).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.02)
        raise AssertionError(f"not ready: {self.log}")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> float:
        """Stop it; seconds that it took."""
        assert self.process is not None
        start = time.monotonic()
        self.process.send_signal(how)
        self.process.wait(30)
        return time.monotonic() - start

    def client(self, secret: str = "", language: str = "en") -> httpx.Client:
        """A client that sends a key."""
        self.secret = self.secret or self.key()
        headers = {"Authorization": f"Bearer {secret or self.secret}", "Accept-Language": language}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, verify=PLAIN)


@contextmanager
def serving(folder: Path, first: str = "", **environment: str) -> Iterator[Served]:
    """A station that is started, and is gone afterwards."""
    served = Served(folder, environment, first=first)
    try:
        served.start()
        yield served
    finally:
        if served.process is not None and served.process.poll() is None:
            served.process.terminate()  # not killed at once: what of the program it ran is written down when it ends
            try:
                served.process.wait(10)
            except subprocess.TimeoutExpired:
                served.process.kill()
                served.process.wait()
