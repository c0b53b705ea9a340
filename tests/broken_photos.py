"""Image files of every kind and every way of being broken, all made by code."""

import io
import struct
import zlib
from functools import cache

import numpy as np
import pillow_heif
from PIL import Image, ImageCms

from vistobueno.drawn import draw_photo

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


def turned_by_the_camera(orientation: int) -> bytes:
    """A JPEG that lies as the sensor saw it and says so in EXIF; it also says where it was taken."""
    image = picture().transpose(TURNS[orientation]) if orientation in TURNS else picture()
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif.get_ifd(0x8825)[1] = "S"
    exif.get_ifd(0x8825)[2] = (12.0, 2.0, 36.0)
    exif[0x010F] = "SECRET CAMERA"
    return saved(image, "JPEG", quality=95, exif=exif)


def png_that_declares(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header promises a huge picture: a decompression bomb."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def jpeg_that_declares(width: int, height: int) -> bytes:
    """A JPEG whose frame header was rewritten to promise another size."""
    data = bytearray(saved(picture(), "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def animated(form: str) -> bytes:
    """Two frames, the first red, the second blue."""
    first, second = Image.new("RGB", SIZE, (200, 20, 20)), Image.new("RGB", SIZE, (20, 20, 200))
    return saved(first, form, save_all=True, append_images=[second], duration=100)


def swapped_profile() -> bytes:
    """An ICC profile in which red and blue have changed places: applying it must swap them back."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack(">I", profile[128:132])[0]
    tags = {bytes(profile[132 + 12 * n : 136 + 12 * n]): 132 + 12 * n for n in range(count)}
    red, blue = tags[b"rXYZ"] + 4, tags[b"bXYZ"] + 4
    profile[red : red + 8], profile[blue : blue + 8] = profile[blue : blue + 8], profile[red : red + 8]
    return bytes(profile).replace(b"s\0R\0G\0B", b"X\0R\0G\0B").replace(b"sRGB", b"xRGB")


def sixteen_bit() -> bytes:
    """A grey PNG of 16 bits."""
    return saved(Image.fromarray(np.asarray(picture().convert("L"), np.uint16) * 257), "PNG")


READABLE = {
    "jpeg": saved(picture(), "JPEG", quality=95),
    "progressive jpeg": saved(picture(), "JPEG", quality=95, progressive=True),
    "grey jpeg": saved(picture().convert("L"), "JPEG", quality=95),
    "cmyk jpeg": saved(picture().convert("CMYK"), "JPEG", quality=95),
    "png": saved(picture(), "PNG"),
    "palette png": saved(picture().quantize(64), "PNG"),
    "grey and alpha png": saved(picture().convert("LA"), "PNG"),
    "alpha png": saved(picture().convert("RGBA"), "PNG"),
    "16-bit png": sixteen_bit(),
    "1-bit png": saved(picture().convert("1"), "PNG"),
    "webp": saved(picture(), "WEBP", quality=95),
    "lossless webp": saved(picture(), "WEBP", lossless=True),
    "heic": saved(picture(), "HEIF", quality=90),
}

REFUSED = {
    "empty": (b"", "empty_file"),
    "text": (b"this is a list of apples\n" * 40, "not_a_photo"),
    "html": (b"<!doctype html><html><body>Sign in</body></html>", "not_a_photo"),
    "pdf": (b"%PDF-1.7\n" + bytes(2000), "not_a_photo"),
    "zeros": (bytes(5000), "not_a_photo"),
    "gif": (animated("GIF"), "unsupported_format"),
    "bmp": (saved(picture(), "BMP"), "unsupported_format"),
    "tiff": (saved(picture(), "TIFF"), "unsupported_format"),
    "jpeg cut in the header": (READABLE["jpeg"][:40], "damaged_photo"),
    "jpeg cut in half": (READABLE["jpeg"][: len(READABLE["jpeg"]) // 2], "damaged_photo"),
    "png cut in half": (READABLE["png"][: len(READABLE["png"]) // 2], "damaged_photo"),
    "webp cut in half": (READABLE["webp"][: len(READABLE["webp"]) // 2], "damaged_photo"),
    "heic cut in half": (READABLE["heic"][: len(READABLE["heic"]) // 2], "damaged_photo"),
    "png bomb": (png_that_declares(100_000, 100_000), "too_many_pixels"),
    "jpeg bomb": (jpeg_that_declares(60_000, 60_000), "too_many_pixels"),
    "tiny": (saved(picture().resize((127, 300)), "PNG"), "too_small"),
    "too heavy": (READABLE["jpeg"] + bytes(15_000_001), "file_too_large"),
}
