"""`vistobueno config`: every environment variable, the value in force, where it comes from, what it means."""

from collections.abc import Mapping
from dataclasses import Field, fields
from typing import TYPE_CHECKING, Any

from ..i18n import LANGUAGES, say
from ..settings import MASK, Settings, read_settings, without_secrets

if TYPE_CHECKING:
    from rich.table import Table


def run(environment: Mapping[str, str], markdown: bool, language: str) -> None:
    """Print the settings of ``environment``; as Markdown, the defaults, for the documents."""
    spoken = language if language in LANGUAGES else "es"
    if markdown:
        print("\n".join(markdown_lines(spoken)))
        return
    from rich.console import Console

    settings = read_settings(environment)
    check(settings)
    Console().print(_table(settings, environment, spoken))


def check(settings: Settings) -> None:
    """Refuse what a station would refuse at its start, before anything is opened.

    Raises:
        SettingRefused, ProxiesRefused
    """
    from ..store.address import read_address
    from ..web.middleware.proxies import parse

    if settings.database_url:
        read_address(settings.database_url)
    parse(settings.trusted_proxies)


def markdown_lines(language: str) -> list[str]:
    """The table of the documents: one line a variable, in the order of `Settings`."""
    head = [say(language, f"config_{name}") for name in ("variable", "default", "meaning")]
    lines = [f"| {' | '.join(head)} |", "| --- | --- | --- |"]
    for each in fields(Settings):
        choices = ", ".join(f"`{choice}`" for choice in each.metadata["choices"])
        meaning = each.metadata[language] + (f" ({choices})" if choices else "")
        default = _written(each.default)
        lines.append(
            f"| `{each.name.upper()}` | {f'`{default}`' if default else say(language, 'config_empty')} | {meaning} |"
        )
    return lines


def _table(settings: Settings, environment: Mapping[str, str], language: str) -> "Table":
    from rich.table import Column, Table
    from rich.text import Text

    table = Table(
        Column(say(language, "config_variable"), no_wrap=True),
        Column(say(language, "config_value"), overflow="fold"),
        say(language, "config_source"),
        say(language, "config_meaning"),
    )
    for each in fields(Settings):
        given = bool(environment.get(each.name.upper(), "").strip())
        source = say(language, "config_from_environment" if given else "config_by_default")
        table.add_row(each.name.upper(), Text(_shown(each, settings, language)), source, each.metadata[language])
    return table


def _shown(known: "Field[Any]", settings: Settings, language: str) -> str:
    value = _written(getattr(settings, known.name))
    if known.metadata["secret"] and value:
        return MASK
    return without_secrets(value) or say(language, "config_empty")


def _written(value: object) -> str:
    """A value as it is written into the environment."""
    return str(value).lower() if isinstance(value, bool) else str(value)
