"""What all requests together may hold at once, of memory, disk or places, and one actor's part of it."""

import threading
from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from ..i18n import LANGUAGES, say
from ..services import Busy


class Quota:
    """So much for all, and no more than a part of it for one.

    Args:
        most: for all together.
        each: for one.
        what: whose texts say that it is taken: ``web_busy_WHAT`` and ``web_busy_own_WHAT``.
        retry_after: seconds after which to come again.
    """

    def __init__(self, most: int, each: int, what: str, retry_after: int) -> None:
        self.most, self.each, self._what, self._retry_after = most, each, what, retry_after
        self._lock, self._held = threading.Lock(), Counter[Hashable]()

    @property
    def held(self) -> int:
        """What all hold now."""
        return self._held.total()

    @contextmanager
    def share(self, owner: Hashable, size: int = 0) -> Iterator["Reservation"]:
        """A share of ``size``, which may grow and is given back at the end.

        Raises:
            Busy
        """
        share = Reservation(self, owner)
        try:
            share.reach(size)
            yield share
        finally:
            self.give_back(owner, share.held)

    def take(self, owner: Hashable, size: int) -> None:
        """Hold so much more, or `Busy`."""
        with self._lock:
            if self._held[owner] + size > self.each:
                raise self._busy(f"own_{self._what}")
            if self.held + size > self.most:
                raise self._busy(self._what)
            self._held[owner] += size

    def give_back(self, owner: Hashable, size: int) -> None:
        """Hold so much less."""
        with self._lock:
            self._held[owner] -= size
            if not self._held[owner]:  # whoever came once is not remembered
                del self._held[owner]

    def _busy(self, what: str) -> Busy:
        es, en = (say(language, f"web_busy_{what}") for language in LANGUAGES)
        return Busy("busy", es=es, en=en, retry_after=self._retry_after)


class Reservation:
    """What one request holds of a `Quota`."""

    def __init__(self, budget: Quota, owner: Hashable) -> None:
        self._budget, self._owner, self.held = budget, owner, 0

    def reach(self, size: int) -> None:
        """Hold so much in all."""
        if size > self.held:
            self._budget.take(self._owner, size - self.held)
            self.held = size
