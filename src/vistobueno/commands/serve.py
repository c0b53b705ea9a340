"""`vistobueno serve`: the station on its port, until it is told to stop."""

from ..settings import Settings
from ..texts import say

LAST_WORDS = 20  # seconds that requests under way have to end once a stop is asked for


def run_serve(settings: Settings, language: str) -> None:
    """Serve until SIGTERM or Ctrl-C; what was accepted is finished first."""
    import uvicorn

    from ..web.app import application

    host = "localhost" if settings.bind_address in ("127.0.0.1", "0.0.0.0", "::") else settings.bind_address  # noqa: S104 compared, not bound
    address = settings.public_url or f"http://{host}:{settings.port}"
    print(say(language, "web_serving", address=address), flush=True)
    uvicorn.run(
        application(settings),
        host=settings.bind_address,
        port=settings.port,
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        log_config=None,
        access_log=False,
        proxy_headers=False,  # TRUSTED_PROXIES decides
        server_header=False,
        timeout_graceful_shutdown=LAST_WORDS,
    )
