"""`vistobueno backup`, `restore`, `retention` and `model add`: what is done to a station from beside it."""

from pathlib import Path

from ..records.backup import Manifest, write_backup
from ..records.restore import restore
from ..records.retention import apply_retention, sweep
from ..records.values import SYSTEM
from ..settings import Settings
from ..station import open_records
from ..station.models import Models
from ..texts import counted, say


def run_backup(settings: Settings, file: Path, language: str) -> None:
    """Write everything that the station keeps to one file, while it runs."""
    engine, evidence = open_records(settings)
    manifest = write_backup(engine, evidence, settings.data_dir / "models", file)
    engine.dispose()
    print(say(language, "upkeep_backed_up", file=file, **_contents(manifest, language)))
    if manifest.missing:
        print(say(language, "upkeep_missing", photographs=counted(language, "missing", len(manifest.missing))))
    print(say(language, "upkeep_digest", digest=manifest.digest))


def run_restore(settings: Settings, file: Path, replace: bool, language: str) -> None:
    """Make this station what the file says; its process must not run meanwhile."""
    engine, evidence = open_records(settings)
    manifest = restore(file, engine, evidence, settings.data_dir / "models", replace=replace)
    engine.dispose()
    print(say(language, "upkeep_restored", file=file, **_contents(manifest, language)))
    print(say(language, "upkeep_digest", digest=manifest.digest))


def run_add_model(settings: Settings, path: Path, language: str) -> None:
    """Prove a bundle and give a copy of it to the station, which goes on with its own until a person activates this."""
    engine, _ = open_records(settings)
    added = Models(engine, settings).add(path, SYSTEM)
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
