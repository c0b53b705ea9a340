"""How often somebody may fail before waiting. Only failures count, and nobody can keep another out for long.

Who guesses a person's password from elsewhere fills the count of unknown browsers at that account, not the count of a browser
in which that person signed in before (OWASP's "device cookies"); and every wait is a few minutes at most.
"""

import ipaddress
import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from .errors import throttled

_PAIR = RateLimitItemPerMinute(5, 2, namespace="pair")
_UNKNOWN = RateLimitItemPerMinute(10, 10, namespace="unknown")
_DEVICE = RateLimitItemPerMinute(10, 10, namespace="device")
_ADDRESS = RateLimitItemPerMinute(60, 10, namespace="address")
_TOKENS = RateLimitItemPerMinute(30, 1, namespace="tokens")
Count = tuple[RateLimitItemPerMinute, str]


class Throttle:
    """Counts failures in memory: the station is one process, and a restart is no way in."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def counts_of_sign_in(self, email: str, address: str, device: str | None) -> tuple[Count, ...]:
        """What a wrong password counts against; ``device`` names a browser that this account knows."""
        if device is not None:
            return ((_DEVICE, f"{email} {device}"),)
        near = network(address)
        return ((_PAIR, f"{email} {near}"), (_UNKNOWN, email), (_ADDRESS, near))

    def counts_of_tokens(self, address: str) -> tuple[Count, ...]:
        """What a wrong key or link counts against."""
        return ((_TOKENS, network(address)),)

    def check(self, counts: tuple[Count, ...]) -> None:
        """Whether there is an attempt left in every count.

        Raises:
            Throttled: with the seconds to wait.
        """
        waits = [
            self._limiter.get_window_stats(item, key).reset_time - time.time()
            for item, key in counts
            if not self._limiter.test(item, key)
        ]
        if waits:
            raise throttled(max(1, math.ceil(max(waits))))

    def failed(self, counts: tuple[Count, ...]) -> bool:
        """Count a failure; whether it was the last one allowed."""
        for item, key in counts:
            self._limiter.hit(item, key)
        return not all(self._limiter.test(item, key) for item, key in counts)

    def passed(self, counts: tuple[Count, ...]) -> None:
        """Forget the failures of this account from here; those of the address stay."""
        for item, key in counts:
            if item in (_PAIR, _DEVICE):
                self._limiter.clear(item, key)


def network(address: str) -> str:
    """What one attacker has: an IPv4 address, or a whole /64 of IPv6."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
