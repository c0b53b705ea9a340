"""The station of this process, set once when it starts; pages and API share it."""

from .station import Station

_running: list[Station] = []


def set_running_station(station: Station | None) -> None:
    """Make ``station`` this process's; None when it has closed."""
    _running[:] = [] if station is None else [station]


def running_station() -> Station:
    """The station of this process."""
    if not _running:
        raise RuntimeError("no station is running in this process")
    return _running[0]
