"""What several threads write at once goes into one transaction: none waits for the disk alone, nor asks for itself alone."""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar, cast

from sqlalchemy import Connection, Engine

from .database import Unavailable, writing

T = TypeVar("T")
R = TypeVar("R")
MOST = 64  # entries of one transaction


class Together(Generic[T, R]):
    """Group commit: the first thread to come writes what it has and what has come meanwhile, and commits once.

    An entry that is refused fails alone: the others are written again without it.

    Args:
        write: writes entries, in their order, and gives what came of each.
    """

    def __init__(self, engine: Engine, write: Callable[[Connection, Sequence[T]], Sequence[R]]) -> None:
        self._engine, self._write = engine, write
        self._door, self._lead = threading.Lock(), threading.Lock()
        self._waiting: list[_Waiting[T, R]] = []

    def do(self, entry: T) -> R:
        """What came of an entry, when it is durable.

        Raises:
            Unavailable: the database does not answer; and what ``write`` raises of the entry.
        """
        mine = _Waiting[T, R](entry)
        with self._door:
            self._waiting.append(mine)
        with self._lead:
            while not mine.over:
                with self._door:
                    some, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                self._run(some)
        if mine.error is not None:
            raise mine.error
        return cast(R, mine.result)

    def _run(self, some: "list[_Waiting[T, R]]") -> None:
        try:
            with writing(self._engine) as connection:
                results = self._write(connection, [each.entry for each in some])
        except BaseException as error:
            if len(some) > 1 and isinstance(error, Exception) and not isinstance(error, Unavailable):
                for each in some:
                    self._run([each])
                return
            for each in some:
                each.over, each.error = True, error
        else:
            for each, result in zip(some, results, strict=True):
                each.over, each.result = True, result


class _Waiting(Generic[T, R]):
    def __init__(self, entry: T) -> None:
        self.entry, self.over = entry, False
        self.result: R | None = None
        self.error: BaseException | None = None
