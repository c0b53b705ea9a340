"""ZIPs as other programs, and enemies, write them."""

import io
import struct
import zipfile
import zlib
from collections.abc import Sequence

UTF8 = 0x800


def zip_of(
    entries: Sequence[tuple[bytes, bytes]],
    *,
    flags: int = 0,
    method: int = zipfile.ZIP_STORED,
    extra: bytes = b"",
    local_names: Sequence[bytes] = (),
) -> io.BytesIO:
    """A ZIP of names and contents, byte by byte: the names are written as they are given, also twice or not at all.

    Args:
        local_names: what the entries are called in their own headers, where that differs from the list.
    """
    body, directory = b"", b""
    for number, (name, data) in enumerate(entries):
        packed = data
        if method != zipfile.ZIP_STORED:
            deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
            packed = deflate.compress(data) + deflate.flush()
        facts = struct.pack("<HHHHHIII", 20, flags, method, 0, 33, zlib.crc32(data), len(packed), len(data))
        own = local_names[number] if local_names else name
        directory += b"PK\x01\x02" + struct.pack("<H", 20) + facts + struct.pack(
            "<HHHHHII", len(name), len(extra), 0, 0, 0, 0, len(body)
        ) + name + extra  # fmt: skip
        body += b"PK\x03\x04" + facts + struct.pack("<HH", len(own), 0) + own + packed
    end = struct.pack("<HHHHIIH", 0, 0, len(entries), len(entries), len(directory), len(body), 0)
    return io.BytesIO(body + directory + b"PK\x05\x06" + end)


def unicode_path(name: str, raw: bytes) -> bytes:
    """Info-ZIP's extra field with the true name of an entry that is called ``raw`` elsewhere."""
    field = b"\x01" + zlib.crc32(raw).to_bytes(4, "little") + name.encode()
    return struct.pack("<HH", 0x7075, len(field)) + field


def overlapping(times: int) -> io.BytesIO:
    """One megabyte of zeros, deflated to a kilobyte, that ``times`` entries of the list lie over."""
    whole = zip_of([(b"a", bytes(1_000_000))], method=zipfile.ZIP_DEFLATED).getvalue()
    at = whole.index(b"PK\x01\x02")
    entry = whole[at : whole.rindex(b"PK\x05\x06")]
    end = struct.pack("<HHHHIIH", 0, 0, times, times, times * len(entry), at, 0)
    return io.BytesIO(whole[:at] + entry * times + b"PK\x05\x06" + end)


def lying_bzip2(size: int) -> io.BytesIO:
    """An entry of ``size`` zeros that declares 1,000 and is packed by bzip2."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("a.jpg", bytes(size))
    return io.BytesIO(out.getvalue().replace(size.to_bytes(4, "little"), (1_000).to_bytes(4, "little")))
