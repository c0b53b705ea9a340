"""`Accounts`: all that pages, API and command line ask about people, sessions, keys and the audit log."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from ..core.clock import Clock, utc_now
from ..core.inspection import SYSTEM, Actor, Page
from ..i18n import LANGUAGES
from ..settings import SettingRefused, Settings
from ..store.database import reading, writing
from ..store.schema import people, sessions
from . import audit_log, directory, keys, links
from . import sessions as kept
from .authentication import Authentication
from .directory import Person
from .errors import AccessRefused, access_refused, password_refused
from .identity import Identity
from .keys import ApiKey
from .links import Invitation
from .passwords import Passwords, broken_rules
from .sessions import Session
from .tokens import secret_key, signer

By = Actor | Identity | Person
"""Who does it: as it is written down, as the guard found out, or as the command line names them."""


class _Part:
    """What every part works with."""

    def __init__(self, engine: Engine, settings: Settings, passwords: Passwords, clock: Clock) -> None:
        self._engine, self._settings, self._passwords, self._clock = engine, settings, passwords, clock


class People(_Part):
    """The people of a station. Every change is in the audit log, in the same transaction."""

    def all(self) -> tuple[Person, ...]:
        """All people, by name."""
        with reading(self._engine) as connection:
            return directory.everyone(connection)

    def by_email(self, email: str) -> Person:
        """The person with this address.

        Raises:
            AccessRefused: ``person_unknown`` or ``email_invalid``.
        """
        plain = directory.plain_email(email)
        with reading(self._engine) as connection:
            row = directory.row_of(connection, people.c.email == plain)
            return directory.person(connection, row.id if row is not None else 0)

    def add(self, email: str, name: str, role: str, by: By, *, password: str, language: str | None = None) -> Person:
        """A new person with a password: for the command line and the first admin; others are invited."""
        if broken := broken_rules(password, email, name):
            raise password_refused(broken)
        secret = self._passwords.hash(password)
        with writing(self._engine) as connection:
            number = directory.add(
                connection, self._clock(), email, name, role,
                language if language in LANGUAGES else self._settings.default_language,
                password_hash=secret,
            )  # fmt: skip
            person = directory.person(connection, number)
            links.end_invitation(connection, self._clock(), person.email)
            audit_log.write(connection, self._clock(), _actor(by), "person_added", person.email, role=role)
            return person

    def invite(self, email: str, name: str, role: str, by: By, base_url: str = "") -> str:
        """A link with which a new person sets their password."""
        email, name = directory.plain_email(email), directory.plain_name(name)
        directory.check_role(role)
        with writing(self._engine) as connection:
            if directory.row_of(connection, people.c.email == email) is not None:
                raise access_refused("email_taken")
            token = links.make(connection, self._clock(), "invite", email=email, name=name, role=role)
            audit_log.write(connection, self._clock(), _actor(by), "invited", email, role=role)
        return link_address(base_url or self._settings.public_url, token)

    def invitations(self) -> tuple[Invitation, ...]:
        """The invitations that still open, the newest first."""
        with reading(self._engine) as connection:
            return links.invitations(connection, self._clock())

    def revoke_invitation(self, email: str, by: By) -> None:
        """Its link opens no more, nor does the invitation let anybody in by the identity provider.

        Raises:
            AccessRefused: ``invitation_unknown`` or ``email_invalid``.
        """
        email = directory.plain_email(email)
        with writing(self._engine) as connection:
            if not links.end_invitation(connection, self._clock(), email):
                raise access_refused("invitation_unknown", email=email)
            audit_log.write(connection, self._clock(), _actor(by), "invitation_revoked", email)

    def reset_link(self, person_id: int, by: By, base_url: str = "") -> str:
        """A link with which a person sets a new password."""
        with writing(self._engine) as connection:
            person = directory.person(connection, person_id)
            token = links.make(connection, self._clock(), "reset", person_id=person_id)
            audit_log.write(connection, self._clock(), _actor(by), "reset_link_made", person.email)
        return link_address(base_url or self._settings.public_url, token)

    def set_role(self, person_id: int, role: str, by: By) -> None:
        """Another role, at once also in the sessions that are open."""
        directory.check_role(role)
        with writing(self._engine) as connection:
            person = directory.person(connection, person_id)
            if role != "admin":
                directory.keep_an_admin(connection, person_id)
            directory.change(connection, person_id, role=role)
            audit_log.write(
                connection, self._clock(), _actor(by), "role_changed", person.email, before=person.role, after=role
            )

    def disable(self, person_id: int, by: By) -> None:
        """Out at once: sessions end, keys and links of theirs open nothing."""
        with writing(self._engine) as connection:
            person = directory.person(connection, person_id)
            directory.keep_an_admin(connection, person_id)
            directory.change(connection, person_id, disabled_at=self._clock())
            kept.end(connection, self._clock(), sessions.c.person_id == person_id)
            audit_log.write(connection, self._clock(), _actor(by), "person_disabled", person.email)

    def enable(self, person_id: int, by: By) -> None:
        """In again; they sign in anew."""
        with writing(self._engine) as connection:
            person = directory.person(connection, person_id)
            directory.change(connection, person_id, disabled_at=None)
            audit_log.write(connection, self._clock(), _actor(by), "person_enabled", person.email)

    def set_language(self, whose: By, language: str) -> None:
        """The language of a person's pages."""
        person_id = _actor(whose).id
        if language in LANGUAGES and person_id is not None:
            with writing(self._engine) as connection:
                directory.change(connection, person_id, language=language)

    def first_admin_link(self, base_url: str) -> str | None:
        """A link that makes the first admin, once; None where there is an admin, or ADMIN_EMAIL just became one."""
        with reading(self._engine) as connection:
            if directory.has_admin(connection):
                return None
        email, password = self._settings.admin_email, self._settings.admin_password
        if email and password:
            try:
                self.add(email, email.partition("@")[0], "admin", SYSTEM, password=password)
            except AccessRefused as error:
                raise SettingRefused(
                    "setting_invalid",
                    es=f"ADMIN_EMAIL y ADMIN_PASSWORD no se pueden usar. Cámbielas. {error.es}",
                    en=f"ADMIN_EMAIL and ADMIN_PASSWORD cannot be used. Change them. {error.en}",
                ) from error
            return None
        with writing(self._engine) as connection:
            token = links.make(
                connection, self._clock(), "first_admin", email=directory.plain_email(email) if email else None
            )
            audit_log.write(connection, self._clock(), SYSTEM, "first_admin_link_made", email or None)
        return link_address(base_url, token)


