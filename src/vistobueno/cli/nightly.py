"""`vistobueno nightly`: retention, then a backup put where it outlives this machine; the oldest ones go."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore

from ..accounts import audit_log
from ..core.errors import VistoBuenoError
from ..core.inspection import SYSTEM
from ..i18n import say
from ..jobs.watching import NIGHTLY
from ..services import open_records
from ..settings import SettingRefused, Settings, without_secrets
from ..store.database import writing
from ..store.photos.objects import bucket_of
from ..store.private import make_folder, privately
from .upkeep import run_backup, run_retention

_PATIENCE = timedelta(minutes=30)  # for one request: a backup may be large, and nobody waits for it
_PROBE = "vistobueno-probe"
_NAME = re.compile(r"vistobueno-\d{8}T\d{6}Z\.zip")


class BackupNotKept(VistoBuenoError):
    """A backup was made but could not be put where it belongs."""


def run_nightly(settings: Settings, language: str) -> None:
    """What a cron job does each night. Without BACKUP_URL nothing is backed up, and it says so.

    Raises:
        SettingRefused, BackupNotKept: BACKUP_URL cannot be used; no photograph was removed where that is found at once.
    """
    if not settings.backup_url:
        run_retention(settings, None, language)
        _done(settings, None)
        print(say(language, "nightly_no_backup"))
        return
    with _keeping():
        store = _store(settings)
        _try(store)
    run_retention(settings, None, language)
    name = f"vistobueno-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.zip"
    with tempfile.TemporaryDirectory(prefix="vistobueno-backup-", dir=_room_beside(settings)) as folder:
        file = Path(folder) / name
        run_backup(settings, file, language, called=name)
        with _keeping(), privately():
            obstore.put(store, name, file)
            gone = _thin_out(store, settings.backups_kept)
    _done(settings, name)
    print(say(language, "nightly_kept", name=name, place=without_secrets(settings.backup_url)))
    if gone:
        print(say(language, "nightly_gone", count=gone))


def _done(settings: Settings, backup: str | None) -> None:
    """Write down that all of it is done, for the metric whose alert asks whether it was."""
    engine, _ = open_records(settings)
    with writing(engine) as connection:
        audit_log.write(connection, datetime.now(UTC), SYSTEM, NIGHTLY, backup)
    engine.dispose()


@contextmanager
def _keeping() -> Iterator[None]:
    try:
        yield
    except (BaseError, OSError) as error:
        reason = next(
            iter(str(error).splitlines()), type(error).__name__
        )  # obstore tells of its insides on those below
        raise BackupNotKept(
            "backup_not_kept",
            es=f"El respaldo no se pudo dejar en BACKUP_URL ({reason}). Compruebe la dirección, las claves y el espacio libre.",
            en=f"The backup could not be stored in BACKUP_URL ({reason}). Check the address, the keys and the free space.",
        ) from error


def _try(store: ObjectStore) -> None:
    """Something small can be put there, seen and removed: what will be done with the backup."""
    obstore.put(store, _PROBE, b"")
    next(iter(obstore.list(store)), None)
    obstore.delete(store, _PROBE)


def _room_beside(settings: Settings) -> Path | None:
    """A backup is made on the data's disk, where there is one: /tmp may be memory."""
    return settings.data_dir if settings.data_dir.is_dir() else None


def _store(settings: Settings) -> ObjectStore:
    url = settings.backup_url
    place = urlsplit(url)
    if place.scheme == "s3" and place.netloc:
        return bucket_of(place.netloc, place.path.strip("/"), settings, _PATIENCE)
    if place.scheme == "file":
        return _folder(Path(url2pathname(url.removeprefix("file://"))))
    if len(place.scheme) > 1:  # one letter is a Windows drive
        raise SettingRefused(
            "setting_invalid",
            es=f"BACKUP_URL={without_secrets(url)} no se puede usar. Use una carpeta o s3://bucket/prefijo.",
            en=f"BACKUP_URL={without_secrets(url)} cannot be used. Use a folder or s3://bucket/prefix.",
        )
    return _folder(Path(url))


def _folder(path: Path) -> LocalStore:
    make_folder(path)
    return LocalStore(path)


def _thin_out(store: ObjectStore, kept: int) -> int:
    """Remove all but the newest backups; their names tell which. Nothing else in that place is touched."""
    names = sorted(each["path"] for batch in obstore.list(store) for each in batch if _NAME.fullmatch(each["path"]))
    old = names[: max(0, len(names) - max(1, kept))]
    for name in old:
        obstore.delete(store, name)
    return len(old)
