"""Every environment variable, its default and its meaning."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from .errors import VistoBuenoError


class SettingRefused(VistoBuenoError):
    """An environment variable has a value that cannot be used."""


@dataclass(frozen=True)
class Settings:
    """The settings of one process. The variable's name is the field's in capitals.

    Attributes:
        model_path: folder or .zip of the model bundle; empty for the one that is shipped.
        model_url: where to download a bundle when ``model_path`` is empty (Google Drive, HTTPS, file, folder).
        model_sha256: SHA-256 that the download must have.
        runtime: ``litert`` serves; ``tensorflow`` compares.
    """

    model_path: str = ""
    model_url: str = ""
    model_sha256: str = ""
    runtime: str = "litert"


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings in ``environment`` (default: this process's).

    Raises:
        SettingRefused: ``setting_invalid``.
    """
    given = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    for each in fields(Settings):
        value = given.get(each.name.upper(), "").strip()
        if value:
            values[each.name] = value
    settings = Settings(**values)
    if settings.runtime not in ("litert", "tensorflow"):
        raise SettingRefused(
            "setting_invalid",
            es=f"RUNTIME={settings.runtime} no existe. Use litert o tensorflow.",
            en=f"RUNTIME={settings.runtime} does not exist. Use litert or tensorflow.",
        )
    return settings
