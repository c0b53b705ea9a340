"""What a picture's file says of itself, read by walking its container: no pixel is decoded here, and no metadata but the
orientation is looked at. What decoding will cost is known when this is done.
"""

from . import heif, jpeg, png, webp, webp_decoder
from .decoders import open_picture
from .header import Header, UnknownFormat, UnsupportedFormat, orientation

__all__ = ["Header", "UnknownFormat", "UnsupportedFormat", "open_picture", "orientation", "read_header", "webp_decoder"]
_OTHERS = {
    b"GIF8": "GIF", b"BM": "BMP", b"II*\0": "TIFF", b"MM\0*": "TIFF", b"8BPS": "PSD", b"\0\0\1\0": "ICO",
    b"\0\0\0\x0cjP  ": "JPEG 2000", b"\0\0\0\x0cJXL ": "JPEG XL", b"\xff\x0a": "JPEG XL", b"\xff\x4f\xff\x51": "JPEG 2000",
}  # fmt: skip


def read_header(data: bytes) -> Header:
    """Walk the container.

    Raises:
        UnknownFormat: the bytes are no picture.
        UnsupportedFormat: a picture of a kind that is not decoded.
        ValueError, IndexError, struct.error: the file is damaged.
    """
    if data.startswith(b"\xff\xd8\xff"):
        return jpeg.read(data)
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return png.read(data)
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return webp.read(data)
    if data[4:8] == b"ftyp":
        return heif.read(data)
    for magic, name in _OTHERS.items():
        if data.startswith(magic):
            raise UnsupportedFormat(name)
    raise UnknownFormat
