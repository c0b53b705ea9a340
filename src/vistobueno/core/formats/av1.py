"""What an AV1 item decodes to, by its sequence header and its frame headers (AV1 specification, 5.5 and 5.9)."""

from collections.abc import Iterator
from dataclasses import dataclass

from .bits import Bits, Coded
from .header import UnsupportedFormat

_SEQUENCE, _FRAME_HEADER, _FRAME = 1, 3, 6  # types of open bitstream units
_MOST_UNITS = 5_000
_HEAD = 300  # bytes of a unit that are looked at
_KEY, _SWITCH = 0, 3
_EACH_FRAME = 2


@dataclass(frozen=True)
class _Sequence:
    """What a sequence header says. Lengths are in bits, 0 where a frame header has no such field."""

    width: int
    height: int
    chroma: float
    deep: bool
    reduced: bool  # every frame's header is short, and has the sequence's size
    time: int
    identity: int
    screen_content: int  # 0, 1, or each frame says
    integer_vectors: int


def coded(config: bytes, data: bytes) -> Coded:
    """``config`` is the content of av1C, ``data`` the item.

    Raises:
        UnsupportedFormat: a frame is not of the sequence's size.
    """
    sequences, frames = [_sequence(Bits(unit)) for kind, unit in _units(config[4:]) if kind == _SEQUENCE], 0
    for kind, unit in _units(data):
        if kind == _SEQUENCE:
            sequences.append(_sequence(Bits(unit)))
        elif kind in (_FRAME, _FRAME_HEADER):
            frames += 1
            if not sequences[-1].reduced and _has_other_size(Bits(unit), sequences[-1]):
                raise UnsupportedFormat("AVIF in layers")
    return Coded(
        width=max(each.width for each in sequences),
        height=max(each.height for each in sequences),
        chroma=max(each.chroma for each in sequences),
        deep=any(each.deep for each in sequences),
        pictures=frames,
        weight=len(data),
    )


def _units(data: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    for _ in range(_MOST_UNITS):
        if place >= len(data):
            return
        head = data[place]
        place += 2 if head & 4 else 1
        length = len(data) - place
        if head & 2:
            length, place = _leb128(data, place)
        yield head >> 3 & 15, data[place : place + min(length, _HEAD)]
        place += length
    raise ValueError("units without end")


def _leb128(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for count in range(8):
        value |= (data[place + count] & 0x7F) << (7 * count)
        if not data[place + count] & 0x80:
            return value, place + count + 1
    raise ValueError("a length without end")


def _sequence(bits: Bits) -> _Sequence:
    profile, _, reduced = bits.read(3), bits.read(), bool(bits.read())
    time = identity = order_hint = 0
    screen_content = integer_vectors = _EACH_FRAME
    if reduced:
        bits.read(5)
    else:
        time = _operating_points(bits)
    width, height = (bits.read(4) + 1 for _ in range(2))
    width, height = bits.read(width) + 1, bits.read(height) + 1
    if not reduced and bits.read():
        identity = bits.read(4) + bits.read(3) + 3
    bits.read(3)
    if not reduced:
        bits.read(4)
        order_hint = bits.read()
        bits.read(2 * order_hint)
        screen_content = _EACH_FRAME if bits.read() else bits.read()
        if screen_content:
            integer_vectors = _EACH_FRAME if bits.read() else bits.read()
        bits.read(3 * order_hint)
    bits.read(3)
    deep = bool(bits.read())
    if profile == 2 and deep:
        bits.read()
    grey = profile != 1 and bits.read()
    return _Sequence(
        width,
        height,
        0 if grey else 0.5 if profile == 0 else 2,
        deep,
        reduced,
        time,
        identity,
        screen_content,
        integer_vectors,
    )


def _operating_points(bits: Bits) -> int:
    """Pass timing and operating points; the length of the time that a frame header tells."""
    delay = time = 0
    if bits.read():
        bits.read(64)
        equal = bits.read()
        if equal:
            bits.exponential_golomb()
        if bits.read():
            delay = bits.read(5) + 1
            bits.read(32 + 5)
            time = bits.read(5) + 1
            time = 0 if equal else time
    display_delay = bits.read()
    for _ in range(bits.read(5) + 1):
        bits.read(12)
        if bits.read(5) > 7:
            bits.read()
        if delay and bits.read():
            bits.read(2 * delay + 1)
        if display_delay and bits.read():
            bits.read(4)
    return time


def _has_other_size(bits: Bits, sequence: _Sequence) -> bool:
    """Whether a frame's header tells a size of its own."""
    if bits.read():  # shows a frame that is there already
        return False
    kind, shown = bits.read(2), bits.read()
    if shown:
        bits.read(sequence.time)
    else:
        bits.read()
    if kind != _SWITCH and not (kind == _KEY and shown):
        bits.read()
    bits.read()
    screen_content = bits.read() if sequence.screen_content == _EACH_FRAME else sequence.screen_content
    if screen_content and sequence.integer_vectors == _EACH_FRAME:
        bits.read()
    bits.read(sequence.identity)
    return kind == _SWITCH or bool(bits.read())
