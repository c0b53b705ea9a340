from __future__ import annotations

import collections
import io
import os
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from later import later
from vistobueno.core.errors import DataRefused
from vistobueno.training.torch_file import read_torch_file

packaged_weights = later("vistobueno.training.backbone", "packaged_weights")

MAGIC = 0x1950A86A20F9469CFC6C
VALUES = np.arange(12, dtype="<f4")
Tensor = tuple[str, int, tuple[int, ...], tuple[int, ...]]  # storage key, offset, shape, stride


class _Global:
    """A name that pickles as the function it names, as in a file that PyTorch wrote, without PyTorch."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name


class _Storage:
    def __init__(self, key: str, size: int, kind: str) -> None:
        self.key, self.size, self.kind = key, size, kind


class _Call:
    def __init__(self, function: _Global, *arguments: Any) -> None:
        self.function, self.arguments = function, arguments


class _Writer(pickle._Pickler):  # the one in Python: it can be told how to write a global
    def persistent_id(self, obj: Any) -> Any:
        if isinstance(obj, _Storage):
            return ("storage", _Global("torch", obj.kind), obj.key, "cpu", obj.size, None)
        return None

    def save(self, obj: Any, save_persistent_id: bool = True) -> None:
        if isinstance(obj, _Global):
            self.write(b"c" + f"{obj.module}\n{obj.name}\n".encode())
        elif isinstance(obj, _Call):
            self.save(obj.function)
            self.save(obj.arguments)
            self.write(pickle.REDUCE)
        else:
            super().save(obj, save_persistent_id)


def pickled(value: Any) -> bytes:
    file = io.BytesIO()
    _Writer(file, 2).dump(value)
    return file.getvalue()


def torch_file(
    tensors: dict[str, Tensor] | Any,
    *,
    magic: Any = MAGIC,
    kind: str = "FloatStorage",
    size: int = 12,
    told: int = 12,
    content: bytes = VALUES.tobytes(),
) -> bytes:
    """A state dict as PyTorch before 1.6 wrote it, with one storage ``s``."""
    state = tensors
    if isinstance(tensors, dict):
        rebuild = _Global("torch._utils", "_rebuild_tensor_v2")
        state = {
            name: _Call(rebuild, _Storage(key, size, kind), offset, shape, stride, False, None)
            for name, (key, offset, shape, stride) in tensors.items()
        }
    parts = [pickled(magic), pickled(1001), pickled({"little_endian": True}), pickled(state), pickled(["s"])]
    return b"".join(parts) + struct.pack("<q", told) + content


WHOLE: dict[str, Tensor] = {
    "w": ("s", 0, (3, 4), (4, 1)),
    "turned": ("s", 0, (4, 3), (1, 4)),
    "b": ("s", 8, (4,), (1,)),
}


def read(content: bytes, folder: Path) -> dict[str, Any]:
    (folder / "weights.pth").write_bytes(content)
    return read_torch_file(folder / "weights.pth")


def test_tensors_are_read_with_their_shape_offset_and_stride(tmp_path: Path) -> None:
    state = read(torch_file(WHOLE), tmp_path)
    assert (state["w"] == VALUES.reshape(3, 4)).all()
    assert (state["turned"] == VALUES.reshape(3, 4).T).all()
    assert (state["b"] == VALUES[8:]).all()
    assert state["w"].dtype == np.float32


def test_whole_numbers_and_scalars_are_read(tmp_path: Path) -> None:
    counts = np.arange(12, dtype="<i8")
    file = torch_file({"n": ("s", 5, (), ())}, kind="LongStorage", content=counts.tobytes())
    assert read(file, tmp_path)["n"] == 5


def test_what_was_read_stays_when_the_file_goes(tmp_path: Path) -> None:
    state = read(torch_file(WHOLE), tmp_path)
    (tmp_path / "weights.pth").unlink()
    state["w"][0, 0] = 99
    assert state["turned"][0, 0] == 0, "each tensor has memory of its own"


DAMAGED: dict[str, bytes] = {
    "an empty file": b"",
    "a text": b"these are not weights\n",
    "a web page": b"<!DOCTYPE html><html><body>Not found</body></html>",
    "a zip, as PyTorch writes today": b"PK\x03\x04" + bytes(60),
    "another magic number": torch_file(WHOLE, magic=7),
    "a storage cut short": torch_file(WHOLE)[:-1],
    "a storage cut to one number": torch_file({"w": ("s", 0, (3, 4), (4, 1))}, content=VALUES.tobytes()[:4]),
    "no storages": torch_file(WHOLE)[: -48 - 8],
    "a storage of another length": torch_file(WHOLE, told=11),
    "a storage of a negative length": torch_file(WHOLE, size=-1, told=-1),
    "a storage larger than any memory": torch_file(WHOLE, size=2**62, told=2**62),
    "a tensor beyond its storage": torch_file({"w": ("s", 0, (4, 4), (4, 1))}),
    "a tensor that starts beyond its storage": torch_file({"w": ("s", 10, (3, 4), (4, 1))}),
    "a tensor that runs backwards out of its storage": torch_file({"w": ("s", 0, (3, 4), (-4, -1))}),
    "a tensor with a negative offset": torch_file({"w": ("s", -4, (4,), (1,))}),
    "a tensor whose strides do not fit its shape": torch_file({"w": ("s", 0, (3, 4), (4,))}),
    "a storage type that weights do not use": torch_file(WHOLE, kind="BoolStorage"),
    "a list, no state dict": torch_file(["no", "dict"]),
    "numbers, no tensors": torch_file(_Call(_Global("collections", "OrderedDict"), [("w", 3)])),
    "another storage than it lists": torch_file({"w": ("t", 0, (3, 4), (4, 1))}),
    "a storage without its description": torch_file(WHOLE).replace(b"storage", b"st\0rage", 1)[:200],
    "a type that is called": torch_file(_Call(_Global("torch", "FloatStorage"), 3)),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_file_is_refused(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(DataRefused) as refused:
        read(content, tmp_path)
    assert refused.value.code == "weights_unreadable"
    assert "Vuelva a instalar" in refused.value.es
    assert "Reinstall the package" in refused.value.en


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_a_truncated_file_is_refused_wherever_it_was_cut(share: float, tmp_path: Path) -> None:
    whole = torch_file(WHOLE)
    with pytest.raises(DataRefused, match="weights_unreadable"):
        read(whole[: int(len(whole) * share)], tmp_path)


class _Malicious:
    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.call


@pytest.mark.parametrize("place", [0, 1, 2, 3, 4], ids=["magic", "protocol", "system", "state dict", "storage keys"])
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_code_in_any_part_of_the_file_is_refused_and_never_run(place: int, protocol: int, tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    parts = [pickled(part) for part in (MAGIC, 1001, {}, {}, [])]
    parts[place] = pickle.dumps(_Malicious(os.mkdir, str(trace)), protocol)
    with pytest.raises(DataRefused) as refused:
        read(b"".join(parts), tmp_path)
    assert refused.value.code == "weights_unreadable"
    assert "mkdir" in refused.value.en, "it says what it was asked to call"
    assert not trace.exists()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("builtins", "eval"),
        ("builtins", "getattr"),
        ("torch", "load"),
        ("torch._utils", "_rebuild_tensor_v2.__globals__"),
        ("collections", "OrderedDict.__init__.__globals__"),
        ("collections", "namedtuple"),
    ],
)
def test_only_the_four_names_that_weights_need_are_resolved(module: str, name: str, tmp_path: Path) -> None:
    with pytest.raises(DataRefused, match=f"{module}.{name}"):
        read(torch_file(_Call(_Global(module, name))), tmp_path)


def test_an_ordered_dict_is_a_state_dict(tmp_path: Path) -> None:
    empty = torch_file(_Call(_Global("collections", "OrderedDict")))
    parts = pickled(MAGIC) + pickled(1001) + pickled({}) + pickled(_Call(_Global("collections", "OrderedDict")))
    assert read(parts + pickled([]), tmp_path) == collections.OrderedDict()
    with pytest.raises(DataRefused):
        read(empty, tmp_path)  # a storage that no tensor uses


@pytest.mark.parametrize("variant", [0, 1, 2])
def test_the_packaged_weights_are_read_as_torch_reads_them(variant: int) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed: nothing to compare the reader with")
    path = packaged_weights(variant)
    expected = torch.load(path, map_location="cpu", weights_only=True)
    state = read_torch_file(path)
    assert list(state) == list(expected)
    for name, tensor in expected.items():
        assert state[name].dtype == tensor.numpy().dtype
        assert np.array_equal(state[name], tensor.numpy()), name


def test_a_state_dict_that_torch_saves_today_in_the_old_format_is_read(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed: nothing writes the file")
    whole = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    state = {"whole": whole, "window": whole[1:3, 2:5], "turned": whole.T, "steps": torch.tensor(9)}
    torch.save(state, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    read_back = read_torch_file(tmp_path / "old.pth")
    for name, tensor in state.items():
        assert np.array_equal(read_back[name], tensor.numpy()), name
