"""What a serving process settles with its system before its first thread: how memory is given back, how BLAS behaves."""

import contextlib
import ctypes
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
        mallopt(_MMAP_THRESHOLD, 1 << 20)  # fixed: photographs and pictures go back to the system at once
        mallopt(_TRIM_THRESHOLD, 1 << 20)
