"""WebP, lossy and lossless; of an animation the first frame."""

import struct

from .header import Header, orientation

_MOST_CHUNKS = 1_000
_MEMORY, _TABLES = (
    12.2,
    14_000_000,
)  # bytes a pixel, and for the Huffman tables of what is lossless (see `webp_decoder`)
_PIXEL, _BYTE = 30e-9, 60e-9  # seconds
"""Measured with benchmarks/photo_cost.py --beyond, the same for lossy, lossless and alpha: Pillow decodes by way of libwebp's
animation, which keeps two canvases of 4 bytes a pixel beside the one that it returns.
"""


def read(data: bytes) -> Header:
    width, height = _size(data)
    exif, xmp = _told(data) if data[12:16] == b"VP8X" else (b"", b"")
    lossless = b"VP8L" in data or b"ALPH" in data  # alpha is kept so too; in an animation they lie deeper
    return Header(
        format="webp",
        width=width,
        height=height,
        memory=width * height * _MEMORY + _TABLES * lossless + 2 * len(data),
        picture=4 * width * height,
        seconds=width * height * _PIXEL + len(data) * _BYTE,
        orientation=orientation(exif, xmp),
        bare=data,
        data=data,
        untold=lossless,
    )


def _size(data: bytes) -> tuple[int, int]:
    match data[12:16]:
        case b"VP8 ":
            width, height = struct.unpack_from("<HH", data, 26)
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            (bits,) = struct.unpack_from("<I", data, 21)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            width, height = (int.from_bytes(data[place : place + 3], "little") for place in (24, 27))
            return width + 1, height + 1
    raise ValueError("no picture in this WebP")


def _told(data: bytes) -> tuple[bytes, bytes]:
    """EXIF and XMP of an extended WebP."""
    found, place = {}, 12
    for _ in range(_MOST_CHUNKS):
        if place + 8 > len(data):
            break
        kind, length = struct.unpack_from("<4sI", data, place)
        if kind in (b"EXIF", b"XMP ") and kind not in found:
            found[kind] = data[place + 8 : place + 8 + length]
        place += 8 + length + length % 2
    return found.get(b"EXIF", b""), found.get(b"XMP ", b"")
