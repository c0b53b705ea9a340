"""The log: one JSON object a line on standard error, each with the number of its request."""

import logging
import sys

from pythonjsonlogger.json import JsonFormatter

from .observed import REQUEST_ID

_OURS = ("uvicorn", "uvicorn.error", "streamlit")


class _Numbered(logging.Filter):
    """Puts the request's number on every record that is written while it is answered."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = REQUEST_ID.get() or None
        return True


class _SaidOnce(logging.Filter):
    """Leaves out the trace that uvicorn tells of a start that failed: the application has said why, in one record."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.levelno >= logging.ERROR and str(record.msg).startswith("Traceback (most recent call last)"))


_SAID_ONCE = _SaidOnce()


def configure_logs(level: str) -> None:
    """Send every logger's records through one handler."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonFormatter(
            "{asctime}{levelname}{name}{message}{request_id}",
            style="{",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            datefmt="%Y-%m-%dT%H:%M:%S%z",
            json_ensure_ascii=False,
        )
    )
    handler.addFilter(_Numbered())
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(logging.WARNING)
    logging.getLogger("vistobueno").setLevel(level)
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("uvicorn", "streamlit"):
            logger = logging.getLogger(name)
            logger.handlers.clear()
            logger.propagate = True
            logger.setLevel(logging.INFO if name in _OURS else logging.WARNING)
    logging.getLogger("uvicorn.error").addFilter(_SAID_ONCE)
    logging.getLogger("uvicorn.access").disabled = True  # ours says more, and less: no query strings
    logging.getLogger("streamlit").setLevel(logging.WARNING)
