"""A folder that is written whole or not at all, and takes the place of the one before durably."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A new folder to write to, which takes the place of ``folder`` when the block ends well, and is gone when not.

    What was at ``folder`` is lost: ask before. Where even the renaming is cut, it is ``.NAME.old``, see `put_back`.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        beside.chmod(0o755)
        yield beside
        _put_in_place(beside, folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def put_back(folder: Path) -> None:
    """Give a folder that stood aside while its place was taken, and found it empty after a crash, that place again."""
    old = _old(folder)
    if old.is_dir() and not folder.exists():
        old.rename(folder)


def sync_folder(folder: Path) -> None:
    """What was made or renamed in it survives a power cut."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _put_in_place(beside: Path, folder: Path) -> None:
    """Rename ``beside`` to ``folder``, durably; what is there stands aside until the new one has arrived."""
    sync_folder(beside)
    old = _old(folder)
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    try:
        beside.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    sync_folder(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def _old(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")
