"""One way to do much work: a batch goes in, outcomes come out. Workers return outcomes; who asked keeps them, or not."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Generic, Protocol, TypeVar

G = TypeVar("G")
T = TypeVar("T")
G_contra = TypeVar("G_contra", contravariant=True)
T_co = TypeVar("T_co", covariant=True)


class Engine(Protocol[G_contra, T_co]):
    """Makes an outcome of each thing of a batch: with threads here (`Local`), or on a cluster (`jobs.cluster`)."""

    def submit(self, batch: Iterable[G_contra], /) -> Iterator[T_co]:
        """The outcomes, as they are asked for. Who stops asking leaves no work behind."""


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Local(Generic[G, T]):
    """Threads of this process: decoding and LiteRT both leave Python's lock. Outcomes come in the order of the batch.

    Args:
        work: makes the outcome of one thing; what it raises ends the batch.
        jobs: threads.
        ahead: how many things and outcomes are in memory at most; by default 2 × ``jobs``.
    """

    def __init__(self, work: Callable[[G], T], jobs: int, ahead: int = 0) -> None:
        self._work, self._jobs, self._ahead = work, jobs, ahead or 2 * jobs

    def submit(self, batch: Iterable[G], /) -> Generator[T, None, None]:
        """The outcomes in the order given; the batch is read only as there is room."""
        waiting: deque[Future[T]] = deque()
        pool = ThreadPoolExecutor(self._jobs, thread_name_prefix="engine")
        try:
            for each in batch:
                waiting.append(pool.submit(copy_context().run, self._work, each))
                del each  # it may be large
                if len(waiting) >= self._ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:  # also when the caller stops early, or Ctrl-C
            pool.shutdown(wait=True, cancel_futures=True)
