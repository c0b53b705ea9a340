"""What opening photographs costs: `python benchmarks/photo_cost.py FILE...`, each in a process of its own.

Prints peak memory over what the process had before, seconds of one core, what the formats' figures foretold, and what became of
the file. With --beyond also what is too costly is decoded: so the figures in src/vistobueno/formats were found.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

_LINE = "{file:32.32} {megapixels:6} {megabytes:7} {foretold_megabytes:8} {seconds:6} {foretold_seconds:8} {code}"


def measured(path: Path, beyond: bool = False) -> dict[str, float | str]:
    """Open one photograph in a fresh process: megabytes, seconds, code (empty when it was read), and the forecast."""
    command = [sys.executable, __file__, "--child", *(["--beyond"] if beyond else []), str(path)]
    answer: dict[str, float | str] = json.loads(
        subprocess.run(command, check=True, capture_output=True, text=True).stdout
    )
    return answer


def child(path: Path, beyond: bool) -> dict[str, float | str]:
    """The same in this process, Linux only: its high-water mark is set back first."""
    from vistobueno.core import photo
    from vistobueno.core.errors import PhotoRefused
    from vistobueno.core.formats import Header, read_header

    if beyond:
        photo._MOST_MEMORY, photo._MOST_SECONDS = 10**12, 10**6  # type: ignore[assignment]
    data = path.read_bytes()
    header = Header("", 0, 0, 0, 0, 0, 1, b"", b"")
    warm(photo.open_photo)
    Path("/proc/self/clear_refs").write_text("5")
    before, start = memory("VmRSS"), time.process_time()
    try:
        opened, code = photo.open_photo(data, photo.Limits(max_bytes=10**9)), ""
    except PhotoRefused as error:
        opened, code = None, error.code
    seconds, peak = time.process_time() - start, memory("VmHWM")
    if opened is not None:
        header = read_header(data)
    return {
        "file": path.name,
        "megabytes": round((peak - before) / 1e6, 1),
        "seconds": round(seconds, 2),
        "foretold_megabytes": round(max(header.memory, header.picture) / 1e6, 1),
        "foretold_seconds": round(header.seconds, 2),
        "megapixels": round(header.width * header.height / 1e6, 1),
        "code": code,
        "brightness": -1 if opened is None else round(opened.brightness, 3),
    }


def warm(open_photo: object) -> None:
    """Load every decoder, so that its code is not counted."""
    import io

    import pillow_heif
    from PIL import Image

    pillow_heif.register_heif_opener()
    for form in ("JPEG", "PNG", "WEBP", "HEIF", "AVIF"):
        file = io.BytesIO()
        Image.new("RGB", (128, 128)).save(file, form)
        open_photo(file.getvalue())  # type: ignore[operator]


def memory(key: str) -> int:
    """Bytes, of this process' status."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--beyond", action="store_true", help="decode also what is too costly")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        print(json.dumps(child(asked.files[0], asked.beyond)))
        return
    print(f"{'file':32} {'MP':>6} {'MB':>7} {'foretold':>8} {'s':>6} {'foretold':>8}")
    for path in asked.files:
        print(_LINE.format(**measured(path, asked.beyond)))


if __name__ == "__main__":
    main()
