"""A real nginx with the configuration that users are given, before stations that a test started."""

import re
import shutil
import signal
import ssl
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import trustme

from servers import free_port, until

SHIPPED = Path(__file__).parents[1] / "deploy" / "nginx.conf"
_AROUND = """
daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 256; }}
http {{
  access_log off; include {folder}/vistobueno.conf;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
}}
"""


@dataclass
class Outside:
    """Stations as people reach them."""

    url: str
    trust: ssl.SSLContext
    folder: Path
    server: "subprocess.Popen[bytes]"

    def without(self, port: int | None) -> None:
        """Send nothing more to the station on this port, as an administrator does before it stops; None: to all again."""
        file = self.folder / "vistobueno.conf"
        text = file.read_text(encoding="utf-8").replace(" down;", ";")
        file.write_text(re.sub(rf"(server 127.0.0.1:{port} [^;]*);", r"\1 down;", text), encoding="utf-8")
        before = workers(self.server.pid)
        self.server.send_signal(signal.SIGHUP)
        until(lambda: not before & workers(self.server.pid), "who was let in before is answered")


def workers(nginx: int) -> set[int]:
    """The processes that answer."""
    return set(map(int, Path(f"/proc/{nginx}/task/{nginx}/children").read_text().split()))


def configured(text: str, changes: Sequence[tuple[str, str]]) -> str:
    """The configuration with what a user changes in it; each must be there."""
    for pattern, said in changes:
        text, found = re.subn(pattern, said, text)
        assert found, f"deploy/nginx.conf has nothing like {pattern}"
    return text


@contextmanager
def nginx(folder: Path, ports: Sequence[int]) -> Iterator[Outside]:
    """It ends TLS and passes on to the stations on these ports."""
    program = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if program is None:
        pytest.skip("nginx is not on this machine")
    authority, port = trustme.CA(), free_port()
    leaf = authority.issue_cert("localhost", "127.0.0.1")
    leaf.private_key_pem.write_to_path(folder / "key.pem")
    for pem in leaf.cert_chain_pems:
        pem.write_to_path(folder / "cert.pem", append=True)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    servers = [f"server 127.0.0.1:{each} max_fails=1 fail_timeout=5s;" for each in ports]
    changes = (
        (r"(    server [\d.:]+ max_fails=1 fail_timeout=5s;\n)+", f"    {' '.join(servers)}\n"),
        (r"listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        (r"server_name \S+;", "server_name localhost;"),
        (r"ssl_certificate \S+;", f"ssl_certificate {folder}/cert.pem;"),
        (r"ssl_certificate_key \S+;", f"ssl_certificate_key {folder}/key.pem;"),
    )
    (folder / "vistobueno.conf").write_text(configured(SHIPPED.read_text(encoding="utf-8"), changes), encoding="utf-8")
    (folder / "nginx.conf").write_text(_AROUND.format(folder=folder), encoding="utf-8")
    server = subprocess.Popen([program, "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")])
    found = Outside(f"https://localhost:{port}", trust, folder, server)
    try:
        until(lambda: _answers(found), "nginx")
        yield found
    finally:
        server.terminate()
        server.wait(30)


def _answers(found: Outside) -> bool:
    try:
        return httpx.get(f"{found.url}/healthz", verify=found.trust).status_code == 200
    except httpx.TransportError:
        return False
