"""Ways in: e-mail and password, one-time links, an identity provider, a key; and the way out."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from itsdangerous import Signer
from sqlalchemy import Connection, Engine

from ..core.clock import Clock
from ..core.inspection import SYSTEM, Actor
from ..settings import Settings
from ..store.database import reading, writing
from ..store.schema import people, sessions
from . import audit_log, directory, keys, links, throttle
from . import sessions as kept
from .errors import access_refused, link_refused, password_refused, sign_in_refused
from .identity import Identity
from .passwords import LONGEST, Passwords, broken_rules
from .throttle import Count
from .tokens import hashed, new_token

_TRIES = 4 * LONGEST  # characters of a password that are looked at; no more is ever hashed


@dataclass(frozen=True)
class Subject:
    """What an identity provider says of a person, once it is believed."""

    issuer: str
    subject: str
    email: str
    name: str


def shown(text: str) -> str:
    """Untrusted text as every database takes it: what cannot be printed is a question mark."""
    return text if text.isprintable() else "".join(each if each.isprintable() else "?" for each in text)


class Authentication:
    """Lets people and machines in. All state is the database's, so that several processes are one door."""

    def __init__(self, engine: Engine, settings: Settings, devices: Signer, passwords: Passwords, clock: Clock) -> None:
        self._engine, self._settings, self._devices = engine, settings, devices
        self._passwords, self._clock = passwords, clock
        self._lasts = timedelta(hours=max(1, settings.session_hours))

    def sign_in(
        self, email: str, password: str, address: str, agent: str = "", *, device: str = "", replaces: str = ""
    ) -> tuple[str, Identity]:
        """Let a person in; the token is for their browser.

        Args:
            device: the mark of a browser that signed in before (see `device_mark`).
            replaces: the token that the browser holds already; that session ends.

        Raises:
            SignInRefused, Throttled
        """
        tried = shown(email.strip().lower()[:320])
        counts = throttle.counts_of_sign_in(tried, address, self._device(tried, device))
        with reading(self._engine) as connection:
            throttle.check(connection, self._clock(), counts)
            row = directory.row_of(connection, people.c.email == tried)
        known = row.password_hash if row is not None else None
        right = self._passwords.match(known, password[:_TRIES])
        if row is None or not right or row.disabled_at is not None:
            self._failed(counts, "sign_in_failed", tried)
            raise sign_in_refused()
        better = self._passwords.hash(password) if self._passwords.outgrown(row.password_hash) else None
        with writing(self._engine) as connection:
            if not directory.is_as_it_was(connection, row):  # a new password, or the door, while this one was compared
                raise sign_in_refused()
            now = self._clock()
            throttle.check(connection, now, counts)  # others may have failed meanwhile, who asked at the same time
            if better:
                directory.change(connection, row.id, password_hash=better)
            throttle.passed(connection, counts)
            return self._begin(connection, now, row.id, address, agent, "signed_in", "password", replaces)

    def identify_session(self, token: str, *, seen: bool = True) -> Identity | None:
        """Who holds the token of an open session; ``seen`` counts this as use of it."""
        if not token or len(token) > 200:
            return None
        with reading(self._engine) as connection:
            found = kept.find(connection, self._clock(), token)
        if found is None:
            return None
        identity, due = found
        if seen and due and identity.session:
            with writing(self._engine) as connection:
                kept.seen(connection, self._clock(), identity.session)
        return identity

    def identify_key(self, token: str, address: str = "") -> Identity | None:
        """Who a key speaks for. A right one opens whatever its neighbours at this address do.

        Raises:
            Throttled: too many wrong keys from this address.
        """
        with reading(self._engine) as connection:
            found = keys.find(connection, self._clock(), token[:200])
        if found is None:
            self._wrong_token(address, "key_refused")
            return None
        identity, due = found
        if due and identity.actor.id is not None:
            with writing(self._engine) as connection:
                keys.used(connection, self._clock(), identity.actor.id)
        return identity

    def sign_out(self, token: str) -> None:
        """End the session of this token; a token that opens nothing does no harm."""
        identity = self.identify_session(token, seen=False)
        if identity is None:
            return
        with writing(self._engine) as connection:
            kept.end(connection, self._clock(), sessions.c.token_hash == identity.session)
            audit_log.write(connection, self._clock(), identity.actor, "signed_out", identity.email)

    def change_password(self, identity: Identity, old: str, new: str, address: str = "") -> None:
        """Change one's own password; every other session ends.

        Raises:
            SignInRefused: the old one is wrong. PasswordRefused, Throttled.
        """
        email = identity.email or ""
        counts = throttle.counts_of_sign_in(email, address, f"session {identity.session}")
        with reading(self._engine) as connection:
            throttle.check(connection, self._clock(), counts)
            row = directory.row_of(connection, people.c.id == identity.actor.id)
        if row is None or not self._passwords.match(row.password_hash, old[:_TRIES]):
            self._failed(counts, "password_change_failed", email)
            raise sign_in_refused()
        self._check_rules(new, row.email, row.name)
        secret = self._passwords.hash(new)
        with writing(self._engine) as connection:
            if not directory.is_as_it_was(connection, row):
                raise sign_in_refused()
            now = self._clock()
            directory.change(connection, row.id, password_hash=secret, password_changed_at=now)
            kept.end(connection, now, sessions.c.person_id == row.id, sessions.c.token_hash != identity.session)
            throttle.passed(connection, counts)
            audit_log.write(connection, now, identity.actor, "password_changed", row.email)

    def link(self, token: str, address: str = "") -> links.Link:
        """What a one-time link is for.

        Raises:
            LinkRefused, Throttled
        """
        with reading(self._engine) as connection:
            found = links.find(connection, self._clock(), token[:200])
        if found is None:
            self._wrong_token(address, "link_refused")
            raise link_refused()
        return found

    def use_link(
        self, token: str, password: str, *, email: str = "", name: str = "", language: str = "es",
        address: str = "", agent: str = "", replaces: str = "",
    ) -> tuple[str, Identity]:  # fmt: skip
        """Set the password that a link allows to set, and let the person in. The link is used up only if all is well.

        Raises:
            LinkRefused, PasswordRefused, AccessRefused, Throttled
        """
        link = self.link(token, address)
        with reading(self._engine) as connection:
            present = directory.person(connection, link.person_id) if link.person_id is not None else None
        email = directory.plain_email(present.email if present else link.email or email)
        name = directory.plain_name(present.name if present else name or link.name or "")
        self._check_rules(password, email, name)
        secret = self._passwords.hash(password)
        with writing(self._engine) as connection:
            now = self._clock()
            if not links.use(connection, now, token[:200]):
                raise link_refused()
            if present is not None:
                if directory.person(connection, present.id).disabled_at is not None:
                    raise link_refused()
                directory.change(connection, present.id, password_hash=secret, password_changed_at=now)
                kept.end(connection, now, sessions.c.person_id == present.id)
                number = present.id
            else:
                if link.purpose == "first_admin" and directory.has_admin(connection):
                    raise link_refused()
                role = "admin" if link.purpose == "first_admin" else link.role or "inspector"
                number = directory.add(connection, now, email, name, role, language, password_hash=secret)
                links.end_invitation(connection, now, email)
            return self._begin(connection, now, number, address, agent, "link_used", link.purpose, replaces)

    def sign_in_subject(
        self, subject: Subject, address: str, agent: str = "", replaces: str = ""
    ) -> tuple[str, Identity]:
        """Let in whom an identity provider vouches for: known by subject, or by an e-mail that was invited or is known.

        Raises:
            AccessRefused: ``not_invited``.
        """
        whole = f"{subject.issuer} {subject.subject}"
        with writing(self._engine) as connection:
            now = self._clock()
            row = directory.row_of(connection, people.c.oidc_subject == whole)
            if row is None:
                row = directory.row_of(connection, people.c.email == subject.email)
                if row is not None and row.oidc_subject not in (None, whole):
                    row = None  # another account of the provider holds this person's place
                elif row is not None and row.disabled_at is None:
                    directory.change(connection, row.id, oidc_subject=whole)
                    audit_log.write(connection, now, SYSTEM, "provider_linked", row.email, issuer=subject.issuer)
                elif row is None and (invited := links.invitation(connection, now, subject.email)):
                    name = "".join(filter(str.isprintable, subject.name)).strip()[:200] or invited.name or subject.email
                    number = directory.add(
                        connection, now, subject.email, name, invited.role or "inspector",
                        self._settings.default_language, oidc_subject=whole,
                    )  # fmt: skip
                    links.end_invitation(connection, now, subject.email)
                    row = directory.row_of(connection, people.c.id == number)
            if row is not None and row.disabled_at is None:
                return self._begin(connection, now, row.id, address, agent, "signed_in", "provider", replaces)
            audit_log.write(connection, now, SYSTEM, "provider_refused", subject.email, issuer=subject.issuer)
        raise access_refused("not_invited")

    def note_provider_failure(self, code: str, address: str = "") -> None:
        """Write down that the identity provider's answer was not believed.

        Raises:
            Throttled: too many from this address, and nothing is written: anyone may send such answers.
        """
        self._wrong_token(address, "provider_failed", reason=code)

    def device_mark(self, email: str) -> str:
        """What a browser keeps after a sign-in, so that who guesses elsewhere does not shut it out."""
        name = new_token()
        return f"{name}.{self._devices.get_signature(f'{email} {name}').decode()}"

    def knows_device(self, email: str, mark: str) -> bool:
        """Whether this browser signed in to this account before."""
        return self._device(email, mark) is not None

    def _device(self, email: str, mark: str) -> str | None:
        name, _, signature = mark.partition(".")
        return name if self._devices.verify_signature(f"{email} {name}", signature) else None

    def _begin(
        self, connection: Connection, now: datetime, person_id: int, address: str, agent: str, action: str, by: str,
        replaces: str,
    ) -> tuple[str, Identity]:  # fmt: skip
        if replaces:
            kept.end(connection, now, sessions.c.token_hash == hashed(replaces))
        token, identity = kept.begin(connection, now, person_id, self._lasts, address, shown(agent))
        audit_log.write(connection, now, identity.actor, action, identity.email, by=by)
        return token, identity

    def _check_rules(self, password: str, *about: str) -> None:
        if broken := broken_rules(password, *about):
            raise password_refused(broken)

    def _wrong_token(self, address: str, action: str, **details: str) -> None:
        counts = throttle.counts_of_tokens(address)
        with reading(self._engine) as connection:
            throttle.check(connection, self._clock(), counts)
        self._failed(counts, action, None, **details)

    def _failed(self, counts: tuple[Count, ...], action: str, subject: str | None, **details: str) -> None:
        now, nobody = self._clock(), Actor("system", None, "anonymous")
        with writing(self._engine) as connection:
            throttle.check(connection, now, counts)
            last = throttle.failed(connection, now, counts)
            audit_log.write(connection, now, nobody, action, subject, **details)
            if last:  # once: what comes while throttled is not written, or the log could be flooded
                audit_log.write(connection, now, nobody, "throttled", subject)
