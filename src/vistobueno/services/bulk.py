"""Judge many files with a few threads and flat memory."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import PhotoRefused
from ..core.photo import Limits, Photo, open_photo
from ..core.policy import Policy
from ..core.verdict import Verdict
from ..model.inspector import inspect, limits_for
from ..model.runtime import Model
from .engine import Local


@dataclass(frozen=True)
class Outcome:
    """What became of one file: its hash and verdict (and, if asked for, its photograph), or why there is none."""

    path: Path
    sha256: str | None = None
    photo: Photo | None = None
    verdict: Verdict | None = None
    error: PhotoRefused | None = None


def inspect_many(
    paths: Iterable[Path], model: Model, *, jobs: int = 1, policy: Policy | None = None, keep_photos: bool = False
) -> Iterator[Outcome]:
    """Judge photographs in the order given; at most 2 × ``jobs`` are in memory at any time.

    A file that cannot be judged gives an outcome with its error and stops nothing. ``keep_photos`` keeps the pixels in
    the outcome, for those who draw on them.
    """
    limits = limits_for(model)

    def one(path: Path) -> Outcome:
        try:
            photo = open_photo(read_photo(path, limits), limits)
            verdict = inspect(photo, model, policy)
        except PhotoRefused as error:
            return Outcome(path, error=error)
        return Outcome(path, photo.sha256, photo if keep_photos else None, verdict)

    yield from Local(one, jobs).submit(paths)


def read_photo(path: Path, limits: Limits) -> bytes:
    """The file's bytes, never more than one over the limit, which `open_photo` then refuses."""
    try:
        with path.open("rb") as file:
            return file.read(limits.max_bytes + 1)
    except OSError as error:
        raise unreadable_file(error.strerror) from error


def unreadable_file(reason: str | None) -> PhotoRefused:
    """A photograph that is not there or may not be read, wherever it lies."""
    return PhotoRefused(
        "unreadable_file",
        es=f"No se puede leer el archivo ({reason}). Compruebe que existe y que tiene permiso.",
        en=f"The file cannot be read ({reason}). Check that it exists and that you are allowed to read it.",
    )
