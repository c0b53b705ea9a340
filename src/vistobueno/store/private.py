"""Files and folders that nobody but their owner reads, whatever the process's umask is."""

import contextlib
import logging
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

_FILE, _FOLDER, _OTHERS = 0o600, 0o700, 0o077
_log = logging.getLogger(__name__)


def new_file(path: Path) -> BinaryIO:
    """A file to write that was not there."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE), "wb")


def made_once(path: Path, make: Callable[[], bytes]) -> bytes:
    """What a file holds; ``make`` gives it the first time. Whole or not at all, and the first of two processes wins."""
    make_folder(path.parent)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    if not path.exists():
        data = make()
        try:
            with new_file(beside) as opened:
                opened.write(data)
                opened.flush()
                os.fsync(opened.fileno())  # a power cut must not leave an empty one
            with contextlib.suppress(FileExistsError):
                os.link(beside, path)
        finally:
            beside.unlink(missing_ok=True)
    return path.read_bytes()


def make_folder(folder: Path) -> None:
    """Make a folder and those above it; what is there already stays as it is."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(_FOLDER, exist_ok=True)


@contextlib.contextmanager
def privately() -> Iterator[None]:
    """What another library writes inside the block is its owner's alone. For commands: the umask is the process's."""
    before = os.umask(_OTHERS)
    try:
        yield
    finally:
        os.umask(before)


def mend(path: Path) -> None:
    """Shut a file, or a folder with all that is in it, which an earlier version left open to others; the folder last.

    What a link leads to is not the station's.
    """
    if not _is_open(path):
        return
    for home, folders, names in os.walk(path, topdown=False):
        for name in (*names, *folders):
            shut(Path(home, name))
    shut(path)


def shut(path: Path) -> None:
    """Shut one file or folder to others; where it is another's, whoever runs the station can do no more than say so."""
    if _is_open(path):
        try:
            path.chmod(_FOLDER if path.is_dir() else _FILE)
        except OSError as error:
            _log.warning("%s stays open to others: %s", path, error)


def _is_open(path: Path) -> bool:
    try:
        return not path.is_symlink() and bool(path.stat().st_mode & _OTHERS)
    except OSError:  # it is not there, or gone meanwhile
        return False
