"""`vistobueno answers`: what people answered, as a data set."""

from datetime import UTC, datetime
from pathlib import Path

from ..i18n import counted, say
from ..services import open_records
from ..services.answers import Form, export_answers
from ..settings import Settings


def run_answers(
    settings: Settings,
    folder: Path,
    form: Form,
    line: str | None,
    since: datetime | None,
    until: datetime | None,
    language: str,
) -> None:
    """Write a station's answers, also while it runs, and say how many of each label there are. Moments are UTC."""
    first, last = (each.replace(tzinfo=UTC) if each else None for each in (since, until))
    engine, evidence = open_records(settings)
    try:
        done = export_answers(engine, evidence, folder, form, line=line, since=first, until=last)
    finally:
        engine.dispose()
    photographs = counted(language, "photographs", sum(done.labels.values()))
    print(say(language, "answers_written", folder=folder, photographs=photographs))
    for label, count in sorted(done.labels.items()):
        print(f"  {label}  {count}")
    if done.without_photograph:
        print(say(language, "answers_left_out", count=done.without_photograph))
    if form == "dataset":
        print(say(language, "answers_use", folder=folder))
