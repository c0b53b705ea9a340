"""What takes untrusted files: photographs, ZIPs of them, model bundles, models to be packed."""

import hashlib
import io
import json
import struct
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from mutate import as_text, damaged, other_value

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Target:
    """One door: how its inputs are made, who reads them, and what one may cost: megabytes and seconds of a core.

    Attributes:
        needs: a module without which the door does not exist.
    """

    make: Callable[[Random], bytes]
    read: Callable[[bytes, Path], None]
    megabytes: int
    seconds: int
    needs: str = ""


@cache
def photographs() -> tuple[bytes, ...]:
    """Good ones of every kind, those of the tests."""
    sys.path.insert(0, str(ROOT / "tests"))
    from broken_photos import READABLE, animated, heic_album, turned_by_the_camera

    return (*READABLE.values(), animated("WEBP"), animated("PNG"), timeless(animated("AVIF")), heic_album(1),
            *(turned_by_the_camera(6, form) for form in ("JPEG", "PNG", "WEBP", "HEIF", "AVIF")))  # fmt: skip


def timeless(film: bytes) -> bytes:
    """An AVIF with frames, without the time at which it was made: 64 bits each for making and changing."""
    data = bytearray(film)
    for kind in (b"mvhd", b"tkhd", b"mdhd"):
        place = data.index(kind) + 8
        data[place : place + 16] = bytes(16)
    return bytes(data)


def make_photograph(rng: Random) -> bytes:
    data = damaged(rng.choice(photographs()), photographs(), rng)
    return with_checksums(data) if rng.random() < 0.7 else data