class Sessions(_Part):
    """The open sessions of people."""

    def of(self, person_id: int) -> tuple[Session, ...]:
        """A person's open sessions."""
        with reading(self._engine) as connection:
            return kept.of_person(connection, self._clock(), person_id)

    def end(self, session: str, by: By) -> None:
        """End one session by its public name."""
        with writing(self._engine) as connection:
            if kept.end(connection, self._clock(), sessions.c.token_hash == session):
                audit_log.write(connection, self._clock(), _actor(by), "session_ended", session[:12])

    def end_all(self, person_id: int, by: By = SYSTEM, but: str | None = None) -> int:
        """End all sessions of a person, or all but one; how many there were."""
        with writing(self._engine) as connection:
            person = directory.person(connection, person_id)
            others = [sessions.c.token_hash != but] if but else []
            ended = kept.end(connection, self._clock(), sessions.c.person_id == person_id, *others)
            audit_log.write(connection, self._clock(), _actor(by), "sessions_ended", person.email, count=ended)
            return ended


class Keys(_Part):
    """The keys of machines."""

    def make(
        self, name: str, scopes: Collection[str], by: By, expires: datetime | None = None, line: str | None = None
    ) -> tuple[ApiKey, str]:
        """A key for a machine and its secret, which is shown this once. It is the person's, and ends with them.

        Args:
            line: where its photographs belong when they do not say; None: to the default line.
        """
        actor = _actor(by)
        if actor.kind != "person" or actor.id is None:
            raise access_refused("person_unknown")
        with writing(self._engine) as connection:
            key, secret = keys.make(connection, self._clock(), name, scopes, actor.id, expires, line)
            told = {"prefix": key.prefix, "scopes": list(key.scopes), **({"line": line} if line else {})}
            audit_log.write(connection, self._clock(), actor, "key_made", key.name, **told)
        return key, secret

    def all(self) -> tuple[ApiKey, ...]:
        """All keys, the newest first."""
        with reading(self._engine) as connection:
            return keys.every(connection)

    def revoke(self, key_id: int, by: By) -> None:
        """Never again."""
        with writing(self._engine) as connection:
            key = keys.revoke(connection, self._clock(), key_id)
            audit_log.write(connection, self._clock(), _actor(by), "key_revoked", key.name, prefix=key.prefix)


class AuditLog(_Part):
    """Who did what to whom."""

    def write(self, actor: By, action: str, subject: str | None = None, **details: Any) -> None:
        """Write down what another room did."""
        with writing(self._engine) as connection:
            audit_log.write(connection, self._clock(), _actor(actor), action, subject, **details)

    def page(self, after: str | None = None, limit: int = 50) -> Page[audit_log.Event]:
        """The log, newest first."""
        with reading(self._engine) as connection:
            return audit_log.read(connection, after, limit)


class Accounts:
    """Who may come in, and what an admin changes about it: each part by its name."""

    def __init__(
        self, engine: Engine, settings: Settings, *, passwords: Passwords | None = None, clock: Clock = utc_now
    ) -> None:
        secret = secret_key(settings)
        self.forms = signer(secret, "form")
        self.settings, secrets = settings, passwords or Passwords()
        self.authentication = Authentication(engine, settings, signer(secret, "device"), secrets, clock)
        self.people = People(engine, settings, secrets, clock)
        self.sessions = Sessions(engine, settings, secrets, clock)
        self.keys = Keys(engine, settings, secrets, clock)
        self.audit_log = AuditLog(engine, settings, secrets, clock)


def link_address(base_url: str, token: str) -> str:
    """Where a one-time link leads."""
    return f"{base_url.rstrip('/')}/login/link/{token}"


def _actor(by: By) -> Actor:
    return by if isinstance(by, Actor) else by.actor if isinstance(by, Identity) else Actor("person", by.id, by.name)
