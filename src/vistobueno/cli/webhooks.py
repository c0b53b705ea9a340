"""`vistobueno webhook …`: which programs are told what happens, from the machine that the station runs on."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from ..core.errors import VistoBuenoError
from ..i18n import say, user_language
from .accounts import Language

if TYPE_CHECKING:
    from ..services.webhooks import Webhooks

webhook_app = typer.Typer(
    no_args_is_help=True, help="Programs that are told what happens: add, try, rotate, send again."
)
Number = Annotated[int, typer.Argument(min=1, max=2**53, help="The webhook's number.")]


class NotTaken(VistoBuenoError):
    """A receiver did not take a test message."""


@webhook_app.command("add")
def add(
    url: Annotated[str, typer.Argument(help="Its receiving address, https://…")],
    event: Annotated[
        list[str], typer.Option(help="An event it is told of, such as lot.decided; may be repeated.")
    ] = [],  # noqa: B006
    language: Language = "",
) -> None:
    """Notify a program from now on; its secret goes to standard output, only this once."""
    from ..core.inspection import SYSTEM

    spoken = language or user_language()
    with _opened() as webhooks:
        added, secret, _ = webhooks.add(url, event, SYSTEM)
    print(say(spoken, "webhook_added", number=added.id, url=added.url), file=sys.stderr)
    print(secret)


@webhook_app.command("list")
def list_(language: Language = "") -> None:
    """List all webhooks, with how much is waiting for each and how much could not be delivered."""
    spoken = language or user_language()
    with _opened() as webhooks:
        rows = [
            (
                str(each.id),
                each.url,
                " ".join(each.events) or say(spoken, "webhook_all_events"),
                str(each.waiting),
                str(each.dead),
                _moment(each.delivered_at),
                say(spoken, "webhook_stopped" if each.stopped_at else "webhook_works"),
            )
            for each in webhooks.all()
        ]
    _table(("number", "url", "events", "waiting", "dead", "last", "state"), rows, spoken)


@webhook_app.command("remove")
def remove(number: Number, language: Language = "") -> None:
    """Remove a webhook; waiting messages and its dead letters are lost."""
    from ..core.inspection import SYSTEM

    with _opened() as webhooks:
        webhooks.remove(number, SYSTEM)
    print(say(language or user_language(), "webhook_removed", number=number))


@webhook_app.command("rotate")
def rotate(
    number: Number,
    hours: Annotated[
        int, typer.Option(min=0, max=720, help="Hours that the old secret also signs; 0 if it leaked.")
    ] = 24,
    language: Language = "",
) -> None:
    """Create a new secret; it goes to standard output, only this once."""
    from ..core.inspection import SYSTEM

    overlap = timedelta(hours=hours)
    with _opened() as webhooks:
        secret = webhooks.rotate(number, SYSTEM, overlap)
    until = _moment(datetime.now(UTC) + overlap)
    print(say(language or user_language(), "webhook_rotated", number=number, until=until), file=sys.stderr)
    print(secret)


@webhook_app.command("dead")
def dead(
    number: Annotated[int | None, typer.Argument(min=1, max=2**53, help="Only for this webhook.")] = None,
    language: Language = "",
) -> None:
    """List what could not be delivered, newest first."""
    from ..jobs.sending import told

    spoken = language or user_language()
    with _opened() as webhooks:
        rows = [
            (
                str(each.id),
                str(each.endpoint),
                each.type,
                _moment(each.at),
                str(each.attempts),
                told(each.problem, spoken),
            )
            for each in webhooks.dead(number)
        ]
    if rows:
        _table(("message", "number", "type", "at", "attempts", "problem"), rows, spoken)
    else:
        print(say(spoken, "webhook_none_dead"))


@webhook_app.command("replay")
def replay(
    number: Number,
    message: Annotated[int | None, typer.Option(min=1, max=2**53, help="Only this dead letter.")] = None,
    language: Language = "",
) -> None:
    """Send its dead letters again, and resume it if it was stopped. A running station sends them."""
    from ..core.inspection import SYSTEM

    with _opened() as webhooks:
        count = webhooks.replay(number, SYSTEM, message)
    print(say(language or user_language(), "webhook_replayed", count=count))


@webhook_app.command("test")
def try_(number: Number, language: Language = "") -> None:
    """Send it an empty test message from this machine, now."""
    from ..jobs.delivery import try_out
    from ..jobs.sending import told

    with _opened() as webhooks:
        problem = try_out(webhooks, number).problem
    if problem:
        es, en = (say(each, "ui_webhooks_not_taken", problem=told(problem, each)) for each in ("es", "en"))
        raise NotTaken("webhook_not_taken", es=es, en=en)
    print(say(language or user_language(), "webhook_taken"))


@contextmanager
def _opened() -> "Iterator[Webhooks]":
    """The station's webhooks, without its model: a running station sees every change at once."""
    from ..services import open_records
    from ..services.webhooks import Webhooks
    from ..settings import read_settings

    settings = read_settings()
    engine, _ = open_records(settings)
    try:
        yield Webhooks(engine, settings)
    finally:
        engine.dispose()


def _table(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]], language: str) -> None:
    from .people import show, table_of

    show(table_of([f"webhook_{each}" for each in headings], rows, language))


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "—"
