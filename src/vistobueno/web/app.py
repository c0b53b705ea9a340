"""Assembles the one port: pages, API, inference protocol and operation in one Streamlit application."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.middleware import Middleware

from ..texts import say
from . import api, health, inference, metrics, sign_in, start_checks
from .guard import Guard
from .observed import Observed
from .proxies import Proxies

if TYPE_CHECKING:
    from streamlit.starlette import App

    from ..access import Access

SCRIPT = Path(__file__).resolve().parent.parent / "ui" / "main.py"


def parts() -> dict[str, Any]:
    """What `st.App` takes beside the script."""
    return {
        "lifespan": running,
        "routes": [*sign_in.routes, *health.routes, *metrics.routes, *inference.routes(), *api.routes()],
        "middleware": [Middleware(Observed), Middleware(Proxies), Middleware(Guard)],
    }


def application() -> "App":
    """The application of an installed package: what main.py makes, without the file."""
    from streamlit.starlette import App

    return App(SCRIPT, **parts())


@asynccontextmanager
async def running(_: object) -> AsyncIterator[None]:
    """The station and its access are open while the application runs."""
    from ..access import Access, set_running_access
    from ..settings import read_settings
    from ..station import Station, set_running_station

    settings = read_settings()
    start_checks.warn(settings)
    station = Station.open(settings)
    set_running_station(station)
    access = Access(station.engine, settings)
    set_running_access(access)
    greet(access)
    try:
        yield
    finally:
        set_running_access(None)
        set_running_station(None)
        station.close()


def greet(access: "Access") -> None:
    """Print the link that makes the first admin, where there is none: never into the log, which others read."""
    settings = access.settings
    link = access.first_admin_link(settings.public_url or f"http://localhost:{settings.port}")
    if link is not None:
        sys.stderr.write(f"\n{say(settings.default_language, 'access_first_admin')}\n  {link}\n\n")
        sys.stderr.flush()
