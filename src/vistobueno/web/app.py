"""Assembles the one port: pages, API, inference protocol and operation in one Streamlit application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.middleware import Middleware

from . import api, health, inference, metrics, start_checks
from .observed import Observed

if TYPE_CHECKING:
    from streamlit.starlette import App

SCRIPT = Path(__file__).resolve().parent.parent / "ui" / "main.py"


def parts() -> dict[str, Any]:
    """What `st.App` takes beside the script."""
    return {
        "lifespan": running,
        "routes": [*health.routes, *metrics.routes, *inference.routes(), *api.routes()],
        "middleware": [Middleware(Observed)],
    }


def application() -> "App":
    """The application of an installed package: what main.py makes, without the file."""
    from streamlit.starlette import App

    return App(SCRIPT, **parts())


@asynccontextmanager
async def running(_: object) -> AsyncIterator[None]:
    """The station and its access are open while the application runs."""
    from ..settings import read_settings
    from ..station import Station, set_running_station

    settings = read_settings()
    start_checks.warn(settings)
    station = Station.open(settings)
    set_running_station(station)
    try:
        yield
    finally:
        set_running_station(None)
        station.close()
