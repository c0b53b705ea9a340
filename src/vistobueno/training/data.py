"""Labelled photographs: where they are, what they show, and which of them may never be parted by a split."""

import csv
import hashlib
import io
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.classes import ClassInfo
from ..core.errors import DataRefused, PhotoRefused, VistoBuenoError
from ..core.folders import is_photo, lies_beside, search
from ..core.photo import Limits, open_photo
from ..core.verdict import Condition
from ..model.inspector import limits_for
from ..model.runtime import Model
from .labels import OTHER, class_key, condition_in, decoded, listed

_NEEDED = {"file", "label"}
_EXAMPLES = "banana_fit, rotten apples, manzana podrida, mango_unfit, other"
LIMITS = Limits(max_bytes=100_000_000, min_side=32)
"""What a photograph to learn from may be."""


def limits_as_served(model: Model) -> Limits:
    """The same, decoded as serving decodes it: what a memory and a line keep of a photograph can be compared."""
    return replace(limits_for(model), max_bytes=LIMITS.max_bytes, min_side=LIMITS.min_side)


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


@dataclass(frozen=True)
class DataSet:
    """Labelled photographs, and the files beside them that were passed over."""

    photos: list[LabelledPhoto]
    passed_over: tuple[str, ...] = ()


def read_data(path: Path, classes: Sequence[ClassInfo] = ()) -> DataSet:
    """Read class folders, or a table with the columns ``file,label`` and, optionally, ``group,source,variant``.

    A table's file names are relative to its folder. In class folders a byte-identical copy shares its original's group,
    and the source is the folder's name. What a label may be, `labels.class_key` says.

    Args:
        classes: of a model that the photographs are for; its own names for them are understood too.

    Raises:
        DataRefused: ``data_missing``, ``data_empty``, ``data_labels``, ``table_unreadable``, ``table_columns``,
            ``table_row`` or ``photo_missing``.
    """
    if path.is_dir() and (path / "photos.csv").is_file():
        path = path / "photos.csv"
    if path.is_dir():
        found = _from_folders(path)
    elif path.is_file():
        found = DataSet(_from_table(path))
    else:
        raise DataRefused("data_missing", es=f"No existe: {path}. Indique una carpeta o una tabla CSV.",
                          en=f"There is no {path}. Name a folder or a CSV table.")  # fmt: skip
    if not found.photos:
        raise DataRefused(
            "data_empty",
            es=f"No hay fotografías en {path}. Ponga una carpeta por clase (apple_fit, apple_unfit, …) con sus fotos.",
            en=f"There are no photographs in {path}. Put in one folder per class (apple_fit, apple_unfit, …) with its photos.",
        )
    keys = {label: class_key(label, classes) for label in {photo.label for photo in found.photos}}
    if unclear := sorted(label for label, key in keys.items() if key is None):
        known = ", ".join(each.key for each in classes) or _EXAMPLES
        raise DataRefused(
            "data_labels",
            es=f"No se entiende qué clase es {listed(unclear)}. Cámbielo por una como {known}.",
            en=f"It is not clear what class {listed(unclear)} is. Change it to one like {known}.",
        )
    return DataSet([replace(photo, label=keys[photo.label] or "") for photo in found.photos], found.passed_over)


def read_photos(path: Path) -> list[LabelledPhoto]:
    """The photographs of `read_data`."""
    return read_data(path).photos


def refuse_unknown(photos: Sequence[LabelledPhoto], classes: Sequence[ClassInfo]) -> None:
    """Refuse photographs of a class that a model does not know: nobody said that they are out of its distribution.

    Raises:
        DataRefused: ``data_classes_unknown``.
    """
    if unknown := sorted({photo.label for photo in photos} - {each.key for each in classes} - {OTHER}):
        known = ", ".join(each.key for each in classes)
        raise DataRefused(
            "data_classes_unknown",
            es=f"El modelo no conoce {listed(unknown)}; conoce {known}. Quite esas fotos, o etiquételas como other si "
            "deben contar como algo ajeno.",
            en=f"The model does not know {listed(unknown)}; it knows {known}. Take those photographs out, or label "
            "them other if they should count as out of distribution.",
        )


def readable(photos: Sequence[LabelledPhoto]) -> tuple[list[LabelledPhoto], dict[str, PhotoRefused]]:
    """Those that can be decoded, and why the others cannot, by path."""

    def refusal(photo: LabelledPhoto) -> PhotoRefused | None:
        try:
            open_photo(photo.path.read_bytes(), LIMITS)
        except PhotoRefused as error:
            return error
        return None

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        refusals = list(pool.map(refusal, photos))
    pairs = list(zip(photos, refusals, strict=True))
    refused = {str(photo.path): error for photo, error in pairs if error is not None}
    return [photo for photo, error in pairs if error is None], refused


def unreadable(refused: Mapping[str, VistoBuenoError]) -> DataRefused:
    """The error that lists every photograph that cannot be read."""
    es, en = (
        "".join(f"\n  {name}: {error.message(language)}" for name, error in refused.items())
        for language in ("es", "en")
    )
    return DataRefused(
        "photos_unreadable",
        es=f"Fotografías que no se pueden leer: {len(refused)}. Quítelas, o use --skip-unreadable para seguir sin ellas."
        f"{es}",
        en=f"Photographs that cannot be read: {len(refused)}. Take them out, or go on without them with --skip-unreadable."
        f"{en}",
    )