def with_checksums(data: bytes) -> bytes:
    """A damaged PNG whose chunks all have the right checksum, so that what is in them is read; other files as they are."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    parts, place = [data[:8]], 8
    while place + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        content = data[place + 4 : place + 8 + length]
        parts += [data[place : place + 4], content, struct.pack(">I", zlib.crc32(content))]
        place += length + 12
    return b"".join(parts)


def read_photograph(data: bytes, folder: Path) -> None:
    from vistobueno.core.photo import Limits, open_photo

    open_photo(data, Limits(min_side=16)).pixels  # noqa: B018 they are made when asked for


def make_zip(rng: Random) -> bytes:
    out = io.BytesIO()
    methods = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    names = (
        "a.jpg",
        "b/c.png",
        "../d.webp",
        "\u00f1.heic",
        "e\\f.avif",
        "__MACOSX/._a.jpg",
        "g/",
        ".h",
        "i" * 300,
        "a.jpg",
    )
    with zipfile.ZipFile(out, "w") as archive:
        for _ in range(rng.randrange(1, 4)):
            small = [each for each in photographs() if len(each) < 60_000]
            archive.writestr(zipfile.ZipInfo(rng.choice(names)), rng.choice(small), rng.choice(methods))
    data = out.getvalue()
    return tail_damaged(data, rng) if rng.random() < 0.8 else data


def tail_damaged(data: bytes, rng: Random) -> bytes:
    """Damaged anywhere, or in the list at the end, on which everything depends."""
    if rng.random() < 0.4:
        return damaged(data, [data], rng)
    start = max(0, len(data) - 400)
    return data[:start] + damaged(data[start:], [data], rng)


def read_zip(data: bytes, folder: Path) -> None:
    from vistobueno.core.photo import open_photo
    from vistobueno.services.batch import inspect_entries

    def inspect(photo: bytes, name: str, place: int) -> Any:
        return open_photo(photo)

    for _ in inspect_entries(io.BytesIO(data), inspect, 1, lambda judged, *_: judged):
        pass


@cache
def bundle() -> dict[str, bytes]:
    """The files of a bundle, whole but for its network: reading does not run it."""
    import numpy as np

    from vistobueno.core.classes import ClassInfo
    from vistobueno.core.commissioning import Calibration
    from vistobueno.core.input import InputSpec
    from vistobueno.core.policy import Near, Policy, Scope
    from vistobueno.model.bundle import CALIBRATION, GOLDEN, MEMORY, MODEL_H5, MODEL_TFLITE, write_bundle
    from vistobueno.model.calibrated import to_bytes
    from vistobueno.model.memory import Memory

    rng = np.random.default_rng(0)

    def drawn(*shape: int) -> Any:
        return rng.normal(0, 1, shape).astype(np.float32)

    scope = Scope(drawn(3), 0.5, Near(drawn(8), drawn(8, 4), drawn(3, 4), drawn(4), drawn(4)))
    rows = np.arange(6)
    memory = Memory(drawn(6, 8), rows % 3, rows % 2, ("belt", "stall"), rows, np.ones(6, np.float32))
    network = hashlib.sha256(b"tflite").hexdigest()
    calibration = Calibration(network, Policy(scope=Scope(drawn(3), 0.5)), drawn(8, 3), drawn(3), {"line": "belt"})
    classes = (
        ClassInfo("apple_fit", "apple", "fit"),
        ClassInfo("apple_unfit", "apple", "unfit"),
        ClassInfo("other", None, None),
    )
    with tempfile.TemporaryDirectory() as folder:
        written = write_bundle(
            Path(folder) / "bundle",
            {MODEL_H5: b"h5", MODEL_TFLITE: b"tflite", GOLDEN: b"golden", MEMORY: memory.content(),
             CALIBRATION: to_bytes(calibration)},
            name="small", version="1", created="2026-01-01", input=InputSpec(64, 64), classes=classes,
            policy=Policy(scope=scope), labels_proved=True, training={}, metrics={}, origin={},
        )  # fmt: skip
        return {name: (written.path / name).read_bytes() for name in (*written.files, "bundle.json")}


def make_bundle(rng: Random) -> bytes:
    files = dict(bundle())
    described = json.loads(files["bundle.json"])
    for name in ("scope.npz", "memory.npz", "calibration.npz"):
        if rng.random() < 0.3:
            files[name] = damaged_arrays(files[name], rng)
    described["files"] = {name: hashlib.sha256(files[name]).hexdigest() for name in described["files"]}
    for _ in range(rng.randrange(3)):
        described = other_value(described, rng)
    files["bundle.json"] = as_text(described, rng)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return tail_damaged(out.getvalue(), rng) if rng.random() < 0.2 else out.getvalue()


def damaged_arrays(data: bytes, rng: Random) -> bytes:
    """A .npz with one array damaged within, its head above all; or damaged as a ZIP."""
    if rng.random() < 0.3:
        return tail_damaged(data, rng)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        arrays = {name: archive.read(name) for name in archive.namelist()}
    chosen = rng.choice(list(arrays))
    arrays[chosen] = rng.choice((damaged, declared))(arrays[chosen], list(arrays.values()), rng)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in arrays.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


def declared(data: bytes, others: Any, rng: Random) -> bytes:
    """A .npy that declares another shape or kind."""
    shape = rng.choice(
        ("(8,)", "()", "(100000, 100000)", "(2147483648,)", "(-1,)", "(0,)", "(1,) * 99", "8", "'a'", "(1e9,)")
    )
    kind = rng.choice(("<f4", "|O", "|S1", "<M8[s]", "<c16", "|V4000000000", "<U99999999", "nonsense", "[('a','<f4')]"))
    head = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    head += b" " * (-(len(head) + 11) % 64) + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(head)) + head + data[128:]


def read_bundle(data: bytes, folder: Path) -> None:
    from vistobueno.model.bundle import read_bundle as read
    from vistobueno.model.calibrated import calibration_of
    from vistobueno.model.memory import Memory

    path = folder / "bundle.zip"
    path.write_bytes(data)
    found = read(path)
    Memory.read(found)
    calibration_of(found)


@cache
def models() -> tuple[bytes, ...]:
    """Small models of Keras 2 and 3, as .h5 and as .keras."""
    import keras
    import tf_keras

    files = []
    for library in (tf_keras, keras):
        layers = library.layers
        network = library.Sequential(
            [layers.Input((32, 32, 3)), layers.Rescaling(1 / 255), layers.Conv2D(4, 3, activation="relu"),
             layers.GlobalAveragePooling2D(), layers.Dense(3, activation="softmax")]
        )  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            for path in (Path(folder) / "m.h5", Path(folder) / "m.keras"):
                network.save(path)
                files.append(path.read_bytes())
    return tuple(files)


def make_model(rng: Random) -> bytes:
    """A description that was changed, in a file that is otherwise whole; or a damaged file."""
    import h5py

    data = rng.choice(models())
    if rng.random() < 0.2:
        return damaged(data, models(), rng)
    out = io.BytesIO(data)
    if data.startswith(b"PK"):
        with zipfile.ZipFile(out) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        files["config.json"] = changed_text(files["config.json"], rng)
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for name, content in files.items():
                archive.writestr(zipfile.ZipInfo(name), content)
    else:
        with h5py.File(out, "r+") as file:
            file.attrs["model_config"] = changed_text(file.attrs["model_config"], rng)
    return out.getvalue()


def changed_text(text: str | bytes, rng: Random) -> bytes:
    described = json.loads(text)
    for _ in range(rng.randrange(1, 4)):
        described = other_value(described, rng)
    return as_text(described, rng)[:60_000]  # an attribute of HDF5 holds no more


def read_model(data: bytes, folder: Path) -> None:
    from vistobueno.training.importing.foreign import load_foreign
    from vistobueno.training.importing.foreign_file import read_foreign

    path, work = folder / ("model.keras" if data.startswith(b"PK") else "model.h5"), folder / "work"
    path.write_bytes(data)
    work.mkdir(exist_ok=True)
    load_foreign(read_foreign(path), work)


TARGETS = {
    "photographs": Target(make_photograph, read_photograph, megabytes=200, seconds=3),
    "zips": Target(make_zip, read_zip, megabytes=300, seconds=10),
    "bundles": Target(make_bundle, read_bundle, megabytes=300, seconds=5),
    "models": Target(make_model, read_model, megabytes=1_000, seconds=60, needs="tensorflow"),
}
