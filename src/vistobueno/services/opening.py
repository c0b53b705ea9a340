"""Opens what a station keeps, and shuts it to others."""

from pathlib import Path

from sqlalchemy import Engine

from ..settings import Settings
from ..store.database import migrate, open_database
from ..store.photos.evidence import Evidence, open_evidence
from ..store.private import make_folder, mend, shut

_DATABASE = "vistobueno.sqlite"
_OURS = ("evidence", "models", "secret.key", "seal.p12")


def open_records(settings: Settings) -> tuple[Engine, Evidence]:
    """The database, brought to its schema, and the store of photographs."""
    make_folder(settings.data_dir)
    _shut(settings.data_dir)
    engine = open_database(settings.database_url or f"sqlite:///{settings.data_dir.resolve() / _DATABASE}")
    migrate(engine)
    return engine, open_evidence(settings, engine)


def _shut(folder: Path) -> None:
    """What an earlier version left open to others; the folder too, if nothing in it is another's."""
    for name in _OURS:
        mend(folder / name)
    if all(each.name in _OURS or each.name.startswith((_DATABASE, ".")) for each in folder.iterdir()):
        shut(folder)
