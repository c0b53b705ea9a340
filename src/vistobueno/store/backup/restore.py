"""Takes the one file of `backup`: verified whole before anything changes, and proved equal afterwards."""

import hashlib
import json
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO

from sqlalchemy import Connection, Engine, delete, func, insert, inspect, select, text

from ...core.errors import VistoBuenoError
from ...core.zips import UNPACKING, Entry, content, lines, member, open_zip, whole_entries
from ..database import upgrade, writing
from ..migrations import STEPS
from ..photos.evidence import KEY, Evidence, EvidenceMissing
from ..photos.folder import fsync_folder
from ..private import make_folder, new_file
from ..protection import drop_names
from ..schema import blobs, failures, identity, metadata
from ..schema import lines as lines_table
from .dump import dumped, load, tables_of
from .write import FORMAT, MANIFEST, Manifest, digest_of, photographs_kept, snapshot

_MODEL = re.compile(r"models/[0-9a-f]{64}/[\w.-]+")
_PIECE = 1 << 20
_MOST_ENTRIES = 20_000_000  # photographs, nearly all of them
_LARGEST, _LARGEST_MODEL = 100_000_000, 512 * 1024 * 1024  # bytes of a photograph or a row, and of a model's file


class BackupRefused(VistoBuenoError):
    """A file is not a whole backup, or may not be restored here."""


def read_manifest(file: Path) -> Manifest:
    """Read a backup to its end and check every hash.

    Raises:
        BackupRefused: ``backup_damaged`` or ``backup_other_version``.
    """
    try:
        with open_zip(file, _MOST_ENTRIES) as archive:
            found = _entries(archive)
            raw = json.loads(content(archive, found[MANIFEST], file.stat().st_size))  # it is not compressed
            if raw.pop("format") != FORMAT or raw["revision"] not in STEPS:
                raise _other_version(str(raw.get("program", "?")))
            manifest = Manifest(**{**raw, "missing": tuple(raw["missing"])})
            if sorted(archive.namelist()) != sorted([*manifest.hashes, MANIFEST]):
                raise ValueError("other entries than the manifest says")
            if digest_of(manifest.hashes) != manifest.digest:
                raise ValueError("the digest of the manifest")
            for name, expected in manifest.hashes.items():
                if not _is_ours(name):
                    raise ValueError(name)
                with member(archive, found[name]) as entry:
                    if _sha256(entry) != expected:
                        raise ValueError(name)
    except (BackupRefused, FileNotFoundError, IsADirectoryError, PermissionError):
        raise
    except (KeyError, TypeError, AttributeError, *UNPACKING) as error:
        raise BackupRefused(
            "backup_damaged",
            es=f"{file.name} no es un respaldo íntegro ({error}). No se cambió nada; use otro.",
            en=f"{file.name} is not a complete backup ({error}). Nothing was changed; use another one.",
        ) from error
    return manifest


def restore(
    file: Path,
    engine: Engine,
    evidence: Evidence,
    models: Path,
    *,
    replace: bool = False,
    settle: Callable[[Connection], None] = lambda _: None,
) -> Manifest:
    """Make this station what the backup says, and prove it.

    Photographs and models come first, then all rows, proved, in one transaction: a crash leaves what was there before.

    Args:
        replace: also where there is something; it is lost.
        settle: what is changed of the rows in the same transaction, once they are proved.

    Raises:
        BackupRefused: as `read_manifest`, ``not_empty``, or ``restored_differs``.
        Unavailable: the database or the store does not answer.
    """
    manifest = read_manifest(file)
    with snapshot(engine) as connection:
        before = set(photographs_kept(connection))
        if not replace and _holds_something(connection):
            raise BackupRefused(
                "not_empty",
                es="Esta estación ya tiene datos, y se perderían. No se cambió nada; use --replace si es lo que quiere.",
                en="This station already has data, which would be lost. Nothing was changed; use --replace to go ahead.",
            )
    with open_zip(file, _MOST_ENTRIES) as archive:
        found = _entries(archive)
        keys = [name.removeprefix("evidence/") for name in manifest.hashes if name.startswith("evidence/")]
        in_database = _keeps_in(evidence, engine)
        if not in_database:
            for key in keys:
                _put(evidence, key, content(archive, found[f"evidence/{key}"], _LARGEST))
        _put_models(archive, found, models)
        with writing(engine) as connection:
            _renew(connection, manifest.revision)
            given = dict(manifest.hashes)
            for table in tables_of(connection):
                name = f"tables/{table.name}.jsonl"
                with member(archive, found[name]) as rows:
                    given[name] = load(connection, table, lines(rows, _LARGEST))
            for key in keys if in_database else ():  # a table like the others
                data = content(archive, found[f"evidence/{key}"], _LARGEST)
                connection.execute(insert(blobs).values(key=key, data=data, at=datetime.now(UTC)))
            get = partial(_blob, connection) if in_database else evidence.get
            _prove(_hashes(connection, get, models, manifest), given)
            upgrade(connection)
            settle(connection)
    if not in_database:
        for key in before - set(keys):
            evidence.delete(key)
    return manifest


