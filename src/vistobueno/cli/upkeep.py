"""`vistobueno backup`, `restore`, `retention` and `model add`: what is done to a station from beside it."""

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from ..accounts.grants import Ended, end_grants
from ..core.inspection import SYSTEM
from ..i18n import counted, say
from ..services import open_records
from ..services.shelf import Shelf
from ..settings import Settings
from ..store.backup.restore import restore
from ..store.backup.write import Manifest, write_backup
from ..store.lock import StationLock
from ..store.retention import apply_retention, sweep


def run_backup(settings: Settings, file: Path, language: str, called: str = "") -> None:
    """Write everything that the station keeps to one file, while it runs; ``called``: where the file will lie at last."""
    engine, evidence = open_records(settings)
    manifest = write_backup(engine, evidence, settings.data_dir / "models", file)
    engine.dispose()
    print(say(language, "upkeep_backed_up", file=called or file, **_contents(manifest, language)))
    if manifest.missing:
        print(say(language, "upkeep_missing", photographs=counted(language, "missing", len(manifest.missing))))
    print(say(language, "upkeep_digest", digest=manifest.digest))


def run_restore(settings: Settings, file: Path, replace: bool, language: str, *, keep_keys: bool = False) -> None:
    """Make this station what the file says, and let in nobody by what it brings back; no station may run meanwhile.

    Raises:
        Occupied, BackupRefused, Unavailable: nothing was changed.
    """
    engine, evidence = open_records(settings)
    ended: list[Ended] = []

    def settle(connection: Connection) -> None:
        ended.append(end_grants(connection, datetime.now(UTC), file.name, keep_keys=keep_keys))

    try:
        with StationLock(engine, settings.data_dir, alone=True):
            manifest = restore(file, engine, evidence, settings.data_dir / "models", replace=replace, settle=settle)
    finally:
        engine.dispose()
    print(say(language, "upkeep_restored", file=file, **_contents(manifest, language)))
    _print_ended(ended[0], language)
    print(say(language, "upkeep_digest", digest=manifest.digest))


def _print_ended(ended: Ended, language: str) -> None:
    print(say(language, "upkeep_ended", sessions=ended.sessions, links=ended.links))
    if ended.keys:
        print(say(language, "upkeep_keys_kept" if ended.kept else "upkeep_keys_revoked", count=len(ended.keys)))
    if ended.webhooks:
        print(say(language, "upkeep_webhooks_stopped", count=ended.webhooks))
    for key in ended.keys:
        print(f"  {key.id}  {key.prefix}  {key.name}  ({', '.join(key.scopes)})")


def run_add_model(settings: Settings, path: Path, language: str) -> None:
    """Prove a bundle and give a copy of it to the station, which goes on with its own until a person activates this."""
    engine, _ = open_records(settings)
    added = Shelf(engine, settings).add(path, SYSTEM)
    engine.dispose()
    print(say(language, "upkeep_model_added", name=added.name, version=added.version))
    print(say(language, "model_digest", digest=added.digest))


def run_retention(settings: Settings, days: int | None, language: str) -> None:
    """Remove old photographs, and what a crash left behind, wherever it is."""
    chosen = settings.retention_days if days is None else days
    engine, evidence = open_records(settings)
    removed = apply_retention(engine, evidence, chosen) if chosen else 0
    swept = sweep(engine, evidence)
    engine.dispose()
    if not chosen:
        print(say(language, "upkeep_no_retention"))
    said = {"removed": counted(language, "removed", removed), "swept": counted(language, "swept", swept)}
    print(say(language, "upkeep_removed", **said))


def _contents(manifest: Manifest, language: str) -> dict[str, str]:
    inspections, photographs = manifest.rows["inspections"], manifest.photographs
    return {
        "inspections": counted(language, "inspections", inspections),
        "photographs": counted(language, "photographs", photographs),
    }