def _from_folders(root: Path) -> DataSet:
    photos, passed_over = [], []
    for top in sorted(root.iterdir()):
        aside = lies_beside(top.name)
        for file, is_one in search(str(top)) if top.is_dir() else [(str(top), False)]:
            if aside or not is_one:
                passed_over.append(file)
                continue
            path = Path(file)
            photos.append(LabelledPhoto(path, top.name, hashlib.sha256(path.read_bytes()).hexdigest(), root.name))
    return DataSet(photos, tuple(passed_over))


def _from_table(table: Path) -> list[LabelledPhoto]:
    rows = _rows(table)
    lacking = [str(number) for number, row in enumerate(rows, 1) if not row["file"] or not row["label"]]
    if lacking:
        raise DataRefused(
            "table_row",
            es=f"Hay filas de {table.name} sin archivo o sin clase: {listed(lacking)}. Complételas o quítelas.",
            en=f"{table.name} has rows without file or label: {listed(lacking)}. Complete or remove them.",
        )
    photos = [
        LabelledPhoto(
            _file_of(table, row["file"]),
            row["label"],
            row.get("group") or row["file"],
            row.get("source") or table.stem,
            row.get("variant") or "",
        )
        for row in rows
    ]
    if missing := [f"\n  {photo.path}" for photo in photos if not photo.path.is_file()]:
        raise DataRefused(
            "photo_missing",
            es=f"Fotos que {table.name} nombra y no existen: {len(missing)}. Corrija la tabla.{''.join(missing)}",
            en=f"Photos named in {table.name} that do not exist: {len(missing)}. Correct the table.{''.join(missing)}",
        )
    return photos


def _rows(table: Path) -> list[dict[str, str]]:
    """The rows that say something, by the names of their columns; commas, semicolons or tabs part them."""
    data = table.read_bytes()
    text = decoded(data)
    try:
        if is_photo(data) or "\0" in text:
            raise csv.Error("no text")
        text = re.sub(r"\Asep=.\r?\n", "", text)  # as Excel writes
        read = [_read_by(separator, text) for separator in ",;\t"]
    except csv.Error as error:
        raise DataRefused(
            "table_unreadable",
            es=f"{table.name} no es una tabla CSV. Indique una carpeta de fotos o una tabla con file y label.",
            en=f"{table.name} is not a CSV table. Name a folder of photos or a table with file and label.",
        ) from error
    columns, rows = max(read, key=lambda each: (set(each[0]) >= _NEEDED, len(each[0])))
    if missing := _NEEDED - set(columns):
        names = ", ".join(sorted(missing))
        raise DataRefused(
            "table_columns",
            es=f"A la tabla {table.name} le faltan columnas: {names}. Añádalas; se separan con comas, punto y coma o tabuladores.",
            en=f"The table {table.name} lacks columns: {names}. Add them; commas, semicolons or tabs separate columns.",
        )
    return [row for row in rows if any(row.values())]


def _read_by(separator: str, text: str) -> tuple[list[str], list[dict[str, str]]]:
    """Columns and rows of a table, blanks around what is in them left out."""
    lines = csv.reader(io.StringIO(text, newline=None), delimiter=separator, skipinitialspace=True)
    columns = [name.strip().lower() for name in next(lines, [])]
    empty = dict.fromkeys(columns, "")
    return columns, [empty | {name: each.strip() for name, each in zip(columns, line, strict=False)} for line in lines]


def _file_of(table: Path, name: str) -> Path:
    """The file that a table names, from its own folder; Windows parts folders by a backslash."""
    given = table.parent / name
    return given if given.is_file() else table.parent / name.replace("\\", "/")


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


def source_groups(photos: Sequence[LabelledPhoto], most: int) -> list[frozenset[str]]:
    """The sources parted into at most ``most`` groups of about as many photographs: each alone where there are few."""
    sizes = Counter(photo.source for photo in photos)
    parts: list[list[str]] = [[] for _ in range(min(most, len(sizes)))]
    for source in sorted(sizes, key=lambda name: (-sizes[name], name)):
        min(parts, key=lambda part: sum(sizes[each] for each in part)).append(source)
    return [frozenset(part) for part in parts]


def weights_of(photos: Sequence[LabelledPhoto], balance: float) -> NDArray[np.float64]:
    """How much each photograph counts, (N,), on average 1.

    What one source shows of one class counts as its number of groups to the power 1 − ``balance``, however many its
    photographs: a hundred frames of two apples teach what two apples can.

    Args:
        balance: 0: every group alike; 1: every class of every source alike.
    """
    strata = [(photo.source, photo.label) for photo in photos]
    groups = Counter(stratum for stratum, _ in {(s, photo.group) for s, photo in zip(strata, photos, strict=True)})
    sizes = Counter(strata)
    weights = np.array([groups[stratum] ** (1 - balance) / sizes[stratum] for stratum in strata])
    return np.asarray(weights / weights.mean(), np.float64)


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
