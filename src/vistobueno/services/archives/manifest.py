"""What an archive names: a folder, a bucket, or a manifest of keys (text, CSV, Parquet), each photograph once."""

import csv
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ...core.errors import DataRefused
from ...core.folders import is_photo_file
from ..parquet import arrow
from .photographs import S3, Key, Photographs

_COLUMNS = ("file", "key", "path", "uri", "url")
_TABLES = (".csv", ".tsv")
_AT_ONCE = 10_000  # rows


def keys_of(places: Iterable[str], photographs: Photographs) -> tuple[list[Key], int]:
    """The photographs that some folders, buckets and manifests name, each once, and how many files were passed over.

    A relative path in a manifest is below the manifest's folder.

    Raises:
        DataRefused: ``archive_missing``, ``archive_empty``, ``manifest_unreadable`` or ``bucket_unreadable``.
    """
    found: dict[str, str | None] = {}
    passed_over = 0
    for place in places:
        named = False
        for key in _keys(place, photographs):
            if key is None:
                passed_over += 1
                continue
            named = True
            found.setdefault(*key)
        if not named:
            raise DataRefused(
                "archive_empty",
                es=f"No hay fotografías en {place}. Indique una carpeta, s3://bucket/prefijo o un manifiesto que las nombre.",
                en=f"There are no photographs in {place}. Give a folder, s3://bucket/prefix or a manifest that names some.",
            )
    return [Key(*each) for each in found.items()], passed_over


def _keys(place: str, photographs: Photographs) -> Iterator[Key | None]:
    if place.startswith(S3) or Path(place).is_dir():
        yield from photographs.below(place)
        return
    file = Path(place).absolute()
    if not file.is_file():
        raise DataRefused(
            "archive_missing",
            es=f"No existe {place}. Indique una carpeta, s3://bucket/prefijo o un manifiesto.",
            en=f"{place} does not exist. Give a folder, s3://bucket/prefix or a manifest.",
        )
    read: Callable[[Path], Iterator[str]] = _of_parquet if file.suffix.lower() == ".parquet" else _of_text
    for name in read(file):
        yield Key(name if name.startswith(S3) else os.path.normpath(file.parent / name), None)


def _of_text(file: Path) -> Iterator[str]:
    """A name in each line, or a table with a column of names."""
    try:
        if is_photo_file(str(file)):
            raise _unreadable(file, "es una fotografía", "it is a photograph")
        with file.open(encoding="utf-8-sig", newline="", errors="surrogateescape") as opened:
            head = opened.readline()
            column, delimiter = next(
                ((cells.index(name), mark) for mark in ",;\t" for name in _COLUMNS
                 if name in (cells := [each.strip().strip('"').lower() for each in head.split(mark)])),
                (None, ""),
            )  # fmt: skip
            if column is None and file.suffix.lower() in _TABLES:
                raise _without_names(file)
            if column is None:
                opened.seek(0)
                yield from filter(None, (line.rstrip("\r\n") for line in opened))
            else:
                rows = csv.reader(opened, delimiter=delimiter)
                yield from (row[column] for row in rows if len(row) > column and row[column])
    except (ValueError, csv.Error) as error:
        raise _unreadable(file, error, error) from error


def _of_parquet(file: Path) -> Iterator[str]:
    pa = arrow()
    try:
        opened = pa.parquet.ParquetFile(file)
        names = opened.schema_arrow.names
        column = next((name for name in _COLUMNS if name in names), None)
        if column is None:
            raise _without_names(file)
        for batch in opened.iter_batches(_AT_ONCE, columns=[column]):
            yield from filter(None, batch.column(0).to_pylist())
    except (ValueError, pa.ArrowException) as error:
        raise _unreadable(file, error, error) from error


def _without_names(file: Path) -> DataRefused:
    names = ", ".join(_COLUMNS)
    return _unreadable(file, f"ninguna columna se llama {names}", f"none of its columns is called {names}")


def _unreadable(file: Path, es: object, en: object) -> DataRefused:
    return DataRefused(
        "manifest_unreadable",
        es=f"{file.name} no es un manifiesto que se pueda leer ({es}). Use texto con un nombre por línea, o un CSV o Parquet "
        "con una columna file.",
        en=f"{file.name} is not a readable manifest ({en}). Use text with one name per line, or a CSV or Parquet with "
        "a column called file.",
    )
