"""What is dear to import (TensorFlow takes seconds), imported when a test first uses it: collecting stays quick."""

import importlib
from typing import Any


class Later:
    """A module, or a name of it, that stands for itself until something is asked of it."""

    def __init__(self, module: str, name: str) -> None:
        vars(self).update(_module=module, _name=name)

    def _found(self) -> Any:
        module = importlib.import_module(self._module)
        return getattr(module, self._name) if self._name else module

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self._found()(*args, **options)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # pytest looks at whatever a module holds
            raise AttributeError(name)
        return getattr(self._found(), name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._found(), name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._found(), name)


def later(module: str, name: str = "") -> Any:
    """The module, or the function or class ``name`` of it; nothing is imported yet."""
    return Later(module, name)
