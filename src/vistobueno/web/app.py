"""Assembles the one port: pages, API, inference protocol and operation in one Streamlit application."""

import logging
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import VistoBuenoError
from ..i18n import say, user_language
from ..settings import Settings, read_settings
from .middleware.allocator import freeze, settle

if TYPE_CHECKING:
    from streamlit.starlette import App

    from ..services import Station

SCRIPT = Path(__file__).resolve().parent.parent / "desk" / "main.py"
PATIENCE = 30.0  # seconds that a start waits for a database that starts at the same time
_log = logging.getLogger("vistobueno.web")


def parts(settings: Settings | None = None) -> dict[str, Any]:
    """What `st.App` takes beside the script; settings are the environment's unless given."""
    settle()
    from starlette.middleware import Middleware

    from ..tracing import exporter_asked
    from . import metrics
    from .api import health
    from .api import routes as api
    from .auth import oidc, sign_in
    from .field import pages
    from .middleware import streamlit_index
    from .middleware.error_handling import ErrorHandling
    from .middleware.guard import Guard
    from .middleware.packed import Packed
    from .middleware.proxies import ProxyHeaders
    from .middleware.request_log import RequestLog, Routed
    from .middleware.traced import Traced
    from .middleware.uploads import Uploads
    from .oip import inference
    from .verify import routes as verify

    return {
        "lifespan": partial(running, settings=settings),
        "routes": [
            *health.routes,
            *metrics.routes,
            *streamlit_index.routes,
            *sign_in.routes,
            *oidc.routes,
            *pages.routes,
            *verify,
            *inference.routes(),
            *api.routes(),
        ],
        "middleware": [
            *([Middleware(Traced)] if exporter_asked(os.environ) else []),
            *(
                Middleware(each)
                for each in (
                    RequestLog,
                    ProxyHeaders,
                    ErrorHandling,
                    Guard,
                    Uploads,
                    Packed,
                    streamlit_index.StreamlitIndex,
                    Routed,
                )
            ),
        ],
    }


def application(settings: Settings | None = None) -> "App":
    """The application of an installed package: what main.py makes, without the file."""
    chosen = parts(settings)
    from streamlit.starlette import App

    return App(SCRIPT, **chosen)


@asynccontextmanager
async def running(_: object, settings: Settings | None = None) -> AsyncIterator[None]:
    """The station and its access are open while the application runs."""
    from .. import tracing
    from ..accounts import Accounts, set_running_accounts
    from ..jobs.delivery import Delivery
    from ..jobs.watching import Watching
    from ..services import set_running_station
    from .logs import configure_logs
    from .metrics import watched
    from .middleware.proxies import parse
    from .start_checks import warn

    settings = settings or read_settings()
    configure_logs(settings.log_level)
    try:
        parse(settings.trusted_proxies)  # here, not at the first request
        parse(settings.metrics_from, "METRICS_FROM")
        station = _opened(settings)
        access = Accounts(station.engine, settings)
        link = access.people.first_admin_link(_address(settings))
    except VistoBuenoError as error:
        _log.critical(error.message(settings.default_language), extra={"code": error.code})
        raise
    except Exception:
        _log.critical("the station does not start", exc_info=True)  # uvicorn only says that it does not
        raise
    delivery = Delivery(station.engine, station.webhooks)
    watching = Watching(station.engine, watched)
    set_running_station(station)
    set_running_accounts(access)
    warn(settings)
    if exporter := tracing.exporter_asked(os.environ):
        _trace(exporter, settings.default_language)
    bundle = station.models.active.bundle
    freeze()
    _log.info("ready", extra={"model": bundle.name, "model_version": bundle.version, "model_digest": bundle.digest})
    if link is not None:  # last, and never a record
        language = user_language() if sys.stderr.isatty() else settings.default_language
        sys.stderr.write(f"\n{say(language, 'web_first_admin')}\n\n    {link}\n\n")
    try:
        yield
    finally:
        set_running_accounts(None)
        set_running_station(None)
        watching.close()
        delivery.close()
        station.close()
        tracing.end()
        _log.info("stopped")


def _trace(exporter: str, language: str) -> None:
    """Make traces; whoever asked for them where they cannot be made is told, and the station serves all the same."""
    from .. import tracing

    try:
        tracing.start(exporter)
    except tracing.TracesUnavailable as error:
        _log.warning(say(language, "start_traces", what=str(error), known=", ".join(tracing.EXPORTERS)))


def _opened(settings: Settings) -> "Station":
    """Open the station; a database or a store that is not there yet is waited for."""
    from ..services import Station, Unavailable

    last = time.monotonic() + PATIENCE
    while True:
        try:
            return Station.open(settings)
        except Unavailable as error:
            if time.monotonic() > last:
                raise
            _log.warning(error.message(settings.default_language), extra={"code": error.code})
            time.sleep(1)


def _address(settings: Settings) -> str:
    """Where people reach it; under `streamlit run` Streamlit chose the port."""
    import streamlit

    if settings.public_url:
        return settings.public_url.rstrip("/")
    by_streamlit = any(
        Path(each).stem == "streamlit" for each in sys.orig_argv[1:3]
    )  # `streamlit run`, `python -m streamlit`
    return f"http://localhost:{streamlit.get_option('server.port') if by_streamlit else settings.port}"
