"""PNG, interlaced or not, of every depth; of an animated one the picture that a reader of still pictures shows."""

import struct
import zlib
from collections.abc import Iterator

from .header import Header, orientation

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
_ONCE = {b"IHDR", b"PLTE", b"tRNS", b"iCCP"}
_MOST_CHUNKS = 50_000
_LARGEST_PROFILE = 1_000_000  # bytes, unpacked: what Pillow takes
_LARGEST_TEXT = 200_000
_EXIF, _XMP = b"Raw profile type exif", b"XML:com.adobe.xmp"  # keywords: ImageMagick's, in hexadecimal, and Adobe's

# Measured with benchmarks/photo_cost.py: a byte of a row takes at most 5 ns to unpack and to add to its neighbours, an
# interlaced pixel 4 ns to be put in its place.
_BYTE, _PIXEL = 6e-9, 5e-9


def read(data: bytes) -> Header:
    kind, width, height, depth, colour, _, _, interlaced = struct.unpack_from(">4sIIBBBBB", data, 12)
    if kind != b"IHDR":
        raise ValueError("the header is not first: another reader would find another one")
    bits = depth * _CHANNELS[colour]
    picture = width * height * (1 if bits <= 8 else 2 if bits == 16 and colour == 0 else 4)
    bare, exif, xmp = _bare(data)
    return Header(
        format="png",
        width=width,
        height=height,
        memory=picture + 2 * len(data),
        picture=picture + len(data),
        seconds=(width * bits / 8 + 1) * height * _BYTE + width * height * _PIXEL * interlaced,
        orientation=orientation(exif, xmp),
        bare=bare,
        data=bare,
    )


def _bare(data: bytes) -> tuple[bytes, bytes, bytes]:
    """The chunks that make the picture, each kind but its rows once; EXIF; XMP."""
    kept, seen, told = [data[:8]], set[bytes](), dict[bytes, bytes]()
    for kind, start, end in _chunks(data):
        if kind in (b"zTXt", b"tEXt", b"iTXt"):
            keyword, _, text = data[start:end].partition(b"\0")
            if keyword in (_EXIF, _XMP) and keyword not in told:
                told[keyword] = _text(kind, text)
        elif kind == b"eXIf":
            told.setdefault(kind, data[start:end])
        elif kind in (b"IDAT", b"IEND") or (kind in _ONCE and kind not in seen):
            if _is_read_right(kind, data, start, end):
                kept.append(data[start - 8 : end + 4])
            seen.add(kind)
    return b"".join(kept), told.get(b"eXIf") or _from_hexadecimal(told.get(_EXIF, b"")), told.get(_XMP, b"")


def _is_read_right(kind: bytes, data: bytes, start: int, end: int) -> bool:
    """Whether Pillow reads such a chunk as it is meant: no large profile, no colour of 16 bits that is transparent."""
    if kind == b"iCCP":
        return len(_unpacked(data[start:end].partition(b"\0")[2], _LARGEST_PROFILE + 1)) <= _LARGEST_PROFILE
    return kind != b"tRNS" or data[24:26] != b"\x10\2"


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kinds of chunks until the last, each with where its content begins and ends; the last may be cut."""
    place = 8
    for _ in range(_MOST_CHUNKS):
        if place + 8 > len(data):
            return
        length, kind = struct.unpack_from(">I4s", data, place)
        yield kind, place + 8, place + 8 + length
        place += length + 12
        if kind == b"IEND":
            return
    raise ValueError("chunks without end")


def _text(kind: bytes, text: bytes) -> bytes:
    """What follows a keyword, unpacked."""
    packed = kind == b"zTXt"
    if kind == b"iTXt":
        packed, text = text[:1] == b"\1", text[2:].partition(b"\0")[2].partition(b"\0")[2]
        text = b"\0" + text
    return _unpacked(text, _LARGEST_TEXT) if packed else text


def _unpacked(packed: bytes, most: int) -> bytes:
    """The first bytes of what a method byte and a zlib stream hold; nothing of a broken one."""
    try:
        return zlib.decompressobj().decompress(packed[1:], most)
    except zlib.error:
        return b""


def _from_hexadecimal(text: bytes) -> bytes:
    """ImageMagick's raw profile: a blank line, its name, its length, then its bytes."""
    try:
        return bytes.fromhex(b"".join(text.split(b"\n")[3:]).decode("ascii"))
    except ValueError:
        return b""
