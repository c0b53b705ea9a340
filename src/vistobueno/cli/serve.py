"""`vistobueno serve`: the station on its port, until it is told to stop."""

import typer

from ..i18n import say
from ..settings import Settings
from .config import check


def run_serve(settings: Settings, language: str) -> None:
    """Serve until SIGTERM or Ctrl-C; what was accepted is finished first.

    Raises:
        SettingRefused, ProxiesRefused: as `check`.
    """
    check(settings)
    from ..web.server import serve

    print(say(language, "web_serving", address=address_of(settings)), flush=True)
    try:
        serve(settings)
    except SystemExit:  # it could not start, and said why
        raise typer.Exit(3) from None


def address_of(settings: Settings) -> str:
    """Where a person's browser finds it."""
    host = settings.bind_address
    if host in ("127.0.0.1", "0.0.0.0", "::"):  # noqa: S104 compared, not bound
        host = "localhost"
    elif ":" in host:  # IPv6
        host = f"[{host}]"
    return settings.public_url or f"http://{host}:{settings.port}"
