"""The one tree of errors. A boundary (command line, web) translates an error once; rooms below only raise it."""

from functools import partial
from typing import Any


class VistoBuenoError(Exception):
    """Base of every error a user may meet.

    Attributes:
        code: stable, machine-readable name in snake_case, for example ``file_too_large``.
        es: one Spanish sentence that says what happened and what to do.
        en: the same in English.
    """

    def __init__(self, code: str, *, es: str, en: str) -> None:
        super().__init__(f"{code}: {en}")
        self.code = code
        self.es = es
        self.en = en

    def __reduce__(self) -> tuple[Any, ...]:
        """An error comes whole out of another process."""
        return partial(type(self), es=self.es, en=self.en), (self.code,)

    def message(self, language: str = "es") -> str:
        """The sentence in ``language`` (``es`` or ``en``; anything else gives Spanish)."""
        return self.en if language == "en" else self.es


class PhotoRefused(VistoBuenoError):
    """The bytes given are not a photograph that can be judged."""


class BundleRefused(VistoBuenoError):
    """A model bundle is damaged, incomplete, or does not give the answers it promised."""


class ModelRefused(VistoBuenoError):
    """A foreign model cannot become a bundle."""


class DownloadFailed(VistoBuenoError):
    """A model could not be fetched, or what came was not what was asked for."""


class DataRefused(VistoBuenoError):
    """A folder or table of photographs cannot be used, or has none."""
