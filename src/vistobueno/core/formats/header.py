"""What every format's reader answers."""

import re
import struct
from dataclasses import dataclass

_XMP_ORIENTATION = re.compile(rb'tiff:Orientation(?:="|>)([1-8])')
_NUMBERS = {1: "B", 3: "H", 4: "I"}  # TIFF's types BYTE, SHORT, LONG
_ORIENTATION = 0x0112


class UnknownFormat(ValueError):
    """The bytes are no picture of a kind that is known."""


class UnsupportedFormat(ValueError):
    """A picture of a kind that is not decoded; the argument names it."""


@dataclass(frozen=True)
class Header:
    """A picture before it is decoded.

    Attributes:
        format: ``jpeg``, ``png``, ``webp``, ``heic`` or ``avif``.
        width, height: as they are stored, in pixels; the larger where the file says two things.
        memory: bytes that the decoder needs at its peak, the decoded picture included.
        picture: bytes that are taken when the picture is decoded, while it is being reduced; of a JPEG, whose rows come
            out reduced, what its coefficients take.
        seconds: of one core that decoding takes at most, on the machine that the formats' figures were measured on.
        orientation: of EXIF, 1 to 8; 1 where the decoder turns by itself.
        bare: what Pillow reads: the file without what holds no pixels, of a JPEG its head alone. What never sees metadata
            cannot be made to copy 60,000 entries of it.
        data: what is decoded.
        untold: whether the file can cost more than it tells before it is decoded.
    """

    format: str
    width: int
    height: int
    memory: float
    picture: float
    seconds: float
    orientation: int
    bare: bytes
    data: bytes
    untold: bool = False


def orientation(exif: bytes, xmp: bytes = b"") -> int:
    """Orientation that an EXIF block tells, else an XMP packet; 1 where neither has one that can be understood."""
    found = _exif_orientation(exif.removeprefix(b"Exif\0\0"))
    if found == 0 and (match := _XMP_ORIENTATION.search(xmp)):
        found = int(match[1])
    return found if 1 <= found <= 8 else 1


def _exif_orientation(tiff: bytes) -> int:
    try:
        order = {b"II": "<", b"MM": ">"}[tiff[:2]]
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        for place in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind, length = struct.unpack_from(f"{order}HHI", tiff, place)
            if tag == _ORIENTATION:
                (value,) = struct.unpack_from(order + _NUMBERS[kind], tiff, place + 8)
                return int(value) if length == 1 else 0
    except (KeyError, struct.error):  # the pixels are good: a broken EXIF is as good as none
        pass
    return 0
