"""Visto Bueno: visual quality control for perishable export produce.

from pathlib import Path

from vistobueno import inspect, load_model, open_photo

model = load_model()
verdict = inspect(open_photo(Path("apple.jpg").read_bytes()), model)
print(verdict.answer, verdict.reasons, verdict.probability_unfit)
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .core.errors import BundleRefused, DataRefused, DownloadFailed, ModelRefused, PhotoRefused, VistoBuenoError
    from .core.photo import Limits, Photo, open_photo
    from .core.verdict import Verdict
    from .model.inspector import inspect
    from .model.runtime import Model, load_model

from .core.version import __version__

_HOMES = {
    "load_model": "model.runtime",
    "Model": "model.runtime",
    "open_photo": "core.photo",
    "Photo": "core.photo",
    "Limits": "core.photo",
    "inspect": "model.inspector",
    "Verdict": "core.verdict",
    "VistoBuenoError": "core.errors",
    "PhotoRefused": "core.errors",
    "BundleRefused": "core.errors",
    "ModelRefused": "core.errors",
    "DownloadFailed": "core.errors",
    "DataRefused": "core.errors",
}

__all__ = [
    "BundleRefused",
    "DataRefused",
    "DownloadFailed",
    "Limits",
    "Model",
    "ModelRefused",
    "Photo",
    "PhotoRefused",
    "Verdict",
    "VistoBuenoError",
    "__version__",
    "inspect",
    "load_model",
    "open_photo",
]


def __getattr__(name: str) -> Any:
    """Import a room when its first name is asked for: ``import vistobueno`` alone costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'vistobueno' has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
