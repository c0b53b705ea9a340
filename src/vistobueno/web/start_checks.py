"""What is wrong with the place a station starts in, though it can start: said once, in the log."""

import logging
import sys
from pathlib import Path

from ..i18n import say
from ..settings import Settings
from ..store.address import read_address

_LOG = logging.getLogger(__name__)
_MOUNTS = Path("/proc/mounts")


def warn(settings: Settings) -> None:
    """Warn of what is kept on a disk that vanishes."""
    lost = vanishing(settings)
    if lost:
        what = say(settings.default_language, "start_both" if len(lost) == 2 else f"start_{lost[0]}")
        _LOG.warning(say(settings.default_language, "start_vanishes", what=what))


def vanishing(settings: Settings, mounts: Path = _MOUNTS) -> tuple[str, ...]:
    """Which of ``database`` and ``photographs`` lie on a disk that is lost when this instance ends.

    A path is safe when something is mounted there. Else it is lost on Render, and in a container, whose root is an
    overlay. (A volume without a name is taken for safe: from inside it looks like any other.)
    """
    kept = []
    database = read_address(settings.database_url) if settings.database_url else settings.data_dir / "vistobueno.sqlite"
    if isinstance(database, Path):
        kept.append(("database", database.parent))
    place = settings.evidence_url.removeprefix("file://")
    if "://" not in place and place != "database:":
        kept.append(("photographs", Path(place or settings.data_dir)))
    if not kept or not sys.platform.startswith("linux") or not mounts.is_file():
        return ()
    places = _places(mounts)
    return tuple(name for name, path in kept if _is_lost(path.absolute(), places, settings.render))


def _places(mounts: Path) -> dict[Path, str]:
    """Where something is mounted, and its kind; a later line covers an earlier one."""
    lines = (line.split() for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines())
    return {Path(words[1].replace("\\040", " ")): words[2] for words in lines if len(words) > 2}


def _is_lost(path: Path, places: dict[Path, str], on_render: bool) -> bool:
    home = next((each for each in (path, *path.parents) if each in places), Path("/"))
    kind = places.get(home, "")
    if kind in ("tmpfs", "ramfs"):
        return True
    return home == Path("/") and (on_render or kind in ("overlay", "fuse-overlayfs", "aufs"))
