"""Bounded judging: so many photographs at once, so many waiting, and for one more a word when to come again."""

import threading
from collections import Counter
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any, Self, TypeVar

from ..core.errors import VistoBuenoError
from ..tracing import span

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
        self._own = self.places - self.places // 4  # one actor leaves some to the others
        self._free = threading.BoundedSemaphore(self.places)
        self._lock, self._held = threading.Lock(), Counter[Hashable]()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="judging")

    def admit(self, owner: Hashable = None, wait: bool = False) -> "Slot":
        """Take a place, before anything large is in memory.

        Args:
            owner: who asks, and may not hold every place; None for what comes from within.
            wait: until one is free.

        Raises:
            Busy: ``busy``.
        """
        with self._lock:
            if owner is not None and self._held[owner] >= self._own:
                raise busy()
            self._held[owner] += 1
        if not self._free.acquire(blocking=wait):
            self._forget(owner)
            raise busy()
        return Slot(partial(self._leave, owner))

    @property
    def taken(self) -> int:
        """How many places are taken now; whoever waits for one counts too, as far as there are places."""
        with self._lock:
            return min(self.places, sum(self._held.values()))

    def _leave(self, owner: Hashable) -> None:
        self._free.release()
        self._forget(owner)

    def _forget(self, owner: Hashable) -> None:
        with self._lock:
            self._held[owner] -= 1
            if not self._held[owner]:
                del self._held[owner]

    def run(self, work: Callable[..., T], *arguments: Any) -> T:
        """Do ``work`` when it is its turn, first come, first served, and wait for it."""
        with span("judge"):
            return self._pool.submit(copy_context().run, work, *arguments).result()

    def close(self) -> None:
        """End when what runs has ended; what waits for its turn has been answered already."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def busy() -> Busy:
    """That every place is taken."""
    return Busy(
        "busy",
        es="La estación está ocupada con otras fotos. Envíela otra vez en un momento.",
        en="The station is busy with other photos. Send it again in a moment.",
    )


class Slot:
    """A place that was taken; leave it by ``with``, or by `leave`, once."""

    def __init__(self, leave: Callable[[], None]) -> None:
        self._leave: Callable[[], None] | None = leave

    def leave(self) -> None:
        """Give the place to another; a second time is no error."""
        if self._leave is not None:
            leave, self._leave = self._leave, None
            leave()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()
