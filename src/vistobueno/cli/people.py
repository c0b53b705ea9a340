"""`vistobueno user …` and `key …`: people and keys from the machine that the station runs on."""

import getpass
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ..accounts.accounts import Accounts
from ..accounts.keys import ApiKey
from ..core.inspection import SYSTEM
from ..i18n import say
from ..services import open_records
from ..settings import Settings, read_settings

if TYPE_CHECKING:
    from rich.table import Table


@contextmanager
def opened(settings: Settings | None = None) -> Iterator[Accounts]:
    """The station's people and keys, without its model: a running station sees every change at once."""
    settings = settings or read_settings()
    engine, _ = open_records(settings)
    try:
        yield Accounts(engine, settings)
    finally:
        engine.dispose()


def user_add(email: str, name: str, role: str, invite: bool, language: str) -> None:
    """Add a person: with the password that standard input gives, or with a link to choose one."""
    with opened() as access:
        if invite:
            print(
                say(language, "user_link", link=access.people.invite(email, name, role, SYSTEM, _base(access.settings)))
            )
            return
        password = getpass.getpass(f"{say(language, 'entry_link_password')}: ") if sys.stdin.isatty() else _line()
        person = access.people.add(email, name, role, SYSTEM, password=password, language=language)
        print(say(language, "user_added", email=person.email, role=person.role))


def user_list(language: str) -> None:
    """Everyone, with role and state; those who are invited and have not come yet, too."""
    with opened() as access:
        rows = [
            (each.email, each.name, each.role, say(language, "user_disabled" if each.disabled_at else "user_active"))
            for each in access.people.all()
        ]
        rows += [
            (each.email, each.name, each.role, say(language, "user_invited", day=_day(each.expires_at)))
            for each in access.people.invitations()
        ]
    show(table_of(("user_email", "user_name", "user_role", "user_state"), rows, language))


def user_revoke_invitation(email: str, language: str) -> None:
    """End the invitation of somebody who has not come yet."""
    with opened() as access:
        access.people.revoke_invitation(email, SYSTEM)
    print(say(language, "user_invitation_revoked", email=email))


def user_role(email: str, role: str, language: str) -> None:
    """Change a person's role."""
    with opened() as access:
        access.people.set_role(access.people.by_email(email).id, role, SYSTEM)
    print(say(language, "user_role_set", email=email, role=role))


def user_disable(email: str, enable: bool, language: str) -> None:
    """Shut a person out at once, or let them in again."""
    with opened() as access:
        person = access.people.by_email(email)
        (access.people.enable if enable else access.people.disable)(person.id, SYSTEM)
    print(say(language, "user_let_in" if enable else "user_shut_out", email=email))


def user_reset_link(email: str, language: str) -> None:
    """A link with which a person chooses a new password."""
    with opened() as access:
        link = access.people.reset_link(access.people.by_email(email).id, SYSTEM, _base(access.settings))
    print(say(language, "user_link", link=link))


def key_add(name: str, scopes: Sequence[str], owner: str, days: int, line: str | None, language: str) -> None:
    """Make a key; its secret alone goes to standard output, so that a script can keep it."""
    with opened() as access:
        expires = datetime.now(UTC) + timedelta(days=days) if days else None
        key, secret = access.keys.make(name, scopes, access.people.by_email(owner), expires, line)
    print(say(language, "key_shown_once", name=key.name), file=sys.stderr)
    print(secret)


def key_list(language: str) -> None:
    """List all keys, without their secrets."""
    now = datetime.now(UTC)
    with opened() as access:
        rows = [
            (
                str(each.id), each.prefix, each.name, " ".join(each.scopes), _day(each.expires_at), _day(each.used_at),
                say(language, _state(each, now)),
            )
            for each in access.keys.all()
        ]  # fmt: skip
    headings = ("key_number", "key_prefix", "user_name", "key_scopes", "key_until", "key_used", "user_state")
    show(table_of(headings, rows, language))


def key_revoke(number: int, language: str) -> None:
    """Revoke a key."""
    with opened() as access:
        access.keys.revoke(number, SYSTEM)
    print(say(language, "key_revoked", number=number))


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked_at:
        return "key_revoked_state"
    return "key_ended_state" if key.expires_at and key.expires_at <= now else "user_active"


def _base(settings: Settings) -> str:
    return settings.public_url or f"http://localhost:{settings.port}"


def _line() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else "—"


def table_of(headings: Sequence[str], rows: Sequence[Sequence[str]], language: str) -> "Table":
    from rich.table import Column, Table
    from rich.text import Text

    table = Table(*(Column(say(language, each), overflow="fold") for each in headings))
    for row in rows:
        table.add_row(*(Text(each) for each in row))
    return table


def show(table: "Table") -> None:
    from rich.console import Console

    Console().print(table)
