"""A whole station in one file, made while it runs: rows of one moment, their photographs, its models, and a hash of each.

The file is a .zip; its last entry, manifest.json, says what must be in it. `restore` takes it.
"""

import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, select

from ...core.version import __version__
from ..database import reading, revision, too_new
from ..migrations import HEAD, STEPS
from ..photos.evidence import Evidence, EvidenceMissing
from ..photos.folder import fsync_folder
from ..schema import evidence_removals, inspections
from .dump import dumped, tables_of

FORMAT = 1
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Manifest:
    """What a backup holds.

    Attributes:
        hashes: SHA-256 (hex) by entry: ``tables/NAME.jsonl``, ``evidence/KEY``, ``models/DIGEST/FILE``.
        rows: how many by table.
        missing: keys of photographs that were not in the store although no removal is recorded.
        digest: SHA-256 of all hashes; two stations with the same digest keep the same.
    """

    program: str
    revision: str
    created_at: str
    rows: dict[str, int]
    missing: tuple[str, ...]
    hashes: dict[str, str]
    digest: str

    @property
    def photographs(self) -> int:
        """How many photographs it holds."""
        return sum(name.startswith("evidence/") for name in self.hashes)


def write_backup(engine: Engine, evidence: Evidence, models: Path, target: Path) -> Manifest:
    """Write everything to ``target``, whole or not at all; nobody but its owner may read it.

    Args:
        models: the folder with the bundles that the station keeps.

    Raises:
        Unavailable: the database or the store does not answer.
        OSError: the file cannot be written.
    """
    opened, name = tempfile.mkstemp(".part", f".{target.name}.", target.parent)  # of its own: two may run at once
    beside = Path(name)
    try:
        with os.fdopen(opened, "wb") as file, snapshot(engine) as connection:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
                manifest = _write(archive, connection, evidence, models)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    fsync_folder(target.parent)
    return manifest


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one moment, however long it takes and whatever is written meanwhile.

    Raises:
        DatabaseRefused: ``database_too_new``: there is more in it than this program knows.
    """
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with reading(engine) as connection:
        connection.execute(select(inspections.c.number).limit(1)).all()  # the moment is that of the first reading
        if revision(connection) not in STEPS:
            raise too_new()
        yield connection


def digest_of(hashes: dict[str, str]) -> str:
    """SHA-256 of all hashes, in the order of their names."""
    lines = "".join(f"{value}  {name}\n" for name, value in sorted(hashes.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def photographs_kept(connection: Connection) -> Iterator[str]:
    """Keys of the photographs that should be in the store."""
    removed = select(evidence_removals).where(evidence_removals.c.inspection_number == inspections.c.number).exists()
    asked = select(inspections.c.evidence).where(~removed).order_by(inspections.c.number)
    yield from connection.execute(asked.execution_options(yield_per=1_000)).scalars()


def _write(archive: zipfile.ZipFile, connection: Connection, evidence: Evidence, models: Path) -> Manifest:
    hashes: dict[str, str] = {}
    rows: dict[str, int] = {}
    missing: list[str] = []

    def entry(name: str, parts: Iterable[bytes], packed: bool = False) -> int:
        info = zipfile.ZipInfo(name, datetime.now(UTC).timetuple()[:6])
        info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        found, count = hashlib.sha256(), 0
        with archive.open(info, "w", force_zip64=True) as member:
            for part in parts:
                member.write(part)
                found.update(part)
                count += 1
        hashes[name] = found.hexdigest()
        return count

    for table in tables_of(connection):
        rows[table.name] = entry(f"tables/{table.name}.jsonl", dumped(connection, table), packed=True)
    for key in photographs_kept(connection):
        try:
            data = evidence.get(key)
        except EvidenceMissing:
            missing.append(key)
        else:
            entry(f"evidence/{key}", [data])
    for path in sorted(models.glob("[0-9a-f]*/*")):
        entry(f"models/{path.parent.name}/{path.name}", [path.read_bytes()])
    created = datetime.now(UTC).isoformat(timespec="seconds")
    manifest = Manifest(__version__, HEAD, created, rows, tuple(missing), hashes, digest_of(hashes))
    content: dict[str, Any] = {"format": FORMAT, **vars(manifest)}
    archive.writestr(MANIFEST, json.dumps(content, indent=1))
    return manifest
