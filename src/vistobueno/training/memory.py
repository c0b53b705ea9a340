"""Keep freed memory in this process while it trains: giving it back after every step costs half of the time."""

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of mallopt(3) in the GNU C library
_MOST = 2**31 - 1


def keep_freed_memory() -> bool:
    """Tell the allocator so, where it is the GNU C library's; returns whether it was told."""
    try:
        tell = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(tell(_MMAP_THRESHOLD, _MOST)) and bool(tell(_TRIM_THRESHOLD, _MOST))
