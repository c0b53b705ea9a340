"""What an HEVC item decodes to, by its sequence parameter sets (ITU-T H.265, 7.3.2.2), wherever in it they are."""

from collections.abc import Iterator

from .bits import Bits, Coded

_SPS, _FIRST_NOT_CODED = 33, 32  # types of NAL units; those below are slices
_CHROMA = (0, 0.5, 1, 2)
_MOST_UNITS = 20_000
_HEAD = 300  # bytes of a unit that are looked at; a parameter set's sides lie in the first 100


def coded(config: bytes, data: bytes) -> Coded:
    """``config`` is the content of hvcC, ``data`` the item: units, each led by its length."""
    units = [*_of_config(config), *_of_item(data, (config[21] & 3) + 1)]
    units = [
        unit for unit in units if not unit[0] & 1 and not unit[1] >> 3
    ]  # the base layer: libde265 decodes no other
    sets = [_sequence(unit) for unit in units if unit[0] >> 1 == _SPS]
    slices = [unit for unit in units if unit[0] >> 1 < _FIRST_NOT_CODED]
    return Coded(
        width=max(width for width, _, _, _ in sets),
        height=max(height for _, height, _, _ in sets),
        chroma=max(chroma for _, _, chroma, _ in sets),
        deep=max(deep for _, _, _, deep in sets),
        pictures=sum(unit[2] >> 7 for unit in slices),  # first_slice_segment_in_pic_flag
        weight=len(data),
    )


def _of_config(config: bytes) -> Iterator[bytes]:
    place = 23
    for _ in range(config[22]):
        count, place = int.from_bytes(config[place + 1 : place + 3]), place + 3
        for _ in range(count):
            if place >= len(config):
                raise ValueError("a list of units is cut")
            end = place + 2 + int.from_bytes(config[place : place + 2])
            yield config[place + 2 : end][:_HEAD]
            place = end


def _of_item(data: bytes, size: int) -> Iterator[bytes]:
    place = 0
    for _ in range(_MOST_UNITS):
        if place >= len(data):
            return
        end = place + size + int.from_bytes(data[place : place + size])
        yield data[place + size : min(end, place + size + _HEAD)]
        place = end
    raise ValueError("units without end")


def _sequence(unit: bytes) -> tuple[int, int, float, bool]:
    bits = Bits(unit[2:].replace(b"\0\0\3", b"\0\0"))  # without emulation prevention
    bits.read(4)
    layers = bits.read(3)
    bits.read(1 + 96)  # the general profile, tier and level
    present = [(bits.read(), bits.read()) for _ in range(layers)]
    if layers:
        bits.read(2 * (8 - layers))
    for profile, level in present:
        bits.read(88 * profile + 8 * level)
    bits.exponential_golomb()
    chroma = bits.exponential_golomb()
    if chroma == 3:
        bits.read()
    width, height = bits.exponential_golomb(), bits.exponential_golomb()
    if bits.read():  # a conformance window: libheif crops to it, libde265 decodes it all
        for _ in range(4):
            bits.exponential_golomb()
    depths = bits.exponential_golomb(), bits.exponential_golomb()
    return width, height, _CHROMA[chroma], max(depths) > 0
