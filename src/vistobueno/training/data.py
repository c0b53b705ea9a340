"""Labelled photographs: where they are, what they show, and which of them may never be parted by a split."""

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import DataRefused
from ..verdict import Condition
from .labels import condition_in

OTHER = "other"
_ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif"}


@dataclass(frozen=True)
class LabelledPhoto:
    """One photograph of a data set.

    Attributes:
        label: class key, for example ``apple_unfit``; ``other`` for what is none of the products.
        group: photographs that show the same source picture share it; splits keep a group together.
        source: where it was taken (a camera, a place, a data set); figures are given for each.
        variant: what the source says of it beyond the label (may be empty). Of what is none of the products a first
            word such as ``rotten`` teaches what rot looks like, see `labels.condition_in`.
    """

    path: Path
    label: str
    group: str
    source: str
    variant: str = ""

    @property
    def condition(self) -> Condition | None:
        """What condition it shows, of whatever it shows; None where nobody says."""
        if self.label == OTHER:
            return condition_in(self.variant)
        return "unfit" if self.label.endswith("_unfit") else "fit"

    @property
    def product(self) -> str:
        """What it shows, ``apple`` of ``apple_unfit``; empty for what is none of the products."""
        return self.label.rpartition("_")[0]


def read_photos(path: Path) -> list[LabelledPhoto]:
    """Read class folders, or a table with the columns ``file,label`` and, optionally, ``group,source,variant``.

    A table's file names are relative to its folder. In class folders a byte-identical copy shares its original's group,
    and the source is the folder's name.

    Raises:
        DataRefused: ``data_missing``, ``data_empty``, ``table_unreadable``, ``table_columns``, ``table_row`` or
            ``photo_missing``.
    """
    if path.is_dir() and (path / "photos.csv").is_file():
        path = path / "photos.csv"
    if path.is_dir():
        photos = _from_folders(path)
    elif path.is_file():
        photos = _from_table(path)
    else:
        raise DataRefused("data_missing", es=f"No existe: {path}. Indique una carpeta o una tabla CSV.",
                          en=f"There is no {path}. Name a folder or a CSV table.")  # fmt: skip
    if not photos:
        raise DataRefused(
            "data_empty",
            es=f"No hay fotografías en {path}. Ponga una carpeta por clase (apple_fit, apple_unfit, …) con sus fotos.",
            en=f"There are no photographs in {path}. Put one folder a class (apple_fit, apple_unfit, …) with its photos.",
        )
    return photos


def _from_folders(root: Path) -> list[LabelledPhoto]:
    shown = (file for file in sorted(root.glob("*/**/*")) if not file.name.startswith("."))  # ._x.jpg: a Mac's notes
    files = [file for file in shown if file.suffix.lower() in _ENDINGS and file.is_file()]
    return [
        LabelledPhoto(file, file.relative_to(root).parts[0], hashlib.sha256(file.read_bytes()).hexdigest(), root.name)
        for file in files
    ]


def _from_table(table: Path) -> list[LabelledPhoto]:
    try:
        rows = csv.DictReader(io.StringIO(table.read_text(encoding="utf-8-sig")))
        named, rows_read = set(rows.fieldnames or ()), list(rows)
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataRefused(
            "table_unreadable",
            es=f"{table.name} no es una tabla CSV en UTF-8. Indique una carpeta de fotos o una tabla con file y label.",
            en=f"{table.name} is not a CSV table in UTF-8. Name a folder of photos or a table with file and label.",
        ) from error
    missing = {"file", "label"} - named
    if missing:
        names = ", ".join(sorted(missing))
        raise DataRefused(
            "table_columns",
            es=f"A la tabla {table.name} le faltan columnas: {names}. Añádalas; las columnas se separan con comas.",
            en=f"The table {table.name} lacks columns: {names}. Add them; columns are separated by commas.",
        )
    photos = []
    for number, row in enumerate(rows_read, 1):
        if not row["file"] or not row["label"]:
            raise DataRefused(
                "table_row",
                es=f"A la fila {number} de {table.name} le falta el archivo o la clase. Complétela o quítela.",
                en=f"Row {number} of {table.name} lacks its file or its label. Complete or remove it.",
            )
        photos.append(
            LabelledPhoto(
                table.parent / row["file"],
                row["label"],
                row.get("group") or row["file"],
                row.get("source") or table.stem,
                row.get("variant") or "",
            )
        )
    for photo in photos:
        if not photo.path.is_file():
            raise DataRefused("photo_missing", es=f"La tabla nombra {photo.path}, que no existe. Corrija la tabla.",
                              en=f"The table names {photo.path}, which does not exist. Correct the table.")  # fmt: skip
    return photos


def fold_of_each(photos: Sequence[LabelledPhoto], folds: int, seed: int) -> NDArray[np.int64]:
    """Assign each photograph to one of ``folds`` folds: groups stay whole, each label and source is spread evenly.

    Returns:
        Fold numbers, shape (len(photos),).
    """
    members: dict[str, list[int]] = {}
    for index, photo in enumerate(photos):
        members.setdefault(photo.group, []).append(index)
    order = sorted(members)
    np.random.default_rng(seed).shuffle(order)
    sizes: dict[tuple[str, ...], NDArray[np.int64]] = {}
    result = np.zeros(len(photos), np.int64)
    for group in order:
        first = photos[members[group][0]]
        keys = [(first.source, first.label), (first.label,), ()]  # the first counts most
        own, of_label, of_all = (sizes.setdefault(key, np.zeros(folds, np.int64)) for key in keys)
        fold = int(np.lexsort((of_all, of_label, own))[0])
        for size in (own, of_label, of_all):
            size[fold] += len(members[group])
        result[members[group]] = fold
    return result


def conditions_of(photos: Sequence[LabelledPhoto]) -> NDArray[np.float32]:
    """What condition each shows, (N, 2): fit, unfit; zeros where nobody says."""
    return np.array([[photo.condition == "fit", photo.condition == "unfit"] for photo in photos], np.float32)


def products_told_apart(photos: Sequence[LabelledPhoto]) -> dict[str, set[str]]:
    """For each source, the products that it shows in both conditions."""
    seen = {(photo.source, photo.product, photo.condition) for photo in photos if photo.product}
    both = {
        (source, product) for source, product, _ in seen if {(source, product, c) for c in ("fit", "unfit")} <= seen
    }
    return {name: {product for source, product in both if source == name} for name in {p.source for p in photos}}


def data_digest(photos: Sequence[LabelledPhoto]) -> str:
    """SHA-256 over every label and every photograph's bytes, in the order of their hashes: the data's identity."""
    lines = sorted(f"{hashlib.sha256(photo.path.read_bytes()).hexdigest()} {photo.label}" for photo in photos)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
