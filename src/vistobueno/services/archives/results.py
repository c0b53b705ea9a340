"""The results of an archive: a folder of Parquet files, each whole or not there; what stands in it is not judged again."""

import contextlib
import hashlib
import json
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from ...core.errors import DataRefused
from ...core.inspection import ModelName
from ...core.version import __version__
from ...store.photos.folder import fsync_folder
from ..parquet import arrow
from .photographs import Key
from .scored import CALIBRATION, ERROR, FILE, HASH, MODEL, UNREADABLE, VERSION, Row, is_among, schema, shown

_AT_ONCE = 10_000  # rows read together
_PART, _OLD, _HALF = "part-{:06d}.parquet", ".old-", ".half"


def opened(place: Path) -> Any:
    """What `score` wrote, a folder or one of its files, as a dataset of pyarrow's.

    Raises:
        DataRefused: ``results_missing`` or ``results_unreadable``.
    """
    if not place.exists():
        raise DataRefused(
            "results_missing",
            es=f"No existe {place}. Indique la carpeta que escribió `vistobueno score`.",
            en=f"{place} does not exist. Give the folder that `vistobueno score` wrote.",
        )
    return _dataset(sorted(place.glob("[!.]*.parquet")) if place.is_dir() else [place], place)


def _dataset(files: Sequence[Path], place: Path) -> Any:
    pa = arrow()
    if not files:
        return pa.dataset.dataset(schema().empty_table())
    try:
        found = pa.dataset.dataset([str(each) for each in files], format="parquet")
    except (OSError, ValueError, pa.ArrowException) as error:
        raise _unreadable(place, error, error) from error
    if lacking := [name for name in schema().names if name not in found.schema.names]:
        raise _unreadable(place, f"le falta la columna {lacking[0]}", f"it has no column called {lacking[0]}")
    return found


def _unreadable(place: Path, es: object, en: object) -> DataRefused:
    return DataRefused(
        "results_unreadable",
        es=f"{place} no es lo que escribe `vistobueno score` ({es}). Indique otra carpeta.",
        en=f"{place} is not what `vistobueno score` writes ({en}). Give another folder.",
    )


