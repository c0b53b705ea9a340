"""Image files of every kind and every way of being broken, all made by code."""

import io
import random
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from typing import TypeVar

import numpy as np
import pillow_heif
from PIL import Image, ImageCms

from vistobueno.cli.drawn import draw_photo

T = TypeVar("T")
SIZE = (320, 240)
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}  # what a camera does to a picture before it writes this orientation
ORIENTATION, MAKER, GPS = 0x0112, 0x010F, 0x8825
P3_TO_XYZ = ((0.51512, 0.29198, 0.1571), (0.24120, 0.69225, 0.06657), (-0.00105, 0.04189, 0.78407))  # adapted to D50
"""Rows X, Y, Z of Display P3's red, green and blue, as Apple's own profile has them."""


class Made(Mapping[str, T]):
    """What is made when it is first asked for, by name; the names are known before."""

    def __init__(self, makers: Mapping[str, Callable[[], T]]) -> None:
        self._makers = {name: cache(make) for name, make in makers.items()}

    def __getitem__(self, name: str) -> T:
        return self._makers[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


@cache
def picture(size: tuple[int, int] = SIZE) -> Image.Image:
    """A drawn apple; larger ones are enlarged."""
    return draw_photo("apple_fit", 1, SIZE) if size == SIZE else picture().resize(size, Image.Resampling.BICUBIC)


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    """The image as a file's bytes."""
    file = io.BytesIO()
    if form == "HEIF":
        pillow_heif.register_heif_opener(thumbnails=False)
    image.save(file, form, **options)
    return file.getvalue()


def turned_by_the_camera(orientation: int, form: str = "JPEG") -> bytes:
    """A file whose pixels lie as the sensor saw them and which says so in EXIF; it also says where it was taken."""
    image = picture().transpose(TURNS[orientation]) if orientation in TURNS else picture()
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif.get_ifd(GPS)[1] = "S"
    exif.get_ifd(GPS)[2] = (12.0, 2.0, 36.0)
    exif[MAKER] = "SECRET CAMERA"
    return saved(image, form, quality=95, exif=exif.tobytes())


def exif_entry(kind: int, count: int, value: bytes) -> bytes:
    """An EXIF block with one orientation entry of any TIFF type, sensible or not."""
    return b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<HHHI4s", 1, ORIENTATION, kind, count, value) + bytes(4)


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """A PNG's chunk."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, depth: int, colour: int, rows: bytes) -> bytes:
    """A PNG of raw rows (each led by its filter byte); what the header declares need not be true."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def png_that_declares(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header promises a huge picture: a decompression bomb."""
    return png(width, height, 8, 2, b"\0" * 1000)


def jpeg_that_declares(width: int, height: int) -> bytes:
    """A JPEG whose frame header was rewritten to promise another size."""
    data = bytearray(saved(picture(), "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def segment(marker: int, content: bytes) -> bytes:
    """A JPEG's segment."""
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def progressive_jpeg(width: int, height: int, scans: int, components: int = 1) -> bytes:
    """A grey progressive JPEG whose scans after the first, of a few bytes each, refine all coefficients and change none."""
    blocks = -(-width // 8) * -(-height // 8)
    head = struct.pack(">BHHB", 8, height, width, components) + b"".join(
        bytes([number, 0x11, 0]) for number in range(components)
    )
    code = bytes([1]) + bytes(15)  # one symbol, of one bit
    runs = "".join("0" + "1" * 13 + "0" for _ in range(blocks // 32766 + 1))  # blocks to pass over, 32,766 at once
    runs += "1" * (-len(runs) % 8)
    refined = int(runs, 2).to_bytes(len(runs) // 8).replace(b"\xff", b"\xff\0")
    first = [segment(0xDA, bytes([1, number, 0, 0, 0, 1])) + bytes(blocks // 8 + 1) for number in range(components)]
    more = [
        segment(0xDA, bytes([1, number % components, 0, 1, 63, 0x10])) + refined for number in range(scans - components)
    ]
    tables = (
        segment(0xDB, b"\0" + b"\1" * 64),
        segment(0xC4, b"\0" + code + b"\0"),
        segment(0xC4, b"\x10" + code + b"\xe0"),
    )
    return b"".join([b"\xff\xd8", *tables, segment(0xC2, head), *first, *more, b"\xff\xd9"])


def webp_that_declares(width: int, height: int) -> bytes:
    """An extended WebP (it has alpha) whose canvas was rewritten."""
    data = bytearray(saved(picture().convert("RGBA"), "WEBP", exif=exif_entry(3, 1, b"\1\0\0\0")))
    at = data.index(b"VP8X") + 12
    data[at : at + 6] = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return bytes(data)


def heic_that_declares(width: int, height: int) -> bytes:
    """A HEIC whose spatial extent was rewritten."""
    data = bytearray(READABLE["heic"])
    at = data.index(b"ispe") + 8
    data[at : at + 8] = struct.pack(">II", width, height)
    return bytes(data)


def animated(form: str) -> bytes:
    """Two frames, the first red, the second blue."""
    first, second = Image.new("RGB", SIZE, (200, 20, 20)), Image.new("RGB", SIZE, (20, 20, 200))
    return saved(first, form, save_all=True, append_images=[second], duration=100)


def heic_album(primary: int) -> bytes:
    """Two pictures in one file, red and blue; ``primary`` is the one that its maker wants shown."""
    first, second = Image.new("RGB", SIZE, (200, 20, 20)), Image.new("RGB", SIZE, (20, 20, 200))
    return saved(first, "HEIF", save_all=True, append_images=[second], primary_index=primary)


def profile_with(columns: tuple[tuple[float, ...], ...]) -> bytes:
    """An RGB profile like sRGB but with these primaries: rows X, Y, Z, columns red, green, blue."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack(">I", profile[128:132])[0]
    tags = {bytes(profile[132 + 12 * n : 136 + 12 * n]): 132 + 12 * n for n in range(count)}
    for tag, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), zip(*columns, strict=True), strict=True):
        offset = struct.unpack(">I", profile[tags[tag] + 4 : tags[tag] + 8])[0]
        profile[offset + 8 : offset + 20] = struct.pack(">3i", *(round(value * 65536) for value in column))
    return bytes(profile).replace(b"s\0R\0G\0B", b"x\0R\0G\0B").replace(b"sRGB", b"xRGB")


def swapped_profile() -> bytes:
    """An ICC profile in which red and blue have changed places: applying it must swap them back."""
    return profile_with(((0.1431, 0.3851, 0.4361), (0.0606, 0.7169, 0.2225), (0.7141, 0.0971, 0.0139)))


def grey_profile(gamma: float) -> bytes:
    """A grey ICC profile, version 2, with one exponent for its curve."""
    curve = b"curv" + bytes(4) + struct.pack(">IHxx", 1, round(gamma * 256))
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)  # D50
    at = 128 + 4 + 2 * 12
    table = struct.pack(">I4sII4sII", 2, b"wtpt", at, len(white), b"kTRC", at + len(white), len(curve))
    head = struct.pack(">I4sI4s4s4s", at + len(white) + len(curve), bytes(4), 0x02400000, b"mntr", b"GRAY", b"XYZ ")
    head += bytes(12) + b"acsp" + bytes(28) + white[8:] + bytes(48)
    return head + table + white + curve


def ycck_jpeg() -> bytes:
    """A four-colour JPEG as Photoshop writes it: Adobe's marker with transform 2, ink stored as YCbCr and K."""
    cyan, magenta, yellow, black = picture().convert("CMYK").split()
    luma, blue, red = Image.merge("RGB", (cyan, magenta, yellow)).convert("YCbCr").split()
    stored = [band.point(lambda value: 255 - value) for band in (luma, blue, red)]  # Pillow inverts what it writes
    data = bytearray(saved(Image.merge("CMYK", (*stored, black)), "JPEG", quality=95, subsampling=0))
    data[data.index(b"Adobe") + 11] = 2
    return bytes(data)


def sixteen_bit() -> bytes:
    """A grey PNG of 16 bits."""
    return saved(Image.fromarray(np.asarray(picture().convert("L"), np.uint16) * 257), "PNG")


def sixteen_bit_colour() -> bytes:
    """An RGB PNG of 16 bits, which Pillow reads but does not write."""
    values = (np.asarray(picture(), np.uint16) * 257).astype(">u2").reshape(SIZE[1], -1)
    return png(*SIZE, 16, 2, b"".join(b"\0" + row.tobytes() for row in values))


def cut(kind: str, share: float) -> bytes:
    """The first part of a good file."""
    return READABLE[kind][: int(len(READABLE[kind]) * share)]


READABLE: Made[bytes] = Made(
    {
        "jpeg": lambda: saved(picture(), "JPEG", quality=95),
        "progressive jpeg": lambda: saved(picture(), "JPEG", quality=95, progressive=True),
        "grey jpeg": lambda: saved(picture().convert("L"), "JPEG", quality=95),
        "cmyk jpeg": lambda: saved(picture().convert("CMYK"), "JPEG", quality=95),
        "ycck jpeg": ycck_jpeg,
        "untransformed jpeg": lambda: saved(picture(), "JPEG", quality=95, keep_rgb=True),
        "png": lambda: saved(picture(), "PNG"),
        "palette png": lambda: saved(picture().quantize(64), "PNG"),
        "grey and alpha png": lambda: saved(picture().convert("LA"), "PNG"),
        "alpha png": lambda: saved(picture().convert("RGBA"), "PNG"),
        "16-bit grey png": sixteen_bit,
        "16-bit colour png": sixteen_bit_colour,
        "1-bit png": lambda: saved(picture().convert("1"), "PNG"),
        "webp": lambda: saved(picture(), "WEBP", quality=95),
        "lossless webp": lambda: saved(picture(), "WEBP", lossless=True),
        "alpha webp": lambda: saved(picture().convert("RGBA"), "WEBP", quality=95),
        "heic": lambda: saved(picture(), "HEIF", quality=90),
        "grey heic": lambda: saved(picture().convert("L"), "HEIF", quality=90),
        "avif": lambda: saved(picture(), "AVIF", quality=95),
        "grey avif": lambda: saved(picture().convert("L"), "AVIF", quality=95),
        "alpha avif": lambda: saved(picture().convert("RGBA"), "AVIF", quality=95),
    }
)

_REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "empty_file"),
    "text": (lambda: b"this is a list of apples\n" * 40, "not_a_photo"),
    "html": (lambda: b"<!doctype html><html><body>Sign in</body></html>", "not_a_photo"),
    "pdf": (lambda: b"%PDF-1.7\n" + bytes(2000), "not_a_photo"),
    "zip": (lambda: b"PK\x03\x04" + bytes(2000), "not_a_photo"),
    "zeros": (lambda: bytes(5000), "not_a_photo"),
    "random bytes": (lambda: random.Random(0).randbytes(5000), "not_a_photo"),
    "one byte": (lambda: b"\xff", "not_a_photo"),
    "only a jpeg's magic": (lambda: b"\xff\xd8\xff", "damaged_photo"),
    "only a png's magic": (lambda: READABLE["png"][:8], "damaged_photo"),
    "only a heic's magic": (lambda: READABLE["heic"][:16], "damaged_photo"),
    "a film": (lambda: b"\0\0\0\x18ftypmp42" + bytes(2000), "not_a_photo"),
    "gif": (lambda: saved(picture(), "GIF"), "unsupported_format"),
    "animated gif": (lambda: animated("GIF"), "unsupported_format"),
    "bmp": (lambda: saved(picture(), "BMP"), "unsupported_format"),
    "tiff": (lambda: saved(picture(), "TIFF"), "unsupported_format"),
    "png whose header comes second": (
        lambda: READABLE["png"][:8] + png_chunk(b"tEXt", READABLE["png"][16:29]) + READABLE["png"][8:],
        "damaged_photo",
    ),
    "jpeg cut in the header": (lambda: READABLE["jpeg"][:40], "damaged_photo"),
    **{
        f"{kind} cut at {share:.0%}": (partial(cut, kind, share), "damaged_photo")
        for kind in (
            "jpeg",
            "progressive jpeg",
            "cmyk jpeg",
            "png",
            "palette png",
            "16-bit grey png",
            "webp",
            "lossless webp",
            "heic",
            "avif",
        )
        for share in (0.25, 0.5, 0.95)
    },
    "png with a hole": (lambda: READABLE["png"][:60_000] + bytes(200) + READABLE["png"][60_200:], "damaged_photo"),
    "png bomb": (lambda: png_that_declares(100_000, 100_000), "too_many_pixels"),
    "png just over": (lambda: png_that_declares(50_001, 1_000), "too_many_pixels"),
    "jpeg bomb": (lambda: jpeg_that_declares(60_000, 60_000), "too_many_pixels"),
    "webp bomb": (lambda: webp_that_declares(16_384, 16_384), "too_many_pixels"),
    "heic bomb": (lambda: heic_that_declares(100_000, 100_000), "too_many_pixels"),
    "narrow": (lambda: saved(picture().resize((63, 300)), "PNG"), "too_small"),
    "flat": (lambda: saved(picture().resize((300, 63)), "JPEG"), "too_small"),
    "one pixel": (lambda: saved(picture().resize((1, 1)), "WEBP"), "too_small"),
    "strip": (lambda: saved(Image.new("L", (128, 1025)), "PNG"), "too_narrow"),
    "lying strip": (lambda: saved(Image.new("L", (20_000, 128)), "PNG"), "too_narrow"),
    "progressive of 49 megapixels in four colours": (
        lambda: progressive_jpeg(7000, 7000, scans=4, components=4),
        "too_costly",
    ),
    "too heavy": (lambda: READABLE["jpeg"] + bytes(15_000_001), "file_too_large"),
}
CODES = {name: code for name, (_, code) in _REFUSED.items()}
"""The code that each of them is refused with."""
REFUSED: Made[bytes] = Made({name: make for name, (make, _) in _REFUSED.items()})
