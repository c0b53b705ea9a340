"""Bounded judging: so many photographs at once, so many waiting, and for one more a word when to come again."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self, TypeVar

from ..errors import VistoBuenoError

T = TypeVar("T")
RETRY_AFTER = 1  # seconds: a photograph takes a tenth of one


class Busy(VistoBuenoError):
    """Every place is taken.

    Attributes:
        retry_after: seconds after which to come again.
    """

    def __init__(self, code: str, *, es: str, en: str, retry_after: int = RETRY_AFTER) -> None:
        super().__init__(code, es=es, en=en)
        self.retry_after = retry_after


class Judging:
    """A pool of ``threads`` that judge and of places for those and ``queue`` more that wait."""

    def __init__(self, threads: int, queue: int) -> None:
        self.threads, self.places = threads, threads + queue
        self._free = threading.BoundedSemaphore(self.places)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="judging")

    def admit(self, wait: bool = False) -> "Place":
        """Take a place, before anything large is in memory.

        Args:
            wait: until one is free, for work that comes from within.

        Raises:
            Busy: ``busy``.
        """
        if not self._free.acquire(blocking=wait):
            raise Busy(
                "busy",
                es="La estación está ocupada con otras fotos. Envíela otra vez en un momento.",
                en="The station is busy with other photos. Send it again in a moment.",
            )
        return Place(self._free)

    def run(self, work: Callable[..., T], *arguments: Any) -> T:
        """Do ``work`` when it is its turn, first come, first served, and wait for it."""
        return self._pool.submit(work, *arguments).result()

    def close(self) -> None:
        """End when what runs has ended."""
        self._pool.shutdown(wait=True)


class Place:
    """A place that was taken; leave it by ``with``, or by `leave`, once."""

    def __init__(self, free: threading.BoundedSemaphore) -> None:
        self._free: threading.BoundedSemaphore | None = free

    def leave(self) -> None:
        """Give the place to another; a second time is no error."""
        if self._free is not None:
            free, self._free = self._free, None
            free.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()
