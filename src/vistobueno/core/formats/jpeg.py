"""JPEG: baseline and progressive, of 8 bits and Huffman-coded, as cameras and browsers write them."""

import re
import struct
from collections.abc import Iterator

from .header import Header, UnsupportedFormat, orientation

_MARKER = re.compile(rb"\xff([\x01-\xfe])")  # the last of fill bytes: to look for all of them would have no end
_AFTER_SCAN = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")  # in a scan's data 0 is a stuffed byte, D0 to D7 are restarts
_BARE = {0x01, *range(0xD0, 0xD9)}  # markers without a segment
_EOI, _SOS, _DQT, _DHT, _DRI, _APP0, _APP1, _APP2, _APP14 = 0xD9, 0xDA, 0xDB, 0xC4, 0xDD, 0xE0, 0xE1, 0xE2, 0xEE
_FRAMES = {0xC0, 0xC1, 0xC2}  # baseline, extended sequential, progressive
_OTHER_FRAMES = {0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
_MOST_SEGMENTS, _USUAL_SCANS = 5_000, 16

# Measured with benchmarks/photo_cost.py on two cores of a Xeon: a refinement scan that changes nothing takes 43 ns a
# block (a first scan 5), a byte of a scan at most 20 ns, a pixel at full scale 2 ns.
_BLOCK, _BYTE, _PIXEL = 45e-9, 25e-9, 2e-9


def read(data: bytes) -> Header:
    kept, frame, exif, xmp = [b"\xff\xd8"], b"", b"", b""
    for marker, start, end in _segments(data, 2):
        content = data[start + 2 : end]
        if marker in _OTHER_FRAMES:
            raise UnsupportedFormat(f"JPEG (SOF{marker & 15})")
        if marker in _FRAMES:
            if frame:
                raise ValueError("a second frame")
            frame = bytes([marker]) + content
        elif marker == _APP1:
            exif = exif or (content if content.startswith(b"Exif\0\0") else b"")
            xmp = xmp or (content if content.startswith(b"http://ns.adobe.com/xap/1.0/\0") else b"")
        if marker in _FRAMES or _tells_of_pixels(marker, content):
            kept += (bytes([0xFF, marker]), data[start:end])
        if marker == _SOS:
            break
    depth, height, width, count = struct.unpack_from(">BHHB", frame, 1)
    if depth != 8:
        raise UnsupportedFormat(f"JPEG ({depth} bit)")
    blocks = sum(_blocks(frame, width, height))
    scans, coefficients = 1, 0
    if frame[0] == 0xC2 or data[start + 2] < count:  # several scans: every coefficient stays in memory until the last
        scans, coefficients = 1 + data.count(b"\xff\xda", end), 128 * blocks
        if scans > _USUAL_SCANS:  # or a film behind the picture has these bytes by chance
            scans = _scans(data, end)
    return Header(
        format="jpeg",
        width=width,
        height=height,
        memory=coefficients + 2 * len(data),
        picture=coefficients + 2 * len(data),
        seconds=scans * blocks * _BLOCK + len(data) * _BYTE + width * height * _PIXEL,
        orientation=orientation(exif, xmp),
        bare=b"".join(kept),
        data=data,  # libjpeg passes over what it does not need, as fast as it can be copied
    )


def _segments(data: bytes, place: int) -> Iterator[tuple[int, int, int]]:
    """Markers before the first scan's data, each with where its segment (its length, its content) begins and ends."""
    for _ in range(_MOST_SEGMENTS):
        marker = _MARKER.search(data, place)
        if marker is None or marker[1][0] == _EOI:
            raise ValueError("no scan")
        kind, place = marker[1][0], marker.end()
        if kind in _BARE:
            continue
        length = int.from_bytes(data[place : place + 2])
        if length < 2 or place + length > len(data):
            raise ValueError("a segment is cut")
        yield kind, place, place + length
        place += length
    raise ValueError("segments without end")


def _tells_of_pixels(marker: int, content: bytes) -> bool:
    return (
        marker in (_SOS, _DQT, _DHT, _DRI)
        or (marker == _APP0 and content.startswith(b"JFIF"))
        or (marker == _APP14 and content.startswith(b"Adobe"))
        or (marker == _APP2 and content.startswith(b"ICC_PROFILE\0"))
    )


def _blocks(frame: bytes, width: int, height: int) -> Iterator[int]:
    """Blocks of 8 × 8 that each component has in memory."""
    factors = [divmod(frame[place], 16) for place in range(8, 7 + 3 * frame[6], 3)]
    if not all(1 <= h <= 4 and 1 <= v <= 4 for h, v in factors):
        raise ValueError("sampling that no JPEG has")
    across, down = max(h for h, _ in factors), max(v for _, v in factors)
    for h, v in factors:
        yield h * -(-width // (8 * across)) * v * -(-height // (8 * down))


def _scans(data: bytes, place: int) -> int:
    """Scans until the end of the image; the first one's data begin at ``place``."""
    scans = 1
    for _ in range(_MOST_SEGMENTS):
        marker = _AFTER_SCAN.search(data, place)
        if marker is None or marker[1][0] == _EOI:
            return scans
        kind, place = marker[1][0], marker.end()
        if kind not in _BARE:
            scans += kind == _SOS
            place += int.from_bytes(data[place : place + 2])
    raise ValueError("segments without end")
