"""The log on standard error, each record with the number of its request: lines to read on a terminal, JSON elsewhere."""

import logging
import sys

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from ..tracing import trace_id
from .middleware.request_log import REQUEST_ID


class _Numbered(logging.Filter):
    """Puts the request's number, and its trace where one is made, on every record written while it is answered."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = REQUEST_ID.get() or None
        if trace := trace_id():
            record.trace_id = trace
        return True


class Readable(logging.Formatter):
    """Time, level, what happened, and what belongs to it as name=value."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-8s %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 logging's own name
        """The line, before a trace; what the message says already is not said again."""
        said = super().formatMessage(record)
        more = {name: value for name, value in vars(record).items() if name not in RESERVED_ATTRS and value is not None}
        return "  ".join([said, *(f"{name}={value}" for name, value in more.items() if str(value) not in said)])


class _SaidOnce(logging.Filter):
    """Leaves out the trace that uvicorn tells of a start that failed: the application has said why, in one record."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.levelno >= logging.ERROR and str(record.msg).startswith("Traceback (most recent call last)"))


_SAID_ONCE = _SaidOnce()


def configure_logs(level: str) -> None:
    """Send every logger's records through one handler."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        Readable()
        if sys.stderr.isatty()
        else JsonFormatter(
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
            logger.setLevel(logging.WARNING)  # that it starts and stops is said by us
    logging.getLogger("uvicorn.error").addFilter(_SAID_ONCE)
    logging.getLogger("uvicorn.access").disabled = True  # ours says more, and less: no query strings
