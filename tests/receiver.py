"""Receivers of webhooks for tests: real servers on this machine that remember, refuse or dawdle as a test says."""

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook

Behaviour = Callable[["Got"], int]


class Got:
    """One message that came."""

    def __init__(self, headers: dict[str, str], body: bytes) -> None:
        self.headers, self.body, self.said = headers, body, json.loads(body)
        self.id, self.type, self.data = headers["webhook-id"], self.said["type"], self.said["data"]

    def is_signed_by(self, secret: str) -> bool:
        """Whether a receiver with this secret takes it."""
        try:
            Webhook(secret).verify(self.body, self.headers)
        except Exception:
            return False
        return True


class Receiver:
    """Listens until the block ends; ``behaviour`` gives the status for each message."""

    def __init__(self, behaviour: Behaviour = lambda _: 204, headers: dict[str, str] | None = None) -> None:
        self.behaviour, self.headers, self.got = behaviour, headers or {}, list[Got]()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                got = Got({name.lower(): value for name, value in self.headers.items()}, self.rfile.read(length))
                receiver.got.append(got)
                self.send_response(receiver.behaviour(got))
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}/hook"

    def __enter__(self) -> "Receiver":
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def types(self) -> list[str]:
        """Of what came, in its order."""
        return [each.type for each in self.got]


def dawdle(seconds: float, status: int = 204) -> Behaviour:
    """Answer late."""

    def behaviour(_: Got) -> int:
        time.sleep(seconds)
        return status

    return behaviour
