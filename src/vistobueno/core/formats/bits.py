"""Bits of a codec's header, and what such a header tells."""

from dataclasses import dataclass


class Bits:
    """Reads a few bytes from the highest bit down. Beyond the end it raises ValueError."""

    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data), 8 * len(data)

    def read(self, count: int = 1) -> int:
        """The next ``count`` bits as a number."""
        self._left -= count
        if self._left < 0:
            raise ValueError("a codec's header is cut")
        return self._value >> self._left & ((1 << count) - 1)

    def exponential_golomb(self) -> int:
        """ue(v) of H.265, uvlc() of AV1."""
        zeros = 0
        while not self.read():
            zeros += 1
            if zeros > 32:
                raise ValueError("a number without end")
        return (1 << zeros) - 1 + self.read(zeros)


@dataclass(frozen=True)
class Coded:
    """One coded item: its picture's sides, its planes, how often it is decoded, what it weighs.

    Attributes:
        chroma: samples of both colour planes for a sample of luma: 0 (grey), 0.5 (4:2:0), 1 (4:2:2) or 2 (4:4:4).
        deep: more than 8 bits a sample.
        pictures: that a decoder makes of it; one, unless somebody hid more.
    """

    width: int
    height: int
    chroma: float
    deep: bool
    pictures: int
    weight: int

    @property
    def pixels(self) -> int:
        """Of one picture."""
        return self.width * self.height
