"""The end of a process: once a stop is asked for, what is under way has some seconds left, and long work ends early."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from .problems import RequestRefused, refuse

_under_way: set[asyncio.Timeout] = set()
_last: list[float] = []  # when, by the loop's clock, the last request must have its answer


@asynccontextmanager
async def within_drain() -> AsyncIterator[None]:
    """Work for one request, which may take as long as it takes until the process must end.

    Raises:
        RequestRefused: 503, the process ends first.
    """
    try:
        async with asyncio.timeout_at(_last[0] if _last else None) as limit:
            _under_way.add(limit)
            try:
                yield
            finally:
                _under_way.discard(limit)
    except TimeoutError:
        if limit.expired():
            raise stopped() from None
        raise


def stop(within: float) -> None:
    """What is under way ends within so many seconds, and what still begins as well. To be called in the loop."""
    _last[:] = [asyncio.get_running_loop().time() + within]
    for limit in _under_way:
        limit.reschedule(_last[0])


def is_stopping() -> bool:
    """Whether a stop was asked for: nothing long is worth going on with."""
    return bool(_last)


def stopped() -> RequestRefused:
    """What is told to who waits."""
    return refuse(503, "stopping", headers={"Retry-After": "5"})