def hashes_of(engine: Engine, evidence: Evidence, models: Path, like: Manifest) -> dict[str, str]:
    """SHA-256 of what is kept here, by the names of a backup; of models, those that the manifest names."""
    with snapshot(engine) as connection:
        return _hashes(connection, evidence.get, models, like)


def _hashes(connection: Connection, get: Callable[[str], bytes], models: Path, like: Manifest) -> dict[str, str]:
    found: dict[str, str] = {}
    for table in tables_of(connection):
        whole = hashlib.sha256()
        for line in dumped(connection, table):
            whole.update(line)
        found[f"tables/{table.name}.jsonl"] = whole.hexdigest()
    for key in photographs_kept(connection):
        try:
            found[f"evidence/{key}"] = hashlib.sha256(get(key)).hexdigest()
        except EvidenceMissing:
            continue
    for name in like.hashes:
        if name.startswith("models/"):
            path = models / name.removeprefix("models/")
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def _prove(found: dict[str, str], given: dict[str, str]) -> None:
    if found != given:
        differs = sorted(name for name in given if found.get(name) != given[name])
        raise BackupRefused(
            "restored_differs",
            es=f"Lo restaurado no es igual al respaldo ({', '.join(differs[:3])}). Restaure otra vez.",
            en=f"What was restored does not match the backup ({', '.join(differs[:3])}). Restore again.",
        )


def _blob(connection: Connection, key: str) -> bytes:
    """A photograph of the transaction that puts it into the database."""
    data = connection.execute(select(blobs.c.data).where(blobs.c.key == key)).scalar()
    if data is None:
        raise EvidenceMissing(key)
    return bytes(data)


def _holds_something(connection: Connection) -> bool:
    """Any row but those that a first start makes by itself, or somebody who does not come in."""
    by_start = {identity.name, lines_table.name, failures.name, "models", "activations"}
    return any(
        connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in metadata.sorted_tables
        if table.name not in by_start
    )


def _renew(connection: Connection, step: str) -> None:
    """An empty database as it was at a step of the schema, in the same transaction: rows that are protected cannot be deleted."""
    if connection.dialect.name == "sqlite":
        connection.execute(text("PRAGMA defer_foreign_keys = ON"))
    drop_names(connection)
    metadata.drop_all(connection)
    connection.execute(text("DROP TABLE IF EXISTS alembic_version"))
    if connection.dialect.name == "postgresql":
        connection.execute(text("DROP FUNCTION IF EXISTS append_only()"))
    upgrade(connection, step)
    if inspect(connection).has_table(lines_table.name):
        connection.execute(delete(lines_table))  # the backup brings its own


def _entries(archive: zipfile.ZipFile) -> dict[str, Entry]:
    return {entry.info.filename: entry for entry in whole_entries(archive)}


def _put(evidence: Evidence, key: str, data: bytes) -> None:
    try:
        if evidence.get(key) == data:  # restoring goes on where a crash ended it
            return
        evidence.delete(key)
    except EvidenceMissing:
        pass
    evidence.put(key, data)


def _put_models(archive: zipfile.ZipFile, found: Mapping[str, Entry], models: Path) -> None:
    """Each bundle's folder whole or not at all; others that are there stay."""
    names = [name for name in found if name.startswith("models/")]
    make_folder(models)
    for digest in sorted({name.split("/")[1] for name in names}):
        beside = Path(tempfile.mkdtemp(prefix=".new-", dir=models))
        try:
            for name in (each for each in names if each.split("/")[1] == digest):
                with new_file(beside / name.split("/")[2]) as copy:
                    copy.write(content(archive, found[name], _LARGEST_MODEL))
                    copy.flush()
                    os.fsync(copy.fileno())
            shutil.rmtree(models / digest, ignore_errors=True)
            beside.rename(models / digest)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    fsync_folder(models)


def _keeps_in(evidence: Evidence, engine: Engine) -> bool:
    return getattr(evidence, "engine", None) is engine


def _is_ours(name: str) -> bool:
    """Nothing in a backup may lead out of the station."""
    tables: Callable[[str], bool] = {f"tables/{table.name}.jsonl" for table in metadata.sorted_tables}.__contains__
    return tables(name) or bool(_MODEL.fullmatch(name)) or bool(KEY.fullmatch(name.removeprefix("evidence/")))


def _sha256(member: IO[bytes]) -> str:
    whole = hashlib.sha256()
    for piece in _pieces(member):
        whole.update(piece)
    return whole.hexdigest()


def _pieces(member: IO[bytes]) -> Iterator[bytes]:
    while piece := member.read(_PIECE):
        yield piece


def _other_version(program: str) -> BackupRefused:
    return BackupRefused(
        "backup_other_version",
        es=f"El respaldo es de la versión {program} de este programa. Restáurelo con esa versión y actualice después.",
        en=f"The backup belongs to version {program} of this program. Restore it with that one, then update.",
    )
