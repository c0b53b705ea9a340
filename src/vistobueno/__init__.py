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
    from .errors import BundleRefused, DataRefused, DownloadFailed, ModelRefused, PhotoRefused, VistoBuenoError
    from .inspector import inspect
    from .model.runtime import Model, load_model
    from .photo import Limits, Photo, open_photo
    from .verdict import Verdict

__version__ = "0.1.0"

_HOMES = {
    "load_model": "model.runtime",
    "Model": "model.runtime",
    "open_photo": "photo",
    "Photo": "photo",
    "Limits": "photo",
    "inspect": "inspector",
    "Verdict": "verdict",
    "VistoBuenoError": "errors",
    "PhotoRefused": "errors",
    "BundleRefused": "errors",
    "ModelRefused": "errors",
    "DownloadFailed": "errors",
    "DataRefused": "errors",
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
