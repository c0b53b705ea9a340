"""Where photographs lie: known by content, at any depth; what systems and programs lay beside them is passed over."""

import os
from collections.abc import Iterator
from pathlib import Path

_BESIDE = {
    "__macosx",
    "@eadir",
    "#recycle",
    "@recycle",
    "$recycle.bin",
    "system volume information",
    "lost+found",
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "icon\r",
}
_ENDINGS = {
    ".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".jfi", ".mpo", ".png", ".webp", ".heic", ".heif", ".hif", ".avif",
}  # fmt: skip
_BRANDS = {
    b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1", b"avif", b"avis",
}  # fmt: skip
_HEAD = 64  # bytes that tell what a file is


def lies_beside(*parts: str) -> bool:
    """Whether a file or folder, by its name or by any folder above it, is hidden or a system's own (``Thumbs.db``)."""
    return any((part.startswith(".") and part not in (".", "..")) or part.lower() in _BESIDE for part in parts)


def is_photo(head: bytes) -> bool:
    """Whether a file's first bytes are those of a photograph: JPEG, PNG, WebP, HEIC or AVIF."""
    if head[4:8] == b"ftyp":
        box = head[: int.from_bytes(head[:4], "big")]
        return not _BRANDS.isdisjoint({box[8:12], *(box[at : at + 4] for at in range(16, len(box), 4))})
    return head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


def is_photo_name(name: str) -> bool:
    """Whether something may be a photograph, of which only the name is known: by its ending, or because it has none."""
    ending = os.path.splitext(name)[1].lower()  # noqa: PTH122
    return not ending or ending in _ENDINGS


def search(root: str) -> Iterator[tuple[str, bool]]:
    """Every file below a folder, in the order of names, and whether it is a photograph to look at.

    What calls itself one by its ending is one: where it is damaged, that must be said. Links to folders are not
    followed; they, and folders that may not be read, are told as files that are none.
    """
    denied: list[OSError] = []
    for folder, below, names in os.walk(root, onerror=denied.append):
        below.sort()
        aside = lies_beside(*Path(folder).relative_to(root).parts)
        for name in sorted(names):
            file = str(Path(folder, name))
            yield file, not aside and not lies_beside(name) and is_photo_file(file)
        for name in below:
            if os.path.islink(os.path.join(folder, name)):  # noqa: PTH114, PTH118 Path costs more than the question
                yield str(Path(folder, name)), False
    for error in denied:
        yield str(error.filename), False


def is_photo_file(file: str) -> bool:
    """Whether a regular file is a photograph by its ending or, with any other, by its content."""
    if not os.path.isfile(file):  # noqa: PTH113 a pipe would never end
        return False
    if os.path.splitext(file)[1].lower() in _ENDINGS:  # noqa: PTH122
        return True
    try:
        with open(file, "rb") as opened:  # noqa: PTH123
            return is_photo(opened.read(_HEAD))
    except OSError:
        return False
