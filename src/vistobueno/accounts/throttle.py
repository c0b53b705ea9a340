"""How often somebody may fail before waiting. Only failures count, and nobody can keep another out for long.

Who guesses a person's password from elsewhere fills the count of unknown browsers at that account, not the count of a browser
in which that person signed in before (OWASP's "device cookies"); and every wait is a few minutes at most.
"""

import ipaddress
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from ..store.schema import failures
from .errors import throttled
from .tokens import hashed


@dataclass(frozen=True)
class Limit:
    """So many failures in so many minutes, whenever these begin."""

    name: str
    most: int
    minutes: int

    def since(self, now: datetime) -> datetime:
        """From when on a failure counts."""
        return now - timedelta(minutes=self.minutes)


_PAIR, _UNKNOWN, _DEVICE = Limit("pair", 5, 2), Limit("unknown", 10, 10), Limit("device", 10, 10)
_ADDRESS, _TOKENS = Limit("address", 60, 10), Limit("tokens", 30, 1)
_LONGEST = max((_PAIR, _UNKNOWN, _DEVICE, _ADDRESS, _TOKENS), key=lambda each: each.minutes)


@dataclass(frozen=True)
class Count:
    """What failures are counted by: nobody's name is kept, but a hash."""

    limit: Limit
    of: str

    @property
    def key(self) -> str:
        """Its name in the database."""
        return hashed(f"{self.limit.name} {self.of}")


def counts_of_sign_in(email: str, address: str, device: str | None) -> tuple[Count, ...]:
    """What a wrong password counts against; ``device`` names a browser that this account knows."""
    if device is not None:
        return (Count(_DEVICE, f"{email} {device}"),)
    near = network(address)
    return Count(_PAIR, f"{email} {near}"), Count(_UNKNOWN, email), Count(_ADDRESS, near)


def counts_of_tokens(address: str) -> tuple[Count, ...]:
    """What a wrong key or link counts against."""
    return (Count(_TOKENS, network(address)),)


def check(connection: Connection, now: datetime, counts: tuple[Count, ...]) -> None:
    """Whether there is an attempt left in every count, of all processes together.

    Raises:
        Throttled: with the seconds to wait.
    """
    full = [(each, at) for each in counts if (at := _filled(connection, now, each)) is not None]
    if full:
        last = max(at - each.limit.since(now) for each, at in full)
        raise throttled(max(1, math.ceil(last.total_seconds())))


def failed(connection: Connection, now: datetime, counts: tuple[Count, ...]) -> bool:
    """Count a failure; whether it was the last one allowed."""
    connection.execute(delete(failures).where(failures.c.at <= _LONGEST.since(now)))
    connection.execute(insert(failures), [{"counted": each.key, "at": now} for each in counts])
    return any(_filled(connection, now, each) is not None for each in counts)


def passed(connection: Connection, counts: tuple[Count, ...]) -> None:
    """Forget the failures of this account from here; those of the address stay."""
    own = [each.key for each in counts if each.limit in (_PAIR, _DEVICE)]
    connection.execute(delete(failures).where(failures.c.counted.in_(own)))


def _filled(connection: Connection, now: datetime, count: Count) -> datetime | None:
    """The failure that must be over before there is an attempt again; None while there is one."""
    since, at = count.limit.since(now), failures.c.at
    query = select(at).where(failures.c.counted == count.key, at > since).order_by(at.desc())
    found: datetime | None = connection.execute(query.offset(count.limit.most - 1).limit(1)).scalar()
    return found


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
