"""Boxes of ISO base media files, and the items that a HEIF's boxes describe (ISO/IEC 14496-12 and 23008-12)."""

from collections.abc import Iterator
from dataclasses import dataclass, field

_MOST_BOXES, _MOST_ITEMS, _MOST_EXTENTS = 20_000, 1_000, 10_000  # libheif takes no more items
_LARGEST_TABLE = 1_000_000  # bytes; of 1,000 items it has 50,000


@dataclass(frozen=True)
class Box:
    """A box: its kind, where its content begins and ends, where its kind is written."""

    kind: bytes
    start: int
    end: int
    named_at: int


@dataclass
class Item:
    """A picture or what belongs to one: its kind, where that is written, where its bytes lie, its properties."""

    kind: bytes = b""
    named_at: int = 0
    extents: list[tuple[int, int]] = field(default_factory=list)
    properties: list[Box] = field(default_factory=list)


@dataclass(frozen=True)
class Reference:
    """Why an item points to others; where that is written."""

    kind: bytes
    source: int
    targets: list[int]
    named_at: int


@dataclass(frozen=True)
class Items:
    """All items of a file."""

    data: bytes
    primary: int
    by_number: dict[int, Item]
    references: list[Reference]

    def content(self, number: int) -> bytes:
        """An item's bytes."""
        return b"".join(self.data[start : start + length] for start, length in self.by_number[number].extents)

    def properties(self, number: int, kind: bytes) -> list[bytes]:
        """What an item's properties of a kind hold."""
        return [self.data[box.start : box.end] for box in self.by_number[number].properties if box.kind == kind]


class Cursor:
    """Reads numbers of bytes, the highest first. Beyond its end it raises ValueError."""

    def __init__(self, data: bytes, box: Box) -> None:
        if box.end - box.start > _LARGEST_TABLE:
            raise ValueError("a table without end")
        self.data, self.place, self.end = data, box.start, box.end

    def read(self, size: int) -> int:
        """The next ``size`` bytes as a number."""
        return int.from_bytes(self.take(size))

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes."""
        start, self.place = self.place, self.place + size
        if self.place > self.end:
            raise ValueError("a box is cut")
        return self.data[start : self.place]


def boxes(data: bytes, place: int, end: int) -> Iterator[Box]:
    """Boxes that lie between two places, the last perhaps cut by the file's end."""
    for _ in range(_MOST_BOXES):
        if place + 8 > end:
            return
        size, kind, start = int.from_bytes(data[place : place + 4]), data[place + 4 : place + 8], place + 8
        if size == 1:
            size, start = int.from_bytes(data[start : start + 8]), start + 8
        stop = end if size == 0 else place + size
        if stop < start:
            raise ValueError("a box is smaller than its head")
        yield Box(kind, start, min(stop, end), place + 4)
        place = stop
    raise ValueError("boxes without end")


def only(found: list[Box], kind: bytes) -> Box:
    """The one box of a kind: what is there twice, two readers could understand differently."""
    (box,) = (each for each in found if each.kind == kind)
    return box


def read_items(data: bytes, meta: Box) -> Items:
    """What the box ``meta`` says."""
    inside = list(boxes(data, meta.start + 4, meta.end))
    cursor = Cursor(data, only(inside, b"pitm"))
    primary = cursor.read(4 if cursor.read(4) >> 24 else 2)
    items = _items(data, only(inside, b"iinf"))
    data_box = [box for box in inside if box.kind == b"idat"]
    _locate(Cursor(data, only(inside, b"iloc")), items, data_box[0] if data_box else None)
    _associate(data, only(inside, b"iprp"), items)
    references = [each for box in inside if box.kind == b"iref" for each in _references(data, box)]
    return Items(data, primary, items, references)


def _items(data: bytes, box: Box) -> dict[int, Item]:
    cursor = Cursor(data, box)
    cursor.read(4 if cursor.read(4) >> 24 else 2)
    found: dict[int, Item] = {}
    for entry in boxes(data, cursor.place, box.end):
        inside = Cursor(data, entry)
        version = inside.read(4) >> 24
        number = inside.read(4 if version == 3 else 2)
        inside.read(2)
        if entry.kind != b"infe" or version not in (2, 3) or number in found or len(found) == _MOST_ITEMS:
            raise ValueError("a list of items that is not understood")
        found[number] = Item(inside.take(4), inside.place - 4)
    return found


def _locate(cursor: Cursor, items: dict[int, Item], data_box: Box | None) -> None:
    version = cursor.read(4) >> 24
    sizes = cursor.read(2)
    offset_size, length_size, base_size, index_size = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    total = 0
    for _ in range(cursor.read(4 if version == 2 else 2)):
        item = items.get(cursor.read(4 if version == 2 else 2), Item())  # where there is none, it says nothing
        method = cursor.read(2) & 15 if version else 0
        cursor.read(2)
        base = cursor.read(base_size)
        if method == 1 and data_box is not None:
            base, end = base + data_box.start, data_box.end
        elif method == 0:
            end = len(cursor.data)
        else:
            raise ValueError("items within items")
        for _ in range(cursor.read(2)):
            cursor.read(index_size if version else 0)
            start = base + cursor.read(offset_size)
            length = cursor.read(length_size) or max(0, end - start)
            total += 1
            if total > _MOST_EXTENTS or start + length > end:
                raise ValueError("an item lies outside the file")
            item.extents.append((start, length))
    if sum(length for item in items.values() for _, length in item.extents) > 2 * len(cursor.data):
        raise ValueError("items lie over each other")


def _associate(data: bytes, box: Box, items: dict[int, Item]) -> None:
    inside = list(boxes(data, box.start, box.end))
    container = only(inside, b"ipco")
    properties = list(boxes(data, container.start, container.end))
    for table in inside:
        if table.kind != b"ipma":
            continue
        cursor = Cursor(data, table)
        flags = cursor.read(4)
        for _ in range(cursor.read(4)):
            item = items.get(cursor.read(4 if flags >> 24 else 2), Item())
            for _ in range(cursor.read(1)):
                index = cursor.read(2) & 0x7FFF if flags & 1 else cursor.read(1) & 0x7F
                if index:
                    item.properties.append(properties[index - 1])


def _references(data: bytes, box: Box) -> Iterator[Reference]:
    cursor = Cursor(data, box)
    size = 4 if cursor.read(4) >> 24 else 2
    for each in boxes(data, cursor.place, box.end):
        inside = Cursor(data, each)
        source = inside.read(size)
        yield Reference(each.kind, source, [inside.read(size) for _ in range(inside.read(2))], each.named_at)
