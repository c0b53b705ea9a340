"""Storage: where inspections and photographs lie, how much there is, for how long, and how to keep a copy."""

from pathlib import Path

from markupsafe import Markup

from ..i18n import counted, say
from . import formats
from .hypertext import h, hypertext, join
from .pieces import facts
from .visit import Visit


def show(visit: Visit) -> None:
    """The part of the page."""
    hypertext(_page(visit), "storage")


def _page(visit: Visit) -> Markup:
    language, station = visit.language, visit.station
    settings, ready = station.settings, station.ready()
    newest = station.inspections.page(limit=1).items
    url = station.engine.url
    kind = "SQLite" if url.get_backend_name() == "sqlite" else "PostgreSQL"
    file = Path(url.database or settings.data_dir.resolve() / "vistobueno.sqlite")
    place = str(file) if kind == "SQLite" else f"{url.host or 'localhost'}/{url.database}"
    taken = _taken(file) if kind == "SQLite" else None
    days = settings.retention_days
    named: list[tuple[str, object]] = [
        (say(language, "ui_storage_database"), h("{0}<br><code>{1}</code>", kind, place)),
        (say(language, "ui_storage_evidence"), _evidence(visit)),
        (say(language, "ui_storage_inspections"), formats.number(newest[0].number if newest else 0, language)),
        (
            say(language, "ui_storage_retention"),
            say(language, "ui_storage_days", days=counted(language, "days", days))
            if days
            else say(language, "ui_storage_ever"),
        ),
    ]
    if taken is not None:
        named.insert(1, (say(language, "ui_storage_size"), formats.size(taken, language)))
    checks = join(
        h(
            '<li><div class="line two"><b>{0}</b><span class="chip {1}">{2}</span></div></li>',
            say(language, f"ui_check_{name}") if name in ("model", "database", "evidence") else name,
            "on" if good else "off",
            say(language, "ui_check_good" if good else "ui_check_bad"),
        )
        for name, good in ready.checks.items()
    )
    return h(
        '<div class="grid"><section><h2>{title}</h2>{facts}</section>'
        '<section><h2>{now}</h2><ul class="list">{checks}</ul></section></div>'
        "<section><h2>{backup}</h2><p>{hint}</p><pre>vistobueno backup visto-bueno.zip</pre></section>",
        title=say(language, "ui_part_storage"),
        facts=facts(named),
        now=say(language, "ui_storage_now"),
        checks=checks,
        backup=say(language, "ui_storage_backup"),
        hint=say(language, "ui_storage_hint"),
    )


def _evidence(visit: Visit) -> Markup:
    """Where the photographs are, how many and how large, as far as is known now."""
    language, place = visit.language, visit.station.evidence.place
    measured = visit.station.measuring.last()
    words = say(language, "ui_storage_measuring")
    if measured is not None:
        words = say(
            language,
            "ui_storage_taken",
            count=formats.number(measured.taken.photographs, language),
            size=formats.size(measured.taken.bytes, language),
            when=formats.lately(measured.at, visit.zone, language),
        )
    where = h("<code>{0}</code>", place) if place else h("{0}", say(language, "ui_storage_in_database"))
    return h("{0}<br>{1}", words, where)


def _taken(file: Path) -> int | None:
    """Bytes of a SQLite database with what is not yet merged into it."""
    parts = [each for each in (file, file.with_name(f"{file.name}-wal")) if each.is_file()]
    return sum(each.stat().st_size for each in parts) if parts else None