class Results:
    """What one model, by one calibration or none, said of an archive. One process writes a folder at a time.

    Other models' rows may stand in the same folder; they are neither read nor changed.
    """

    def __init__(self, folder: Path, model: ModelName) -> None:
        self.folder, self._model = folder, model
        self._lock = FileLock(folder / ".lock")
        self._made = False

    def __enter__(self) -> Self:
        """Hold the folder; what a run that was killed left half-written goes.

        Raises:
            DataRefused: ``out_remote``, ``out_taken``, ``out_busy`` or ``results_unreadable``.
        """
        if self.folder.parts[:1] == ("s3:",):
            raise DataRefused(
                "out_remote",
                es="Los resultados se escriben en una carpeta de esta máquina, no en S3. Indique una y cópiela después.",
                en="Results are written to a folder of this machine, not to S3. Give one, and copy it afterwards.",
            )
        if self.folder.exists() and not self.folder.is_dir():
            raise DataRefused(
                "out_taken",
                es=f"{self.folder} es un archivo. Los resultados son una carpeta de archivos Parquet: indique otro nombre.",
                en=f"{self.folder} is a file. Results are a folder of Parquet files: give another name.",
            )
        self._made = not self.folder.exists()
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(blocking=False)
        except Timeout as error:
            raise DataRefused(
                "out_busy",
                es=f"Otro proceso escribe en {self.folder}. Espere a que termine, o indique otra carpeta.",
                en=f"Another process is writing to {self.folder}. Wait until it ends, or give another folder.",
            ) from error
        try:
            for half in self.folder.glob(f".*{_HALF}"):
                half.unlink()
            opened(self.folder)
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Let the folder go; one that was made for nothing goes with it."""
        if self._made and not any(each.name != ".lock" for each in self.folder.iterdir()):
            Path(self._lock.lock_file).unlink()
            self.folder.rmdir()
        self._lock.release()

    def missing(self, keys: Sequence[Key]) -> tuple[list[str], set[str]]:
        """The names of the photographs that are still to be judged, and of these those of which an old row stands.

        A row stands for a photograph as long as name and version are its own; what could not be fetched is tried again.
        """
        names, standing = _Digests(), _Digests()
        for row in self._columns(FILE, VERSION, ERROR):
            names.add(row[FILE])
            if row[ERROR] != UNREADABLE:
                standing.add(row[FILE], row[VERSION])
        named, stands = names.sorted(), standing.sorted()
        left, old = [], set()
        for name, version in keys:
            file = shown(name)
            if version is not None and is_among(stands, _digest(file, version)):
                continue
            left.append(name)
            if is_among(named, _digest(file)):
                old.add(file)
        return left, old

    def any(self) -> bool:
        """Whether the model has said anything here yet."""
        return next(self._columns(FILE), None) is not None

    def hashes(self) -> NDArray[np.bytes_]:
        """(N,) SHA-256 of the photographs that were judged or refused for what they are, sorted."""
        found = _Digests(32)
        for row in self._columns(HASH, old=True):
            if row[HASH]:
                found.raw(bytes.fromhex(row[HASH]))
        return found.sorted()

    def forget(self, files: Collection[str]) -> None:
        """Remove the model's rows of these files: their photographs changed, or are to be tried again.

        They are put aside until `end`, so that what only its time changed of is known by its hash.
        """
        if not files:
            return
        pa = arrow()
        wanted = self._ours() & pa.compute.field(FILE).isin(pa.array(sorted(files), pa.string()))
        for part in self._parts():
            rows = pa.dataset.dataset(str(part))
            gone = rows.to_table(filter=wanted)
            if not gone.num_rows:
                continue
            self._put(f"{_OLD}{len(self._aside()) + 1:06d}", gone)
            kept = rows.to_table(filter=~wanted)
            if kept.num_rows:
                self._put(part.name, kept)
            else:
                part.unlink()

    def end(self) -> None:
        """All that was asked for is judged: what was put aside goes."""
        for file in self._aside():
            file.unlink()

    def write(self, rows: Sequence[Row]) -> None:
        """Add rows, as one file that is whole or not there; one with neither answer nor error is as that hash's row is."""
        if not rows:
            return
        bare = {row[HASH] for row in rows if row.get("answer") is None and row.get(ERROR) is None}
        known = self._rows_of(bare) if bare else {}
        whole = []
        for row in rows:
            if row.get(HASH) not in bare:
                whole.append(row)
            elif row[HASH] in known:
                whole.append(known[row[HASH]] | {FILE: row[FILE], VERSION: row[VERSION]})
        numbers = (part.stem.removeprefix("part-") for part in self._parts())
        last = max((int(each) for each in numbers if each.isdecimal()), default=0)
        self._put(_PART.format(last + 1), arrow().Table.from_pylist(whole, schema()))

    def _put(self, name: str, table: Any) -> None:
        pa, beside = arrow(), self.folder / f".{name}{_HALF}"
        told = {b"vistobueno": json.dumps({"program": __version__}).encode()}
        with beside.open("wb") as file:
            pa.parquet.write_table(table.replace_schema_metadata(told), file, compression="zstd")
            file.flush()
            os.fsync(file.fileno())
        beside.rename(self.folder / name)
        with contextlib.suppress(OSError):  # not every network disk syncs folders
            fsync_folder(self.folder)

    def _rows_of(self, hashes: Iterable[str]) -> dict[str, Row]:
        field = arrow().compute.field
        wanted = arrow().array(sorted(hashes), arrow().string())
        found = _dataset([*self._aside(), *self._parts()], self.folder)
        rows = found.to_table(filter=self._ours() & field(HASH).isin(wanted)).to_pylist()
        return {row[HASH]: row for row in rows}

    def _parts(self) -> list[Path]:
        return sorted(self.folder.glob("[!.]*.parquet"))

    def _aside(self) -> list[Path]:
        return sorted(self.folder.glob(f"{_OLD}*[0-9]"))

    def _columns(self, *names: str, old: bool = False) -> Iterator[Row]:
        found = _dataset([*(self._aside() if old else ()), *self._parts()], self.folder)
        scanned = found.scanner(columns=list(names), filter=self._ours(), batch_size=_AT_ONCE)
        for batch in scanned.to_batches():
            yield from batch.to_pylist()

    def _ours(self) -> Any:
        field = arrow().compute.field
        calibration = self._model.calibration
        same = field(CALIBRATION).is_null() if calibration is None else field(CALIBRATION) == calibration
        return (field(MODEL) == self._model.digest) & same


class _Digests:
    """Many digests in as many bytes as they have, and not a hundred each."""

    def __init__(self, size: int = 16) -> None:
        self._all, self._size = bytearray(), size

    def add(self, *parts: str | None) -> None:
        self.raw(_digest(*parts))

    def raw(self, digest: bytes) -> None:
        self._all += digest

    def sorted(self) -> NDArray[np.bytes_]:
        return np.unique(np.frombuffer(bytes(self._all), f"S{self._size}"))


def _digest(*parts: str | None) -> bytes:
    return hashlib.blake2b("\0".join(each or "" for each in parts).encode(), digest_size=16).digest()
