"""The server of `vistobueno serve`: uvicorn with our bounds on connections and on how long an end may take."""

import os
import threading
import time
from socket import socket
from types import FrameType

import uvicorn

from ..settings import Settings
from .app import application
from .middleware.connection import BoundedConnection
from .shutdown import stop

ANSWERED_WITHIN, LAST_WORDS, ENDED_WITHIN = 12.0, 20, 25.0
"""Seconds after a stop is asked for: until what is under way is told to come again, until it is cut, until the process
ends whatever it does (Render gives 30)."""
_TWICE = 1.0  # seconds in which a second signal is the same one, sent to a group and its leader


class Server(uvicorn.Server):
    """Ends when it is told to, in time; told twice, at once."""

    _asked = 0.0

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM or SIGINT."""
        if not self.should_exit:
            self._asked = time.monotonic()
            last = threading.Timer(ENDED_WITHIN, os._exit, (128 + sig,))
            last.daemon = True
            last.start()
        elif time.monotonic() - self._asked > _TWICE:
            os._exit(128 + sig)
        else:
            return
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Accept no more, finish what can be finished."""
        stop(ANSWERED_WITHIN)
        await super().shutdown(sockets)


def serve(settings: Settings) -> None:
    """Serve until a signal says to stop."""
    config = uvicorn.Config(
        application(settings),
        host=settings.bind_address,
        port=settings.port,
        http=BoundedConnection,
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        log_config=None,
        access_log=False,
        proxy_headers=False,  # TRUSTED_PROXIES decides
        server_header=False,
        timeout_graceful_shutdown=LAST_WORDS,
    )
    server = Server(config)
    try:
        server.run()
    except KeyboardInterrupt:  # Ctrl-C, once all is closed
        return
    if not server.started:
        raise SystemExit(3)  # as uvicorn does
