"""A clock that a test turns: put it in place of `vistobueno.core.clock.datetime`."""

from datetime import UTC, datetime, tzinfo


class Turned(datetime):
    """The services' clock; it shows ``moment``."""

    moment = datetime(2026, 10, 19, tzinfo=UTC)

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:
        return cls.moment.astimezone(tz)
