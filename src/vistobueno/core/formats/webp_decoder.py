"""Decodes a WebP, on trial in a process of its own that may have just so much memory and time: this file is its program, too.

A lossless WebP of 300 kB and one megapixel can ask for 65,536 sets of Huffman tables, 380 MB, and where it says so nobody reaches
without decoding half of it.
"""

import contextlib
import io
import resource
import subprocess
import sys
from pathlib import Path

from PIL.WebPImagePlugin import WebPImageFile

_TABLES = 32_000_000  # bytes: 2,600 sets, the most that libwebp itself writes


class WebP(WebPImageFile):
    """Lets libwebp's canvases go when its picture is there as bytes, before Pillow copies them: a quarter less memory."""

    def load_prepare(self) -> None:
        self._decoder = None
        super().load_prepare()


def succeeds(data: bytes, memory: float, seconds: float) -> bool:
    """Whether a WebP is decoded in so many seconds of a core, with so many bytes of memory.

    Raises:
        ValueError: it cannot be decoded: it is damaged, or there is no memory for its tables.
    """
    command = [sys.executable, "-P", __file__, str(round(memory) + _TABLES), str(round(seconds))]
    try:
        # Nothing of the file's is in the command.
        done = subprocess.run(command, input=data, capture_output=True, check=False, timeout=10 * seconds)  # noqa: S603
    except subprocess.TimeoutExpired:
        return False
    if done.returncode > 0:
        raise ValueError("not decoded on trial")
    return done.returncode == 0  # not ended by a signal


def main(memory: int, seconds: int) -> None:
    """Decode what comes in on standard input."""
    data = sys.stdin.buffer.read()
    with contextlib.suppress(OSError, ValueError):  # macOS bounds no addresses
        mapped = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
        _bound(resource.RLIMIT_AS, mapped + memory)
    _bound(resource.RLIMIT_CPU, seconds + 1)
    WebP(io.BytesIO(data)).load()


def _bound(kind: int, most: int) -> None:
    resource.setrlimit(kind, (most, most))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
