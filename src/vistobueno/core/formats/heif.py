"""HEIC and AVIF: which items make the picture, and what decoding them costs. The others are hidden from the decoder."""

import re
import struct
from collections.abc import Iterator

from . import av1, hevc
from .bits import Coded
from .boxes import Box, Items, boxes, only, read_items
from .header import Header, UnknownFormat, UnsupportedFormat

_BRANDS = {b"avif", b"avis", b"heic", b"heim", b"heis", b"heix", b"hevc", b"hevm", b"hevs", b"hevx", b"mif1", b"msf1"}
_CODED = {b"hvc1": (b"hvcC", hevc.coded), b"hev1": (b"hvcC", hevc.coded), b"av01": (b"av1C", av1.coded)}
_STILL = {b"avis": b"avif", b"msf1": b"mif1", b"hevc": b"heic", b"hevx": b"heix", b"hevm": b"heim", b"hevs": b"heis"}
_ALPHA = re.compile(rb"urn:mpeg:(hevc:2015:auxid:1|mpegB:cicp:systems:auxiliary:alpha)\0")
_LARGEST_PROFILE = 4_000_000  # bytes

_MEMORY = {
    "heic": {
        0: (2.5, 8.3, 4.5, 12.5),
        0.5: (7.2, 8.3, 7.9, 12.5),
        1: (8.5, 11.5, 13.5, 18.5),
        2: (9.5, 12.5, 15.5, 20.5),
    },
    "avif": {0: (3.5, 11.4, 4.3, 15), 0.5: (8.0, 11.4, 9.5, 15), 1: (8.7, 11.9, 10.4, 16), 2: (9.6, 12.9, 12.5, 18.5)},
}
_TILE, _THREADS = 3, 4  # bytes a pixel of a tile; tiles that libheif decodes at once
_SECONDS = {"heic": (20e-9, 120e-9), "avif": (15e-9, 80e-9)}
"""Measured with benchmarks/photo_cost.py --beyond: bytes of memory a pixel by chroma (see `Coded`), for 8 bits a sample, with
alpha, for more than 8 bits, for both; seconds a pixel (flat pictures) and a byte (noise).
"""


def read(data: bytes) -> Header:
    if data[8:12] not in _BRANDS:
        raise UnknownFormat
    top = list(boxes(data, 0, len(data)))
    items = read_items(data, only(top, b"meta"))
    shown = _coded_items(items, items.primary)
    masks = _masks(items, {items.primary, *shown})
    channel = [number for mask in masks for number in _coded_items(items, mask)]
    coded = {number: _coded(items, number) for number in {*shown, *channel}}  # a grid may show one often
    pictures, alphas = ([coded[number] for number in each] for each in (shown, channel))
    form = "avif" if items.by_number[shown[0]].kind == b"av01" else "heic"
    width, height = max(_sides(items), key=lambda sides: sides[0] * sides[1])
    pixels = max(width * height, *(each.pixels for each in pictures + alphas))
    tiles, weighs = (_tiles(pictures), 3.5) if len(pictures) > 1 else (0, 2)
    bare = _bare(items, top, {items.primary, *shown, *masks, *channel})
    return Header(
        format=form,
        width=width,
        height=height,
        memory=pixels * _rate(form, pictures, alphas) + tiles + weighs * len(data),
        picture=4 * pixels,
        seconds=_seconds(form, pictures + alphas),
        orientation=1,
        bare=bare,
        data=bare,
    )


def _coded_items(items: Items, number: int) -> list[int]:
    """A picture's coded items: itself, or the tiles of a grid."""
    kind, found = items.by_number[number].kind, [number]
    if kind == b"grid":
        derived = (each.targets for each in items.references if (each.kind, each.source) == (b"dimg", number))
        found = [tile for targets in derived for tile in targets]
        (kind,) = {items.by_number[tile].kind for tile in found}
    if kind not in _CODED:
        raise UnsupportedFormat(f"HEIF ({kind.decode()})" if kind.isalnum() else "HEIF")
    return found


def _masks(items: Items, pictures: set[int]) -> list[int]:
    """Items that are the alpha channel of one of the pictures."""
    return [
        each.source
        for each in items.references
        if each.kind == b"auxl"
        and pictures.intersection(each.targets)
        and any(map(_ALPHA.search, items.properties(each.source, b"auxC")))
    ]


def _coded(items: Items, number: int) -> Coded:
    name, read_codec = _CODED[items.by_number[number].kind]
    (config,) = items.properties(number, name)
    return read_codec(config, items.content(number))


def _sides(items: Items) -> Iterator[tuple[int, int]]:
    """Every width and height that the file declares for its picture."""
    for extent in items.properties(items.primary, b"ispe"):
        yield struct.unpack_from(">II", extent, 4)
    if items.by_number[items.primary].kind == b"grid":
        grid = items.content(items.primary)
        yield struct.unpack_from(">II" if grid[1] & 1 else ">HH", grid, 4)


def _rate(form: str, pictures: list[Coded], alphas: list[Coded]) -> float:
    """Bytes of memory a pixel."""
    deep = any(each.deep for each in pictures + alphas)
    return _MEMORY[form][max(each.chroma for each in pictures)][bool(alphas) + 2 * deep]


def _tiles(pictures: list[Coded]) -> float:
    """Bytes of memory that tiles take while they are decoded, beside the whole picture."""
    return _TILE * min(len(pictures), _THREADS) * max(each.pixels for each in pictures)


def _seconds(form: str, coded: list[Coded]) -> float:
    pixel, byte = _SECONDS[form]
    return sum(each.pictures * each.pixels * pixel + each.weight * byte for each in coded)


def _bare(items: Items, top: list[Box], needed: set[int]) -> bytes:
    """The file as if it held the picture alone: no other items, no metadata, no film, no enormous profile."""
    bare = bytearray(items.data)
    unwanted = [box.named_at for box in top if box.kind not in (b"ftyp", b"meta", b"mdat")]
    unwanted += [each.named_at for each in items.references if not needed.issuperset([each.source, *each.targets])]
    for number, item in items.by_number.items():
        if number not in needed:
            unwanted.append(item.named_at)
        unwanted += [
            box.named_at for box in item.properties if box.kind == b"colr" and box.end - box.start > _LARGEST_PROFILE
        ]
    for place in unwanted:
        bare[place : place + 4] = b"free"
    brands = only(top, b"ftyp")
    for place in range(brands.start, brands.end - 3, 4):
        brand = bytes(bare[place : place + 4])
        bare[place : place + 4] = _STILL.get(brand, brand)
    return bytes(bare)
