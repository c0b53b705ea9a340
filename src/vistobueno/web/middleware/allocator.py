"""What a serving process settles with its system: how memory is given back, how BLAS behaves, what Python searches for garbage."""

import contextlib
import ctypes
import gc
import os
import sys

_ARENA_MAX, _TRIM_THRESHOLD, _MMAP_THRESHOLD = -8, -1, -3  # mallopt(3)


def settle() -> None:
    """Keep memory small: glibc would hold an arena for each of the threads that ever held a photograph."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when numpy is imported
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError, AttributeError):  # another C library has other ways
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_ARENA_MAX, 2)
        # Fixed, so that no arena grows by what happened before. What a photograph needs serves the next one: given back
        # each time, thousands of pages are cleared and mapped anew, 5 ms of 70. glibc takes no more than 32 MB here.
        mallopt(_MMAP_THRESHOLD, 32 << 20)
        mallopt(_TRIM_THRESHOLD, 8 << 20)


def freeze() -> None:
    """Leave all that is loaded by now out of Python's searches for garbage: it stays, and an answer waits less for them."""
    gc.collect()
    gc.freeze()
