"""What a station writes where a person looks, and where a program does."""

import contextlib
import json
import logging
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from serving import READY_WITHIN, free_port
from vistobueno.web.logs import configure_logs

COMMAND = [sys.executable, "-c", "from vistobueno.cli.main import main; main()", "serve", "--port"]


def first_words(folder: Path, **environment: str) -> list[str]:
    """What a new station writes on a terminal before its first request."""
    terminal, theirs = pty.openpty()
    port = free_port()
    variables = {name: value for name, value in os.environ.items() if name not in ("LC_ALL", "LC_MESSAGES", "LANG")}
    started = subprocess.Popen(
        [*COMMAND, str(port)], stdout=theirs, stderr=theirs, cwd=folder,
        env=variables | {"DATA_DIR": str(folder / "data"), **environment},
    )  # fmt: skip
    try:
        until = time.monotonic() + READY_WITHIN
        said = ""
        while "GET /login" not in said:  # what came before the first request is whole
            assert time.monotonic() < until, said
            with contextlib.suppress(httpx.TransportError):
                httpx.get(f"http://127.0.0.1:{port}/login", timeout=5)
            if select.select([terminal], [], [], 0.1)[0]:
                said += os.read(terminal, 4096).decode()
    finally:
        started.kill()
        started.wait()
        os.close(theirs)
        os.close(terminal)
    return [line for line in said.split("\r\n") if "GET /login" not in line and line.strip()]


def test_on_a_terminal_the_first_link_stands_alone_and_last_in_the_terminals_language(tmp_path: Path) -> None:
    spoken = {}
    for language in ("en_GB.UTF-8", "es_CO.UTF-8"):
        lines = first_words(tmp_path, LANG=language)
        assert not any(line.startswith("{") for line in lines)
        assert lines[-1].strip().startswith("http://localhost:") and "/login/link/" in lines[-1]
        spoken[language] = lines[-2]
    assert len(set(spoken.values())) == 2


def test_a_program_reads_one_json_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    before = logging.root.handlers[:], logging.root.level
    try:
        configure_logs("INFO")
        logging.getLogger("vistobueno.web").info("ready", extra={"model": "a"})
    finally:
        logging.root.handlers[:], logging.root.level = before
    said = json.loads(capsys.readouterr().err)
    assert (said["message"], said["level"], said["model"]) == ("ready", "INFO", "a")
