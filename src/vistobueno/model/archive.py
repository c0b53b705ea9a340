"""Archives: a bundle's .zip and its .npz arrays, the same bytes for the same content, and never more than was asked for."""

import lzma
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import BundleRefused

UNPACKING = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, ValueError)
"""What a damaged .zip or .npz raises."""
_LARGEST = 512 * 1024 * 1024  # bytes, unpacked


def npz_bytes(**arrays: Any) -> bytes:
    """The arrays as the bytes of an uncompressed .npz that are the same each time."""
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for key in sorted(arrays):
                with archive.open(zipfile.ZipInfo(f"{key}.npy"), "w") as member:
                    np.lib.format.write_array(member, np.asarray(arrays[key]), allow_pickle=False)
        file.seek(0)
        return file.read()


def write_zip(folder: Path, names: Sequence[str], target: Path) -> Path:
    """Write files of a folder as one .zip, whole or not at all; returns ``target``."""
    beside = target.with_name(f".{target.name}.part")
    try:
        with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in names:
                archive.writestr(zipfile.ZipInfo(name), (folder / name).read_bytes(), zipfile.ZIP_DEFLATED)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    return target


def unzipped(path: Path, names: Sequence[str]) -> Path:
    """Extract a .zip to a folder of its own, kept for this process: only ``names``, wherever in it they are.

    Raises:
        BundleRefused: ``bundle_damaged``.
    """
    holder = tempfile.TemporaryDirectory(prefix="vistobueno-model-")
    target = Path(holder.name)
    try:
        with zipfile.ZipFile(path) as archive:
            members = {Path(member.filename).name: member for member in archive.infolist() if not member.is_dir()}
            if sum(member.file_size for member in members.values()) > _LARGEST:
                raise zipfile.BadZipFile("larger than a model may be")
            for name in names:
                if name in members:
                    with archive.open(members[name]) as source, (target / name).open("wb") as copy:
                        shutil.copyfileobj(source, copy)
    except UNPACKING as error:
        holder.cleanup()
        raise BundleRefused(
            "bundle_damaged",
            es=f"{path.name} no es un .zip de modelo que se pueda leer ({error}). Descárguelo otra vez.",
            en=f"{path.name} is not a model .zip that can be read ({error}). Download it again.",
        ) from error
    _EXTRACTED.append(holder)
    return target


# Extracted bundles live as long as the process: the runtime maps their files. Removed at exit.
_EXTRACTED: list[tempfile.TemporaryDirectory[str]] = []
