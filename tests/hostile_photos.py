"""Photographs that cost far more than they weigh, and large ones as people really send them; all made by code."""

import struct
import zlib
from collections.abc import Callable
from functools import partial

from PIL import Image

from broken_photos import READABLE, png, png_chunk, progressive_jpeg, saved, segment
from vistobueno.core.formats.boxes import boxes, only, read_items

FAST = {"preset": "ultrafast"}  # of x265; pillow_heif writes into the dictionary that it is given
HUGE = (7000, 7100)  # 49.7 megapixels
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def huge_png(
    depth: int, colour: int, interlaced: bool = False, extra: bytes = b"", size: tuple[int, int] = HUGE
) -> bytes:
    """A PNG of zeros; ``extra`` are chunks before its rows."""
    width, height = size
    row = bytes((width * depth * CHANNELS[colour] + 7) // 8 + 1)
    rows = row * height
    if interlaced:
        rows = bytes(len(rows) + 8 * height)  # the passes' own filter bytes; what is too much is not read
    palette = png_chunk(b"PLTE", bytes(768)) + png_chunk(b"tRNS", b"\x80\0") if colour == 3 else b""
    data = png(width, height, depth, colour, rows)
    data = (
        data[:28] + bytes([interlaced]) + struct.pack(">I", zlib.crc32(data[12:28] + bytes([interlaced]))) + data[33:]
    )
    return data[:33] + palette + extra + data[33:]


def packed(kind: bytes) -> bytes:
    """A small PNG with 60 chunks of 100 MB each, once unpacked."""
    return huge_png(8, 0, size=(500, 500), extra=png_chunk(kind, b"a\0\0" + zlib.compress(bytes(100_000_000))) * 60)


def rows_in_crumbs(chunks: int) -> bytes:
    """A PNG whose rows lie in chunks of a byte, and in as many empty ones."""
    data = READABLE["png"]
    start = data.index(b"IDAT") - 4
    return data[:start] + png_chunk(b"IDAT", b"") * chunks + data[start:]


def one_colour_webp(width: int, height: int) -> bytes:
    """A lossless WebP of 20 bytes of content: five codes of one symbol each."""
    bits, place = 0x2F, 8
    for value, count in (
        (width - 1, 14),
        (height - 1, 14),
        (1, 1),
        (0, 3),
        (0, 3),
        *((1, 1), (0, 1), (0, 1), (0, 1)) * 5,
    ):
        bits, place = bits | value << place, place + count
    content = bits.to_bytes(18, "little")
    return b"RIFF" + struct.pack("<I", 12 + len(content)) + b"WEBPVP8L" + struct.pack("<I", len(content)) + content


def many_codes_webp() -> bytes:
    """A lossless WebP of one megapixel in which each block of 4 × 4 has Huffman codes of its own: 65,536 sets of tables."""
    bits: list[str] = []

    def put(*numbers: tuple[int, int]) -> None:
        bits.extend(format(value, f"0{count}b")[::-1] for value, count in numbers)

    def one_symbol(symbol: int) -> None:
        put((1, 1), (0, 1), *([(0, 1), (symbol, 1)] if symbol < 2 else [(1, 1), (symbol, 8)]))

    def eight_bits_each(symbols: int) -> None:
        lengths = {8: 1, 18: 1}  # two codes of lengths: eight bits, and a run of none
        put((0, 1), (8, 4), *((lengths.get(code, 0), 3) for code in (17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8)), (0, 1))
        put(*[(0, 1)] * 256, *([(1, 1), (symbols - 256 - 11, 7)] if symbols > 256 else []))

    put((0x2F, 8), (1023, 14), (1023, 14), (0, 1), (0, 3), (0, 1), (0, 1), (1, 1), (0, 3), (0, 1))
    eight_bits_each(280)
    eight_bits_each(256)
    for symbol in (0, 255, 0):
        one_symbol(symbol)
    bits.extend(format(number & 255, "08b") + format(number >> 8, "08b") for number in range(65_536))
    first = len(bits)
    for symbol in (1, 0, 0, 1, 0):
        one_symbol(symbol)
    text = "".join(bits[:first]) + "".join(bits[first:]) * 65_536
    content = int(text[::-1], 2).to_bytes(len(text) // 8 + 1, "little")
    content += bytes(len(content) % 2)
    return b"RIFF" + struct.pack("<I", 12 + len(content)) + b"WEBPVP8L" + struct.pack("<I", len(content)) + content


def exif_bomb(size: int, entries: int = 5_000) -> bytes:
    """An EXIF block whose entries all point to the same bytes, which a reader copies for each."""
    each = b"".join(struct.pack("<HHII", 0x200 + number, 1, size // 2, 8) for number in range(entries))
    return (b"II*\0\x08\0\0\0" + struct.pack("<H", entries) + each + bytes(4)).ljust(size, b"\0")


def jpeg_with(before: bytes) -> bytes:
    """A JPEG with something before its first segment."""
    return b"\xff\xd8" + before + READABLE["jpeg"][2:]


def jpeg_as(frame: int, depth: int = 8) -> bytes:
    """A JPEG that says it is coded otherwise."""
    data = bytearray(READABLE["jpeg"])
    place = data.index(b"\xff\xc0")
    data[place + 1], data[place + 4] = frame, depth
    return bytes(data)


def restarts_without_end() -> bytes:
    """A JPEG of 49 megapixels that restarts after every block."""
    one = saved(Image.new("L", (8, 8)), "JPEG")
    frame, scan = one.index(b"\xff\xc0"), one.index(b"\xff\xda")
    head = one[:frame] + segment(0xDD, b"\0\1") + segment(0xC0, struct.pack(">BHHB", 8, 7000, 7000, 1) + b"\1\x11\0")
    block = one[scan + 10 : -2]
    data = b"".join(block + bytes([0xFF, 0xD0 + number % 8]) for number in range(875 * 875))
    return head + one[frame + 13 : scan + 10] + data + b"\xff\xd9"


def heif(form: str, declared: tuple[int, int] | None = None, pictures: int = 1, **options: object) -> bytes:
    """A HEIC or AVIF of one colour: with the sides that it declares, and with its coded picture so many times over."""
    size: tuple[int, int] = options.pop("size", (640, 480))  # type: ignore[assignment]
    mode: str = options.pop("mode", "RGB")  # type: ignore[assignment]
    data = bytearray(saved(Image.new(mode, size, 100), form, quality=30, speed=10, enc_params={**FAST}, **options))
    if declared:
        for place in [place for place in range(len(data)) if data[place : place + 4] == b"ispe"]:
            data[place + 8 : place + 16] = struct.pack(">II", *declared)
    if pictures > 1:
        data = bytearray(repeated(bytes(data), pictures))
    return bytes(data)


def repeated(data: bytes, pictures: int) -> bytes:
    """A HEIF of one item, whose content stands at the file's end so many times."""
    items = read_items(data, only(list(boxes(data, 0, len(data))), b"meta"))
    ((start, length),) = items.by_number[items.primary].extents
    content = data[start : start + length] * pictures
    place = data.index(b"iloc")
    for old, new in ((start, len(data)), (length, len(content))):
        place = data.index(struct.pack(">I", old), place)
        data = data[:place] + struct.pack(">I", new) + data[place + 4 :]
    return data + content


def large(mode: str, form: str, size: tuple[int, int] = (4000, 3000), **options: object) -> Callable[[], bytes]:
    """A picture of one colour, as a camera or a program would save it."""
    return lambda: saved(
        Image.new(mode, size, 120 if len(mode) == 1 else (120, 90, 60, 200)[: len(mode)]), form, **options
    )


HOSTILE: dict[str, Callable[[], bytes]] = {
    "a progressive JPEG of 3,000 scans": partial(progressive_jpeg, *HUGE, scans=3_000),
    "a progressive JPEG of 200 scans": partial(progressive_jpeg, *HUGE, scans=200),
    "a progressive JPEG of four colours": partial(progressive_jpeg, *HUGE, scans=4, components=4),
    "a JPEG of a million comments": lambda: jpeg_with(segment(0xFE, b"") * 1_000_000),
    "a JPEG of ten million fill bytes": lambda: jpeg_with(b"\xff" * 10_000_000),
    "a JPEG of fill bytes that lead nowhere": lambda: b"\xff\xd8" + b"\xff" * 10_000_000 + b"\0",
    "a progressive JPEG of fill bytes that lead nowhere": lambda: (
        progressive_jpeg(500, 500, scans=20)[:-2] + b"\xff" * 10_000_000 + b"\0"
    ),
    "a JPEG whose EXIF unpacks to 20 GB": lambda: jpeg_with(
        b"".join(segment(0xE1, b"Exif\0\0" + part) for part in parts(exif_bomb(4_000_000), 60_000))
    ),
    "a JPEG coded by arithmetic": partial(jpeg_as, 0xC9),
    "a lossless JPEG": partial(jpeg_as, 0xC3),
    "a JPEG of 12 bits": partial(jpeg_as, 0xC1, 12),
    "a JPEG that always restarts": restarts_without_end,
    "a PNG of 16 bits, grey": partial(huge_png, 16, 0),
    "a PNG of 16 bits, interlaced": partial(huge_png, 16, 0, interlaced=True),
    "a PNG of 16 bits, colour and alpha": partial(huge_png, 16, 6),
    "a PNG of 16 bits, colour, 30 megapixels": partial(huge_png, 16, 2, size=(6000, 5000)),
    "a PNG of 16 bits, grey and alpha": partial(huge_png, 16, 4),
    "a PNG of colour and alpha": partial(huge_png, 8, 6, size=(7000, 5500)),
    "a PNG with a palette and transparency": partial(huge_png, 8, 3),
    "a PNG with a palette, interlaced": partial(huge_png, 8, 3, interlaced=True),
    "a PNG of one bit": partial(huge_png, 1, 0),
    "a PNG that is a strip": partial(huge_png, 16, 0, size=(390_000, 128)),
    "a PNG of a million empty chunks": partial(rows_in_crumbs, 1_000_000),
    "a PNG of packed texts": partial(packed, b"zTXt"),
    "a PNG of packed profiles": partial(packed, b"iCCP"),
    "a PNG whose EXIF unpacks to 20 GB": lambda: huge_png(
        8, 0, size=(500, 500), extra=png_chunk(b"eXIf", exif_bomb(8_000_000))
    ),
    "a lossless WebP of one colour": partial(one_colour_webp, *HUGE),
    "a lossless WebP of 13 megapixels": partial(one_colour_webp, 4200, 3100),
    "a lossless WebP of 65,536 codes": many_codes_webp,
    "a WebP whose EXIF unpacks to 20 GB": lambda: saved(
        Image.new("RGB", (500, 500)), "WEBP", exif=exif_bomb(8_000_000)
    ),
    "a HEIC that declares too large a picture": partial(heif, "HEIF", declared=HUGE),
    "a HEIC that declares too small a picture": partial(heif, "HEIF", declared=(640, 480), size=(6400, 4800)),
    "a HEIC with alpha": partial(heif, "HEIF", declared=(5600, 4600), mode="RGBA"),
    "a HEIC of full colour": partial(heif, "HEIF", declared=(5000, 4600), chroma=444),
    "a HEIC of 200 hidden pictures": partial(heif, "HEIF", size=(3000, 2000), pictures=200),
    "an AVIF that declares too large a picture": partial(heif, "AVIF", declared=HUGE),
    "an AVIF that declares too small a picture": partial(heif, "AVIF", declared=(640, 480), size=(6400, 4800)),
    "an AVIF with alpha": partial(heif, "AVIF", declared=(4600, 4200), mode="RGBA"),
    "an AVIF of 200 hidden pictures": partial(heif, "AVIF", size=(3000, 2000), pictures=200),
}

REFUSED = {
    "a progressive JPEG of 3,000 scans": "too_costly",
    "a progressive JPEG of 200 scans": "too_costly",
    "a progressive JPEG of four colours": "too_costly",
    "a JPEG of a million comments": "damaged_photo",
    "a JPEG of fill bytes that lead nowhere": "damaged_photo",
    "a progressive JPEG of fill bytes that lead nowhere": "damaged_photo",
    "a JPEG coded by arithmetic": "unsupported_format",
    "a lossless JPEG": "unsupported_format",
    "a JPEG of 12 bits": "unsupported_format",
    "a PNG of 16 bits, colour and alpha": "too_costly",
    "a PNG of 16 bits, grey and alpha": "too_costly",
    "a PNG that is a strip": "too_narrow",
    "a PNG of a million empty chunks": "damaged_photo",
    "a lossless WebP of one colour": "too_costly",
    "a lossless WebP of 65,536 codes": "damaged_photo",
    "a HEIC that declares too large a picture": "too_costly",
    "a HEIC that declares too small a picture": "too_costly",
    "a HEIC with alpha": "too_costly",
    "a HEIC of full colour": "too_costly",
    "a HEIC of 200 hidden pictures": "too_costly",
    "an AVIF that declares too large a picture": "too_costly",
    "an AVIF that declares too small a picture": "too_costly",
    "an AVIF with alpha": "too_costly",
    "an AVIF of 200 hidden pictures": "too_costly",
}
"""Those that are refused before a pixel is decoded, by code; the others are read at a bearable cost."""

REAL: dict[str, Callable[[], bytes]] = {
    "a phone's JPEG of 50 megapixels": large("RGB", "JPEG", (8160, 6120)),
    "a progressive JPEG of 48 megapixels": large("RGB", "JPEG", (8000, 6000), progressive=True),
    "a progressive JPEG of 12 megapixels, full colour": large("RGB", "JPEG", progressive=True, subsampling=0),
    "a CMYK JPEG of 12 megapixels": large("CMYK", "JPEG"),
    "a PNG of 12 megapixels": large("RGB", "PNG"),
    "a PNG of 12 megapixels with alpha": large("RGBA", "PNG"),
    "a PNG of 45 megapixels": partial(huge_png, 8, 2, size=(7500, 6000)),
    "a WebP of 12 megapixels": large("RGB", "WEBP", method=0),
    "a lossless WebP of 12 megapixels": large("RGB", "WEBP", lossless=True, method=0),
    "a HEIC of 24 megapixels": large("RGB", "HEIF", (5712, 4284), quality=30, enc_params={**FAST}),
    "a HEIC of 24 megapixels in tiles": large(
        "RGB", "HEIF", (5712, 4284), quality=30, tile_size=512, enc_params={**FAST}
    ),
    "an AVIF of 12 megapixels": large("RGB", "AVIF", speed=10),
    "an AVIF of 12 megapixels with alpha": large("RGBA", "AVIF", speed=10),
    "a grey AVIF of 24 megapixels": large("L", "AVIF", (6000, 4000), speed=10),
}


def parts(data: bytes, size: int) -> list[bytes]:
    """The data in pieces."""
    return [data[place : place + size] for place in range(0, len(data), size)]
